"""The ASGI application: finds the route, lets in who may, reads the body, answers; errors in the caller's shape."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from fastguard.errors import FastguardError
from fastguard.server import feedback
from fastguard.server.body import Disconnected, Receive, parse_json, read_body
from fastguard.server.errors import RequestError
from fastguard.server.gateway import endpoints, proxy
from fastguard.server.gateway.shapes import error as gateway_error
from fastguard.server.gateway.upstream import Client
from fastguard.server.service import JSON, Call, Reply, Service, json_reply, request_id
from fastguard.server.state import State
from fastguard.server.streaming import check_stream
from fastguard.server.wire import lakera, litellm, llm_guard, moderations, native, presidio

if TYPE_CHECKING:
    from fastguard.server.keys import Key
    from fastguard.server.web.pages import Pages

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Handler = Callable[[Call], Reply]

log = logging.getLogger("fastguard.server")

# Bodies over this are judged on a thread, so that others are answered meanwhile; below, a thread costs more than it gives.
_INLINE_BYTES: Final = 32 * 1024
_MOST_HOSTS: Final = 256  # names of hosts that are remembered as allowed
_HOST_SELF: Final = frozenset({"localhost", "127.0.0.1", "[::1]", "testserver"})


@dataclass(frozen=True, slots=True)
class Route:
    """What answers a path: its handler and the scope that a key needs."""

    name: str
    handler: Handler
    scope: str = "check"
    method: str = "POST"
    shape: str = "lakera"
    waits: bool = False  # for a disk, so it runs on a thread


def _reload(call: Call) -> Reply:
    try:
        state = call.service.reload(forward=True)
    except FastguardError as problem:
        raise RequestError(409, str(problem), error="Reload Failed") from None
    return json_reply({"reloaded": True, "revision": state.revision, "policies": sorted(state.guards)})


def _version(call: Call) -> Reply:
    return json_reply(
        {**call.state.dev_info(), "policies": sorted(call.state.guards), "signatures": len(call.state.pack)}
    )


def _openapi(call: Call) -> Reply:
    from fastguard.server.openapi import document

    del call
    return json_reply(document())


ROUTES: Final[dict[str, Route]] = {
    "/v2/guard": Route("lakera_guard", lakera.guard),
    "/v2/guard/results": Route("lakera_results", lakera.results),
    "/v1/prompt_injection": Route("lakera_v1", lakera.prompt_injection),
    "/beta/litellm_basic_guardrail_api": Route("litellm", litellm.guardrail),
    "/v1/moderations": Route("moderations", moderations.moderate, shape="openai"),
    "/analyze": Route("presidio_analyze", presidio.analyze),
    "/anonymize": Route("presidio_anonymize", presidio.anonymize),
    "/analyze/prompt": Route("llm_guard_prompt", llm_guard.prompt),
    "/analyze/output": Route("llm_guard_output", llm_guard.output),
    "/v1/check": Route("check", native.check),
    "/v1/redact": Route("check", native.redact),
    "/v1/feedback": Route("feedback", feedback.mark, waits=True),
    "/v1/version": Route("other", _version, method="GET"),
    "/openapi.json": Route("other", _openapi, method="GET"),
    "/admin/reload": Route("other", _reload, scope="admin"),
}


class Application:
    """The ASGI callable of one worker."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.routes = dict(ROUTES)
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="fastguard-judge")
        self._upstreams = Client()
        self._pages: Pages | None = None

    @property
    def head_seconds(self) -> float:
        """How long the head of a request may take, for the protocol below."""
        return self.service.state.config.limits.read_seconds

    async def leave(self) -> None:
        """Close the connections to upstreams, on the loop that opened them."""
        await self._upstreams.close()

    def close(self) -> None:
        """End the threads that judge long texts."""
        self._threads.shutdown()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await _lifespan(receive, send)
            else:
                await send({"type": "websocket.close", "code": 1000})
            return
        path: str = scope["path"]
        route = self.routes.get(path)
        if route is None:
            passing = endpoints.find(path)
            if passing is not None:
                await self._pass(*passing, scope, receive, send)
            elif path in {"/", "/ui"} or path.startswith("/ui/"):
                await self._page(scope, receive, send)
            elif path == "/v1/check/stream":
                await self._check_stream(scope, receive, send)
            else:
                await self._other(path, scope, send)
            return
        number = request_id()
        headers = dict(scope["headers"])
        status = 500
        try:
            status = await self._route(route, number, headers, scope, receive, send)
        except Disconnected:
            status = 400
        except RequestError as problem:
            status = problem.status
            await _send(send, _error(route.shape, problem, number))
        except Exception as problem:  # noqa: BLE001  (one bad request must not end the others; the log gets no text)
            log.error("request %s on %s failed: %s", number, route.name, type(problem).__name__)  # noqa: TRY400
            await _send(send, _error(route.shape, RequestError(500, "the server failed; its log has the id"), number))
        finally:
            self.service.metrics.request(route.name, status)

    async def _route(
        self, route: Route, number: str, headers: dict[bytes, bytes], scope: Scope, receive: Receive, send: Send
    ) -> int:
        state = self.service.state  # once: a reload in between changes nothing for this request
        if scope["method"] != route.method:
            raise RequestError(405, f"expected {route.method}, got {_shown(scope['method'])}")
        self.authorize(state, route.scope, headers)
        body = await read_body(receive, headers, state.config.limits)
        call = Call(self.service, state, route.name, None, scope.get("query_string", b""), headers, number)
        if len(body) > _INLINE_BYTES or state.slow or route.waits or route.scope == "admin":
            reply = await asyncio.get_running_loop().run_in_executor(self._threads, _handle, route, call, body)
        else:
            reply = _handle(route, call, body)
        call.flush()
        await _send(send, reply, number)
        return reply.status

    async def _pass(self, endpoint: endpoints.Endpoint, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to a model API: its own way, as it may stream and has errors of its own shape."""
        number = request_id()
        headers = dict(scope["headers"])
        state = self.service.state
        begun = False

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        async def refuse(status: int, message: str, code: str, param: str = "") -> None:
            if not begun:
                reply = json_reply(gateway_error(endpoint.shape, status, message, code, param), status)
                await _send(send, reply, number)

        status = 500
        try:
            if scope["method"] != endpoint.method:
                raise RequestError(405, f"expected {endpoint.method}, got {_shown(scope['method'])}")  # noqa: TRY301
            upstream = endpoints.choose(state, endpoint, name)
            self.authorize(state, "check", headers, own_header=not upstream.key)
            body = await read_body(receive, headers, state.config.limits)
            call = Call(self.service, state, endpoint.name, None, b"", headers, number)
            exchange = proxy.Exchange(self._upstreams, self._threads, endpoint, call, sending)
            status = await proxy.until_gone(exchange.run(upstream, scope, body), receive)
        except Disconnected:
            status = 400
        except RequestError as problem:
            status = problem.status
            await refuse(status, problem.message, problem.error.lower().replace(" ", "_"), problem.param)
        except Exception as problem:  # noqa: BLE001  (one bad request must not end the others; the log gets no text)
            log.error("request %s on %s failed: %s", number, endpoint.name, type(problem).__name__)  # noqa: TRY400
            await refuse(500, "the guard failed; its log has the id", "guard_failed")
        finally:
            self.service.metrics.request(endpoint.name, status)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the pages: on a thread, as they wait for the disk."""
        from fastguard.server.web import pages, render

        number = request_id()
        headers = dict(scope["headers"])
        state = self.service.state
        call = Call(self.service, state, "pages", None, b"", headers, number)
        script = scope["path"].startswith("/ui/api/")
        status = 500
        try:
            check_origin(state, headers)
            body = await read_body(receive, headers, state.config.limits)
            query = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=50)
            values = {name: found[-1] for name, found in query.items()}
            # Behind a proxy that ends TLS; whoever lies here gets a cookie that is too careful.
            secure = b"https" in {scope.get("scheme", "").encode(), headers.get(b"x-forwarded-proto", b"").lower()}
            request = pages.Request(scope["method"], scope["path"], values, headers, body, call, secure)
            if self._pages is None:
                self._pages = pages.Pages(self.service)
            reply = await asyncio.get_running_loop().run_in_executor(self._threads, self._pages.answer, request)
            status = reply.status
            await _send(send, reply, number)
        except Disconnected:
            status = 400
        except RequestError as problem:
            status = problem.status
            reply = _error("lakera", problem, number) if script else render.error_page(problem, number)
            await _send(send, reply, number)
        except Exception as problem:  # noqa: BLE001  (as above)
            log.error("request %s on a page failed: %s", number, type(problem).__name__)  # noqa: TRY400
            failed = RequestError(500, "the server failed; its log has the id")
            await _send(send, _error("lakera", failed, number) if script else render.error_page(failed, number), number)
        finally:
            self.service.metrics.request("pages", status)

    async def _check_stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        number = request_id()
        headers = dict(scope["headers"])
        state = self.service.state
        status = 500
        try:
            if scope["method"] != "POST":
                raise RequestError(405, f"expected POST, got {_shown(scope['method'])}")  # noqa: TRY301
            self.authorize(state, "check", headers)
            call = Call(self.service, state, "check", None, scope.get("query_string", b""), headers, number)
            status = await check_stream(call, receive, send)
        except Disconnected:
            status = 400
        except RequestError as problem:
            status = problem.status
            await _send(send, _error("lakera", problem, number))
        finally:
            self.service.metrics.request("check", status)

    def authorize(
        self, state: State, needed: str, headers: dict[bytes, bytes], *, own_header: bool = False
    ) -> Key | None:
        """Raise `RequestError` unless the request may: host, origin, then key with the scope that is needed.

        With `own_header` the key is in ``x-fastguard-key``, as the usual headers hold the one for the upstream.
        """
        check_origin(state, headers)
        keys = state.config.keys
        if not len(keys):
            return None
        presented = headers.get(b"authorization", b"")
        scheme, _, value = presented.partition(b" ")
        if own_header:
            value = headers.get(b"x-fastguard-key", b"")
        elif scheme.lower() != b"bearer":
            value = headers.get(b"x-api-key", b"")
        key = keys.find(value.strip())
        if key is None:
            raise RequestError(401, "the key is missing or wrong")
        if needed not in key.scopes and "admin" not in key.scopes:
            raise RequestError(403, f"the key has no scope {needed}")
        return key

    async def _other(self, path: str, scope: Scope, send: Send) -> None:
        service = self.service
        if path == "/livez":
            await _send(send, json_reply({"status": "ok"}))
        elif path in {"/readyz", "/startupz"}:
            ready = service.ready
            await _send(send, json_reply({"status": "ok" if ready else "ending"}, 200 if ready else 503))
        elif path == "/metrics":
            try:
                if not service.state.config.listen.loopback:
                    self.authorize(service.state, "metrics", dict(scope["headers"]))
            except RequestError as refused:
                service.metrics.request("other", refused.status)
                await _send(send, _error("lakera", refused, request_id()))
                return
            text = service.metrics.render(ready=service.ready, loaded=service.state.loaded)
            await _send(send, Reply(200, text.encode(), [(b"content-type", b"text/plain; version=0.0.4")]))
        else:
            problem = RequestError(404, "there is nothing at this path; /openapi.json lists what there is")
            service.metrics.request("other", 404)
            await _send(send, _error("lakera", problem, request_id()))


