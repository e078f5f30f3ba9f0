"""How the commands speak: colours only where they are wanted, and nothing of a hostile text reaches the terminal raw."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TextIO

_COLORS = {"red": "31", "yellow": "33", "green": "32", "cyan": "36", "bold": "1", "dim": "2"}
_ACTION_COLORS = {"block": "red", "escalate": "yellow", "flag": "yellow", "allow": "green"}


def fail(message: str) -> int:
    """Say what went wrong on stderr and return the exit status for it."""
    print(f"fastguard: error: {visible(message)}", file=sys.stderr)
    return 2


def counted(count: int, what: str, several: str | None = None) -> str:
    """Return a number with its noun.

    >>> counted(1, "text"), counted(1200, "text"), counted(2, "entry", "entries")
    ('1 text', '1,200 texts', '2 entries')
    """
    return f"{count:,} {what if count == 1 else several or what + 's'}"


def not_json(problem: ValueError) -> str:
    """Return why one line is no JSON, with the column in place of json's own line numbers."""
    if isinstance(problem, json.JSONDecodeError):
        return f"not JSON: {problem.msg} (column {problem.pos + 1})"
    return f"not JSON: {problem}"


def paint(text: str, color: str, stream: TextIO | None = None) -> str:
    """Return the text in a colour, or as it is where the stream is no terminal or NO_COLOR is set."""
    stream = stream or sys.stdout
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return text
    return f"\x1b[{_COLORS[color]}m{text}\x1b[0m"


def paint_action(action: str, text: str | None = None) -> str:
    """Return an action, or the text that stands for it, in its colour."""
    return paint(text or action, _ACTION_COLORS[action])


def visible(text: str) -> str:
    r"""Return a text that a terminal only shows: control, format and lone surrogate characters as escapes.

    >>> print(visible("a\x1b[31m\u202eb\n"))
    a\x1b[31m\u202eb\n
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii") if unicodedata.category(char) in _HIDDEN else char
        for char in text
    )


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def excerpt(text: str, limit: int = 60) -> str:
    """Return a text on one line, its middle left out where it is long.

    >>> excerpt("a" * 50 + "b" * 50, 21)
    'aaaaaaaaaa…bbbbbbbbbb'
    """
    if len(text) > limit:
        half = (limit - 1) // 2
        text = f"{text[:half]}…{text[len(text) - half :]}"
    return visible(text)


def dump(value: object, *, indent: int | None = None) -> str:
    """Return JSON that any stream can hold: readable, escaped only where a text holds lone surrogates."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=True, indent=indent)
    return text


def table(rows: Iterable[Sequence[str]], *, head: Sequence[str], right: frozenset[int] = frozenset()) -> str:
    """Return rows as columns; those in `right` are set to the right. Widths count what is shown, not the colours."""
    body = [list(row) for row in rows]
    widths = [max(_width(row[i]) for row in (list(head), *body)) for i in range(len(head))]
    lines = []
    for row in (list(head), *body):
        cells = []
        for i, cell in enumerate(row):
            space = " " * (widths[i] - _width(cell))
            cells.append(space + cell if i in right else cell + space)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _width(cell: str) -> int:
    width = 0
    escape = False
    for char in cell:
        if escape:
            escape = char != "m"
        elif char == "\x1b":
            escape = True
        elif not unicodedata.combining(char):
            width += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return width
