"""Near-duplicate clusters by MinHash, and splits that no cluster crosses."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

from training.data import ONE_GROUP
from training.generate.grammar import frame_split
from training.rows import SEED, Row, Split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_BANDS: Final = 12
_BAND_ROWS: Final = 4  # two texts with 70 % equal shingles meet in a band with probability 0.97, with 50 % 0.54
_LEAST_EQUAL: Final = 0.5  # share of equal hashes from which two that met are near-duplicates
_PRIME: Final = (1 << 61) - 1
_WORD: Final = re.compile(r"[^\W_]+")
_PER_CLUSTER: Final = 6  # rows of one cluster that are trained on
_SHARES: Final = {"train": 0.7, "calibration": 0.15, "test": 0.15}
# Sets whose benign rows are many and easy: most of them are more useful for measuring false positives than for training.
_MEASURE_MORE: Final = {"clinc150", "banking77", "nlu_eval", "nl2bash", "xsid", "xquad", "halueval_general"}
_SHARES_MORE: Final = {"train": 0.4, "calibration": 0.3, "test": 0.3}


def shingles(text: str) -> NDArray[np.uint64]:
    """Hashes of the text's word triples; of its character 5-grams where words are few or not separated."""
    folded = unicodedata.normalize("NFKC", text[:4000]).casefold()
    words = _WORD.findall(folded)
    if len(words) < 5 or len(folded) > 12 * len(words):
        joined = " ".join(words)
        parts = {joined[i : i + 5] for i in range(max(1, len(joined) - 4))}
    else:
        parts = {" ".join(words[i : i + 3]) for i in range(len(words) - 2)}
    return np.fromiter((zlib.crc32(part.encode("utf-8", "surrogatepass")) for part in parts), np.uint64, len(parts))


class _Sets:
    """Union-find over row numbers."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def find(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        a, b = self.find(i), self.find(j)
        if a != b:
            self._parent[max(a, b)] = min(a, b)


def cluster(rows: Sequence[Row]) -> list[int]:
    """A cluster number per row: near-duplicates, equal groups and texts with the same translation share one."""
    generator = np.random.default_rng(SEED)
    count = _BANDS * _BAND_ROWS
    factor = generator.integers(1, 1 << 31, count, dtype=np.uint64)[:, None]
    offset = generator.integers(0, 1 << 31, count, dtype=np.uint64)[:, None]
    sets = _Sets(len(rows))
    seen: dict[tuple[object, ...], int] = {}
    owners: dict[int, int] = {}

    signatures: dict[int, NDArray[np.uint64]] = {}

    def meet(key: tuple[object, ...], number: int) -> None:
        other = seen.setdefault(key, number)
        if other != number:
            sets.join(other, number)

    def compare(key: tuple[object, ...], number: int, least: NDArray[np.uint64]) -> None:
        place = seen.setdefault(key, len(signatures))
        if place not in signatures:
            signatures[place], owners[place] = least, number
        elif owners[place] != number and (signatures[place] == least).mean() >= _LEAST_EQUAL:
            sets.join(owners[place], number)

    for number, row in enumerate(rows):
        if row.group:
            meet(("group", row.source, row.group), number)
        if row.source in ONE_GROUP:
            meet(("source", row.source), number)
        if row.generated:
            continue  # the generator's frame is the better group: all frames share slots
        for text in (row.text, row.translation):
            if not text:
                continue
            hashes = (factor * shingles(text)[None, :] + offset) % np.uint64(_PRIME)
            least = hashes.min(axis=1, initial=_PRIME)
            for band, part in enumerate(least.reshape(_BANDS, _BAND_ROWS)):
                compare((band, part.tobytes()), number, least)
    return [sets.find(i) for i in range(len(rows))]


def split(rows: Sequence[Row], clusters: Sequence[int]) -> None:
    """Set `split` of every row that is not for measuring only: by cluster, about 70 : 15 : 15, the same every time."""
    measured = {cluster_ for row, cluster_ in zip(rows, clusters, strict=True) if row.split == "measure"}
    one_group = {cluster_ for row, cluster_ in zip(rows, clusters, strict=True) if row.source in ONE_GROUP}
    for row, number in zip(rows, clusters, strict=True):
        if row.split == "measure":
            continue
        if number in one_group:
            row.split = "train"
        elif number in measured:
            row.split = "measure"  # near copy of a text that is measured only: in no other split
        else:
            row.split = _draw(rows[number], row)


def _draw(first: Row, row: Row) -> Split:
    """The split of a cluster, from a hash of its first row; shares depend on the source of that row."""
    if first.generated:
        return frame_split(first.group)
    place = (zlib.crc32(f"{SEED}/{first.text}".encode("utf-8", "surrogatepass")) % 10007) / 10007
    shares = _SHARES_MORE if first.source in _MEASURE_MORE and not row.generated else _SHARES
    if place < shares["train"]:
        return "train"
    return "calibration" if place < shares["train"] + shares["calibration"] else "test"


def cap(rows: Sequence[Row], clusters: Sequence[int]) -> list[int]:
    """Indices of the rows to keep: a cluster of natural rows gives at most `_PER_CLUSTER` to each split and label set."""
    count: defaultdict[tuple[int, str, tuple[int, ...]], int] = defaultdict(int)
    kept = []
    for index, (row, number) in enumerate(zip(rows, clusters, strict=True)):
        if not row.generated and row.source not in ONE_GROUP and not row.group:
            key = (number, row.split, row.marks)
            count[key] += 1
            if count[key] > _PER_CLUSTER and row.split != "measure":
                continue
        kept.append(index)
    return kept
