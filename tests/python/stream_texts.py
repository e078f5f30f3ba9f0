"""Texts for streams, ways to cut them, and what a stream makes of the chunks."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence
from typing import TypeVar

from fastguard.stream import Stream
from strategies import PLANTED

Text = TypeVar("Text", str, bytes)

FILLERS = (
    ("the", "cat", "sat", "on", "a", "mat", "and", "slept.", "It", "was", "well", "(so", "they", "said)"),
    (
        "the",
        "caf\u00e9",
        "\u4e2d\u6587",
        "\U0001f600",
        "stra\u00dfe",
        "e\u0301t\u00e9",
        "\uff41\uff42",
        "слово",
        "\u200bx",
    ),
)


def cut(text: Text, cuts: Iterable[int]) -> list[Text]:
    """Cut a text at these places, in any order; those behind its end count from it."""
    places = sorted({place % (len(text) + 1) for place in cuts} | {0, len(text)})
    return [text[begin:end] for begin, end in itertools.pairwise(places)] or [text]


def random_cuts(rng: random.Random, size: int) -> list[int]:
    """Places to cut at: a few, many, or runs of neighbours."""
    kind = rng.randrange(3)
    if kind == 2:
        start = rng.randrange(size + 1)
        return list(range(start, min(size, start + 300)))
    return [rng.randrange(size + 1) for _ in range(rng.choice([1, 3, 20]) if kind else size // 16 + 1)]


def run(stream: Stream, chunks: Sequence[Text]) -> Text:
    """Feed the chunks and close; return all that was released."""
    released = [stream.feed(chunk) for chunk in chunks]
    released.append(stream.close())
    empty = chunks[0][:0] if chunks else ""
    return empty.join(piece for piece in released if piece)  # type: ignore[return-value, arg-type]


def documents(rng: random.Random, size: int) -> list[str]:
    """A text of each kind with planted findings."""
    made = []
    for filler in FILLERS:
        words: list[str] = []
        length = 0
        while length < size:
            words.append(rng.choice(list(PLANTED)) if rng.random() < 0.01 else rng.choice(filler))
            length += len(words[-1].encode()) + 1
        made.append(" ".join(words))
    return [*made, made[0] + "\U0001f600", made[1] + "\ud83d " + made[0]]
