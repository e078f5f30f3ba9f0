"""Conversations: which parts of chat messages are text, and where each text comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from fastguard.fields import did_you_mean

# Source of a message's text by its role; that of users is what the caller says.
_SOURCES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool_result",
    "function": "tool_result",
}
# Parts of content that are text, with the key that holds it.
_TEXT_PARTS = {
    "text": "text",
    "input_text": "text",
    "output_text": "text",
    "refusal": "refusal",
    "thinking": "thinking",
    "reasoning": "text",
}
# Keys of a message that hold no text of their own.
_PLAIN = frozenset({"role", "content", "name", "tool_call_id"})
_MOST_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a conversation: each with the message it belongs to and its source; and the parts that are none."""

    texts: list[str | bytes]
    messages: list[int]
    sources: list[str]
    unscanned: list[str]


def read_messages(messages: object, source: str) -> Texts:
    """Return the texts of messages in the form of chat APIs; `source` is that of the user's messages.

    Content may be a string, None, or a list of parts; tool calls count with their arguments as text of the assistant.
    Parts that are no text (images, audio, files) are listed, not dropped. Keys that are not known are ignored, as
    clients send more than the API says. Raises `TypeError` or `ValueError` that names the place.

    >>> texts = read_messages(
    ...     [{"role": "user", "content": [{"type": "image_url"}, {"type": "text", "text": "Hi"}]}], "user"
    ... )
    >>> texts.texts, texts.unscanned
    (['Hi'], ['unscanned: messages[0].content[0] (image_url)'])
    """
    if isinstance(messages, (str, bytes, Mapping)) or not isinstance(messages, Sequence):
        _refuse("messages", "a sequence of messages", messages)
    found = Texts([], [], [], [])
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        if not isinstance(message, Mapping):
            _refuse(place, "a mapping with role and content", message)
        role = message.get("role")
        if not isinstance(role, str):
            _refuse(f"{place}.role", "a string", role)
        if role not in _SOURCES:
            hint = did_you_mean(role, _SOURCES)
            raise ValueError(f"{place}.role: got {role!r}{hint}; expected one of {', '.join(_SOURCES)}")
        if type(message) is dict and type(message.get("content")) is str and message.keys() <= _PLAIN:
            found.texts.append(message["content"])  # as most are: a text and nothing beside it
            found.messages.append(index)
            found.sources.append(source if role == "user" else _SOURCES[role])
            continue
        reader = _Reader(found, index, source if role == "user" else _SOURCES[role])
        reader.content(f"{place}.content", message.get("content"), 0)
        if role == "assistant":
            reader.optional(f"{place}.refusal", message.get("refusal"))
        for call_place, call in reader.calls(place, message):
            reader.call(call_place, call)
    return found


class _Reader:
    """Adds the texts of one message."""

    __slots__ = ("_found", "_index", "_source")

    def __init__(self, found: Texts, index: int, source: str) -> None:
        self._found = found
        self._index = index
        self._source = source

    def add(self, text: str | bytes, source: str | None = None) -> None:
        self._found.texts.append(text)
        self._found.messages.append(self._index)
        self._found.sources.append(source or self._source)

    def content(self, place: str, content: object, depth: int) -> None:
        if content is None:
            return
        if isinstance(content, (str, bytes)):
            self.add(content)
            return
        if isinstance(content, Mapping) or not isinstance(content, Sequence):
            _refuse(place, "a string, None or a list of parts", content)
        for i, part in enumerate(content):
            self.part(f"{place}[{i}]", part, depth)

    def part(self, place: str, part: object, depth: int) -> None:
        if isinstance(part, str):
            self.add(part)
            return
        if not isinstance(part, Mapping):
            _refuse(place, "a mapping with a type, or a string", part)
        kind = part.get("type")
        if not isinstance(kind, str):
            _refuse(f"{place}.type", "a string", kind)
        if kind in _TEXT_PARTS:
            key = _TEXT_PARTS[kind]
            text = part.get(key)
            if not isinstance(text, str):
                _refuse(f"{place}.{key}", "a string", text)
            self.add(text)
        elif kind == "tool_result" and depth < _MOST_DEPTH:
            _Reader(self._found, self._index, "tool_result").content(f"{place}.content", part.get("content"), depth + 1)
        elif kind == "tool_use":
            self.arguments(f"{place}.input", part.get("input"))
        else:
            self._found.unscanned.append(f"unscanned: {place} ({kind})")

    def optional(self, place: str, text: object) -> None:
        if text is None:
            return
        if not isinstance(text, str):
            _refuse(place, "a string or None", text)
        self.add(text)

    def calls(self, place: str, message: Mapping[object, object]) -> Iterator[tuple[str, object]]:
        calls = message.get("tool_calls")
        if calls is not None:
            if isinstance(calls, (str, bytes, Mapping)) or not isinstance(calls, Sequence):
                _refuse(f"{place}.tool_calls", "a list of tool calls or None", calls)
            for i, call in enumerate(calls):
                yield f"{place}.tool_calls[{i}]", call
        if message.get("function_call") is not None:
            yield f"{place}.function_call", {"function": message.get("function_call")}

    def call(self, place: str, call: object) -> None:
        if not isinstance(call, Mapping):
            _refuse(place, "a mapping", call)
        for key, argument in (("function", "arguments"), ("custom", "input")):
            inner = call.get(key)
            if inner is None:
                continue
            if not isinstance(inner, Mapping):
                _refuse(f"{place}.{key}", "a mapping", inner)
            self.arguments(f"{place}.{key}.{argument}", inner.get(argument))
            return
        self._found.unscanned.append(f"unscanned: {place} ({call.get('type', 'tool call')})")

    def arguments(self, place: str, arguments: object) -> None:
        """Add the arguments of a call: the text that the model wrote, or what a client made of it."""
        if arguments is None:
            return
        if isinstance(arguments, str):
            self.add(arguments, "assistant")
            return
        try:
            self.add(json.dumps(arguments, ensure_ascii=False), "assistant")
        except (TypeError, ValueError, RecursionError):
            _refuse(place, "a string, or what JSON can hold", arguments)


def _refuse(place: str, expected: str, got: object) -> NoReturn:
    raise TypeError(f"{place}: expected {expected}, got {type(got).__name__}")
