"""From logits to probabilities, level cuts and the thresholds between which the gate asks the ONNX model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from training import brief
from training.rows import INDIRECT, JAILBREAK, LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.rows import Row

    Array = NDArray[np.float64]

RATES: Final = (0.001, 0.005, 0.01, 0.05, 0.2)  # false-positive rates of levels 1 to 5
FLAG: Final = 2  # index into RATES: the default policy flags up to level 3
FLAG_DATA: Final[dict[str, int]] = {}  # and texts that are data, per category, up to another one
GREY: Final = 0.09  # share of benign traffic that may go on to the ONNX model
BLOCK: Final = 1  # and blocks up to level 2
_LEAST_BLOCK: Final = 0.63  # a score that blocks is more than one match of a signature of tier 3 stands for
_SHORT: Final = "generated_short"  # short innocent texts with the words of attacks, which no public set has
_SHORT_BLOCKED: Final = 0.015  # share of them that a category may put where the policy blocks
_HARD: Final = (_SHORT, "generated_overdefense")  # innocent texts with the words of attacks
_PER_SOURCE: Final = 1200  # a source counts in the benign mix as at most this many texts
_STEP: Final = 0.0025  # of the benign texts, when the thresholds are searched
_FIRST: Final = 4  # steps that every label gets: the 1 % of benign texts that look most like its attacks
_PRIOR: Final = 0.2  # share of attacks that probabilities are calibrated for
_FEW: Final = 2  # windows that a short text has fewer than
_MANY: Final = 8  # and a long one at least
_GROWTHS: Final = np.linspace(0.0, 4.0, 161)
_DISAGREE: Final = 0.0003  # share of benign traffic that the gate may flag alone where the model would not
CATEGORIES: Final = tuple(dict.fromkeys(label.category for label in LABELS))


@dataclass(frozen=True, slots=True)
class Table:
    """What is known about the rows, as arrays."""

    marks: NDArray[np.int8]
    split: NDArray[np.str_]
    source: NDArray[np.str_]
    lang: NDArray[np.str_]
    family: NDArray[np.str_]
    document: NDArray[np.bool_]
    generated: NDArray[np.bool_]
    weight: NDArray[np.float32]
    group: NDArray[np.str_]
    length: Array  # as calibration counts, see `brief.length`

    @staticmethod
    def of(rows: Sequence[Row], windows: NDArray[np.int64], words: NDArray[np.int64]) -> Table:
        """The table of these rows, whose texts have so many windows and words."""
        return Table(
            np.array([row.marks for row in rows], np.int8),
            np.array([row.split for row in rows]),
            np.array([row.source for row in rows]),
            np.array([row.lang for row in rows]),
            np.array([row.family for row in rows]),
            np.array([row.kind == "document" for row in rows]),
            np.array([row.generated for row in rows]),
            np.array([row.weight for row in rows], np.float32),
            np.array([row.group for row in rows]),
            brief.length(windows, words),
        )

    @property
    def benign(self) -> NDArray[np.bool_]:
        """Rows that are no attack and no harmful request."""
        none: NDArray[np.bool_] = (self.marks.max(axis=1) == 0) & (self.marks[:, JAILBREAK] == 0)
        return none

    def mix(self, inside: NDArray[np.bool_]) -> Array:
        """Weights of the benign mix: every source by its rows, at most `_PER_SOURCE`.

        What is generated counts a quarter, innocent texts with the words of attacks three times that: no public set has them, and
        a guard that flags them is switched off.
        """
        weight = np.zeros(len(self.source))
        for source in np.unique(self.source[inside]):
            here = inside & (self.source == source)
            count = int(here.sum())
            share = (0.75 if source in _HARD else 0.25) if self.generated[here][0] else 1.0
            weight[here] = min(count, _PER_SOURCE) / count * share
        return weight


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def quantile(values: Array, weights: Array, share_above: float) -> float:
    """The value above which `share_above` of the weight lies."""
    order = np.argsort(-values, kind="stable")
    above = np.cumsum(weights[order]) / max(float(weights.sum()), 1e-9)
    place = int(np.searchsorted(above, share_above))
    return float(values[order][min(place, len(values) - 1)])


def platt(
    logits: Array, positive: NDArray[np.bool_], weights: Array, offset: Array | float = 0.0
) -> tuple[float, float]:
    """(a, b) of probability = sigmoid(a * logit + b + offset), by Newton's method on the weighted log loss."""
    w = weights.astype(np.float64).copy()
    w[positive] *= _PRIOR / max(float(w[positive].sum()), 1e-9)
    w[~positive] *= (1 - _PRIOR) / max(float(w[~positive].sum()), 1e-9)
    target = np.where(positive, 0.999, 0.001)
    centre = float((w * logits).sum())
    spread = max(float(np.sqrt((w * (logits - centre) ** 2).sum())), 1e-6)
    x = (logits - centre) / spread
    a, b = 1.0, 0.0
    for _ in range(200):
        p = sigmoid(a * x + b + offset)
        error, curve = w * (p - target), w * p * (1 - p)
        gradient = np.array([(error * x).sum(), error.sum()])
        hessian = np.array([[(curve * x**2).sum(), (curve * x).sum()], [(curve * x).sum(), curve.sum()]])
        step = np.linalg.solve(hessian + 1e-4 * np.eye(2), gradient)
        step *= min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-12))
        a, b = a - float(step[0]), b - float(step[1])
        if float(np.abs(step).max()) < 1e-9:
            break
    a, b = a / spread, b - a * centre / spread
    return max(a, 0.05), b


