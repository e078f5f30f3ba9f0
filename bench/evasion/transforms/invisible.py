"""Characters without a glyph, put inside the text; blanks that are not U+0020."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable
from typing import Final

from bench.evasion.transforms.registry import Transform, add, transform

_BLANKS: Final = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"

_INSERTED: Final = {
    "zero_width_space": ("\u200b", ("hackett", "pyrit")),
    "zero_width_non_joiner": ("\u200c", ("garak",)),
    "zero_width_joiner": ("\u200d", ("garak",)),
    "word_joiner": ("\u2060", ()),
    "soft_hyphen": ("\u00ad", ()),
    "grapheme_joiner": ("\u034f", ()),
    "mongolian_selectors": ("\u180b\u180c\u180d\u180f", ()),
    "byte_order_mark": ("\ufeff", ()),
    "invisible_operators": ("\u2061\u2062\u2063\u2064", ()),
    "musical_controls": ("\U0001d173\U0001d174\U0001d175\U0001d176\U0001d177\U0001d178\U0001d179\U0001d17a", ()),
    "shorthand_controls": ("\U0001bca0\U0001bca1\U0001bca2\U0001bca3", ()),
    "interlinear_marks": ("\ufff9\ufffa\ufffb", ()),
    "bidi_marks": ("\u200e\u200f\u061c", ()),
    "selectors_between": ("\ufe00\ufe0e\ufe0f", ()),
    "tatweel": ("\u0640", ("pyrit",)),
    "nul_bytes": ("\0", ()),
    "control_characters": ("\x01\x02\x03\x05\x0f\x10\x14\x16\x19\x80\x81\x82\x99", ()),
    "mixed_invisibles": ("\u200b\u200c\u200d\u2060\u00ad\u034f\ufeff\u2063\u200e\ufe0f\u180e\u061c", ()),
}


def without(chars: str) -> Callable[[str], str]:
    """Return the function that removes every one of `chars`."""
    table = dict.fromkeys(map(ord, chars))
    return lambda text: text.translate(table)


def _define(name: str, chars: str, published: tuple[str, ...]) -> None:
    def insert(char: str, rng: random.Random) -> str:
        return char if char.isspace() else char + rng.choice(chars)

    add(Transform(name, "invisible", "char", insert, without(chars), False, "ascii", False, published))


for _name, (_chars, _published) in _INSERTED.items():
    _define(_name, _chars, _published)


@transform("invisible", "char", inverse=lambda text: re.sub(r".\x08", "", text), published=("hackett", "garak"))
def backspaces(char: str, rng: random.Random) -> str:
    """A junk letter and the backspace that deletes it."""
    return char if char.isspace() else char + rng.choice(string.ascii_lowercase) + "\b"


@transform("invisible", "char", inverse=lambda text: re.sub(r".\x7f", "", text), published=("hackett",))
def delete_characters(char: str, rng: random.Random) -> str:
    """A junk letter and the DEL that deletes it."""
    return char if char.isspace() else char + rng.choice(string.ascii_lowercase) + "\x7f"


@transform("invisible", "char", inverse=lambda text: text.replace("\u3164", " "))
def hangul_fillers(char: str, rng: random.Random) -> str:
    return "\u3164" if char == " " else char


@transform("invisible", "char", inverse=lambda text: text.replace("\u2800", " "))
def braille_blanks(char: str, rng: random.Random) -> str:
    return "\u2800" if char == " " else char


@transform(
    "invisible",
    "char",
    inverse=lambda text: re.sub(f"[{_BLANKS}]", " ", text),
    published=("hackett",),
)
def unicode_spaces(char: str, rng: random.Random) -> str:
    """Another blank of Unicode for each blank."""
    return rng.choice(_BLANKS) if char == " " else char


@transform("invisible", "char", inverse=lambda text: re.sub(" +", " ", text))
def long_blanks(char: str, rng: random.Random) -> str:
    return " " * rng.randint(8, 40) if char == " " else char


@transform("invisible", "char", inverse=lambda text: re.sub(r"\s+", " ", text))
def blank_mixture(char: str, rng: random.Random) -> str:
    """Tabs, line ends, form feeds and other blanks in a row for each blank."""
    return "".join(rng.choice("\t\v\f\u0085\u2028\u2029\u00a0 ") for _ in range(3)) if char == " " else char


@transform("invisible", "word", inverse=without("\u2066\u2067\u2068\u2069"))
def isolated_words(word: str, rng: random.Random) -> str:
    """Each word inside a directional isolate that changes nothing."""
    return f"\u2066{word}\u2069"


@transform("invisible", "word", inverse=without("\u202a\u202c"))
def embedded_words(word: str, rng: random.Random) -> str:
    """Each word inside a left-to-right embedding that changes nothing."""
    return f"\u202a{word}\u202c"
