"""The pages: one function a path, all of them run on a thread."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode

from fastguard import __version__, _core
from fastguard.server import feedback, tactics
from fastguard.server.errors import RequestError
from fastguard.server.judge import PolicyGuard
from fastguard.server.metrics import ROUTES
from fastguard.server.reader import FILTERS, BaseReader
from fastguard.server.service import Call, Reply, Service
from fastguard.server.web import asked, benchmarks, chart, drafts, session
from fastguard.server.web.reasons import reasons
from fastguard.server.web.render import SAFE, redirect, static, templates
from fastguard.server.web.shown import shown_texts

RANGES: Final = {"1h": 3600, "6h": 6 * 3600, "24h": 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400}


@dataclass(frozen=True, slots=True)
class Request:
    """What a page is asked for."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[bytes, bytes]
    body: bytes
    call: Call
    secure: bool


class Pages:
    """All pages of one worker."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._secret = _shared_secret(service.metrics.folder)
        self._pages: dict[tuple[str, str], Callable[[Request], Reply]] = {
            ("GET", "/ui/"): self._overview,
            ("GET", "/ui/requests"): self._requests,
            ("GET", "/ui/playground"): self._playground,
            ("GET", "/ui/policies"): self._policies,
            ("GET", "/ui/packs"): self._packs,
            ("GET", "/ui/benchmarks"): self._benchmarks,
            ("POST", "/ui/api/check"): lambda request: asked.check(request.call, request.body),
            ("POST", "/ui/api/try"): lambda request: drafts.attempt(request.call, request.body),
            ("POST", "/ui/api/apply"): lambda request: drafts.apply(request.call, request.body),
            ("POST", "/ui/api/mark"): lambda request: asked.mark(request.call, request.body),
            ("POST", "/ui/logout"): self._logout,
        }

    def answer(self, request: Request) -> Reply:
        """Answer one request. Raises `RequestError` where there is nothing or nobody may."""
        path = request.path
        if path in {"/", "/ui"}:
            return redirect("/ui/")
        if path.startswith("/ui/static/"):
            return static(path.removeprefix("/ui/static/"))
        if path == "/ui/login":
            return self._login(request)
        if not self._may(request):
            if request.method == "GET":
                return redirect("/ui/login")
            raise RequestError(401, "the session has ended; open /ui/login")
        # A page of another site cannot make a browser send this header without asking first, and it would be refused.
        if request.method == "POST" and path.startswith("/ui/api/") and b"x-fastguard-page" not in request.headers:
            raise RequestError(403, "the header x-fastguard-page is missing")
        page = self._pages.get((request.method, path))
        if page is None and request.method == "GET" and path.startswith("/ui/requests/"):
            page = self._one
        if page is None:
            raise RequestError(404, "there is no such page")
        return page(request)

    def _may(self, request: Request) -> bool:
        state = request.call.state
        if not len(state.config.keys):
            return True
        return session.is_open(state, self._secret, request.headers.get(b"cookie", b"").decode("latin-1"))

    def _login(self, request: Request) -> Reply:
        if request.method == "GET":
            return self._render("login.html", request, wrong=False)
        form = parse_qs(request.body.decode("utf-8", "replace"), max_num_fields=10)
        value = session.open_session(request.call.state, self._secret, form.get("key", [""])[0])
        if value is None:
            reply = self._render("login.html", request, wrong=True)
            reply.status = 401
            return reply
        reply = redirect("/ui/")
        reply.headers.append((b"set-cookie", session.cookie(value, secure=request.secure)))
        return reply

    def _logout(self, request: Request) -> Reply:
        reply = redirect("/ui/login")
        reply.headers.append((b"set-cookie", session.cookie("", secure=request.secure)))
        return reply

    def _render(self, template: str, request: Request, **values: object) -> Reply:
        text = (
            templates()
            .get_template(template)
            .render(
                page=request.path,
                version=__version__,
                revision=request.call.state.revision,
                keyed=bool(len(request.call.state.config.keys)),
                **values,
            )
        )
        return Reply(200, text.encode("utf-8", "replace"), [(b"content-type", b"text/html; charset=utf-8"), *SAFE])

    @contextmanager
    def _reader(self) -> Iterator[BaseReader | None]:
        if self._service.store is None:
            yield None
            return
        with contextlib.closing(self._service.store.reader()) as reader:
            yield reader

    # ---------------------------------------------------------------- pages

    def _overview(self, request: Request) -> Reply:
        name = request.query.get("range", "24h")
        seconds = RANGES.get(name, RANGES["24h"])
        now = time.time()
        with self._reader() as reader:
            found = reader.overview(now - seconds, now) if reader else None
            latest = reader.page({"verdict": "block"}, limit=5).rows if reader else ()
            size = reader.size() if reader else (0, 0)
        return self._render(
            "overview.html",
            request,
            found=found,
            tactics=[(tactics.name(name), count) for name, count in found.top("tactic")] if found else [],
            graph=chart.stacked(found.points, found.step) if found else None,
            latest=latest,
            size=size,
            ranges=list(RANGES),
            chosen=name if name in RANGES else "24h",
            waiting=self._service.events.waiting,
            problems=self._service.events.problems,
        )

    def _requests(self, request: Request) -> Reply:
        filters = {name: request.query.get(name, "")[:200] for name in (*FILTERS, "request_id", "marked")}
        below = request.query.get("below", "")
        with self._reader() as reader:
            page = (
                reader.page(
                    filters, below=int(below) if below.isascii() and below.isdigit() and len(below) < 19 else None
                )
                if reader
                else None
            )
        chosen = {name: value for name, value in filters.items() if value}
        older = f"/ui/requests?{urlencode({**chosen, 'below': page.older})}" if page and page.older else ""
        choices = {
            "verdict": chart.VERDICTS,
            "action": (*chart.VERDICTS, "redact"),
            "category": _core.CATEGORIES,
            "route": ROUTES,
            "project": tuple(request.call.state.config.projects),
            "direction": ("input", "output"),
        }
        return self._render(
            "requests.html", request, found=page, filters=filters, choices=choices, older=older, newest=not below
        )

    def _one(self, request: Request) -> Reply:
        number = request.path.removeprefix("/ui/requests/")
        with self._reader() as reader:
            valid = number.isascii() and number.isdigit() and len(number) < 19
            event = reader.event(int(number)) if reader and valid else None
        if event is None:
            raise RequestError(404, "there is no such event (any more)")
        return self._render(
            "request.html",
            request,
            event=event,
            texts=shown_texts(event),
            reasons=reasons(event, self._guard(request, event["policy"])),
            labels=feedback.labels(request.call),
        )

    @staticmethod
    def _guard(request: Request, policy: str) -> PolicyGuard:
        """Return the guard of a policy, the default one where it is no more."""
        guards = request.call.state.guards
        return guards.get(policy) or guards["default"]

    def _playground(self, request: Request) -> Reply:
        state = request.call.state
        return self._render("playground.html", request, sources=_core.SOURCES, policies=list(state.guards))

    def _policies(self, request: Request) -> Reply:
        state = request.call.state
        name = request.query.get("name", "default")
        guard = state.guards.get(name) or state.guards["default"]
        policy = guard.guard.policy
        draft = drafts.current(state, guard.name)
        rows = [
            (category, [policy.levels(category, source=source) for source in _core.SOURCES])
            for category in _core.CATEGORIES
        ]
        return self._render(
            "policies.html",
            request,
            chosen=guard.name,
            policies=list(state.guards),
            entry=state.config.policies[guard.name],
            projects=[item for item in state.config.projects.values() if item.policy == guard.name],
            model=guard.guard.model,
            draft=draft.decode("utf-8", "replace"),
            known=drafts.digest(draft),
            refused=drafts.why_not(state, guard.name),
            sources=_core.SOURCES,
            rows=rows,
        )

    def _packs(self, request: Request) -> Reply:
        wanted = request.query.get("q", "")[:100].casefold()
        category = request.query.get("category", "")
        seconds = RANGES["30d"]
        with self._reader() as reader:
            now = time.time()
            hits = dict(reader.overview(now - seconds, now).top("signature", 1_000_000)) if reader else {}
        found = [
            (item, hits.get(item.id, 0))
            for item in request.call.state.pack
            if (not wanted or wanted in item.id.casefold() or wanted in item.summary.casefold())
            and (not category or item.id.startswith(category + "."))
        ]
        found.sort(key=lambda pair: (-pair[1], pair[0].id))
        categories = sorted({item.id.partition(".")[0] for item in request.call.state.pack})
        return self._render(
            "packs.html",
            request,
            found=found[:200],
            count=len(found),
            total=len(request.call.state.pack),
            wanted=request.query.get("q", "")[:100],
            category=category,
            categories=categories,
        )

    def _benchmarks(self, request: Request) -> Reply:
        folder = request.call.state.config.benchmarks or benchmarks.of_checkout()
        return self._render("benchmarks.html", request, found=benchmarks.load(folder), folder=folder)


def _shared_secret(folder: str) -> bytes:
    """Return the secret of all workers of this run, which the first one makes; sessions end with the run."""
    path = Path(folder) / "pages.secret"
    own = path.with_suffix(f".{secrets.token_hex(8)}")
    own.touch(mode=0o600)
    own.write_bytes(secrets.token_bytes(32))
    with contextlib.suppress(FileExistsError):
        os.link(own, path)
    own.unlink()
    return path.read_bytes()
