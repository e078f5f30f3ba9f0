"""The least change of a gate's weights that decides texts as people marked them; numpy only.

The gate's logit of a window is linear in the table rows of its ids, so what is sought is the change of least squares for
which wrongly judged texts come over (attacks) or under (innocent texts) the threshold at which the gate decides by
itself, while all other texts keep their logits as far as they can. Both are squared losses; the set of texts whose
threshold is not reached is found anew between solutions by conjugate gradients. Time is linear in the words of all
texts and in the number of iterations, which is bounded; the result is the same every time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from fastguard import _core
from fastguard.manifest import MOST_LABELS, Gate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_WIDTH: Final = _core.FEATURE_WINDOW * _core.FEATURE_SLOTS
_MASK: Final = _core.FEATURE_BUCKETS - 1
_MARGIN: Final = 1.0  # beyond the threshold, in log-odds
_RIDGE: Final = 0.03  # what a change costs, against 1 for a missed threshold
_ROUNDS: Final = 20
_STEPS: Final = 60


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of texts as a sparse matrix: `row[i]`, `column[i]` and `value[i]` of each id that is used."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    value: Array
    owner: NDArray[np.int64]  # text of each window
    length: Array  # of each text, as `length_of` counts
    fixed: Array  # [windows, labels]: bias and dense part

    @staticmethod
    def of(texts: Sequence[str | bytes], gate: Gate) -> Windows:
        """Return the windows of these texts as the engine reads them."""
        rows, columns, values, owners, fixed = [], [], [], [], []
        lengths = np.zeros(len(texts))
        bias, dense_weights = np.array(gate.bias), np.array(gate.dense)
        first = 0
        for number, text in enumerate(texts):
            ids_bytes, dense_bytes, count = _core.features(text)
            ids = np.frombuffer(ids_bytes, np.int32).reshape(count, _WIDTH)
            part = bias + dense_weights @ np.frombuffer(dense_bytes, np.float32).astype(np.float64)
            where, _ = used = np.nonzero(ids)
            rows.append(where + first)
            columns.append(ids[used].astype(np.int64) & _MASK)
            values.append(1.0 / np.sqrt(np.bincount(where, minlength=count)[where]))
            owners.append(np.full(count, number))
            fixed.append(np.broadcast_to(part, (count, len(bias))))
            lengths[number] = length_of(count, int((ids[0, :: _core.FEATURE_SLOTS] != 0).sum()))
            first += count
        return Windows(
            np.concatenate(rows).astype(np.int64),
            np.concatenate(columns),
            np.concatenate(values),
            np.concatenate(owners).astype(np.int64),
            lengths,
            np.concatenate(fixed),
        )

    def times(self, weights: Array) -> Array:
        """Return what each window has of one label's weights (one a bucket)."""
        out: Array = np.bincount(self.row, self.value * weights[self.column], len(self.owner)).astype(np.float64)
        return out

    def back(self, values: Array) -> Array:
        """Return the transpose times one value a window: one a bucket."""
        out: Array = np.bincount(self.column, self.value * values[self.row], _core.FEATURE_BUCKETS).astype(np.float64)
        out[0] = 0.0  # the row of "no feature"
        return out

    def logits(self, table: Array) -> Array:
        """Return the gate's logits [windows, labels] with these weights [buckets, labels]."""
        parts = [self.times(table[:, label]) for label in range(table.shape[1])]
        out: Array = np.stack(parts, axis=1) + self.fixed
        return out

    def greatest(self, logits: Array) -> Array:
        """Return the greatest logit of each text [texts, labels]."""
        out = np.full((len(self.length), logits.shape[1]), -np.inf)
        np.maximum.at(out, self.owner, logits)
        return out


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the gate is to say of a text, per label: 1 over `high`, -1 under `low`, 0 what it said before."""

    sides: NDArray[np.int8]  # [texts, labels]
    low: Array  # [labels], probabilities
    high: Array
    weight: Array  # [texts], of keeping what was said before


def length_of(windows: int, words: int) -> float:
    """Return how long a text is, as calibration counts: the engine's ``length_of``."""
    if windows > 1:
        return math.log(windows)
    return min(0.0, words / _core.BRIEF_WORDS - 1.0)


def scale_of(row: Sequence[float]) -> tuple[float, float, float, float]:
    """Return (a, b, w, s) of a calibration, which may leave out what is 0."""
    a, b, w, s = (*row, 0.0, 0.0)[:4]
    return a, b, w, s


