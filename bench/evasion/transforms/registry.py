"""What a transform is, and the list of all of them.

A transform works on characters, on words, or on a whole text. `Transform.run` applies it to a share of the characters
or words (its strength); where a strength has no meaning (`unit` is "text") it always does all. Everything is a
function of (text, key of the random numbers, strength), so that a matrix can be made again anywhere.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

VERSION: Final = 3
"""Raised whenever a transform gives other texts than before; part of the key of the random numbers."""

Unit = Literal["char", "word", "text"]
Make = Callable[[str, random.Random], str]

STRENGTHS: Final = (25, 50, 100)

CLASSES: Final = {
    "invisible": "characters without a glyph inside the text",
    "channel": "the text carried by characters without a glyph",
    "lookalike": "letters that look like the ones meant, or styled ones",
    "segmentation": "what stands between letters and words changed",
    "order": "letters or words in another order",
    "encoding": "codes that machines read",
    "escape": "escapes and quotes of languages and formats",
    "markup": "tags, comments, emphasis, terminal codes",
    "puzzle": "codes for people: ciphers and alphabets of games",
    "noise": "typos and other loss; a reader guesses the rest",
    "composed": "two of the above, one over the other",
    "keyed": "unreadable without a key that the text does not hold",
}

SAMPLE: Final = "Please Open The Wooden Door Before Noon And Read Page 12."
_WORD: Final = re.compile(r"\S+")


@dataclass(frozen=True)
class Transform:
    """One way to disguise a text. `inverse` undoes it where that can be done without a key."""

    name: str
    cls: str
    unit: Unit
    make: Make
    inverse: Callable[[str], str] | None
    caseless: bool
    domain: str
    needs_key: bool
    published: tuple[str, ...]

    @property
    def reversible(self) -> bool:
        """Whether a fixed program gets the text back, at least up to case."""
        return self.inverse is not None

    @property
    def lossy(self) -> bool:
        """Whether something of the text is gone, if only its case."""
        return self.caseless or (self.inverse is None and not self.needs_key)

    @property
    def strengths(self) -> tuple[int, ...]:
        """The strengths that have a meaning, in percent of characters or words."""
        return (100,) if self.unit == "text" else STRENGTHS

    @cached_property
    def survives_tokenizer(self) -> bool:
        """Whether the disguise is still there behind a tokenizer that makes NFKC and drops what has no glyph.

        SentencePiece does so by default; byte-level BPE drops nothing.
        """
        return _normalised(self.run(SAMPLE, "sample", 100)).casefold() != SAMPLE.casefold()

    def run(self, text: str, key: str, strength: int = 100) -> str:
        """Return the text in disguise; the same for the same arguments, everywhere."""
        rng = random.Random(f"{VERSION}:{self.name}:{key}:{strength}")
        if self.unit == "text":
            return self.make(text, rng)
        if self.unit == "char":
            return "".join(self.make(char, rng) if chosen(rng, strength) else char for char in text)
        return _WORD.sub(lambda m: self.make(m.group(), rng) if chosen(rng, strength) else m.group(), text)

    def tags(self) -> dict[str, object]:
        """Return what the record says about a transform."""
        return {
            "class": self.cls,
            "unit": self.unit,
            "reversible": self.reversible,
            "lossy": self.lossy,
            "needs_key": self.needs_key,
            "survives_tokenizer": self.survives_tokenizer,
            "published": list(self.published),
        }


def chosen(rng: random.Random, strength: int) -> bool:
    """Return whether one character or word is among the `strength` percent; takes one random number."""
    return rng.random() * 100 < strength


def _normalised(text: str) -> str:
    kept = (char for char in unicodedata.normalize("NFKC", text) if not _without_glyph(char))
    return " ".join("".join(kept).split())


def _without_glyph(char: str) -> bool:
    code = ord(char)
    if unicodedata.category(char) == "Cf" or (unicodedata.category(char) == "Cc" and not char.isspace()):
        return True
    return code == 0x34F or 0x180B <= code <= 0x180F or 0xFE00 <= code <= 0xFE0F or 0xE0000 <= code <= 0xE0FFF


ALL: Final[dict[str, Transform]] = {}
"""Every transform by name, in the order of definition."""


def transform(
    cls: str,
    unit: Unit = "text",
    *,
    inverse: Callable[[str], str] | None = None,
    caseless: bool = False,
    domain: str = "ascii",
    needs_key: bool = False,
    published: tuple[str, ...] = (),
    name: str = "",
) -> Callable[[Make], Make]:
    """Register the function below as a transform under its own name.

    `caseless`: the inverse gives another case back. `domain`: texts of which the inverse is promised: "ascii" (printable
    ASCII, single blanks between words) "letters" (words of ASCII letters, single blanks
    between them), "words" (of letters and digits), "puzzle" (letters but j, k and u), "word" (lower-case ASCII letters) or "any".
    `published`: who described it ("hackett", "pyrit", "garak", "promptfoo").
    """

    def register(make: Make) -> Make:
        add(Transform(name or make.__name__, cls, unit, make, inverse, caseless, domain, needs_key, published))
        return make

    return register


def add(made: Transform) -> None:
    """Put a transform into `ALL`. Raises ValueError for a name taken or a class unknown."""
    if made.name in ALL:
        raise ValueError(f"transform {made.name!r} is defined twice")
    if made.cls not in CLASSES:
        raise ValueError(f"transform {made.name!r}: unknown class {made.cls!r}")
    ALL[made.name] = made
