"""Typos and other loss: a reader guesses the rest."""

from __future__ import annotations

import random
import string
from typing import Final

from bench.evasion.transforms.registry import transform

_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS: Final = {char: row[max(i - 1, 0) : i] + row[i + 1 : i + 2] for row in _ROWS for i, char in enumerate(row)}


@transform("noise", "word", published=("pyrit",))
def swapped_neighbours(word: str, rng: random.Random) -> str:
    """Two letters inside the word change places."""
    if len(word) < 4:
        return word
    at = rng.randint(1, len(word) - 3)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


@transform("noise", "word")
def scrambled_words(word: str, rng: random.Random) -> str:
    """All letters but the first and the last in any order."""
    if len(word) < 4:
        return word
    inner = list(word[1:-1])
    rng.shuffle(inner)
    return word[0] + "".join(inner) + word[-1]


@transform("noise", "word")
def dropped_letters(word: str, rng: random.Random) -> str:
    """One letter inside the word is missing."""
    if len(word) < 4:
        return word
    at = rng.randint(1, len(word) - 2)
    return word[:at] + word[at + 1 :]


@transform("noise", "word")
def doubled_letters(word: str, rng: random.Random) -> str:
    """One letter of the word twice."""
    at = rng.randrange(len(word))
    return word[: at + 1] + word[at] + word[at + 1 :] if word[at].isalpha() else word


@transform("noise", "word")
def wrong_letters(word: str, rng: random.Random) -> str:
    """One letter of the word replaced by any other."""
    if len(word) < 4:
        return word
    at = rng.randint(1, len(word) - 2)
    return word[:at] + rng.choice(string.ascii_lowercase) + word[at + 1 :]


@transform("noise", "word")
def neighbouring_keys(word: str, rng: random.Random) -> str:
    """One letter replaced by its neighbour on the keyboard."""
    at = rng.randrange(len(word))
    beside = _NEIGHBOURS.get(word[at].lower(), "")
    return word[:at] + rng.choice(beside) + word[at + 1 :] if beside and len(word) > 3 else word


@transform("noise", "word")
def extra_letters(word: str, rng: random.Random) -> str:
    """A letter too many inside the word."""
    if len(word) < 4:
        return word
    at = rng.randint(1, len(word) - 1)
    return word[:at] + rng.choice(string.ascii_lowercase) + word[at:]


@transform("noise", "word")
def stretched(word: str, rng: random.Random) -> str:
    """A vowel several times: ignooore."""
    at = next((i for i, char in enumerate(word) if char.lower() in "aeiou"), -1)
    return word if at < 0 else word[:at] + word[at] * rng.randint(3, 6) + word[at + 1 :]


@transform("noise", "char", published=("pyrit",))
def shifted_characters(char: str, rng: random.Random) -> str:
    """One in ten letters replaced by its neighbour in ASCII."""
    if not ("b" <= char <= "y" or "B" <= char <= "Y") or rng.random() > 0.1:
        return char
    return chr(ord(char) + rng.choice((-1, 1)))


@transform("noise", "word")
def without_vowels(word: str, rng: random.Random) -> str:
    """Vowels inside long words are missing."""
    if len(word) < 5:
        return word
    return word[0] + "".join(char for char in word[1:-1] if char.lower() not in "aeiou") + word[-1]


@transform("noise", "word")
def doubled_words(word: str, rng: random.Random) -> str:
    """The word twice."""
    return f"{word} {word}"
