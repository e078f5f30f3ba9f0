"""Scraps: innocent texts of a few words that say nothing, made of the words of natural texts; no attack is that empty.

A model that has seen short texts only as attacks and as their twins takes any two words for one of them.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Final

from training.generate.grammar import languages, phrases
from training.rows import BENIGN_DOCUMENT, BENIGN_PROMPT, SEED, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_COUNTS: Final = {"en": 6000}  # scraps of a language, as far as it has natural texts
_OTHERS: Final = 900
_SPANS: Final = 0.45  # share that is cut out of one text, the others are words of several in a frame
_DOCUMENTS: Final = 0.3  # share that counts as documents
_LOWER: Final = 0.3
_WEIGHT: Final = 0.5
_SHORTEST: Final = 20  # words that a language needs in a split
_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_WORDLESS: Final = ("ja", "zh")  # written without spaces: cut by characters


def scraps(rows: Sequence[Row], scale: float = 1.0) -> Iterator[Row]:
    """Scraps of the natural innocent texts, each in the split of the texts that its words are from."""
    rng = random.Random(f"{SEED}/scraps")
    hosts: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        plain = not row.generated and not row.attack and max(row.marks) == 0 and row.split != "measure"
        if plain and row.weight == 1.0 and row.lang in languages():
            hosts.setdefault((row.lang, row.split, row.source), []).append(row)
    for (lang, split, source), found in sorted(hosts.items(), key=lambda item: item[0]):
        here = sum(len(others) for (tongue, *_), others in hosts.items() if tongue == lang)
        count = round(scale * _COUNTS.get(lang, _OTHERS) * len(found) / here)
        vocabulary = sorted({word for row in found for word in _words(row.text[:400], lang)})
        for _ in range(count if len(vocabulary) >= _SHORTEST else 0):
            text = _span(rng.choice(found).text, lang, rng) if rng.random() < _SPANS else _frame(vocabulary, lang, rng)
            if text.strip():
                yield _row(_typed(text, rng), lang, split, source, document=rng.random() < _DOCUMENTS)


def _words(text: str, lang: str) -> list[str]:
    """The words of a text, without long ones; two characters at a time where words are not separated."""
    if lang in _WORDLESS:
        joined = "".join(_WORD.findall(text))
        return [joined[i : i + 2] for i in range(0, len(joined) - 1, 2)]
    return [word for word in _WORD.findall(text) if len(word) <= 20]


def _span(text: str, lang: str, rng: random.Random) -> str:
    """One to six words in a row, or two to ten characters."""
    text = text[:2000]
    if lang in _WORDLESS:
        start = rng.randrange(max(1, len(text) - 4))
        return text[start : start + rng.randint(2, 10)].strip()
    words = text.split()
    start = rng.randrange(len(words)) if words else 0
    return " ".join(words[start : start + rng.randint(1, 6)])[:80]


def _frame(vocabulary: list[str], lang: str, rng: random.Random) -> str:
    words = phrases(lang)
    slots = {name: rng.choice(vocabulary) for name in ("wa", "wb", "wc", "wd")}
    text = words.pick("scrap", rng, **slots)
    return text.replace(" ", "") if lang in _WORDLESS and rng.random() < 0.5 else text


def _typed(text: str, rng: random.Random) -> str:
    chance = rng.random()
    if chance < _LOWER:
        return text.lower()
    return text[:1].upper() + text[1:] if chance < 2 * _LOWER else text


def _row(text: str, lang: str, split: str, source: str, *, document: bool) -> Row:
    return Row(
        text,
        BENIGN_DOCUMENT if document else BENIGN_PROMPT,
        "generated_scrap",
        lang,
        "document" if document else "prompt",
        f"scrap/{source}",
        weight=_WEIGHT,
        generated=True,
        split=split,  # type: ignore[arg-type]
    )
