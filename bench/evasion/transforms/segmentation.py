"""What stands between letters and between words, changed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from bench.evasion.transforms.registry import Transform, add, transform


def _spread(name: str, between: str, gap: str, published: tuple[str, ...] = ()) -> None:
    """Register a transform that puts `between` between the letters of words and `gap` between words."""

    def make(text: str, rng: random.Random) -> str:
        return gap.join(between.join(word) for word in text.split())

    def inverse(text: str) -> str:
        return " ".join("".join(word.split(between)) for word in text.split(gap))

    add(Transform(name, "segmentation", "text", make, inverse, False, "letters", False, published))


_spread("letter_spacing", " ", "   ", ("hackett", "pyrit"))
_spread("letter_dots", ".", " ")
_spread("letter_hyphens", "-", " ", ("pyrit",))
_spread("letter_underscores", "_", " ")
_spread("letter_slashes", "/", " ")
_spread("letter_bars", "|", " ")
_spread("letter_middle_dots", "\u00b7", " ")
_spread("letter_tabs", "\t", "\n")
_spread("letter_lines", "\n", "\n\n")
_spread("letter_emoji", "\U0001f525", " ")
_spread("letter_hyphens_all_along", "-", "--")


@transform("segmentation")
def letter_spacing_without_words(text: str, rng: random.Random) -> str:
    """One blank between all letters: where words end is lost."""
    return " ".join("".join(text.split()))


@transform("segmentation", "char")
def random_separators(char: str, rng: random.Random) -> str:
    """A separator, another one each time, behind letters."""
    return char + rng.choice(".-_*~ ,") if char.isalpha() else char


@transform("segmentation", "char", published=("pyrit",))
def punctuation_inside(char: str, rng: random.Random) -> str:
    """A punctuation mark behind some letters."""
    return char + rng.choice(",.!?;:'") if char.isalpha() and rng.random() < 0.25 else char


@transform("segmentation")
def no_spaces(text: str, rng: random.Random) -> str:
    return "".join(text.split())


@transform("segmentation", published=("promptfoo",))
def camel_case(text: str, rng: random.Random) -> str:
    first, *rest = text.split() or [""]
    return first.lower() + "".join(word[:1].upper() + word[1:] for word in rest)


def _joined(name: str, glue: str, back: Callable[[str], str]) -> None:
    def make(text: str, rng: random.Random) -> str:
        return glue.join(text.split())

    add(Transform(name, "segmentation", "text", make, back, False, "letters", False, ()))


_joined("snake_case", "_", lambda text: text.replace("_", " "))
_joined("kebab_case", "-", lambda text: text.replace("-", " "))
_joined("dotted_words", ".", lambda text: text.replace(".", " "))
_joined("plus_words", "+", lambda text: text.replace("+", " "))
_joined("word_lines", "\n", lambda text: text.replace("\n", " "))
_joined("comma_words", ", ", lambda text: text.replace(", ", " "))
_joined("bulleted_words", "\n* ", lambda text: text.replace("\n* ", " "))
_joined("emoji_words", " \U0001f389 ", lambda text: text.replace(" \U0001f389 ", " "))


@transform("segmentation", "word")
def split_words(word: str, rng: random.Random) -> str:
    """A blank somewhere inside the word."""
    if len(word) < 4:
        return word
    at = rng.randint(2, len(word) - 2)
    return f"{word[:at]} {word[at:]}"


@transform("segmentation", "word")
def hyphenated(word: str, rng: random.Random) -> str:
    """A hyphen and a line end inside the word, as at the end of printed lines."""
    if len(word) < 5:
        return word
    at = rng.randint(2, len(word) - 2)
    return f"{word[:at]}-\n{word[at:]}"


@transform("segmentation", "word", published=("pyrit",))
def token_break(word: str, rng: random.Random) -> str:
    """A letter before the word, so that a tokenizer cuts it otherwise (finstructions)."""
    return rng.choice("fzxq") + word if len(word) > 3 and word.isalpha() else word


@transform("segmentation", "word")
def quoted_letters(word: str, rng: random.Random) -> str:
    """One letter of the word in quotation marks."""
    if len(word) < 4:
        return word
    at = rng.randint(1, len(word) - 2)
    return f"{word[:at]}'{word[at]}'{word[at + 1 :]}"


@transform("segmentation", "word")
def bracketed_letters(word: str, rng: random.Random) -> str:
    """Brackets round a letter of the word: i[g]nore."""
    if len(word) < 4:
        return word
    at = rng.randint(1, len(word) - 2)
    return f"{word[:at]}[{word[at]}]{word[at + 1 :]}"


_FILLERS = ("umm", "like", "you know", "er", "so to speak", "hmm", "I mean")


@transform("segmentation", "word", inverse=lambda text: re.sub(rf" \((?:{'|'.join(_FILLERS)})\)", "", text))
def filler_words(word: str, rng: random.Random) -> str:
    """A word without meaning, in brackets, behind the word."""
    return f"{word} ({rng.choice(_FILLERS)})"
