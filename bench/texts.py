"""Texts to measure on: made by a seeded grammar, so that every machine measures the same ones.

A text of a size has exactly that many bytes of UTF-8. Texts of one set are all different, and benchmarks cycle through
them, so that neither the caches nor the branch predictor learn one.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, Literal

from bench import frames_attacks, frames_english, frames_languages

Kind = Literal["benign", "attack"]
Script = Literal["ascii", "mixed"]

SIZES: Final = {"64 B": 64, "256 B": 256, "1 KB": 1024, "4 KB": 4096, "64 KB": 65536}
OTHER_LANGUAGES_SHARE: Final = 0.5  # of the sentences of mixed texts


def count_of(size: int) -> int:
    """Return how many different texts of this size are measured."""
    return {64: 2000, 256: 2000, 1024: 1000, 4096: 400}.get(size, 30)


class _Words(Mapping[str, str]):
    """Chooses a word for each slot of a frame."""

    def __init__(self, words: Mapping[str, tuple[str, ...]], source: random.Random) -> None:
        self._words = words
        self._source = source

    def __getitem__(self, slot: str) -> str:
        if slot in {"aws", "github", "card", "email", "base64"}:
            return _secret(slot, self._source)
        word = self._source.choice(self._words[slot])
        return word.format_map(self) if "{" in word else word

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)


def _secret(slot: str, source: random.Random) -> str:
    """Return a made-up key, number or address of the right shape."""
    capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    if slot == "aws":
        return "AKIA" + "".join(source.choices(capitals, k=16))
    if slot == "github":
        return "ghp_" + "".join(source.choices(capitals + capitals.lower(), k=36))
    if slot == "email":
        return f"user{source.randrange(1000)}@mail.example.com"
    if slot == "base64":
        return base64.b64encode(source.randbytes(36)).decode()
    digits = [4, *source.choices(range(10), k=14)]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[0::2]) + sum(digits[1::2])
    return "".join(map(str, [*digits, -doubled % 10]))


class Grammar:
    """An endless source of sentences."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._english = _Words(frames_english.WORDS, self._random)
        self._other = _Words(frames_languages.WORDS, self._random)
        self._attack = _Words(frames_attacks.WORDS, self._random)

    def chance(self, share: float) -> bool:
        """Return true with this probability."""
        return self._random.random() < share

    def below(self, limit: int) -> int:
        """Return a number from 0 to limit - 1."""
        return self._random.randrange(limit)

    def english(self, kind: str) -> str:
        """Return a sentence of one kind of English text."""
        sentence = self._random.choice(frames_english.KINDS[kind]).format_map(self._english)
        return sentence[0].upper() + sentence[1:] if kind != "code" else sentence

    def kind(self) -> str:
        """Return a kind of English text."""
        return self._random.choice(list(frames_english.KINDS))

    def other(self) -> str:
        """Return a sentence in another language or with typographic characters."""
        return self._random.choice(frames_languages.FRAMES).format_map(self._other)

    def attack(self, script: Script) -> str:
        """Return an attack or a leak."""
        if script == "mixed" and self.chance(0.5):
            return self._random.choice(frames_attacks.OTHER_LANGUAGES)
        return self._random.choice(frames_attacks.FRAMES).format_map(self._attack)

    def passage(self, script: Script, size: int) -> list[str]:
        """Return sentences of at least `size` bytes in all, changing the subject every dozen."""
        sentences: list[str] = []
        kind, total = self.kind(), 0
        while total < size:
            if len(sentences) % 12 == 11:
                kind = self.kind()
            mixed = script == "mixed" and self.chance(OTHER_LANGUAGES_SHARE)
            sentences.append(self.other() if mixed else self.english(kind))
            total += len(sentences[-1].encode()) + 1
        return sentences

    def text(self, kind: Kind, script: Script, size: int) -> str:
        """Return a text of exactly `size` bytes."""
        sentences = self.passage(script, size)
        if kind == "attack":
            attack = self.attack(script)
            room = max(0, size - len(attack.encode()) - 2)
            kept, total = [], 0
            for sentence in sentences:
                total += len(sentence.encode()) + 1
                if total > room:
                    break
                kept.append(sentence)
            kept.insert(self.below(len(kept) + 1), attack)
            sentences = [*kept, *sentences[len(kept) - 1 :]]
        elif script == "mixed" and not any(not sentence.isascii() for sentence in sentences):
            sentences.insert(0, self.other())
        separators = (" ", " ", " ", "\n", "\n\n") if size > 256 else (" ",)
        parts = [sentence + self._random.choice(separators) for sentence in sentences]
        return _cut("".join(parts), size)


def _cut(text: str, size: int) -> str:
    """Return the first `size` bytes of a text, filled up with full stops where a character was in the way."""
    kept = text.encode()[: size - 1].decode(errors="ignore").rstrip(" \n")
    return kept + "." * (size - len(kept.encode()))


@lru_cache(maxsize=64)
def make(kind: Kind, script: Script, size: int, count: int) -> tuple[str, ...]:
    """Return `count` different texts of exactly `size` bytes, the same ones at every call and on every machine."""
    grammar = Grammar(f"fastguard {kind} {script} {size}")
    texts: dict[str, None] = {}
    while len(texts) < count:
        text = grammar.text(kind, script, size)
        if script == "ascii" or not text.isascii():
            texts[text] = None
    return tuple(texts)
