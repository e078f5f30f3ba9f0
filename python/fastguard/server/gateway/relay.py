"""A streamed answer on its way back: events of the upstream in, what may go out of them out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from fastguard.server.gateway import sse
from fastguard.server.gateway.chat import ChatStream
from fastguard.server.gateway.judging import Judge
from fastguard.server.gateway.messages import MessageStream
from fastguard.server.gateway.responses import ResponseStream
from fastguard.server.gateway.settings import Gateway
from fastguard.server.gateway.upstream import UpstreamFault, piece

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger("fastguard.server")

_INLINE_BYTES: Final = 32 * 1024
_INLINE_CHARACTERS: Final = 256 * 1024


class Guarded(Protocol):
    """What turns the events of one stream into those that go out."""

    done: bool

    @property
    def complete(self) -> bool:
        """Whether everything that began has ended."""

    def event(self, data: Any) -> list[bytes]:
        """Return what goes out for one event; what it raises says that the upstream is malformed."""

    def error(self, status: int, message: str, code: str) -> bytes:
        """Return the event that tells of an upstream that failed."""

    def abandon(self) -> None:
        """Judge what is still held; nothing of it goes out."""


STREAMS: Final[dict[str, Callable[[Judge], Guarded]]] = {
    "chat": ChatStream,
    "responses": ResponseStream,
    "messages": MessageStream,
}


class Relay:
    """One streamed answer on its way: its bytes in, what may go out of them out."""

    def __init__(self, settings: Gateway, judge: Judge, stream: Guarded, threads: Executor, number: str) -> None:
        self._settings = settings
        self._judge = judge
        self._stream = stream
        self._threads = threads
        self._number = number
        self._parser = sse.Parser(settings.event_bytes)
        self.opened = 0  # events that passed unjudged, as the fail mode says

    async def run(self, response: aiohttp.ClientResponse, part: Callable[[bytes], Awaitable[None]]) -> None:
        """Pass on what goes out to `part`, joined by the chunks in which it came. Raises `UpstreamFault`."""
        total = 0
        judge = self._judge
        while chunk := await piece(response):
            total += len(chunk)
            if total > self._settings.answer_bytes:
                raise UpstreamFault(502, "the answer is larger than gateway.answer_bytes", "upstream_large")
            # A piece costs microseconds; the end of a text is judged as a whole, so very long ones go to a thread.
            if judge.policy.slow or len(chunk) > _INLINE_BYTES or judge.fed > _INLINE_CHARACTERS:
                out, fault = await asyncio.get_running_loop().run_in_executor(self._threads, self._events, chunk)
            else:
                out, fault = self._events(chunk)
            if out:
                await part(out)
            if fault:
                raise fault
            if self._stream.done:
                return

    def _events(self, chunk: bytes) -> tuple[bytes, UpstreamFault | None]:
        """Return what goes out for a chunk, and the fault that it ended with."""
        out: list[bytes] = []
        try:
            for event in self._parser.feed(chunk):
                out += self._event(event)
                if self._stream.done:
                    break
        except sse.EventTooLarge:
            fault = UpstreamFault(502, "an event is larger than gateway.event_bytes", "upstream_malformed")
        except UpstreamFault as problem:
            fault = problem
        else:
            return b"".join(out), None
        return b"".join(out), fault

    def _event(self, event: sse.Event) -> list[bytes]:
        if event.data is None:
            return [sse.raw(event)]
        try:
            data = None if event.data == b"[DONE]" else orjson.loads(event.data)
            return self._stream.event(data)
        except (orjson.JSONDecodeError, TypeError, AttributeError, ValueError, KeyError):
            fault = UpstreamFault(502, "an event of the upstream cannot be read", "upstream_malformed")
            return self._unjudged(event, "malformed", fault)
        except Exception as problem:  # noqa: BLE001  (whatever fails, the fail mode decides; the log gets no text)
            log.error("request %s: judging failed: %s", self._number, type(problem).__name__)  # noqa: TRY400
            fault = UpstreamFault(500, "the guard failed; its log has the id", "guard_failed")
            return self._unjudged(event, "the guard failed", fault)

    def _unjudged(self, event: sse.Event, why: str, fault: UpstreamFault) -> list[bytes]:
        """Let an event pass unjudged, or raise the fault: as the fail mode says."""
        if self._settings.fail == "closed" and self._judge.enforce:
            raise fault from None
        self.opened += 1
        self._judge.unscanned.append(f"an event ({why})")
        return [sse.raw(event)]
