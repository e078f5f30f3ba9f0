"""Figures from cells: sums, shares and their Wilson intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_Z: Final = 1.959963984540054  # of a 95 % interval

HACKETT: Final = {
    "zero width": ("zero_width_space",),
    "unicode tags": ("unicode_tags",),
    "emoji smuggling": ("emoji_selectors",),
    "bidirectional": ("bidi_override", "bidi_words"),
    "upside-down": ("upside_down",),
    "numbers": ("numbers",),
    "homoglyphs": ("cyrillic_homoglyphs",),
    "diacritics": ("diacritics",),
    "underline": ("underlined",),
    "deletion": ("backspaces", "delete_characters"),
    "full-width": ("fullwidth",),
    "spaces": ("letter_spacing", "unicode_spaces"),
}
"""The twelve character techniques of Hackett et al. (arXiv 2504.11168) and the transforms here that are theirs."""

CHARACTER_CLASSES: Final = ("invisible", "channel", "lookalike", "segmentation", "order")
"""Classes that work on characters; their reversible transforms have the target of 99 %."""

ENCODING_CLASSES: Final = ("encoding", "escape", "markup")
"""Classes that encode; the same target."""


def wilson(found: int, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share.

    >>> [round(end, 3) for end in wilson(8, 10)]
    [0.49, 0.943]
    """
    if n == 0:
        return 0.0, 1.0
    share = found / n
    spread = _Z * math.sqrt(share * (1 - share) / n + _Z * _Z / (4 * n * n))
    middle = share + _Z * _Z / (2 * n)
    bottom = 1 + _Z * _Z / n
    return max(0.0, (middle - spread) / bottom), min(1.0, (middle + spread) / bottom)


COUNTS: Final = ("n", "before", "kept", "named", "found", "benign", "false", "false_before", "hidden")
"""What a cell counts for a column (bench/evasion/matrix.py); records hold the numbers in this order."""


def total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sum of the counts of cells."""
    result = dict.fromkeys(COUNTS, 0)
    for one in counts:
        for name in COUNTS:
            result[name] += one[name]
    return result


def share(found: int, n: int) -> str:
    """Return a share in percent with its interval."""
    if n == 0:
        return "-"
    low, high = wilson(found, n)
    return f"{100 * found / n:.1f} ({100 * low:.1f}-{100 * high:.1f})"


def percent(found: int, n: int) -> str:
    """Return a share in percent."""
    return f"{100 * found / n:.1f}" if n else "-"


def pick(cells: Sequence[Mapping[str, Any]], column: str, **wanted: object) -> dict[str, int]:
    """Return the sum over cells whose fields are as wanted; a tuple or set holds any of its values."""

    def fits(cell: Mapping[str, Any]) -> bool:
        return all(
            cell[key] in value if isinstance(value, (tuple, set, frozenset)) else cell[key] == value
            for key, value in wanted.items()
        )

    return total(cell["columns"][column] for cell in cells if fits(cell))
