"""Texts of a few words: innocent ones with the words of attacks, and the shortest attacks; nothing stands around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from training.generate import obfuscate
from training.rows import BENIGN_PROMPT, Row, marks

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from training.generate.grammar import Phrases

_INNOCENT: Final = 520
_ATTACKS: Final = 80  # of each kind
_OBFUSCATED: Final = 0.1
_LOWER: Final = 0.3
_QUOTED: Final = 0.6  # share of the quotations that are of the short attacks, not of the list of well-known ones
_KINDS: Final = (
    ("override", marks(injection=1, jailbreak=0, indirect=1)),
    ("extract", marks(leak=1, jailbreak=0)),
    ("jailbreak", marks(jailbreak=1, leak=0)),
)


def rows(words: Phrases, rng: random.Random, factor: float) -> Iterator[Row]:
    """Short texts of one language."""
    for _ in range(int(_INNOCENT * factor)):
        slots = {"quoted_attack": _attack(words, rng)} if rng.random() < _QUOTED else {}
        text, frame = words.framed("over_short", rng, **slots)
        text = _typed(text, rng)
        yield Row(text, BENIGN_PROMPT, "generated_short", words.lang, "prompt", "over/short", frame, generated=True)
    for kind, meant in _KINDS:
        for _ in range(int(_ATTACKS * factor)):
            text, frame = words.framed(f"{kind}_short", rng, goal=words.pick("goal", rng))
            family = f"short/{kind}"
            if rng.random() < _OBFUSCATED:
                text, family = obfuscate.attack(text, rng), f"{family}/obfuscated"
            else:
                text = _typed(text, rng)
            yield Row(text, meant, "generated_short_attack", words.lang, "prompt", family, frame, generated=True)


def _attack(words: Phrases, rng: random.Random) -> str:
    """A short attack as people quote one."""
    kind, _ = rng.choice(_KINDS)
    return words.pick(f"{kind}_short", rng, goal=words.pick("goal", rng)).rstrip(".!?。？")


def _typed(text: str, rng: random.Random) -> str:
    """As people type a line: with a capital, or without and without a full stop."""
    text = text.strip()
    if rng.random() < _LOWER:
        return text.lower().rstrip(".!。")
    return text[:1].upper() + text[1:]
