"""How much more a brief text has to show: "Print this page" and "You are now logged in" are no attacks.

A text of a few words looks like an attack for want of anything else in it. The levels are cut at rates over texts of every
length, so that those few words were flagged many times as often as the rates say. `brevity` finds, per category, the least
number of log-odds that brings them back; the engine takes it off a text without words, and the less the more words there
are, down to nothing at `BRIEF` of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from fastguard import _core

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

BRIEF: Final = _core.BRIEF_WORDS
RATE: Final = 0.004  # share of brief innocent texts that a category may put where the policy flags
HARD: Final = 0.04  # the same of those that were written with the words of attacks
_STEPS: Final = np.arange(0.0, 4.01, 0.1)  # no more: brief attacks are to be found, too


def length(windows: NDArray[np.int64], words: NDArray[np.int64]) -> Array:
    """How long texts are, as calibration counts: the engine's `length_of`."""
    out: Array = np.where(windows > 1, np.log(np.maximum(windows, 1)), np.minimum(0.0, words / BRIEF - 1.0))
    return out


def brevity(odds: Array, lengths: Array, hard: NDArray[np.bool_], cut: float) -> float:
    """The least log-odds to take off, of `_STEPS`, that keep both rates.

    `odds` and `lengths` are of innocent brief texts, `hard` says which of them have the words of attacks, `cut` is the
    log-odds from which the policy flags.
    """
    for taken in _STEPS:
        flagged = odds + taken * lengths >= cut
        if all(not part.any() or flagged[part].mean() <= rate for part, rate in ((hard, HARD), (~hard, RATE))):
            return float(taken)
    return float(_STEPS[-1])
