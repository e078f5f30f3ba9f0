"""Measures: recall with Wilson intervals, areas, calibration errors, shares; all at cuts fixed on calibration data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from training.calibrate import (
    FLAG,
    Calibration,
    Table,
    applies,
    asked,
    by_category,
    flagged,
    flagged_by_default,
    probabilities,
)
from training.rows import LABELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.calibrate import Array

STRICT: Final = 0  # index into the cuts: 0.1 % of benign texts
_Z: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """A share of texts with its Wilson interval (95 %)."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """Hits / of."""
        return self.hits / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds of the Wilson score interval."""
        if not self.of:
            return (0.0, 1.0)
        p, n, z = self.value, self.of, _Z
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (max(0.0, middle - half), min(1.0, middle + half))

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.3f} ({low:.2f} to {high:.2f}, n={self.of})" if self.of else "no texts"

    def plain(self) -> dict[str, float]:
        """For the manifest."""
        return {
            "value": round(self.value, 4),
            "low": round(self.interval[0], 4),
            "high": round(self.interval[1], 4),
            "rows": self.of,
        }


def share(hits: NDArray[np.bool_]) -> Share:
    """Share of True."""
    return Share(int(hits.sum()), len(hits))


def auc(scores: Array, positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve; ties count half."""
    if positive.all() or not positive.any():
        return math.nan
    _, rank, count = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(count) - (count - 1) / 2
    n = int(positive.sum())
    return float((mean_rank[rank][positive].sum() - n * (n + 1) / 2) / (n * (len(scores) - n)))


def calibration_error(p: Array, positive: NDArray[np.bool_], weights: Array) -> float:
    """Expected calibration error: 15 equal bins, weighted."""
    bins = np.minimum((p * 15).astype(int), 14)
    total = weights.sum()
    return float(
        sum(
            abs((weights[here] * (p[here] - positive[here])).sum()) / total
            for b in range(15)
            if (here := bins == b).any()
        )
    )


@dataclass(frozen=True, slots=True)
class Scores:
    """Logits of both models over all rows, with what makes decisions of them."""

    table: Table
    gate: NDArray[np.float32]
    model: NDArray[np.float32]
    calibration: Calibration

    def p(self, tier: str) -> Array:
        """Calibrated probabilities of `gate`, of `model`, or of the cascade of both."""
        gate = probabilities(self.gate, self.table.length, self.calibration.gate)
        if tier == "gate":
            return gate
        model = probabilities(self.model, self.table.length, self.calibration.model)
        if tier == "model":
            return model
        return np.where(self.asked()[:, None], model, gate)

    def asked(self) -> NDArray[np.bool_]:
        """Texts that the gate passes on."""
        p = probabilities(self.gate, self.table.length, self.calibration.gate)
        return asked(p, applies(self.table), self.calibration.low, self.calibration.high)

    def cut(self, tier: str, label: int, level: int) -> float:
        """The cut of a label's category; the gate alone gets its own, at the same rate on the calibration benign mix."""
        from training.calibrate import RATES, quantile  # the rates are the policy's, not the model's

        if tier != "gate":
            return self.calibration.cuts[LABELS[label].category][level]
        benign = (self.table.split == "calibration") & self.table.benign
        values = by_category(self.p("gate"), applies(self.table))[LABELS[label].category]
        return quantile(values[benign], self.table.mix(benign)[benign], RATES[level])

    def recall(self, label: int, rows: NDArray[np.bool_], tier: str, level: int = FLAG) -> Share:
        """Recall of a label's category over its attacks among `rows`."""
        here = rows & (self.table.marks[:, label] == 1)
        values = by_category(self.p(tier), np.ones(self.table.marks.shape, bool) if label == 3 else applies(self.table))
        return share(values[LABELS[label].category][here] >= self.cut(tier, label, level))

    def clean(self, rows: NDArray[np.bool_], tier: str = "cascade", level: int = FLAG) -> Share:
        """Share of benign rows that no category flags."""
        here = rows & self.table.benign
        return share(~flagged(self.p(tier), applies(self.table), self.calibration.cuts, level)[here])


def label_metrics(scores: Scores, label: int) -> dict[str, Any]:
    """AUC, recall and calibration error of one label on the test split."""
    table = scores.table
    test = table.split == "test"
    positive = test & (table.marks[:, label] == 1)
    negative = test & table.benign & (table.marks[:, label] == 0)
    known = positive | negative
    weights = np.where(positive, table.weight, table.mix(negative))
    weights[positive] *= 0.25 * weights[negative].sum() / max(float(weights[positive].sum()), 1e-9)
    out: dict[str, Any] = {"rows": int(positive.sum())}
    for tier in ("gate", "model"):
        p = scores.p(tier)[:, label]
        out[tier] = {
            "auc": round(auc(p[known], positive[known]), 5),
            "ece": round(calibration_error(p[known], positive[known], weights[known]), 4),
            "tpr_at_fpr_0.01": scores.recall(label, test, tier).plain(),
            "tpr_at_fpr_0.001": scores.recall(label, test, tier, STRICT).plain(),
        }
    return out


def cascade_metrics(scores: Scores) -> dict[str, Any]:
    """How much of the benign traffic goes on, and how often the gate decides other than the model would."""
    table, applicable = scores.table, applies(scores.table)
    test = table.split == "test"
    benign, attack = test & table.benign & ~table.generated, test & (table.marks.max(axis=1) == 1)
    gate = flagged_by_default(scores.p("gate"), applicable, scores.calibration.cuts, table.document)
    model = flagged_by_default(scores.p("model"), applicable, scores.calibration.cuts, table.document)
    on, decided = scores.asked(), ~scores.asked()
    differs = gate != model
    mix = table.mix(benign)
    return {
        "grey_zone": round(float((mix * on).sum() / mix.sum()), 4),
        "grey_zone_rows": share(on[benign]).plain(),
        "grey_zone_prompts": share(on[benign & ~table.document]).plain(),
        "grey_zone_documents": share(on[benign & table.document]).plain(),
        "disagreement": share(differs[benign & decided]).plain(),
        "attacks_asked": share(on[attack]).plain(),
        "attacks_disagreement": share(differs[attack & decided]).plain(),
        "attacks_missed_by_gate": share((model & ~gate & decided)[attack]).plain(),
        "false_positives": share(flagged(scores.p("cascade"), applicable, scores.calibration.cuts)[benign]).plain(),
        "false_positives_strict": share(
            flagged(scores.p("cascade"), applicable, scores.calibration.cuts, STRICT)[benign]
        ).plain(),
        "grey_zone_by_source": {
            str(source): round(share(on[benign & (table.source == source)]).value, 4)
            for source in np.unique(table.source[benign])
        },
    }
