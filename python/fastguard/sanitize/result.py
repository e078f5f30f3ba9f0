"""What sanitizing gives, and the collector that all targets write into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["element", "attribute", "address", "image", "comment", "control", "formula"]


@dataclass(frozen=True, slots=True)
class Removed:
    """One piece of the caller's text that was taken out, or made harmless.

    `kind` says what it was: an ``element`` with all that went with it, an ``attribute`` of one that stayed, the
    ``address`` of a link, an ``image`` of a host that is not allowed, a ``comment``, a ``control`` sequence, or the
    beginning of a ``formula``. ``text[start:end]`` of the caller's text is where it stood.
    """

    kind: Kind
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Sanitized:
    """Safe text, and what was taken out of it in order of place."""

    text: str
    removed: tuple[Removed, ...]


class Builder:
    """Collects the safe text and what was removed; `shift` is where the piece at hand begins in the caller's text."""

    __slots__ = ("_parts", "_removed", "shift")

    def __init__(self, shift: int = 0) -> None:
        self._parts: list[str] = []
        self._removed: list[Removed] = []
        self.shift = shift

    def put(self, text: str) -> None:
        """Add safe text."""
        self._parts.append(text)

    def remove(self, kind: Kind, start: int, text: str) -> None:
        """Note that `text`, which begins at `start` of the piece at hand, is not in the safe text as it was."""
        begin = self.shift + start
        self._removed.append(Removed(kind, begin, begin + len(text), text))

    def result(self) -> Sanitized:
        """Return what was collected."""
        return Sanitized("".join(self._parts), tuple(sorted(self._removed, key=lambda item: (item.start, item.end))))
