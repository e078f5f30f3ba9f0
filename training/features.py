"""Features of texts, from the native engine alone, so that training and serving see the same numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

from fastguard import _core

SLOTS: Final = _core.FEATURE_SLOTS
WINDOW: Final = _core.FEATURE_WINDOW
IDS: Final = WINDOW * SLOTS
BUCKETS: Final = _core.FEATURE_BUCKETS
DENSE: Final = _core.FEATURE_DENSE
DENSE_NAMES: Final = _core.FEATURE_DENSE_NAMES
VERSION: Final = _core.FEATURE_VERSION
MAX_WINDOWS: Final = 256  # of one text in training; longer texts are cut into a head, a tail and evenly spaced windows


@dataclass(slots=True)
class Features:
    """Ragged features of texts: tokens of all windows in one array, where each window and each text begins."""

    tokens: NDArray[np.uint16]  # [sum of window lengths, SLOTS]
    window_start: NDArray[np.int64]  # [windows + 1] into tokens
    text_start: NDArray[np.int64]  # [texts + 1] into windows
    dense: NDArray[np.float32]  # [texts, DENSE]

    def __len__(self) -> int:
        return len(self.dense)

    @property
    def windows(self) -> NDArray[np.int64]:
        """Number of windows of each text."""
        return np.diff(self.text_start)

    @property
    def words(self) -> NDArray[np.int64]:
        """Number of words in the first window of each text: all, where there is no other."""
        return np.diff(self.window_start)[self.text_start[:-1]]

    def padded(self, windows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tokens of these windows, padded with zeros to the longest: [windows, tokens, SLOTS]."""
        begin, end = self.window_start[windows], self.window_start[windows + 1]
        length = end - begin
        width = max(1, int(length.max(initial=1)))
        column = np.arange(width)
        inside = column[None, :] < length[:, None]
        out = np.zeros((len(windows), width, SLOTS), np.int64)
        out[inside] = self.tokens[(begin[:, None] + column[None, :])[inside]]
        return out

    def of_texts(self, texts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(Windows of these texts one after the other, for each the position of its text in `texts`)."""
        begin, count = self.text_start[texts], self.windows[texts]
        owner = np.repeat(np.arange(len(texts)), count)
        first = np.cumsum(count) - count
        return (np.arange(int(count.sum())) - first[owner] + begin[owner]), owner

    def save(self, path: Path) -> None:
        """Write as one uncompressed .npz."""
        np.savez(path, tokens=self.tokens, window_start=self.window_start, text_start=self.text_start, dense=self.dense)

    @staticmethod
    def load(path: Path) -> Features:
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            return Features(arrays["tokens"], arrays["window_start"], arrays["text_start"], arrays["dense"])


def of_text(text: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """(ids [windows, IDS], dense [DENSE]) of one text, as the engine gives them to a model."""
    ids, dense, windows = _core.features(text)
    return np.frombuffer(ids, np.int32).reshape(windows, IDS), np.frombuffer(dense, np.float32)


def of_texts(texts: Sequence[str], progress: Callable[[int], None] = lambda _done: None) -> Features:
    """Features of many texts, at most MAX_WINDOWS windows each."""
    tokens: list[NDArray[np.uint16]] = []
    lengths: list[NDArray[np.int64]] = []
    windows: list[int] = []
    dense = np.zeros((len(texts), DENSE), np.float32)
    for number, text in enumerate(texts):
        ids, dense[number] = of_text(text)
        if len(ids) > MAX_WINDOWS:
            ids = ids[np.unique(np.linspace(0, len(ids) - 1, MAX_WINDOWS).astype(np.int64))]
        ids = ids.reshape(len(ids), WINDOW, SLOTS)
        used = (ids[:, :, 0] != 0).sum(axis=1)  # a token always has its word, padding has none
        tokens.extend(window[:length].astype(np.uint16) for window, length in zip(ids, used, strict=True))
        lengths.append(used)
        windows.append(len(ids))
        if number % 2000 == 0:
            progress(number)
    length = np.concatenate(lengths) if lengths else np.zeros(0, np.int64)
    return Features(
        np.concatenate(tokens) if tokens else np.zeros((0, SLOTS), np.uint16),
        np.concatenate(([0], np.cumsum(length))).astype(np.int64),
        np.concatenate(([0], np.cumsum(windows))).astype(np.int64),
        dense,
    )