def growth(logits: Array, windows: Array) -> float:
    """How much the logit of innocent texts grows where their windows grow e times as many.

    The greatest of n windows with tails like exp(-x / k) grows by k log n. The least `k`, in steps, that leaves no larger
    share of the long texts than of those of one window above the value that 1 % of the latter exceed.
    """
    single, long = windows < _FEW, windows >= _MANY
    if not single.any() or not long.any():
        return 0.0
    cut = quantile(logits[single], np.ones(int(single.sum())), RATES[FLAG])
    for k in _GROWTHS:
        if (logits[long] - k * np.log(windows[long]) > cut).mean() <= RATES[FLAG]:
            return float(k)
    return float(_GROWTHS[-1])


@dataclass(frozen=True, slots=True)
class Scale:
    """Probability = sigmoid(a * (logit - windows * max(length, 0)) + b + brevity * min(length, 0))."""

    a: float
    b: float
    windows: float = 0.0
    brevity: float = 0.0

    @property
    def numbers(self) -> list[float]:
        """As the manifest has them."""
        return [self.a, self.b, self.windows, self.brevity]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Everything that turns logits into a decision."""

    gate: tuple[Scale, ...]
    model: tuple[Scale, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    cuts: dict[str, tuple[float, ...]]


def probabilities(logits: NDArray[np.float32], length: Array, calibration: Sequence[Scale]) -> Array:
    """Calibrated probability per text and label."""
    a, b, windows, brevity = np.array([scale.numbers for scale in calibration]).T
    long, short = np.maximum(length, 0.0)[:, None], np.minimum(length, 0.0)[:, None]
    return sigmoid((logits.astype(np.float64) - windows * long) * a + b + brevity * short)


def applies(table: Table) -> NDArray[np.bool_]:
    """Which labels count for which text: `indirect_injection` only for documents."""
    out = np.ones(table.marks.shape, bool)
    out[~table.document, INDIRECT] = False
    return out


def by_category(p: Array, applicable: NDArray[np.bool_]) -> dict[str, Array]:
    """The category's probability: the largest of its labels that apply."""
    shown = np.where(applicable, p, 0.0)
    return {
        category: shown[:, [i for i, label in enumerate(LABELS) if label.category == category]].max(axis=1)
        for category in CATEGORIES
    }


