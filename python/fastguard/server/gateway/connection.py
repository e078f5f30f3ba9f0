"""One connection to an upstream: HTTP/1.1, one request at a time, its answer as it comes.

Bytes go from the socket to whoever judges them in one step: a chunk of a stream wakes no task unless it has to.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol, cast


def _native() -> Any:
    try:
        from httptools import HttpResponseParser
    except ImportError:  # where it has no wheel; h11 comes with uvicorn
        return None
    return HttpResponseParser


_NATIVE: Final = _native()

_HEAD_BYTES: Final = 64 * 1024
_AHEAD_BYTES: Final = 256 * 1024  # that come before anybody asks for them; then the socket waits
_PIECE_BYTES: Final = 256 * 1024  # of a body that is unpacked at once

Tap = Callable[[bytes], bytes | None]
"""Takes what came at once: None where that was all, else what is left of it (maybe nothing) for the one who reads."""


class UpstreamFault(Exception):  # noqa: N818  (the fault is the upstream's)
    """An upstream that gave no usable answer: the status and code that the client gets, and the name in the counters."""

    def __init__(self, status: int, message: str, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


class NotHttp(ValueError):  # noqa: N818  (says what is the case)
    """What came is not HTTP."""


class Heard(Protocol):
    """What a parser tells of the answer that it reads."""

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header."""

    def on_headers_complete(self) -> None:
        """Note that the head is whole."""

    def on_body(self, data: bytes) -> None:
        """Note a piece of the body."""

    def on_message_complete(self) -> None:
        """Note the end."""


class Parser(Protocol):
    """Reads one answer after another; `feed_data` raises for what is not HTTP."""

    def feed_data(self, data: bytes) -> None:
        """Read what came."""

    def get_status_code(self) -> int:
        """Return the status of the head that is whole."""

    def should_keep_alive(self) -> bool:
        """Return whether the connection may be used again."""


def make_parser(heard: Heard, *, native: bool = True) -> Parser:
    """Return a parser: the native one where it is installed and wanted."""
    return cast("Parser", _NATIVE(heard)) if native and _NATIVE is not None else _Slow(heard)


