"""``POST /v1/check/stream``: a text that is judged while it arrives, answered by server-sent events meanwhile.

The body is the text in UTF-8 (what is none becomes U+FFFD), in chunks of any cut; the query says ``source``, ``mode`` (``block``
or ``redact``), ``policy`` and ``project``. Events, each with JSON as data:

- ``text``: ``{"text": ...}``, what may be released now; together they are the text as far as it is safe.
- ``verdict``: the last one, that of `/v1/check` for the whole text (as far as it was read: a block ends the reading), with
  ``blocked``.
- ``error``: in place of the verdict where the text was too long or too slow.
"""

from __future__ import annotations

import asyncio
import codecs
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast
from urllib.parse import parse_qs

from fastguard import _core
from fastguard.server.body import Disconnected, Receive
from fastguard.server.errors import RequestError
from fastguard.server.gateway import sse
from fastguard.server.judge import Judged, PolicyGuard
from fastguard.server.service import Call
from fastguard.server.wire.native import verdict_dict
from fastguard.stream import Stream, StreamMode

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def check_stream(call: Call, receive: Receive, send: Send) -> int:
    """Answer one request; return the status. Raises `RequestError` before the first event only."""
    query = parse_qs(call.query_string.decode("latin-1"), keep_blank_values=True)

    def option(name: str, default: str) -> str:
        return query.get(name, [default])[-1]

    source, mode = option("source", "user"), option("mode", "block")
    if source not in _core.SOURCES:
        raise RequestError(400, f"source: expected one of {', '.join(_core.SOURCES)}", param="source")
    if mode not in {"block", "redact"}:
        raise RequestError(400, "mode: expected block or redact", param="mode")
    if call.headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise RequestError(415, "content-encoding: expected identity, as a stream is judged as it comes")
    project = call.state.project(option("project", "") or None)
    policy = call.state.guard(option("policy", "") or project.policy)
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
    headers.append((b"x-request-id", call.request_id.encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    reading = _Reading(call, policy, policy.guard.stream(source=source, mode=cast("StreamMode", mode)), source)
    try:
        last = await reading.run(receive, send)
    except RequestError as problem:
        last = sse.event({"error": problem.error, "message": problem.message, "request_id": call.request_id}, "error")
    else:
        reading.record(project.id)
    await send({"type": "http.response.body", "body": last})
    return 200


class _Reading:
    """One text on its way through a stream."""

    def __init__(self, call: Call, policy: PolicyGuard, stream: Stream, source: str) -> None:
        self._call = call
        self._policy = policy
        self._stream = stream
        self._source = source
        self._parts: list[str] = []
        self._nanoseconds = 0

    async def run(self, receive: Receive, send: Send) -> bytes:
        """Feed what arrives and send what may go out; return the last events."""
        limits = self._call.state.config.limits
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        size, more = 0, True
        while more and not self._stream.blocked:
            try:
                async with asyncio.timeout(limits.read_seconds):
                    message = await receive()
            except TimeoutError:
                raise RequestError(408, f"nothing arrived for {limits.read_seconds} s") from None
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk, more = message.get("body", b""), message.get("more_body", False)
            size += len(chunk)
            if size > limits.body_bytes:
                raise RequestError(413, f"the text is longer than {limits.body_bytes} bytes (limits.body_bytes)")
            piece = self._take(decoder.decode(chunk, not more))
            if piece:
                await send({"type": "http.response.body", "body": _text(piece), "more_body": True})
        start = time.perf_counter_ns()
        rest: str = self._stream.close()
        self._nanoseconds += time.perf_counter_ns() - start
        verdict = {
            **verdict_dict(self._stream.verdict),
            "blocked": self._stream.blocked,
            "policy": self._policy.name,
            "request_id": self._call.request_id,
            "revision": self._call.state.revision,
            "microseconds": self._nanoseconds / 1000,
        }
        return (_text(rest) if rest else b"") + sse.event(verdict, "verdict")

    def _take(self, text: str) -> str:
        self._parts.append(text)
        start = time.perf_counter_ns()
        piece: str = self._stream.feed(text)
        self._nanoseconds += time.perf_counter_ns() - start
        return piece

    def record(self, project: str) -> None:
        """Make the event of the whole text."""
        judged = Judged(("".join(self._parts),), (0,), (self._source,), (self._stream.verdict,), (), self._nanoseconds)
        action = "block" if self._stream.blocked else "redact" if self._stream.mapping else judged.action
        direction = "output" if self._source == "assistant" else "input"
        self._call.record(judged, self._policy, project=project, direction=direction, action=action)
        self._call.flush()


def _text(piece: str) -> bytes:
    return sse.event({"text": piece}, "text")
