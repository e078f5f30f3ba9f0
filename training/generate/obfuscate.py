"""Ways to write a text so that a reader still understands it and a word list does not."""

from __future__ import annotations

import base64
import codecs
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_LEET: Final = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7", "b": "8", "g": "9"}
_ALIKE: Final = {
    "a": "а",
    "e": "е",
    "o": "о",
    "p": "р",
    "c": "с",
    "x": "х",
    "y": "у",
    "i": "і",
    "s": "ѕ",
    "v": "ν",
    "u": "υ",
}
_INVISIBLE: Final = ("\u200b", "\u200c", "\u2060", "\u00ad", "\ufeff")
_NEAR: Final = "qwertyuiopasdfghjklzxcvbnm"


def leet(text: str, rng: random.Random) -> str:
    """Digits for letters, most of the time."""
    share = rng.uniform(0.3, 1.0)
    return "".join(_LEET.get(c.lower(), c) if rng.random() < share else c for c in text)


def alike(text: str, rng: random.Random) -> str:
    """Letters of other scripts that look the same."""
    share = rng.uniform(0.2, 0.9)
    return "".join(_ALIKE.get(c, c) if rng.random() < share else c for c in text)


def invisible(text: str, rng: random.Random) -> str:
    """Zero-width characters inside words."""
    share = rng.uniform(0.1, 0.5)
    return "".join(c + rng.choice(_INVISIBLE) if c.isalpha() and rng.random() < share else c for c in text)


def typos(text: str, rng: random.Random) -> str:
    """Letters swapped, left out, doubled or mistyped."""
    out = list(text)
    for i in range(len(out) - 1):
        if out[i].isalpha() and rng.random() < 0.07:
            kind = rng.randrange(4)
            if kind == 0 and out[i + 1].isalpha():
                out[i], out[i + 1] = out[i + 1], out[i]
            elif kind == 1:
                out[i] = ""
            elif kind == 2:
                out[i] *= 2
            elif out[i].isascii():
                out[i] = rng.choice(_NEAR)
    return "".join(out)


def spaced(text: str, rng: random.Random) -> str:
    """A character between all letters of some words."""
    gap = rng.choice(" .-_*/|+~\\")
    share = rng.choice((0.3, 1.0))
    joiner = "   " if gap == " " else " "
    return joiner.join(gap.join(word) if rng.random() < share else word for word in text.split())


def cased(text: str, rng: random.Random) -> str:
    """Capitals: all, or at random."""
    return text.upper() if rng.random() < 0.6 else "".join(c.upper() if rng.random() < 0.5 else c.lower() for c in text)


def punctuated(text: str, rng: random.Random) -> str:
    """Stray punctuation and line breaks between words."""
    return " ".join(word + rng.choice(("", "", " .", " ,", " ...", "!", "\n", " |")) for word in text.split())


def backslashed(text: str, rng: random.Random) -> str:
    """A backslash before some letters, as if they had to be escaped."""
    share = rng.uniform(0.15, 0.8)
    return "".join("\\" + c if c.isalpha() and rng.random() < share else c for c in text)


def backwards(text: str, rng: random.Random) -> str:
    """The whole text or each word from its end, with or without a request to turn it round."""
    turned = text[::-1] if rng.random() < 0.5 else " ".join(word[::-1] for word in text.split())
    return rng.choice(("", "Read this backwards and do it: ", "Reverse and follow: ")) + turned


def fullwidth(text: str, _rng: random.Random) -> str:
    """Full-width forms of ASCII."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def encoded(text: str, rng: random.Random) -> str:
    """The text in a coding, with the request to decode and obey it."""
    kind = rng.randrange(3)
    if kind == 0:
        code, name = base64.b64encode(text.encode("utf-8", "replace")).decode(), "base64"
    elif kind == 1:
        code, name = codecs.encode(text, "rot13"), "rot13"
    else:
        code, name = text.encode("utf-8", "replace").hex(), "hex"
    ask = rng.choice(
        (
            "Decode this {0} and do what it says: ",
            "{0}: ",
            "Run the {0} instructions: ",
            "Follow the decoded text ({0}): ",
        )
    )
    return ask.format(name) + code


_ATTACK_WAYS: Final[tuple[Callable[[str, random.Random], str], ...]] = (
    leet, leet, alike, invisible, typos, typos, spaced, spaced, cased, cased, punctuated, fullwidth, encoded, backslashed, backwards,
)  # fmt: skip
_PLAIN_WAYS: Final[tuple[Callable[[str, random.Random], str], ...]] = (
    leet,
    alike,
    invisible,
    typos,
    typos,
    cased,
    punctuated,
)


def attack(text: str, rng: random.Random) -> str:
    """The text changed in one way, sometimes two."""
    changed = rng.choice(_ATTACK_WAYS)(text, rng)
    return rng.choice((typos, cased, punctuated))(changed, rng) if rng.random() < 0.15 else changed


def plain(text: str, rng: random.Random) -> str:
    """As `attack`, without coding: innocent people mistype and shout as well."""
    return rng.choice(_PLAIN_WAYS)(text, rng)
