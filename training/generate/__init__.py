"""Texts that the public sets lack, made from authored frames with a seed; `all_rows` makes all of them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from training.generate import (
    attacks,
    daily,
    dialogue,
    indirect,
    innocent,
    plain,
    short,
    structured,
    suffix,
    tools,
)
from training.generate.grammar import languages, phrases
from training.rows import SEED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.rows import Row

_FAMILIES = (
    attacks.rows,
    indirect.rows,
    innocent.rows,
    structured.rows,
    dialogue.rows,
    tools.rows,
    short.rows,
    daily.rows,
    plain.rows,
    suffix.rows,
)
_ENGLISH = 7  # times as many as of any other language: more frames, and most traffic


def all_rows(scale: float = 1.0) -> Iterator[Row]:
    """Every generated text, the same for the same frames and scale; repeated texts left out."""
    seen: set[str] = set()
    for lang in languages():
        words = phrases(lang)
        factor = scale * (_ENGLISH if lang == "en" else 1)
        for family in _FAMILIES:
            rng = random.Random(f"{SEED}/{lang}/{family.__module__}")
            for row in family(words, rng, factor):
                if row.text not in seen:
                    seen.add(row.text)
                    yield row
