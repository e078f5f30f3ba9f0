"""Codes for people: alphabets of radio, prisons and children's books."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable
from typing import Final

from bench.evasion.transforms.encoding import has_codes
from bench.evasion.transforms.registry import Transform, add, transform

_NATO: Final = dict(
    zip(
        string.ascii_lowercase,
        [
            "Alfa",
            "Bravo",
            "Charlie",
            "Delta",
            "Echo",
            "Foxtrot",
            "Golf",
            "Hotel",
            "India",
            "Juliett",
            "Kilo",
            "Lima",
            "Mike",
            "November",
            "Oscar",
            "Papa",
            "Quebec",
            "Romeo",
            "Sierra",
            "Tango",
            "Uniform",
            "Victor",
            "Whiskey",
            "X-ray",
            "Yankee",
            "Zulu",
        ],
        strict=True,
    )
)
_FROM_NATO: Final = {word.lower(): char for char, word in _NATO.items()}
_TAP: Final = "abcdefghijlmnopqrstuvwxyz"
_SQUARE: Final = "abcdefghiklmnopqrstuvwxyz"


def _letters(text: str) -> list[str]:
    """Return the words of a text with nothing but their ASCII letters, in lower case."""
    return ["".join(char for char in word if char in string.ascii_lowercase) for word in text.lower().split()]


def _spelled(name: str, code: Callable[[str], str], read: Callable[[str], str], glue: str, gap: str) -> None:
    """Register a code that writes each letter by itself."""

    def make(text: str, rng: random.Random) -> str:
        if not has_codes(text, string.ascii_lowercase):
            return text
        return gap.join(glue.join(code(char) for char in word) for word in _letters(text) if word)

    def inverse(text: str) -> str:
        return " ".join("".join(read(part) for part in word.split(glue)) for word in text.split(gap))

    published = ("garak", "pyrit") if name == "nato" else ()
    add(Transform(name, "puzzle", "text", make, inverse, True, "puzzle", False, published))


_spelled("nato", _NATO.__getitem__, lambda part: _FROM_NATO[part.lower()], " ", " / ")
_spelled("letter_numbers", lambda char: str(ord(char) - 96), lambda part: chr(96 + int(part)), "-", " ")
_spelled(
    "polybius",
    lambda char: f"{_SQUARE.index(char.replace('j', 'i')) // 5 + 1}{_SQUARE.index(char.replace('j', 'i')) % 5 + 1}",
    lambda part: _SQUARE[5 * int(part[0]) + int(part[1]) - 6],
    " ",
    "  ",
)
_spelled(
    "tap_code",
    lambda char: (
        "." * (_TAP.index(char.replace("k", "c")) // 5 + 1) + " " + "." * (_TAP.index(char.replace("k", "c")) % 5 + 1)
    ),
    lambda part: _TAP[5 * len(part.split()[0]) + len(part.split()[1]) - 6],
    "  ",
    "   /   ",
)
_spelled(
    "bacon",
    lambda char: f"{ord(char) - 97:05b}".translate({48: "a", 49: "b"}),
    lambda part: chr(97 + int(part.translate({97: "0", 98: "1"}), 2)),
    " ",
    "  ",
)


@transform("puzzle", "word", inverse=None, published=("promptfoo",))
def pig_latin(word: str, rng: random.Random) -> str:
    """Consonants to the end, and -ay."""
    match = re.fullmatch(r"([^aeiouAEIOU\W\d]*)([A-Za-z]*)(.*)", word)
    if match is None or not (match[1] or match[2]):
        return word
    return f"{match[2]}{match[1]}{'ay' if match[1] else 'way'}{match[3]}"


@transform("puzzle", "word", inverse=lambda text: re.sub("ub(?=[aeiou])", "", text), domain="puzzle")
def ubbi_dubbi(word: str, rng: random.Random) -> str:
    """-ub- before each vowel."""
    return re.sub("([aeiou])", r"ub\1", word)


@transform("puzzle")
def keypad(text: str, rng: random.Random) -> str:
    """The digits of a telephone; which letter of a key was meant is lost."""
    keys = dict(zip(string.ascii_lowercase, "22233344455566677778889999", strict=True))
    return "".join(keys.get(char, char) for char in text.lower())


@transform("puzzle", published=("pyrit",))
def arabizi(text: str, rng: random.Random) -> str:
    """Latin letters as Arabic ones of a similar sound."""
    sounds = dict(zip("abcdefghijklmnopqrstuvwxyz", "ابكديفغهيجكلمنوبقرستوفوخيز", strict=True))
    return "".join(sounds.get(char, char) for char in text.lower())


@transform("puzzle")
def cyrillic_sounds(text: str, rng: random.Random) -> str:
    """Latin letters as Cyrillic ones of a similar sound."""
    sounds = dict(zip("abcdefghijklmnopqrstuvwxyz", "абкдефгхижклмнопкрстувшхйз", strict=True))
    return "".join(sounds.get(char, char) for char in text.lower())