def flagged(
    p: Array, applicable: NDArray[np.bool_], cuts: dict[str, tuple[float, ...]], level: int = FLAG
) -> NDArray[np.bool_]:
    """Texts that some category puts at this level (index into RATES) or above."""
    parts = [values >= cuts[category][level] for category, values in by_category(p, applicable).items()]
    out: NDArray[np.bool_] = np.logical_or.reduce(parts)
    return out


def flagged_by_default(
    p: Array, applicable: NDArray[np.bool_], cuts: dict[str, tuple[float, ...]], document: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Texts that the default policy flags, documents as retrieved ones."""
    out = np.zeros(len(p), bool)
    for category, values in by_category(p, applicable).items():
        levels = np.where(document, FLAG_DATA.get(category, FLAG), FLAG)
        out |= values >= np.array(cuts[category])[levels]
    return out


def asked(p: Array, applicable: NDArray[np.bool_], low: Sequence[float], high: Sequence[float]) -> NDArray[np.bool_]:
    """Texts that the gate does not decide."""
    unsure = (p > np.array(low)) & (p < np.array(high)) & applicable
    out: NDArray[np.bool_] = np.logical_or.reduce(unsure, axis=1)
    return out


def calibrate(table: Table, gate_logits: NDArray[np.float32], model_logits: NDArray[np.float32]) -> Calibration:
    """All numbers, from the calibration split alone."""
    inside = table.split == "calibration"
    benign = inside & table.benign
    mix = table.mix(benign)
    pairs = [
        tuple(_scale(table, logits[:, label].astype(np.float64), label, mix) for label in range(len(LABELS)))
        for logits in (gate_logits, model_logits)
    ]
    applicable = applies(table)
    taken = _brevity(table, by_category(probabilities(model_logits, table.length, pairs[1]), applicable), mix)
    pairs = [
        tuple(
            _scale(table, logits[:, i].astype(np.float64), i, mix, taken[label.category])
            for i, label in enumerate(LABELS)
        )
        for logits in (gate_logits, model_logits)
    ]
    gate_p = probabilities(gate_logits, table.length, pairs[0])
    model_p = probabilities(model_logits, table.length, pairs[1])
    short = benign & (table.source == _SHORT)
    cuts = {
        category: _cuts(values[benign], mix[benign], values[short])
        for category, values in by_category(model_p, applicable).items()
    }
    attack = inside & (table.marks.max(axis=1) == 1)
    model_flags = flagged_by_default(model_p, applicable, cuts, table.document)
    shown = np.where(applicable, gate_p, 0.0)
    low = _low(shown[benign], mix[benign], model_flags[benign], shown[attack & model_flags])
    gate_pairs, low = _below_flag(pairs[0], low, cuts)
    shown = np.where(applicable, probabilities(gate_logits, table.length, gate_pairs), 0.0)
    high = [
        max(quantile(shown[benign, i], mix[benign], _DISAGREE / len(LABELS)) + 1e-6, cuts[label.category][0])
        for i, label in enumerate(LABELS)
    ]
    return Calibration(
        gate_pairs, pairs[1], low, tuple(min(1.0, max(h, lo)) for h, lo in zip(high, low, strict=True)), cuts
    )


def _brevity(table: Table, p: dict[str, Array], mix: Array) -> dict[str, float]:
    """What brief texts have to show more, per category, from the innocent ones of the calibration split."""
    benign = (table.split == "calibration") & table.benign
    inside = benign & (table.length < 0)
    hard = table.source[inside] == _SHORT
    return {
        category: brief.brevity(
            _logits(values[inside]),
            table.length[inside],
            hard,
            _logit(quantile(values[benign], mix[benign], RATES[FLAG])),
        )
        for category, values in p.items()
    }


def _scale(table: Table, logits: Array, label: int, mix: Array, brevity: float = 0.0) -> Scale:
    """The scale of one label's logits, from the calibration split, with what is taken off brief texts."""
    inside = table.split == "calibration"
    benign = inside & table.benign & (table.marks[:, label] == 0)
    documents = benign & table.document
    windows = 0.0
    if documents.any():
        windows = growth(logits[documents], np.exp(np.maximum(table.length[documents], 0.0)).round())
    positive = inside & (table.marks[:, label] == 1)
    known = positive | benign
    weights = np.where(positive, table.weight, mix)[known]
    length = table.length[known]
    longer = logits[known] - windows * np.maximum(length, 0.0)
    a, b = platt(longer, positive[known], weights, brevity * np.minimum(length, 0.0))
    return Scale(a, b, windows, brevity)


def _below_flag(
    pairs: Sequence[Scale], low: tuple[float, ...], cuts: dict[str, tuple[float, ...]]
) -> tuple[tuple[Scale, ...], tuple[float, ...]]:
    """The gate's calibration moved down where a text that it lets pass would be flagged by its probability."""
    moved, limits = [], []
    for scale, value, label in zip(pairs, low, LABELS, strict=True):
        limit = min(value, 0.95 * cuts[label.category][FLAG_DATA.get(label.category, FLAG)])
        moved.append(replace(scale, b=scale.b - (_logit(value) - _logit(limit))))
        limits.append(min(1.0, limit * (1 + 1e-9)))
    return tuple(moved), tuple(limits)


def _logits(p: Array) -> Array:
    p = np.clip(p, 1e-9, 1 - 1e-9)
    out: Array = np.log(p / (1 - p))
    return out


def _logit(p: float) -> float:
    return float(_logits(np.array([p]))[0])


def _cuts(values: Array, weights: Array, short: Array) -> tuple[float, ...]:
    """The least probabilities of the levels, from the benign mix and, where the policy blocks, from short texts alone."""
    cuts = [min(1.0, float(np.nextafter(quantile(values, weights, rate), 2.0))) for rate in RATES]
    least = _LEAST_BLOCK
    if len(short):
        least = max(least, float(np.nextafter(quantile(short, np.ones(len(short)), _SHORT_BLOCKED), 2.0)))
    blocking = [min(1.0, max(cut, least)) for cut in cuts[: BLOCK + 1]]
    return tuple(max(cut, 1e-6) for cut in (*blocking, *cuts[BLOCK + 1 :]))


def _low(p: Array, weights: Array, model_flags: NDArray[np.bool_], attacks: Array) -> tuple[float, ...]:
    """Lower thresholds, one step at a time where it helps most, until `GREY` of the benign texts lie above any of them.

    `p` and `weights` are of benign texts, `attacks` of those that the model flags. A step helps by the attacks that it
    brings before the model and, counted ten times, by the benign texts on which gate and model would have disagreed.
    """
    total = float(weights.sum())
    grid = [[quantile(p[:, i], weights, k * _STEP) for k in range(round(GREY / _STEP) + 1)] for i in range(len(LABELS))]
    place = [_FIRST] * len(LABELS)

    def asked_by(places: list[int]) -> tuple[float, float]:
        low = np.array([grid[i][k] for i, k in enumerate(places)])
        above = (p > low).any(axis=1)
        helped = 10 * float(weights[above & model_flags].sum()) / total
        if len(attacks):
            helped += float((attacks > low).any(axis=1).mean())
        return float(weights[above].sum()) / total, helped

    share, helped = asked_by(place)
    while True:
        best: tuple[float, int, float, float] | None = None
        for i in range(len(LABELS)):
            if place[i] + 1 >= len(grid[i]):
                continue
            more, better = asked_by([*place[:i], place[i] + 1, *place[i + 1 :]])
            gain = (better - helped) / max(more - share, 1e-6)
            if more <= GREY and (best is None or gain > best[0]):
                best = (gain, i, more, better)
        if best is None:
            return tuple(grid[i][k] for i, k in enumerate(place))
        place[best[1]] += 1
        share, helped = best[2], best[3]