def probabilities(logits: Array, length: Array, gate: Gate) -> Array:
    """Return the calibrated probability of each text and label."""
    a, b, w, s = np.array([scale_of(row) for row in gate.calibration]).T
    long, brief = np.maximum(length, 0.0)[:, None], np.minimum(length, 0.0)[:, None]
    out: Array = 0.5 * (1.0 + np.tanh(0.5 * ((logits - w * long) * a + b + s * brief)))
    return out


def weights_of(table: bytes, gate: Gate) -> Array:
    """Return the gate's weights [buckets, labels] of its file."""
    whole = np.frombuffer(table, "<i2").reshape(_core.FEATURE_BUCKETS, MOST_LABELS)[:, : len(gate.bias)]
    out: Array = whole.astype(np.float64) * gate.scale
    out[0] = 0.0
    return out


def table_of(weights: Array, scale: float) -> tuple[bytes, float]:
    """Return (the gate's file with these weights, its scale): the scale given, or more where the range asks for it."""
    scale = max(scale, float(np.abs(weights).max()) / 32767)
    table = np.zeros((_core.FEATURE_BUCKETS, MOST_LABELS), "<i2")
    table[:, : weights.shape[1]] = np.round(weights / scale)
    return table.tobytes(), scale


def refit(windows: Windows, before: Array, wanted: Wanted, gate: Gate) -> Array:
    """Return the weights [buckets, labels] that come nearest to what is wanted."""
    after = before.copy()
    for label in range(before.shape[1]):
        if wanted.sides[:, label].any():
            after[:, label] += _change(windows, before, wanted, gate, label)
    return after


def _change(windows: Windows, before: Array, wanted: Wanted, gate: Gate, label: int) -> Array:
    """Return the change of one label's weights."""
    was = windows.times(before[:, label]) + windows.fixed[:, label]
    side = wanted.sides[windows.owner, label]
    low = _threshold(float(wanted.low[label]), -_MARGIN, gate, label, windows.length)[windows.owner]
    high = _threshold(float(wanted.high[label]), _MARGIN, gate, label, windows.length)[windows.owner]
    change = np.zeros(_core.FEATURE_BUCKETS)
    for _ in range(_ROUNDS):
        now = was + windows.times(change)
        strongest = np.zeros(len(now), bool)
        strongest[_strongest(now, windows.owner, len(windows.length))] = True
        # Each window of an innocent text must stay below; of an attack, the strongest must come above.
        over, under = (side < 0) & (now > low), (side > 0) & strongest & (now < high)
        kept = (side == 0) & strongest
        cost = np.where(kept, wanted.weight[windows.owner], (over | under).astype(np.float64))
        aim = np.where(over, low, np.where(under, high, was)) - was
        found = _solve(windows, cost, aim, change)
        if float(np.abs(found - change).max()) < 1e-7:
            break
        change = found
    return change


def _threshold(probability: float, margin: float, gate: Gate, label: int, length: Array) -> Array:
    """Return, for each text, the logit that comes to a probability and, beyond it, a margin of log-odds."""
    a, b, w, s = scale_of(gate.calibration[label])
    p = min(max(probability, 1e-6), 1.0 - 1e-6)
    odds = math.log(p / (1.0 - p)) + margin - s * np.minimum(length, 0.0)
    out: Array = (odds - b) / a + w * np.maximum(length, 0.0)
    return out


def _strongest(values: Array, owner: NDArray[np.int64], texts: int) -> NDArray[np.int64]:
    """Return the first of the greatest windows of each text."""
    order = np.lexsort((np.arange(len(values)), -values, owner))
    found: NDArray[np.int64] = order[np.searchsorted(owner[order], np.arange(texts))]
    return found


def _solve(windows: Windows, cost: Array, aim: Array, start: Array) -> Array:
    """Return the change of least cost: conjugate gradients on (ridge + X' C X) change = X' C aim."""

    def times(vector: Array) -> Array:
        out: Array = _RIDGE * vector + windows.back(cost * windows.times(vector))
        return out

    solution = start.copy()
    rest = windows.back(cost * aim) - times(solution)
    direction, square = rest.copy(), float(rest @ rest)
    enough = 1e-12 * max(1.0, float(aim @ aim))
    for _ in range(_STEPS):
        if square <= enough:
            break
        moved = times(direction)
        step = square / float(direction @ moved)
        solution += step * direction
        rest -= step * moved
        square, last = float(rest @ rest), square
        direction = rest + (square / last) * direction
    return solution
