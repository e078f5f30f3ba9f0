"""The pages and what their scripts ask: one function a path, all of them run on a thread."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlencode

from fastguard import Guard, Policy, __version__, _core
from fastguard.errors import FastguardError, PolicyError
from fastguard.fields import parse_toml
from fastguard.server import feedback
from fastguard.server.body import parse_json
from fastguard.server.errors import RequestError
from fastguard.server.judge import field, optional, require_object
from fastguard.server.metrics import ROUTES
from fastguard.server.reader import FILTERS, Reader
from fastguard.server.service import Call, Reply, Service, json_reply
from fastguard.server.web import chart, session
from fastguard.server.web.shown import bits, shown_texts
from fastguard.server.wire.native import verdict_dict

if TYPE_CHECKING:
    import jinja2

_FOLDER: Final = Path(__file__).parent
RANGES: Final = {"1h": 3600, "6h": 6 * 3600, "24h": 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400}
_STATIC: Final = {"app.css": b"text/css", "app.js": b"text/javascript", "playground.js": b"text/javascript",
                  "policies.js": b"text/javascript", "icon.svg": b"image/svg+xml"}  # fmt: skip
_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'"
)
SAFE: Final = [
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
_MOST_TRIED: Final = 200
_MOST_VIEWED: Final = 4000


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
            ("POST", "/ui/api/check"): self._check,
            ("POST", "/ui/api/try"): self._try,
            ("POST", "/ui/api/mark"): self._mark,
            ("POST", "/ui/logout"): self._logout,
        }

    def answer(self, request: Request) -> Reply:
        """Answer one request. Raises `RequestError` where there is nothing or nobody may."""
        path = request.path
        if path in {"/", "/ui"}:
            return _redirect("/ui/")
        if path.startswith("/ui/static/"):
            return _static(path.removeprefix("/ui/static/"))
        if path == "/ui/login":
            return self._login(request)
        if not self._may(request):
            if request.method == "GET":
                return _redirect("/ui/login")
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
        reply = _redirect("/ui/")
        reply.headers.append((b"set-cookie", session.cookie(value, secure=request.secure)))
        return reply

    def _logout(self, request: Request) -> Reply:
        reply = _redirect("/ui/login")
        reply.headers.append((b"set-cookie", session.cookie("", secure=request.secure)))
        return reply

    def _render(self, template: str, request: Request, **values: object) -> Reply:
        text = (
            _templates()
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
    def _reader(self, request: Request) -> Iterator[Reader | None]:
        path = request.call.state.config.events.store if self._service.store else ""
        if not path:
            yield None
            return
        reader = Reader(path)
        try:
            yield reader
        finally:
            reader.close()

    # ---------------------------------------------------------------- pages

    def _overview(self, request: Request) -> Reply:
        name = request.query.get("range", "24h")
        seconds = RANGES.get(name, RANGES["24h"])
        now = time.time()
        with self._reader(request) as reader:
            found = reader.overview(now - seconds, now) if reader else None
            latest = reader.page({"verdict": "block"}, limit=5).rows if reader else ()
            size = reader.size() if reader else (0, 0)
        return self._render(
            "overview.html",
            request,
            found=found,
            graph=chart.stacked(found.points, found.step) if found else None,
            latest=latest,
            size=size,
            ranges=list(RANGES),
            chosen=name if name in RANGES else "24h",
            waiting=self._service.events.waiting,
            problem=self._service.events.last_error,
        )

    def _requests(self, request: Request) -> Reply:
        filters = {name: request.query.get(name, "")[:200] for name in (*FILTERS, "request_id", "marked")}
        below = request.query.get("below", "")
        with self._reader(request) as reader:
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
        with self._reader(request) as reader:
            valid = number.isascii() and number.isdigit() and len(number) < 19
            event = reader.event(int(number)) if reader and valid else None
        if event is None:
            raise RequestError(404, "there is no such event (any more)")
        return self._render(
            "request.html", request, event=event, texts=shown_texts(event), labels=feedback.labels(request.call)
        )

    def _playground(self, request: Request) -> Reply:
        state = request.call.state
        return self._render("playground.html", request, sources=_core.SOURCES, policies=list(state.guards))

    def _policies(self, request: Request) -> Reply:
        state = request.call.state
        name = request.query.get("name", "default")
        guard = state.guards.get(name) or state.guards["default"]
        policy = guard.guard.policy
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
            sources=_core.SOURCES,
            rows=rows,
        )

    def _packs(self, request: Request) -> Reply:
        wanted = request.query.get("q", "")[:100].casefold()
        category = request.query.get("category", "")
        seconds = RANGES["30d"]
        with self._reader(request) as reader:
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

    # ---------------------------------------------------------------- what scripts ask

    def _check(self, request: Request) -> Reply:
        """Judge a text or a conversation for the playground; makes no event."""
        call = request.call
        data = require_object(parse_json(request.body, call.state.config.limits))
        guard = call.state.guard(optional(data, "policy", str, "a string"))
        source = optional(data, "source", str, "a string") or "user"
        if source not in _core.SOURCES:
            raise RequestError(400, f"source: expected one of {', '.join(_core.SOURCES)}", param="source")
        if data.get("messages") is not None:
            judged = guard.judge_messages(data["messages"], source)
        else:
            judged = guard.judge_text(field(data, "text", str, "a string"), source)
        again = guard.judge(judged.texts, judged.sources, judged.messages)  # the first one warms caches
        texts = [_plain(text) for text in judged.texts]
        answer: dict[str, Any] = {
            "action": str(judged.action),
            "microseconds": again.nanoseconds / 1000,
            "unscanned": list(judged.unscanned),
            "texts": [
                {
                    "text": text,
                    "source": where,
                    "verdict": verdict_dict(verdict),
                    "actions": guard.actions(verdict, where),
                }
                for text, where, verdict in zip(texts, judged.sources, judged.verdicts, strict=True)
            ],
        }
        if len(texts) == 1 and len(texts[0]) <= _MOST_VIEWED:
            answer["views"] = {
                name: _plain(view) for name, view in guard.guard.explain(texts[0], source=source)["views"].items()
            }
            answer["redacted"] = _plain(guard.guard.redact(texts[0], source=source)[0])
        return json_reply(answer)

    def _try(self, request: Request) -> Reply:
        """Judge texts under a policy in force and under a draft; nothing is applied."""
        call = request.call
        data = require_object(parse_json(request.body, call.state.config.limits))
        guard = call.state.guard(optional(data, "policy", str, "a string"))
        source = optional(data, "source", str, "a string") or "user"
        texts = [
            text for text in field(data, "texts", list, "a list of strings") if isinstance(text, str) and text.strip()
        ]
        config = call.state.config
        try:
            draft = Policy.from_dict(
                parse_toml(field(data, "draft", str, "a string").encode(), "draft", PolicyError), file="draft"
            )
            other = Guard(
                policy=draft,
                depth=config.policies[guard.name].depth,
                packs=config.packs,
                model=None if config.model == "none" else config.model,
            )
        except FastguardError as problem:
            raise RequestError(400, str(problem), param="draft") from None
        rows = []
        for text in texts[:_MOST_TRIED]:
            before, after = (one.check(text, source=source) for one in (guard.guard, other))
            rows.append({"text": text[:300], "before": str(before.action), "after": str(after.action)})
        return json_reply({"rows": rows, "left": max(0, len(texts) - _MOST_TRIED)})

    def _mark(self, request: Request) -> Reply:
        call = request.call
        call.data = parse_json(request.body, call.state.config.limits)
        return feedback.mark(call)


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


def _plain(text: str | bytes) -> str:
    """Return a text that JSON can hold."""
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return plain.encode("utf-8", "replace").decode()


def _redirect(where: str) -> Reply:
    return Reply(303, b"", [(b"location", where.encode()), *SAFE])


def _static(name: str) -> Reply:
    kind = _STATIC.get(name)
    if kind is None:
        raise RequestError(404, "there is no such file")
    headers = [(b"content-type", kind + b"; charset=utf-8"), *SAFE[:-1], (b"cache-control", b"no-cache")]
    return Reply(200, _file(name), headers)


@functools.cache
def _file(name: str) -> bytes:
    return (_FOLDER / "static" / name).read_bytes()


@functools.cache
def _templates() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        moment=chart.moment,
        duration=chart.duration,
        bits=bits,
        json=lambda value: json.dumps(value, indent=2, ensure_ascii=True),
    )
    environment.globals.update(chart=chart)
    return environment


def error_page(problem: RequestError, number: str) -> Reply:
    """Return a page that says what is wrong."""
    text = (
        _templates()
        .get_template("error.html")
        .render(page="", version=__version__, revision="", keyed=False, problem=problem, number=number)
    )
    return Reply(problem.status, text.encode(), [(b"content-type", b"text/html; charset=utf-8"), *SAFE])
