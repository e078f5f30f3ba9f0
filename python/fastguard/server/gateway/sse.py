"""Server-sent events: bytes of any cut to events, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import orjson

# The end of a line is one of three; atomic, so that \r\n is never taken as two.
_END: Final = re.compile(rb"(?:(?>\r\n|\n|\r)){2}")
_LINE: Final = re.compile(rb"\r\n|\n|\r")


class EventTooLarge(ValueError):  # noqa: N818  (says what is the case)
    """An event is larger than the limit."""


class Event(NamedTuple):
    """One event: its name (empty where it has none) and its data; None for one of comments alone."""

    name: bytes
    data: bytes | None


class Parser:
    """Collects bytes until an event is whole; keeps at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = b""

    def feed(self, chunk: bytes) -> Iterator[Event]:
        r"""Yield the events that are whole now. Raises `EventTooLarge`. Linear in the bytes, as none is searched twice.

        >>> parser = Parser(100)
        >>> list(parser.feed(b"data: 1")), list(parser.feed(b"2\n\ndata: 3"))
        ([], [Event(name=b'', data=b'12')])
        """
        plain = not self._buffer and chunk.startswith(b"data: ") and chunk.endswith(b"\n\n")
        if plain and chunk.find(b"\n") == len(chunk) - 2 and b"\r" not in chunk:  # one event, whole, as most come
            yield Event(b"", chunk[6:-2])
            return
        before = len(self._buffer)
        self._buffer += chunk
        position, search = 0, max(0, before - 3)
        if b"\r" not in self._buffer:  # as nearly all streams are: a search for one string
            while (end := self._buffer.find(b"\n\n", search)) >= 0:
                block = self._buffer[position:end]
                position = search = end + 2
                if block.strip(b"\n"):
                    yield _parse(block)
            self._keep(position)
            return
        while found := _END.search(self._buffer, search):
            # A \r at the very end may be the first half of \r\n; then it waits for the next chunk.
            if found.end() == len(self._buffer) and self._buffer.endswith(b"\r"):
                break
            block = self._buffer[position : found.start()]
            position = search = found.end()
            if block.strip(b"\r\n"):
                yield _parse(block)
        self._keep(position)

    def _keep(self, position: int) -> None:
        self._buffer = self._buffer[position:]
        if len(self._buffer) > self._limit:
            raise EventTooLarge

    @property
    def rest(self) -> bytes:
        """What has come of an event that is not whole."""
        return self._buffer.strip(b"\r\n")


def _parse(block: bytes) -> Event:
    if block.startswith(b"data: ") and b"\n" not in block and b"\r" not in block:
        return Event(b"", block[6:])
    name, data = b"", None
    for line in _LINE.split(block):
        key, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if key == b"event":
            name = value
        elif key == b"data":
            data = value if data is None else data + b"\n" + value
    return Event(name, data)


def event(data: object, name: str = "") -> bytes:
    """Return an event with data in JSON."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + orjson.dumps(data) + b"\n\n"


def raw(item: Event) -> bytes:
    """Return an event as it came; of comments nothing is left but that there was one."""
    if item.data is None:
        return b":\n\n"
    head = b"event: " + item.name + b"\n" if item.name else b""
    return head + b"data: " + item.data.replace(b"\n", b"\ndata: ") + b"\n\n"


def comment(text: str) -> bytes:
    """Return a comment, which clients pass over."""
    line = "".join(char if char.isprintable() and char.isascii() else "?" for char in text)
    return f": {line}\n\n".encode()
