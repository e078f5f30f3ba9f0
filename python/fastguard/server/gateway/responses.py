"""Streams of OpenAI's responses, guarded event by event.

A text comes three times: in pieces (``.delta``), whole (``.done``), and again in the items and the response that hold it.
What is released of a text depends on the text alone, so the whole ones are guarded by themselves and agree with the pieces.
"""

from __future__ import annotations

from typing import Any, Final

from fastguard.server.gateway import sse
from fastguard.server.gateway.judging import Channels, Judge
from fastguard.server.gateway.texts import Texts, read_answer

_PROSE: Final = frozenset(
    {"response.output_text", "response.refusal", "response.audio.transcript", "response.reasoning_summary_text", "response.reasoning_text"}
)  # fmt: skip
_OPAQUE: Final = frozenset({"response.audio", "response.image_generation_call.partial_image"})
_PLACE: Final = ("item_id", "output_index", "content_index", "summary_index")
_DELTA: Final = frozenset({"type", "delta", "sequence_number", "logprobs", "obfuscation", *_PLACE})
_ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})


class ResponseStream:
    """Turns the events of one stream into those that go out; sequence numbers are counted anew."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._channels = Channels(judge)
        self._places: dict[tuple[Any, ...], dict[str, Any]] = {}
        self._memo: dict[tuple[str, bool], str] = {}
        self._response: dict[str, Any] = {}
        self._number = 0
        self.done = False

    @property
    def complete(self) -> bool:
        """Whether the response has ended."""
        return self.done

    def event(self, data: Any) -> list[bytes]:
        """Return what goes out for one event; `data` is its JSON."""
        if not isinstance(data, dict):
            raise TypeError("an event that is not an object")
        kind = str(data.get("type", ""))
        out: list[bytes] = []
        if data.get("logprobs"):
            data["logprobs"] = []
            self._judge.unscanned.append(f"{kind[:60]}.logprobs (withheld)")
        stem, _, last = kind.rpartition(".")
        if last == "delta" and isinstance(data.get("delta"), str) and stem not in _OPAQUE:
            if not data.keys() <= _DELTA:
                self._whole({name: value for name, value in data.items() if name not in _DELTA})
            key = (stem, *(data.get(name) for name in _PLACE))
            self._places[key] = {name: data[name] for name in _PLACE if name in data}
            released = self._channels.feed(key, data["delta"], _index(data), redact=stem in _PROSE)
            if self._judge.outcome.blocked:
                return self._stop(key, released)
            data["delta"] = released
            return [self._send(data, kind)] if released else []
        if stem in _OPAQUE:
            self._judge.unscanned.append(stem)
        elif last in {"done", "completed", "incomplete", "failed", "added"} or isinstance(data.get("response"), dict):
            for key in self._channels.open():
                if kind in _ENDS or (key[0] == stem and _same(self._places[key], data)):
                    rest = self._close(key)
                    if rest:
                        out.append(self._send({"type": f"{key[0]}.delta", **self._places[key], "delta": rest}))
            self._whole(data)
        else:
            self._whole(data)
        if self._judge.outcome.blocked:
            return [*out, *self._stop(None, "")]
        if isinstance(data.get("response"), dict):
            self._response = data["response"]
        self.done = kind in _ENDS
        return [*out, self._send(data, kind)]

    def error(self, status: int, message: str, code: str) -> bytes:
        """Return the event that tells of an upstream that failed."""
        del status
        return self._send({"type": "error", "code": code, "message": message, "param": None}, "error")

    def abandon(self) -> None:
        """Judge what is still held; nothing of it goes out."""
        self._channels.abandon()

    def _close(self, key: tuple[Any, ...]) -> str:
        channel = self._channels.get(key)
        rest = self._channels.close(key)
        if channel is not None and self._judge.enforce:
            self._memo[channel.text, key[0] in _PROSE] = channel.released
        return rest

    def _whole(self, data: dict[str, Any]) -> None:
        """Guard the texts of an event that holds them whole; one that was seen is not judged again."""
        texts = read_answer(data)
        fresh = Texts([], texts.unscanned)
        for item in texts.found:
            key = (item.text, item.prose)
            if key not in self._memo:
                self._memo[key] = self._judge.whole(item.text, item.source, item.message, redact=item.prose)
            if item.holder is not None:
                item.holder[item.key] = self._memo[key]
        self._judge.texts(fresh, redact=False)

    def _stop(self, key: tuple[Any, ...] | None, released: str) -> list[bytes]:
        """Return the events that end the response as filtered."""
        self.done = True
        out = []
        items = []
        if key is not None:
            if released:
                out.append(self._send({"type": f"{key[0]}.delta", **self._places[key], "delta": released}))
            if key[0] == "response.output_text":
                channel = self._channels.get(key)
                text = {"type": "output_text", "text": channel.released if channel else "", "annotations": []}
                items.append(
                    {
                        "id": self._places[key].get("item_id", "item"),
                        "type": "message",
                        "role": "assistant",
                        "status": "incomplete",
                        "content": [text],
                    }
                )
        response = {
            **self._response,
            "status": "incomplete",
            "incomplete_details": {"reason": "content_filter"},
            "output": items,
        }
        out.append(self._send({"type": "response.incomplete", "response": response}))
        return out

    def _send(self, data: dict[str, Any], kind: str = "") -> bytes:
        data["sequence_number"] = self._number
        self._number += 1
        return sse.event(data, kind or str(data["type"]))


def _index(data: dict[str, Any]) -> int:
    index = data.get("output_index", 0)
    return index if isinstance(index, int) else 0


def _same(place: dict[str, Any], data: dict[str, Any]) -> bool:
    return all(data.get(name) == value for name, value in place.items())
