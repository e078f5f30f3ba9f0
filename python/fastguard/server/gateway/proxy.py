"""One request through the gateway: judged, sent on, and the answer judged on its way back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Final

import orjson

from fastguard.server.body import parse_json
from fastguard.server.errors import RequestError
from fastguard.server.gateway import shapes, sse
from fastguard.server.gateway.endpoints import Endpoint
from fastguard.server.gateway.judging import Judge
from fastguard.server.gateway.relay import STREAMS, Relay
from fastguard.server.gateway.settings import Upstream
from fastguard.server.gateway.texts import read_answer, read_request
from fastguard.server.gateway.upstream import (
    Client,
    UpstreamFault,
    answer_headers,
    read_all,
    request_headers,
)
from fastguard.server.service import Call

if TYPE_CHECKING:
    import aiohttp


Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

log = logging.getLogger("fastguard.server")

_INLINE_BYTES: Final = 32 * 1024
_MOST_NAMED: Final = 20


class Exchange:
    """One request and its answer."""

    def __init__(self, client: Client, threads: Executor, endpoint: Endpoint, call: Call, send: Send) -> None:
        self._client = client
        self._threads = threads
        self._endpoint = endpoint
        self._call = call
        self._send = send
        self._settings = call.state.config.gateway
        project = call.headers.get(b"x-fastguard-project", b"").decode("latin-1") or None
        self._project = call.state.project(project)
        self._policy = call.state.guard(self._project.policy)
        self._enforce = self._project.mode == "block"
        self._unscanned: list[str] = []
        self._actions = ["none", "none"]  # of the request, of the answer
        self._started = False

    async def run(self, upstream: Upstream, scope: MutableMapping[str, Any], body: bytes) -> int:
        """Answer the request; return the status."""
        endpoint = self._endpoint
        if endpoint.method == "POST":
            body = await self._request(body)
            if self._actions[0] == "block":
                return await self._refuse()
        headers = request_headers(scope["headers"], upstream, endpoint.shape)
        url = upstream.url + endpoint.path
        if scope.get("query_string"):
            url += "?" + scope["query_string"].decode("latin-1")
        try:
            async with self._client.request(
                self._settings, endpoint.method, url, headers, body if endpoint.method == "POST" else None
            ) as response:
                status = await self._answer(response)
        except UpstreamFault as fault:
            self._count(fault.code)
            if self._started:
                raise
            return await self._json(
                fault.status, shapes.error(endpoint.shape, fault.status, fault.message, fault.code), []
            )
        return status

    def _count(self, result: str) -> None:
        self._call.service.metrics.count("fastguard_gateway_answers_total", f'{{result="{result}"}}')

    # ---------------------------------------------------------------- what goes in

    async def _request(self, body: bytes) -> bytes:
        """Judge the request and return the body that goes on: as it came, unless something was replaced."""
        data = parse_json(body, self._call.state.config.limits)
        if not isinstance(data, dict):
            raise RequestError(400, "the body: expected an object")
        judge = Judge(self._policy, self._settings, enforce=self._enforce)
        judging = self._judging(judge, lambda: read_request(data), redact=self._settings.requests == "redact")
        if not await self._attempt(judge, judging, len(body)):
            return body
        self._record(judge, 0, "input")
        return orjson.dumps(data) if judge.outcome.changed and not judge.outcome.blocked else body

    def _judging(self, judge: Judge, read: Callable[[], Any], *, redact: bool) -> Callable[[], None]:
        return lambda: judge.texts(read(), redact=redact)

    async def _attempt(self, judge: Judge, judging: Callable[[], None], size: int) -> bool:
        """Run a judgement, on a thread where it is long. Where it fails, the fail mode decides; False: passed unjudged."""
        try:
            if size > _INLINE_BYTES or self._policy.slow:
                await asyncio.get_running_loop().run_in_executor(self._threads, judging)
            else:
                judging()
        except Exception as problem:  # (whatever fails, the fail mode decides; the log gets no text)
            log.error("request %s: judging failed: %s", self._call.request_id, type(problem).__name__)  # noqa: TRY400
            if self._settings.fail == "closed" and self._enforce:
                raise
            self._opened()
            return False
        if judge.outcome.failed_open:
            self._opened()
        return True

    def _opened(self) -> None:
        self._call.service.metrics.count("fastguard_gateway_failed_open_total")

    def _record(self, judge: Judge, which: int, direction: str) -> None:
        """Note what was judged in events, counters and the headers to come."""
        judged = judge.judged()
        action = judge.outcome.action(judged.action)
        self._actions[which] = action
        self._unscanned += judge.unscanned
        if judge.unscanned:
            self._call.service.metrics.count("fastguard_gateway_unscanned_total", amount=len(judge.unscanned))
        self._call.record(judged, self._policy, project=self._project.id, direction=direction, action=action)
        self._call.flush()
        self._reasons = judge.outcome.reasons

    async def _refuse(self) -> int:
        body = shapes.refused(self._endpoint.shape, self._reasons, self._call.request_id)
        self._count("refused")
        return await self._json(400, body, [])

    # ---------------------------------------------------------------- what comes out

    async def _answer(self, response: aiohttp.ClientResponse) -> int:
        headers = answer_headers(response)
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if 300 <= response.status < 400:
            raise UpstreamFault(502, "the upstream sends elsewhere, which is not followed", "upstream_redirect")
        if response.status >= 400:
            body = await read_all(response, self._settings.answer_bytes)
            self._unscanned.append("the upstream's error")
            self._count("error_status")
            return await self._raw(response.status, body, headers)
        if not self._endpoint.answers:
            body = await read_all(response, self._settings.answer_bytes)
            self._count("ok")
            return await self._raw(response.status, body, headers)
        if kind == "text/event-stream":
            return await self._stream(response, headers)
        body = await read_all(response, self._settings.answer_bytes)
        try:
            data = orjson.loads(body)
            if not isinstance(data, dict):
                raise TypeError("not an object")  # noqa: TRY301  (one place for all that is malformed)
        except (orjson.JSONDecodeError, TypeError):
            return await self._malformed(response.status, body, headers)
        judge = Judge(self._policy, self._settings, enforce=self._enforce)
        redact = self._settings.answers == "redact"
        judging = self._judging(
            judge, lambda: read_answer(data, echo=self._endpoint.name == "responses"), redact=redact
        )
        if await self._attempt(judge, judging, len(body)):
            self._record(judge, 1, "output")
            if judge.outcome.blocked:
                shapes.withhold(self._endpoint.name, data)
            elif judge.outcome.changed:
                self._without_logprobs(data)
            if judge.outcome.blocked or judge.outcome.changed:
                body = orjson.dumps(data)
        self._count("blocked" if self._actions[1] == "block" else "ok")
        return await self._raw(response.status, body, headers)

    def _without_logprobs(self, data: dict[str, Any]) -> None:
        """Take out what spells out a text that was replaced."""
        stack: list[Any] = [data]
        while stack:
            item = stack.pop()
            if isinstance(item, dict):
                if item.get("logprobs"):
                    item["logprobs"] = None
                    self._unscanned.append("logprobs (withheld)")
                stack += item.values()
            elif isinstance(item, list):
                stack += item

    async def _malformed(self, status: int, body: bytes, headers: Headers) -> int:
        if self._settings.fail == "closed" and self._enforce:
            raise UpstreamFault(502, "the upstream's answer cannot be read", "upstream_malformed")
        self._opened()
        self._count("upstream_malformed")
        self._unscanned.append("the answer (malformed)")
        return await self._raw(status, body, headers)

    async def _stream(self, response: aiohttp.ClientResponse, headers: Headers) -> int:
        judge = Judge(self._policy, self._settings, enforce=self._enforce)
        stream = STREAMS[self._endpoint.name](judge)
        relay = Relay(self._settings, judge, stream, self._threads, self._call.request_id)
        self._started = True
        await self._head(response.status, headers, None)
        result = "ok"
        try:
            await relay.run(response, self._part)
            if not stream.complete:
                raise UpstreamFault(502, "the upstream ended before its answer was whole", "upstream_cut")  # noqa: TRY301
            if judge.outcome.blocked:
                result = "blocked"
        except UpstreamFault as fault:
            result = fault.code
            await self._part(stream.error(fault.status, fault.message, fault.code))
        finally:
            # Also where the client has gone: what came is judged and recorded.
            stream.abandon()
            self._record(judge, 1, "output")
            for _ in range(relay.opened + judge.outcome.failed_open):
                self._opened()
            self._count(result)
        await self._part(sse.comment(f"fastguard answer={self._actions[1]} unscanned={self._named() or 'none'}"))
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        status: int = response.status
        return status

    # ---------------------------------------------------------------- sending

    def _named(self) -> str:
        """Return the places that were not scanned, as a header can hold them."""
        places = list(dict.fromkeys(self._unscanned))
        more = f", and {len(places) - _MOST_NAMED} more" if len(places) > _MOST_NAMED else ""
        text = ", ".join(place[:100] for place in places[:_MOST_NAMED]) + more
        return "".join(char if char.isascii() and char.isprintable() else "?" for char in text)

    async def _head(self, status: int, headers: Headers, size: int | None) -> None:
        own = [(b"x-fastguard-request-id", self._call.request_id.encode())]
        own.append((b"x-fastguard-request", self._actions[0].encode()))
        if size is not None:
            own.append((b"x-fastguard-answer", self._actions[1].encode()))
            own.append((b"content-length", str(size).encode()))
        if self._unscanned:
            own.append((b"x-fastguard-unscanned", self._named().encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": [*headers, *own]})

    async def _part(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def _raw(self, status: int, body: bytes, headers: Headers) -> int:
        self._started = True
        await self._head(status, headers, len(body))
        await self._send({"type": "http.response.body", "body": body})
        return status

    async def _json(self, status: int, data: object, headers: Headers) -> int:
        return await self._raw(status, orjson.dumps(data), [*headers, (b"content-type", b"application/json")])


async def until_gone(work: Awaitable[int], receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> int:
    """Do the work, or give it up once the client has gone; then the status is 499."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(gone())
    try:
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            return 499
        return task.result()
    finally:
        watch.cancel()
        task.cancel()