class _Slow:
    """The same in Python, by h11."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._machine = self._fresh()
        self._status = 0

    @staticmethod
    def _fresh() -> Any:
        import h11

        machine = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
        machine.send(h11.Request(method="GET", target="/", headers=[("host", "upstream")]))
        machine.send(h11.EndOfMessage())
        return machine

    def feed_data(self, data: bytes) -> None:
        import h11

        try:
            self._machine.receive_data(data)
            while (event := self._machine.next_event()) is not h11.NEED_DATA and event is not h11.PAUSED:
                if isinstance(event, (h11.Response, h11.InformationalResponse)):
                    self._status = event.status_code
                    for name, value in event.headers:
                        self._heard.on_header(name, value)
                    self._heard.on_headers_complete()
                    if isinstance(event, h11.InformationalResponse):
                        self._heard.on_message_complete()
                elif isinstance(event, h11.Data):
                    self._heard.on_body(bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    rest = self._machine.trailing_data[0]
                    self._heard.on_message_complete()
                    self._machine = self._fresh()
                    if rest:
                        raise NotHttp
                    return
        except h11.RemoteProtocolError:
            raise NotHttp from None

    def get_status_code(self) -> int:
        return self._status

    def should_keep_alive(self) -> bool:
        import h11

        return self._machine.their_state is h11.DONE


class Connection(asyncio.Protocol):
    """One connection. The methods are called on its loop's thread.

    `status` and `headers` are those of the answer; `read` gives its body. Between `ask` and `end` it belongs to one
    request.
    """

    def __init__(self, *, native: bool = True, on_close: Callable[[Connection], None] | None = None) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.fresh = True  # no request was sent on it before the one under way
        self.tap: Tap | None = None
        self._on_close = on_close
        self._loop = asyncio.get_running_loop()
        self._parser = make_parser(self, native=native)
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._pieces: list[bytes] = []
        self._asked = self._answered = self._begun = self._ended = self._paused = self._again = self._until_close = (
            False
        )
        self._spoken = False  # anything at all came of this answer
        self._fault: UpstreamFault | None = None
        self._head_bytes = self._ahead = self._limit = 0
        self._read_seconds = self._since = 0.0
        self._unzip: Any = None

    # ---------------------------------------------------------------- what the one who asks calls

    @property
    def usable(self) -> bool:
        """Whether a request can be sent on it."""
        return self._transport is not None and not self._transport.is_closing() and not self._asked

    @property
    def stale(self) -> bool:
        """Whether it was closed under a request before a byte of an answer came, having been used before."""
        return self._fault is not None and not self._spoken and not self.fresh

    def header(self, name: bytes) -> bytes:
        """Return a header of the answer, empty where it has none. Names are in lower case."""
        return next((value for key, value in self.headers if key == name), b"")

    async def ask(self, head: bytes, body: bytes, *, read_seconds: float, limit: int) -> None:
        """Send a request and wait for the head of its answer; `limit` bounds what is unpacked. Raises `UpstreamFault`."""
        transport = cast("asyncio.Transport", self._transport)
        self._asked, self._answered, self._begun, self._ended = True, False, False, False
        self._again = self._until_close = self._spoken = False
        self._limit, self._head_bytes, self._unzip = limit, 0, None
        self._read_seconds, self._since = read_seconds, self._loop.time()
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_later(read_seconds, self._look)
        transport.write(head + body if len(body) < _AHEAD_BYTES else head)
        if len(body) >= _AHEAD_BYTES:
            transport.write(body)
        while not self._answered and self._fault is None:
            await self._wait()
        self._begun = True
        if self._fault is not None:
            raise self._fault

    async def read(self) -> bytes:
        """Return what has come of the body, empty at its end or after `tap` left nothing. Raises `UpstreamFault`."""
        if not self._pieces and not self._ended and self._fault is None:
            await self._wait()
        if self._pieces:
            data = self._whole()
            if self._paused:
                self._paused = False
                cast("asyncio.Transport", self._transport).resume_reading()
            return data
        if self._fault is not None:
            raise self._fault
        return b""

    def end(self, keep_seconds: float) -> bool:
        """Let go of the request; whether the connection can serve another, which it waits for so long."""
        whole = self._ended and self._again and not self._pieces and not self._paused and self._fault is None
        self._asked = False
        self.tap = None
        self.fresh = False
        self.headers = []
        self._pieces.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if not whole or not self.usable:
            self.close()
            return False
        self._timer = self._loop.call_later(keep_seconds, self.close)
        return True

    def close(self) -> None:
        """Close it at once, which tells the upstream to stop."""
        if self._timer:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()

    def _whole(self) -> bytes:
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._ahead = 0
        return data

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        self._since = self._loop.time()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, status: int, message: str, code: str) -> None:
        if self._fault is None and not self._ended:
            self._fault = UpstreamFault(status, message, code)
        self._wake()

    def _look(self) -> None:
        """Fail where the upstream has been silent too long while somebody waited; else look again later."""
        left = self._read_seconds if self._waiter is None else self._since + self._read_seconds - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        elif self._answered:
            self._fail(504, "the upstream fell silent", "upstream_timeout")
        else:
            self._fail(504, "the upstream did not answer in time", "upstream_timeout")

    # ---------------------------------------------------------------- what the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read what came; to `tap` at once where somebody waits for it."""
        if not self._asked or self._ended or self._fault is not None:
            self._again = False  # nobody asked for it
            self.close()
            return
        self._spoken = True
        self._since = self._loop.time()
        try:
            self._parser.feed_data(data)
        except Exception as problem:  # noqa: BLE001  (whatever a parser raises; what a callback raised is in its context)
            self._again = False
            if isinstance(problem.__context__, zlib.error):
                self._fail(502, "the upstream's answer cannot be unpacked", "upstream_malformed")
            else:
                self._fail(502, "the upstream's answer is not HTTP", "upstream_malformed")
            return
        if self._waiter is None or self._waiter.done():
            if self._ahead > _AHEAD_BYTES and not self._paused and not self._ended:
                self._paused = True
                cast("asyncio.Transport", self._transport).pause_reading()
        elif self._pieces and self.tap is not None and not self._ended and self._fault is None:
            rest = self.tap(self._whole())
            if rest is not None:
                if rest:
                    self._pieces.append(rest)
                self._wake()
        elif self._pieces or self._ended or self._fault is not None or (self._answered and not self._begun):
            self._wake()

    def eof_received(self) -> None:
        """End an answer that says its end by this."""
        if self._asked and self._answered and self._until_close:
            self._finish()
            self._again = False
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """End, with a fault where an answer was under way."""
        if self._asked and not self._ended:
            if self._answered and self._until_close and exc is None:
                self._finish()
            self._again = False
            self._fail(502, "the upstream broke off", "upstream_cut")
        if self._timer:
            self._timer.cancel()
        if self._on_close is not None:
            self._on_close(self)

    # ---------------------------------------------------------------- what the parser calls

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header."""
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > _HEAD_BYTES:
            self._fail(502, "the head of the upstream's answer is too large", "upstream_large")
        elif not self._answered:  # else a trailer
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Note that the head is whole."""
        if self._ended:
            return
        self.status = self._parser.get_status_code()
        if self.status < 200:
            return
        coding = self.header(b"transfer-encoding").lower()
        self._until_close = not coding.endswith(b"chunked") and (bool(coding) or not self.header(b"content-length"))
        packed = self.header(b"content-encoding").strip().lower()
        if packed in {b"gzip", b"deflate"}:  # although it was told not to
            self._unzip = zlib.decompressobj(zlib.MAX_WBITS | 32)
        elif packed not in {b"", b"identity"}:
            self._fail(502, "the upstream's answer has a content-encoding that was not asked for", "upstream_malformed")
        self._answered = True

    def on_body(self, data: bytes) -> None:
        """Note a piece of the body."""
        if self._fault is not None or self._ended:
            return
        if self._unzip is not None:
            self._unpack(data)
            return
        self._pieces.append(data)
        self._ahead += len(data)

    def on_message_complete(self) -> None:
        """Note the end of an answer, or of a head that only says that one will come."""
        if self._ended:  # a second answer that nobody asked for
            self._again = False
            return
        if self.status < 200:
            self.headers.clear()
            return
        self._again = self._parser.should_keep_alive()
        self._finish()

    def _finish(self) -> None:
        if self._unzip is not None and not self._unzip.eof and self.status not in {204, 304}:
            self._fail(502, "the upstream broke off", "upstream_cut")
        self._ended = self._fault is None

    def _unpack(self, data: bytes) -> None:
        while data and self._fault is None:
            piece = self._unzip.decompress(data, _PIECE_BYTES)
            data = self._unzip.unconsumed_tail
            if piece:
                self._pieces.append(piece)
                self._ahead += len(piece)
            if self._ahead > self._limit + _PIECE_BYTES:
                self._fail(502, "the answer is larger than gateway.answer_bytes", "upstream_large")


def head_of(
    method: str, target: bytes, host: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes | None
) -> bytes:
    """Return the head of a request. Raises `UpstreamFault` for what would be more than one."""
    lines = [b"%s %s HTTP/1.1\r\n" % (method.encode("ascii"), target), b"host: %s\r\n" % host]
    lines += [b"%s: %s\r\n" % header for header in headers]
    if body is not None:
        lines.append(b"content-length: %d\r\n" % len(body))
    whole = b"".join(lines)
    if b" " in target or whole.count(b"\n") != len(lines) or whole.count(b"\r") != len(lines):
        raise UpstreamFault(502, "the request cannot be sent on as it is", "upstream_unreachable")
    return whole + b"\r\n"
