"""Unreadable without a key that the text does not hold: no fixed program finds these, and the matrix says so."""

from __future__ import annotations

import random
import string

from bench.evasion.transforms.registry import transform

_KEY = "lantern"


@transform("keyed", needs_key=True, published=("pyrit",))
def vigenere(text: str, rng: random.Random) -> str:
    """Caesar with a shift from a word that goes on with each letter."""
    out = []
    at = 0
    for char in text:
        if char.lower() in string.ascii_lowercase:
            base = ord("a" if char.islower() else "A")
            out.append(chr(base + (ord(char) - base + ord(_KEY[at % len(_KEY)]) - 97) % 26))
            at += 1
        else:
            out.append(char)
    return "".join(out)


@transform("keyed", needs_key=True, published=("pyrit",))
def letter_bijection(text: str, rng: random.Random) -> str:
    """Another alphabet, drawn at random."""
    letters = string.ascii_lowercase
    other = "".join(rng.sample(letters, 26))
    return text.translate(str.maketrans(letters + letters.upper(), other + other.upper()))


@transform("keyed", needs_key=True, published=("pyrit",))
def digit_bijection(text: str, rng: random.Random) -> str:
    """A number of two digits for each letter, drawn at random."""
    numbers = dict(zip(string.ascii_lowercase, rng.sample(range(10, 100), 26), strict=True))
    return " ".join(str(numbers.get(char, char)) for char in text.lower())


@transform("keyed", needs_key=True)
def rail_fence(text: str, rng: random.Random) -> str:
    """Written in a zigzag over three rails and read row by row."""
    rails: list[list[str]] = [[], [], []]
    for i, char in enumerate(text):
        rails[(0, 1, 2, 1)[i % 4]].append(char)
    return "".join(map("".join, rails))


@transform("keyed", needs_key=True)
def xor_hex(text: str, rng: random.Random) -> str:
    """Each byte with a random mask of four, in hexadecimal."""
    mask = rng.randbytes(4)
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(text.encode())).hex()
