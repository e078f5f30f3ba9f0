"""How hostile text is shown: cut where findings begin and end, and what cannot be seen as its code."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SEEN: Final = frozenset("\n\t")
_FILLERS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\u00ad\u034f\u180b\u180c\u180d\u180e\u180f")


@dataclass(frozen=True, slots=True)
class Bit:
    """A stretch of text as it is shown: `hidden` says that it is the code of a character that nobody sees."""

    text: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text and the findings that cover it, by their numbers."""

    bits: tuple[Bit, ...]
    findings: tuple[int, ...]


def is_hidden(char: str) -> bool:
    r"""Return whether a character shows nothing, or changes how others are shown.

    >>> is_hidden("\u200b"), is_hidden("\u202e"), is_hidden("é"), is_hidden("\ufe0f")
    (True, True, False, True)
    """
    if char in _SEEN:
        return False
    return (
        unicodedata.category(char) in _HIDDEN
        or char in _FILLERS
        or "\ufe00" <= char <= "\ufe0f"
        or "\U000e0100" <= char <= "\U000e01ef"
    )


def bits(text: str) -> tuple[Bit, ...]:
    r"""Return a text with each hidden character as its code.

    >>> [bit.text for bit in bits("a\u200bb")]
    ['a', 'U+200B', 'b']
    """
    found: list[Bit] = []
    start = 0
    for i, char in enumerate(text):
        if is_hidden(char):
            if i > start:
                found.append(Bit(text[start:i], hidden=False))
            found.append(Bit(f"U+{ord(char):04X}", hidden=True))
            start = i + 1
    if start < len(text):
        found.append(Bit(text[start:], hidden=False))
    return tuple(found)


def segments(text: str, spans: Iterable[tuple[int, int]]) -> list[Segment]:
    """Return a text in stretches that are covered by the same spans; spans may overlap, those outside are cut.

    >>> [("".join(bit.text for bit in item.bits), item.findings) for item in segments("abcd", [(1, 3), (2, 4)])]
    [('a', ()), ('b', (0,)), ('c', (0, 1)), ('d', (1,))]
    """
    size = len(text)
    places = [(max(0, min(start, size)), max(0, min(end, size))) for start, end in spans]
    ends = sorted({0, size, *(at for place in places for at in place)})
    return [
        Segment(bits(text[low:high]), tuple(i for i, (start, end) in enumerate(places) if start <= low and end >= high))
        for low, high in pairwise(ends)
    ]


@dataclass(frozen=True, slots=True)
class Shown:
    """One text of an event with its findings, ready to be rendered; `views` has it once more for each view, where several are."""

    number: int
    segments: Sequence[Segment]
    findings: Sequence[Mapping[str, Any]]
    view: str = ""
    views: tuple[Shown, ...] = ()


def shown_texts(event: Mapping[str, Any]) -> list[Shown]:
    """Return the texts of an event whose excerpt was kept, with the findings that lie inside the excerpt."""
    found = []
    for number, text in enumerate(event.get("excerpt") or ()):
        inside = [item for item in event["findings"] if item["text"] == number and item.get("excerpt")]
        names = dict.fromkeys(item["view"] for item in inside)
        views = tuple(_shown(number, text, [item for item in inside if item["view"] == name], name) for name in names)
        found.append(_shown(number, text, inside, "", views if len(views) > 1 else ()))
    return found


def _shown(
    number: int, text: str, findings: Sequence[Mapping[str, Any]], view: str, views: tuple[Shown, ...] = ()
) -> Shown:
    return Shown(number, segments(text, [tuple(item["excerpt"]) for item in findings]), findings, view, views)
