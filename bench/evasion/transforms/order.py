"""Letters or words in another order, visibly or only in memory."""

from __future__ import annotations

import random
import re
from typing import Final

from bench.evasion.transforms.registry import transform

_FLIPPED: Final = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.,?!'\"()[]{}<>&_",
        "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz∀𐐒ƆᗡƎℲ⅁HIſꞰ˥WNOԀΌᴚS⊥∩ΛMX⅄ZƖᄅƐㄣϛ9ㄥ860˙'¿¡,„)(][}{><⅋‾",
        strict=True,
    )
)
_UPRIGHT: Final = {other: char for char, other in reversed(_FLIPPED.items())}


def _upright(text: str) -> str:
    return "".join(_UPRIGHT.get(char, char) for char in text)


@transform("order", inverse=lambda text: text[::-1], domain="ascii", published=("pyrit",))
def reversed_text(text: str, rng: random.Random) -> str:
    return text[::-1]


@transform("order", inverse=lambda text: " ".join(word[::-1] for word in text.split(" ")))
def reversed_letters(text: str, rng: random.Random) -> str:
    """The letters of each word backwards, the words in place."""
    return " ".join(word[::-1] for word in text.split(" "))


@transform("order", inverse=lambda text: " ".join(reversed(text.split(" "))))
def reversed_words(text: str, rng: random.Random) -> str:
    """The words backwards, their letters in place."""
    return " ".join(reversed(text.split(" ")))


@transform("order", inverse=lambda text: text[1:-1][::-1], domain="letters", published=("hackett",))
def bidi_override(text: str, rng: random.Random) -> str:
    """Backwards in memory, and shown forwards by a right-to-left override."""
    return f"\u202e{text[::-1]}\u202c"


@transform(
    "order",
    "word",
    inverse=lambda text: re.sub("\u202e([^\u202c]*)\u202c", lambda m: m[1][::-1], text),
    domain="letters",
    published=("hackett", "pyrit"),
)
def bidi_words(word: str, rng: random.Random) -> str:
    """Each word backwards in an override of its own."""
    return f"\u202e{word[::-1]}\u202c"


@transform(
    "order",
    inverse=lambda text: re.sub("\u2067\u2066([^\u2069]*)\u2069\u2066([^\u2069]*)\u2069\u2069", r"\2\1", text),
    domain="letters",
    published=("garak",),
)
def bidi_swaps(text: str, rng: random.Random) -> str:
    """Halves of words stored the wrong way round and shown the right way by isolates."""

    def swap(match: re.Match[str]) -> str:
        word = match.group()
        at = len(word) // 2
        return f"\u2067\u2066{word[at:]}\u2069\u2066{word[:at]}\u2069\u2069" if at else word

    return re.sub(r"\S+", swap, text)


@transform("order", inverse=lambda text: _upright(text[::-1]), domain="letters", published=("hackett",))
def upside_down(text: str, rng: random.Random) -> str:
    """Turned by half a turn: letters upside down, in the reverse order."""
    return "".join(_FLIPPED.get(char, char) for char in text)[::-1]


@transform("order", inverse=_upright, domain="letters")
def upside_down_in_place(text: str, rng: random.Random) -> str:
    """Letters upside down, their order kept."""
    return "".join(_FLIPPED.get(char, char) for char in text)


_OPENINGS: Final = (
    "about",
    "after",
    "along",
    "among",
    "apart",
    "as",
    "at",
    "away",
    "back",
    "because",
    "before",
    "below",
    "between",
    "both",
    "but",
    "by",
    "coming",
    "day",
    "down",
    "each",
    "early",
    "even",
    "far",
    "few",
    "for",
    "from",
    "good",
    "had",
    "half",
    "here",
    "high",
    "how",
    "if",
    "in",
    "into",
    "just",
    "keep",
    "last",
    "late",
    "less",
    "like",
    "little",
    "long",
    "many",
    "more",
    "most",
    "much",
    "near",
    "never",
    "new",
    "next",
    "none",
    "now",
    "of",
    "off",
    "often",
    "old",
    "on",
    "once",
    "only",
    "other",
    "our",
    "out",
    "over",
    "own",
    "past",
    "quite",
    "rather",
    "real",
    "right",
    "same",
    "seen",
    "side",
    "since",
    "so",
    "some",
    "soon",
    "still",
    "such",
    "than",
    "that",
    "then",
    "there",
    "this",
    "those",
    "thus",
    "time",
    "to",
    "too",
    "under",
    "until",
    "up",
    "upon",
    "us",
    "very",
    "warm",
    "was",
    "well",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "why",
    "will",
    "with",
    "within",
    "work",
    "year",
    "yes",
    "yet",
    "you",
    "young",
    "zest",
    "joy",
    "jam",
    "kind",
    "kite",
    "queen",
    "quiet",
    "x-ray",
    "exam",
    "view",
    "van",
)


def _opening(letter: str) -> str:
    words = [word for word in _OPENINGS if word.startswith(letter)]
    return words[0] if words else letter


@transform(
    "order",
    inverse=lambda text: "".join(line[:1] or " " for line in text.split("\n")),
    caseless=True,
    domain="letters",
    published=("pyrit",),
)
def acrostic_lines(text: str, rng: random.Random) -> str:
    """One line for each letter, that begins with it; an empty line between words."""
    lines = []
    for char in text.lower():
        words = [word for word in _OPENINGS if word.startswith(char)]
        lines.append("" if char == " " else f"{rng.choice(words)} {rng.choice(_OPENINGS)}" if words else char)
    return "\n".join(lines)


@transform(
    "order", inverse=lambda text: "".join(part[:1] for part in re.split("[ ]", text)), caseless=True, domain="word"
)
def acrostic_words(text: str, rng: random.Random) -> str:
    """One word for each letter, that begins with it; where words of the text end is lost."""
    letters = (char for char in text.lower() if not char.isspace())
    return " ".join(_opening(char) for char in letters)


@transform("order", inverse=lambda text: " ".join(line.split()[0] for line in text.split("\n")), domain="word")
def first_words(text: str, rng: random.Random) -> str:
    """One line for each word, that begins with it."""
    return "\n".join(f"{word} {rng.choice(_OPENINGS)} {rng.choice(_OPENINGS)}" for word in text.split())
