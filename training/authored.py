"""The authored texts of `tests/corpus`: measured, never trained on, and nothing that is like them is either."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from training.rows import BENIGN_PROMPT, Row, marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FOLDER: Final = Path(__file__).parent.parent / "tests" / "corpus"
INNOCENT: Final = ("short_innocent", "everyday_corrections", "mentions")
ATTACKS: Final = ("short_attacks", "attacks_dressed_as_mentions")
_GRAM: Final = 5
_LIKE: Final = 0.5  # Jaccard similarity of character 5-grams from which a text is like an authored one
_LONGEST: Final = 400  # characters; what is longer is like none of these short texts
_WORD: Final = re.compile(r"[^\W_]+")


def files() -> tuple[Path, ...]:
    """The files that the texts are in."""
    return tuple(FOLDER / f"{name}.txt" for name in (*INNOCENT, *ATTACKS))


def rows() -> list[Row]:
    """All texts, as rows to measure on; what an attack's category is, is not said."""
    found = []
    for name in (*INNOCENT, *ATTACKS):
        for line in (FOLDER / f"{name}.txt").read_text("utf-8").splitlines():
            if not line.startswith("#"):
                lang, _, text = line.partition("\t")
                meant = BENIGN_PROMPT if name in INNOCENT else marks()
                text = text.replace("\\n", "\n")
                found.append(Row(text, meant, f"authored_{name}", lang, "prompt", name, split="measure"))
    return found


def without_like(candidates: Iterable[Row], measured: Sequence[Row]) -> list[Row]:
    """The candidates that are like none of the measured texts. Time is linear in the text of the short candidates."""
    grams = [_grams(row.text) for row in measured]
    owners: defaultdict[str, list[int]] = defaultdict(list)
    for number, parts in enumerate(grams):
        for part in parts:
            owners[part].append(number)

    def is_like(text: str) -> bool:
        if len(text) > _LONGEST:
            return False
        parts = _grams(text)
        shared = Counter(number for part in parts for number in owners.get(part, ()))
        return any(count >= _LIKE * (len(parts) + len(grams[number]) - count) for number, count in shared.items())

    return [row for row in candidates if not is_like(row.text)]


def _grams(text: str) -> set[str]:
    """Character 5-grams of the folded words, with a space before and after."""
    joined = f" {' '.join(_WORD.findall(unicodedata.normalize('NFKC', text).casefold()))} "
    return {joined[i : i + _GRAM] for i in range(max(1, len(joined) - _GRAM + 1))}
