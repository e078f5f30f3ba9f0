"""Streams of Anthropic's messages, guarded event by event."""

from __future__ import annotations

from typing import Any, Final

from fastguard.server.gateway import shapes, sse
from fastguard.server.gateway.judging import Channels, Judge
from fastguard.server.gateway.texts import read_part

# Kinds of delta with the key that holds their text, and whether parts of it may be replaced.
_DELTAS: Final = {
    "text_delta": ("text", True),
    "input_json_delta": ("partial_json", False),
    "thinking_delta": ("thinking", False),
}


class MessageStream:
    """Turns the events of one stream into those that go out."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._channels = Channels(judge)
        self._open: set[int] = set()
        self.done = False

    @property
    def complete(self) -> bool:
        """Whether the message has ended."""
        return self.done

    def event(self, data: Any) -> list[bytes]:
        """Return what goes out for one event."""
        if not isinstance(data, dict):
            raise TypeError("an event that is not an object")  # the caller says that the upstream is malformed
        kind = data.get("type")
        index = data.get("index", 0)
        out: list[bytes] = []
        if kind == "content_block_start":
            self._open.add(index)
            self._start(index, data.get("content_block"))
        elif kind == "content_block_delta":
            if not self._delta(index, data.get("delta"), out):
                return self._stop(out) if self._judge.outcome.blocked else out
        elif kind == "content_block_stop":
            self._flush(index, out)
            self._open.discard(index)
        elif kind == "message_stop":
            for key in self._channels.open():
                self._flush(key[0], out)
            self.done = True
        elif kind != "ping":
            self._judge.texts(read_part(data, str(kind)[:40]), redact=True)
        if self._judge.outcome.blocked:
            return self._stop(out)
        return [*out, sse.event(data, str(kind))]

    def error(self, status: int, message: str, code: str) -> bytes:
        """Return the event that tells of an upstream that failed."""
        return sse.event(shapes.error("anthropic", status, message, code), "error")

    def abandon(self) -> None:
        """Judge what is still held; nothing of it goes out."""
        self._channels.abandon()

    def _start(self, index: int, block: Any) -> None:
        """Guard a block that begins; most begin empty, results of the provider's own tools come whole."""
        if not isinstance(block, dict):
            return
        if block.get("type") == "text" and block.get("text"):
            others = {key: value for key, value in block.items() if key != "text"}
            self._judge.texts(read_part(others, f"content[{index}]"), redact=False)
            block["text"] = self._channels.feed((index, "text_delta"), block["text"], index, redact=True)
        else:
            self._judge.texts(read_part(block, f"content[{index}]"), redact=True)

    def _delta(self, index: int, delta: Any, out: list[bytes]) -> bool:
        """Guard a delta; False where it does not go out as it is now."""
        kind = delta.get("type") if isinstance(delta, dict) else None
        if kind in _DELTAS:
            key, prose = _DELTAS[kind]
            text = delta.get(key)
            if not isinstance(text, str):
                raise TypeError(f"{key} is no string")
            delta[key] = self._channels.feed((index, kind), text, index, redact=prose)
            if self._judge.outcome.blocked and delta[key]:
                out.append(_delta_event(index, kind, delta[key]))
            return bool(delta[key]) and not self._judge.outcome.blocked
        if kind == "signature_delta":
            self._flush(index, out)
        elif delta is not None:
            self._judge.texts(read_part(delta, f"content[{index}]"), redact=True)
        return not self._judge.outcome.blocked

    def _flush(self, index: int, out: list[bytes]) -> None:
        for key in self._channels.open():
            if key[0] == index:
                rest = self._channels.close(key)
                if rest:
                    out.append(_delta_event(index, key[1], rest))

    def _stop(self, out: list[bytes]) -> list[bytes]:
        """Return the events that end the message as refused."""
        self.done = True
        out += [
            sse.event({"type": "content_block_stop", "index": index}, "content_block_stop")
            for index in sorted(self._open)
        ]
        delta = {"stop_reason": "refusal", "stop_sequence": None}
        ending = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 0}}
        return [*out, sse.event(ending, "message_delta"), sse.event({"type": "message_stop"}, "message_stop")]


def _delta_event(index: int, kind: str, text: str) -> bytes:
    delta = {"type": kind, _DELTAS[kind][0]: text}
    return sse.event({"type": "content_block_delta", "index": index, "delta": delta}, "content_block_delta")