def check_origin(state: State, headers: dict[bytes, bytes]) -> None:
    """Raise `RequestError` for requests that a page of another site makes a browser send, or for another host's name.

    Without keys the loopback is all that protects, and browsers reach it too.
    """
    asked = headers.get(b"host", b"")
    origin = headers.get(b"origin")
    if origin is None and asked in state.hosts:
        return
    listen = state.config.listen
    host = asked.decode("latin-1").lower()
    name = host if host.endswith("]") else host.rsplit(":", 1)[0]
    if listen.allowed_hosts:
        if name not in listen.allowed_hosts:
            raise RequestError(403, "the host name is not one of server.allowed_hosts")
    elif not len(state.config.keys) and not listen.socket and name not in _HOST_SELF and name != listen.host:
        raise RequestError(403, "the host name is not this machine's; set a key or server.allowed_hosts")
    if origin is not None and origin.decode("latin-1").lower().partition("://")[2] != host:
        raise RequestError(403, "the origin is another site")
    if len(state.hosts) < _MOST_HOSTS:
        state.hosts.add(asked)


def _handle(route: Route, call: Call, body: bytes) -> Reply:
    if route.method == "POST" and route.scope != "admin":
        call.data = parse_json(body, call.state.config.limits)
    return route.handler(call)


def _shown(method: str) -> str:
    return method if method.isascii() and method.isalpha() and len(method) < 16 else "something else"


def _error(shape: str, problem: RequestError, number: str) -> Reply:
    """Return an error in the form that the clients of a protocol read."""
    if shape == "openai":
        kind = "invalid_request_error" if problem.status < 500 else "server_error"
        body: dict[str, object] = {
            "error": {"message": problem.message, "type": kind, "param": problem.param or None, "code": None}
        }
    else:
        body = {"error": problem.error, "message": problem.message, "request_id": number}
    reply = json_reply(body, problem.status)
    if problem.status == 401:
        reply.headers = [JSON, (b"www-authenticate", b"Bearer")]
    return reply


async def _send(send: Send, reply: Reply, number: str = "") -> None:
    headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
    if number:
        headers.append((b"x-request-id", number.encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
