"""ASGI middleware: what clients send to an application is judged before the application sees it.

    from fastguard.adapters.asgi import GuardMiddleware
    app = GuardMiddleware(app, paths=("/chat",))

Needs no package: any ASGI server and framework will do.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from typing import Any

from fastguard import Verdict
from fastguard.adapters.common import Screen, reason

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_JSON = ("application/json", "application/problem+json", "application/x-ndjson")


class GuardMiddleware:
    """Judges bodies of requests, and with ``answers=True`` what the application answers as ``text/*``, as it streams.

    A body in JSON is judged string by string, every key that is given twice included, any other text as a whole; what is
    neither passes unread. What blocks is answered with 400 and a JSON object ``{"error": "blocked", "message": ...}``.
    ``scope["fastguard"]`` tells the application the verdict. ``paths`` are prefixes (default: all). The body is held in
    memory, ``most`` bytes of it: a longer one gets 413, a compressed one 415, as it could not be read.
    """

    def __init__(
        self,
        app: App,
        screen: Screen | None = None,
        *,
        paths: Sequence[str] = ("/",),
        answers: bool = False,
        most: int = 4 * 1024 * 1024,
    ) -> None:
        self._app = app
        self._screen = screen if screen is not None else Screen()
        self._paths = tuple(paths)
        self._answers = answers
        self._most = most

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not scope["path"].startswith(self._paths):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
            await _refuse(send, 415, "unreadable", "content-encoding: expected identity")
            return
        messages, body = [], b""
        while True:
            message = await receive()
            messages.append(message)
            body += message.get("body", b"")
            if len(body) > self._most:
                await _refuse(send, 413, "too large", f"the body is larger than {self._most} bytes")
                return
            if message["type"] != "http.request" or not message.get("more_body", False):
                break
        verdict = self._verdict(headers.get(b"content-type", b"").decode("latin-1"), body)
        if verdict is not None:
            scope["fastguard"] = verdict
            if self._screen.blocks(verdict):
                await _refuse(send, 400, "blocked", reason(verdict))
                return
        waiting = iter(messages)

        async def replay() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, replay, _Answer(self._screen, send).send if self._answers else send)

    def _verdict(self, kind: str, body: bytes) -> Verdict | None:
        name = kind.partition(";")[0].strip().lower()
        if not body or not (name in _JSON or name.startswith("text/") or name.endswith("+json") or not name):
            return None
        return self._screen.judge_texts(
            (text, "user") for text in texts_of(body, json_expected=name in _JSON or not name)
        )


def texts_of(body: bytes, *, json_expected: bool = True) -> Iterator[str | bytes]:
    """Yield the texts of a body: the strings of a JSON document, else the body itself.

    >>> list(texts_of(b'{"q": "one", "q": ["two", 3]}')), list(texts_of(b"plain"))
    (['one', 'two'], [b'plain'])
    """
    if json_expected:
        try:
            data = json.loads(body, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError):
            yield body
            return
        yield from _strings(data)
        return
    yield body


class _Pairs(list[tuple[str, Any]]):
    """An object with all its keys, those given twice included: applications differ in which of them counts."""


def _strings(data: object) -> Iterator[str]:
    stack = [data]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, _Pairs):
            for key, value in reversed(item):
                stack.append(value)
                if " " in key:
                    stack.append(key)
        elif isinstance(item, list):
            stack += reversed(item)


class _Answer:
    """Releases an answer in plain text as far as it is safe; other answers pass as they are."""

    def __init__(self, screen: Screen, send: Send) -> None:
        self._screen = screen
        self._send = send
        self._stream: Any = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = dict(message["headers"])
            kind = headers.get(b"content-type", b"").strip().lower()
            if self._screen.enforce and kind.startswith(b"text/") and b"content-encoding" not in headers:
                self._stream = self._screen.guard.stream(source="assistant")
                kept = [(name, value) for name, value in message["headers"] if name.lower() != b"content-length"]
                message = {**message, "headers": kept}
        elif message["type"] == "http.response.body" and self._stream is not None:
            piece = b"" if self._stream.closed else self._stream.feed(message.get("body", b""))
            if not message.get("more_body", False) and not self._stream.closed:
                piece += self._stream.close()
            message = {**message, "body": piece}
        await self._send(message)


async def _refuse(send: Send, status: int, error: str, message: str) -> None:
    body = json.dumps({"error": error, "message": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
