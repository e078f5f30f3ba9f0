"""Streams of chat completions, guarded chunk by chunk."""

from __future__ import annotations

from typing import Any, Final

import orjson

from fastguard.server.gateway import shapes, sse
from fastguard.server.gateway.judging import Channels, Judge
from fastguard.server.gateway.texts import read_part

_PROSE: Final = frozenset({"content", "refusal", "reasoning_content", "reasoning"})
# What is no text, of a chunk, of a choice, of a call; whatever else there is is judged as it comes.
_CHUNK: Final = frozenset(
    "id object created model choices usage system_fingerprint service_tier obfuscation provider".split()  # noqa: SIM905
)
_CHOICE: Final = frozenset({"index", "delta", "finish_reason", "native_finish_reason", "logprobs"})
_CALL: Final = frozenset({"index", "id", "type", "function", "custom"})


class ChatStream:
    """Turns the events of one stream into those that go out. Each choice ends by itself; `done` when all have."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._channels = Channels(judge)
        self._seen: set[int] = set()
        self._ended: set[int] = set()
        self._blocked: set[int] = set()
        self._last: dict[str, Any] = {}  # the event before, whose fields chunks of ours have
        self.done = False

    @property
    def complete(self) -> bool:
        """Whether everything that began has ended."""
        return self.done or (bool(self._seen) and self._seen <= self._ended)

    def event(self, data: Any) -> list[bytes]:
        """Return what goes out for one event; `data` is its JSON, None for the end of the stream."""
        if data is None:
            self.done = True
            out = [part for index in sorted(self._seen - self._ended) for part in self._flush(index)]
            if self._judge.outcome.blocked:
                out += [self._stop(index) for index in sorted(self._seen - self._ended)]
            return [*out, b"data: [DONE]\n\n"]
        choices = data.get("choices") if isinstance(data, dict) else None
        if not isinstance(choices, list):
            self._judge.texts(read_part(data, "event"), redact=True)
            return [self._stop(0)] if self._judge.outcome.blocked else [sse.event(data)]
        self._last = data
        if len(choices) == 1 and (piece := self._plain(data, choices[0])) is not None:
            return piece
        self._rest_of(data, _CHUNK, "event")
        before: list[bytes] = []
        kept = []
        for choice in choices:
            index = choice.get("index", 0)
            if index in self._ended:
                continue
            self._seen.add(index)
            alive = self._choice(index, choice, before)
            if self._judge.outcome.blocked:
                before.append(self._stop(index, alive))
            elif alive:
                kept.append(choice)
        if self._judge.outcome.blocked:
            self.done = True
            before += [self._stop(index) for index in sorted(self._seen - self._ended)]
            return [*before, b"data: [DONE]\n\n"]
        if kept or not choices:
            before.append(sse.event({**data, "choices": kept}))
        return before

    def _plain(self, data: dict[str, Any], choice: dict[str, Any]) -> list[bytes] | None:
        """Return what goes out for a chunk of text and nothing beside it, as nearly all are; None for any other."""
        delta = choice.get("delta")
        if (
            type(delta) is not dict
            or len(delta) != 1
            or type(text := delta.get("content")) is not str
            or not text
            or choice.get("finish_reason") is not None
            or choice.get("logprobs")
            or type(index := choice.get("index", 0)) is not int
            or index in self._ended
            or not choice.keys() <= _CHOICE
            or not data.keys() <= _CHUNK
        ):
            return None
        piece = self._channels.feed((index, "content"), text, index, redact=True)
        if self._judge.outcome.blocked:
            self._seen.add(index)
            self.done = True
            out = [self._stop(index, {"delta": {"content": piece} if piece else {}})]
            out += [self._stop(other) for other in sorted(self._seen - self._ended)]
            return [*out, b"data: [DONE]\n\n"]
        self._seen.add(index)
        if not piece:
            return []
        delta["content"] = piece
        return [b"data: ", orjson.dumps(data), b"\n\n"]

    def error(self, status: int, message: str, code: str) -> bytes:
        """Return the event that tells of an upstream that failed."""
        return sse.event(shapes.error("openai", status, message, code))

    def abandon(self) -> None:
        """Judge what is still held; nothing of it goes out."""
        self._channels.abandon()

    def _choice(self, index: int, choice: dict[str, Any], before: list[bytes]) -> dict[str, Any] | None:
        """Replace the texts of a choice by what may go out; None where nothing is left to say.

        After a block it is what may still go out of this chunk. The rests of texts that end go to `before`.
        """
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            delta = choice["delta"] = {}
        empty = not delta
        released: dict[str, Any] = {}
        self._rest_of(choice, _CHOICE, f"choices[{index}]")
        if choice.get("logprobs"):
            choice["logprobs"] = None  # they spell out the text
            self._judge.unscanned.append(f"choices[{index}].logprobs (withheld)")
        for key in list(delta):
            value = delta[key]
            if key in _PROSE and isinstance(value, str) and value:
                released[key] = delta[key] = self._channels.feed((index, key), value, index, redact=True)
                if not delta[key]:
                    del delta[key]
            elif key == "tool_calls" and isinstance(value, list):
                self._calls(index, delta, value, before)
            elif key == "function_call" and isinstance(value, dict):
                self._function((index, "function_call", 0), index, value)
            elif key != "role" and value is not None:
                self._judge.texts(read_part({key: value}, f"choices[{index}].delta"), redact=False)
            if self._judge.outcome.blocked:
                return {"delta": {name: text for name, text in released.items() if text}}
        if choice.get("finish_reason") is not None:
            before += self._flush(index)
            if not self._judge.outcome.blocked:
                self._ended.add(index)
            return None if self._judge.outcome.blocked else choice
        return choice if delta or empty else None

    def _calls(self, index: int, delta: dict[str, Any], calls: list[Any], before: list[bytes]) -> None:
        kept = []
        for call in calls:
            number = call.get("index", 0)
            # A new call ends what came before it: clients take the arguments of a call as whole when the next begins.
            for key in self._channels.open():
                if key[0] == index and key[1:] != ("tool_calls", number):
                    before += self._rest(key)
            self._rest_of(call, _CALL, f"choices[{index}].delta.tool_calls")
            known = call.get("id") is not None or call.get("type") is not None
            for name in ("function", "custom"):
                inner = call.get(name)
                if isinstance(inner, dict):
                    known |= self._function((index, "tool_calls", number), index, inner)
            if known:
                kept.append(call)
            if self._judge.outcome.blocked:
                break
        delta["tool_calls"] = kept
        if not kept:
            del delta["tool_calls"]

    def _function(self, key: tuple[Any, ...], index: int, function: dict[str, Any]) -> bool:
        """Guard name and arguments of a call; return whether anything is left."""
        if function.get("name"):
            self._judge.whole(str(function["name"]), message=index, redact=False)
        self._rest_of(function, frozenset({"name", "arguments", "input"}), "function")
        for name in ("arguments", "input"):
            text = function.get(name)
            if isinstance(text, str) and text:
                function[name] = self._channels.feed(key, text, index, redact=False)
                if not function[name] and not function.get("name"):
                    del function[name]
            elif text:
                self._judge.texts(read_part({name: text}, "function"), redact=False)
        return bool(function)

    def _rest_of(self, part: dict[str, Any], known: frozenset[str], place: str) -> None:
        """Judge what a part has beside what is known of it."""
        if not part.keys() <= known:
            others = {key: value for key, value in part.items() if key not in known}
            self._judge.texts(read_part(others, place), redact=False)

    def _flush(self, index: int) -> list[bytes]:
        out: list[bytes] = []
        for key in self._channels.open():
            if key[0] == index:
                out += self._rest(key)
        return out

    def _rest(self, key: tuple[Any, ...]) -> list[bytes]:
        """End one text; return the chunk with what was held back of it."""
        rest = self._channels.close(key)
        if not rest:
            return []
        if key[1] == "tool_calls":
            delta: dict[str, Any] = {"tool_calls": [{"index": key[2], "function": {"arguments": rest}}]}
        elif key[1] == "function_call":
            delta = {"function_call": {"arguments": rest}}
        else:
            delta = {key[1]: rest}
        return [self._chunk(key[0], delta, None)]

    def _stop(self, index: int, alive: dict[str, Any] | None = None) -> bytes:
        """Return the chunks that end a choice as filtered, after what may still go out of it."""
        self._ended.add(index)
        out = b""
        if alive and alive.get("delta"):
            out = self._chunk(index, alive["delta"], None)
        return out + self._chunk(index, {}, "content_filter")

    def _chunk(self, index: int, delta: dict[str, Any], finish: str | None) -> bytes:
        fields = {key: value for key, value in self._last.items() if key in _CHUNK and key not in {"choices", "usage"}}
        return sse.event(
            {**fields, "choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}]}
        )
