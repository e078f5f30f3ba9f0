"""uvicorn's HTTP protocol: head and body in one write, and a limit on the time and size of the head of a request."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

import orjson
from uvicorn.protocols.http.auto import AutoHTTPProtocol

_HEAD: Final = b"HTTP/1."
_HEAD_BYTES: Final = 64 * 1024
_HEAD_SECONDS: Final = 20.0
_REASONS: Final = {400: b"Bad Request", 408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


class Joining(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
    """The protocol that uvicorn would take, on a transport that joins head and body.

    Each write is a system call, a packet and a waking of the client: for small answers more than all of HTTP beside it.
    A connection on which the head of a request does not come whole within `head_seconds` of the application (20 where it
    has none), or that is larger than 64 KiB, is answered and closed; what is slow in a body is the application's.
    (Through h11, where httptools is not installed, only the size is bounded, and the time to the first byte.)
    """

    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin a connection."""
        super().connection_made(cast("asyncio.Transport", Joined(transport, asyncio.get_running_loop())))
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End it."""
        self._begun()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        super().data_received(data)
        if not self._in_head:
            if self._head_timer is not None:
                self._begun()
            return
        self._head_bytes += len(data)
        if self._head_timer is None:
            self._wait_for_head()
        if self._head_bytes > _HEAD_BYTES and (self.cycle is None or self.cycle.response_complete):
            self._refuse(431, f"the head of the request is larger than {_HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        """Note that the head of a request has begun."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that it is whole."""
        self._in_head = False
        self._head_bytes = 0
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        del msg
        self._refuse(400, "the request is not HTTP/1.1")

    def _wait_for_head(self) -> None:
        seconds = getattr(self.app, "head_seconds", _HEAD_SECONDS)
        self._head_timer = self.loop.call_later(seconds, self._late, seconds)

    def _begun(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _late(self, seconds: float) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait_for_head()  # an answer is under way, and nothing may stand in it
        elif self._head_bytes:
            self._refuse(408, f"the head of the request did not arrive within {seconds:g} s")
        else:
            self.transport.close()

    def _refuse(self, status: int, message: str) -> None:
        """Say why, in JSON, and close."""
        if self.transport.is_closing():
            return
        reason = _REASONS[status]
        body = orjson.dumps({"error": reason.decode(), "message": message})
        self.transport.write(
            b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
            % (status, reason, len(body), body)
        )
        self.transport.close()


class Joined:
    """A transport that keeps the head of an answer back until the body follows, at most to the loop's next turn."""

    __slots__ = ("_head", "_soon", "_transport", "_write")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._write = transport.write
        self._soon = loop.call_soon
        self._head = b""

    def write(self, data: bytes) -> None:
        """Write data, after the head that waits."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(_HEAD):  # or a body like it: then it waits for as long
            self._head = data
            self._soon(self.flush)
            return
        self._write(data)

    def flush(self) -> None:
        """Write the head that waits, if one does."""
        if self._head:
            head, self._head = self._head, b""
            self._write(head)

    def close(self) -> None:
        """Close the connection once everything is written."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
