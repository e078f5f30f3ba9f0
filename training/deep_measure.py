"""Scores rows with the exported deep model, and measures it beside the fast model, at cuts fixed on calibration rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from training.calibrate import CATEGORIES, FLAG, RATES, Table, applies, by_category, platt, quantile, sigmoid
from training.deep_data import LEFT_OUT, MOST_PIECES, Pieces, window_starts
from training.measure import STRICT, calibration_error, share
from training.rows import INJECTION, LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.int64]
    Logits = NDArray[np.float32]

OPEN: Final = 0.01  # share of benign texts that each category may leave to the deep tier
BLEND: Final = 0.45  # share of the deep model in the log-odds of the answer; the rest is the fast model's
_CALIBRATION: Final = 5000  # benign rows at most; of attacks half as many
_TEST: Final = 3000
_MEASURE: Final = 1000  # rows of a source
_WINDOWS: Final = 4  # of one row in an evaluation; longer rows are left out of it


def chosen_rows(pieces: Pieces, left_out: tuple[str, ...]) -> Rows:
    """The rows that an evaluation scores: a seeded sample of calibration and test rows, and those measured only or left out."""
    rng = np.random.default_rng(7)
    attack = pieces.marks.max(axis=1) == 1
    short = np.array([len(window_starts(int(length))) <= _WINDOWS for length in pieces.length])
    short &= pieces.known(MOST_PIECES)
    parts = []
    for split, most in (("calibration", _CALIBRATION), ("test", _TEST)):
        for kind, count in ((~attack, most), (attack, most // 2)):
            parts.append(rng.permutation(np.flatnonzero((pieces.split == split) & kind & short))[:count])
    for source in np.unique(pieces.source):
        here = (pieces.source == source) & short & ((pieces.split == "measure") | np.isin(source, left_out))
        parts += [rng.permutation(np.flatnonzero(here & kind))[:_MEASURE] for kind in (attack, ~attack)]
    return np.unique(np.concatenate(parts))


def score(session: Any, pieces: Pieces, rows: Rows, progress: Callable[[str], None]) -> Logits:
    """Logits of these rows, window by window as the package runs them; the greatest of a row counts."""
    out = np.full((len(rows), len(LABELS)), -np.inf, np.float32)
    for i, row in enumerate(rows.tolist()):
        for begin in window_starts(int(pieces.length[row])):
            logits = session.run(None, {"input_ids": pieces.window(row, begin)[None]})[0]
            out[i] = np.maximum(out[i], logits[0])
        if i % 4000 == 0:
            progress(f"  scored {i} of {len(rows)} rows")
    return out


def part(table: Table, rows: Rows) -> Table:
    """The table of some rows."""
    return Table(**{name: getattr(table, name)[rows] for name in Table.__slots__})


def probabilities(logits: Logits, calibration: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Calibrated probability per text and label."""
    a, b = np.array(calibration).T
    return sigmoid(logits.astype(np.float64) * a + b)


@dataclass(frozen=True, slots=True)
class Tier:
    """Probabilities of one tier over the rows of a table, with its cuts."""

    p: NDArray[np.float64]
    calibration: tuple[tuple[float, float], ...]
    cuts: dict[str, tuple[float, ...]]
    shares: tuple[float, ...] = ()


def calibrated(table: Table, logits: Logits) -> Tier:
    """Platt's numbers and the cuts, from the calibration rows alone."""
    inside = table.split == "calibration"
    benign = inside & table.benign
    mix = table.mix(benign)
    fits = []
    for label in range(len(LABELS)):
        positive = inside & (table.marks[:, label] == 1)
        known = positive | (benign & (table.marks[:, label] == 0))
        weights = np.where(positive, table.weight, mix)
        fits.append(platt(logits[known, label].astype(np.float64), positive[known], weights[known]))
    return cut(table, probabilities(logits, fits), tuple(fits))


def blended(table: Table, logits: Logits, fast_p: NDArray[np.float64]) -> Tier:
    """The deep model with its share of the fast model: log-odds of both, weighed, and calibrated again."""
    alone = calibrated(table, logits)
    shares = tuple((1 - BLEND) / (BLEND * a) for a, _ in alone.calibration)
    p = np.clip(fast_p, 1e-9, 1 - 1e-9)
    both = calibrated(table, (logits + np.array(shares) * np.log(p / (1 - p))).astype(np.float32))
    return replace(both, shares=shares)


def cut(table: Table, p: NDArray[np.float64], calibration: tuple[tuple[float, float], ...]) -> Tier:
    """The tier with these probabilities; cuts at the false-positive rates of the benign calibration rows of the table."""
    benign = (table.split == "calibration") & table.benign
    mix = table.mix(benign)
    cuts = {}
    for category, values in by_category(p, applies(table)).items():
        falling = [quantile(values[benign], mix[benign], rate) for rate in RATES]
        cuts[category] = tuple(min(1.0, max(float(np.nextafter(cut, 2.0)), 1e-6)) for cut in falling)
    return Tier(p, calibration, cuts)


def band(table: Table, fast: Tier) -> dict[str, tuple[float, float]]:
    """Per category, the probabilities of the fast model between which the deep one is asked.

    From where `OPEN` of the benign calibration rows lie above, up to the cut of level 1.
    """
    benign = (table.split == "calibration") & table.benign
    mix = table.mix(benign)
    out = {}
    for category, values in by_category(fast.p, applies(table)).items():
        low = quantile(values[benign], mix[benign], OPEN)
        high = fast.cuts[category][STRICT]
        out[category] = (round(min(low, high), 6), round(high, 6))
    return out


def recalls(table: Table, tiers: dict[str, Tier], rows: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Recall of every (source, label) with attacks among `rows`, for each tier at 1 % and 0.1 %."""
    out = []
    for source in np.unique(table.source[rows]):
        for label, what in enumerate(LABELS):
            here = rows & (table.source == source) & (table.marks[:, label] == 1)
            if not here.any():
                continue
            entry: dict[str, Any] = {"source": str(source), "label": what.name, "rows": int(here.sum())}
            applicable = np.ones(table.marks.shape, bool) if what.sources else applies(table)
            for name, tier in tiers.items():
                values = by_category(tier.p, applicable)[what.category][here]
                entry[name] = share(values >= tier.cuts[what.category][FLAG]).plain()
                entry[f"{name}_strict"] = share(values >= tier.cuts[what.category][STRICT]).plain()
            out.append(entry)
    return out


def cleans(table: Table, tiers: dict[str, Tier], rows: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Share of the benign rows of each source that no category of a tier flags."""
    out = []
    for source in np.unique(table.source[rows & table.benign]):
        here = rows & table.benign & (table.source == source)
        entry: dict[str, Any] = {"source": str(source), "rows": int(here.sum())}
        for name, tier in tiers.items():
            values = by_category(tier.p, applies(table))
            flags = np.logical_or.reduce([values[category] >= tier.cuts[category][FLAG] for category in CATEGORIES])
            entry[name] = share(~flags[here]).plain()
        out.append(entry)
    return out


def errors(table: Table, tier: Tier) -> dict[str, float]:
    """Expected calibration error per label on the test rows."""
    test = table.split == "test"
    out = {}
    for label, what in enumerate(LABELS):
        positive = test & (table.marks[:, label] == 1)
        negative = test & table.benign & (table.marks[:, label] == 0)
        known = positive | negative
        weights = np.where(positive, table.weight, table.mix(negative)).astype(np.float64)
        weights[positive] *= 0.25 * weights[negative].sum() / max(float(weights[positive].sum()), 1e-9)
        out[what.name] = round(calibration_error(tier.p[known, label], positive[known], weights[known]), 4)
    return out


def macro(found: list[dict[str, Any]], tier: str, least: int = 25) -> float:
    """Mean recall over (source, label) pairs with at least `least` attacks."""
    return round(float(np.mean([row[tier]["value"] for row in found if row["rows"] >= least])), 4)


def cascade(table: Table, fast: Tier, bands: dict[str, tuple[float, float]]) -> NDArray[np.bool_]:
    """Which rows the deep tier is asked about, where the fast model has been."""
    values = by_category(fast.p, applies(table))
    asked = [(values[category] > low) & (values[category] < high) for category, (low, high) in bands.items()]
    out: NDArray[np.bool_] = np.logical_or.reduce(asked)
    return out


def joined(
    table: Table, fast: Tier, deep: Tier, bands: dict[str, tuple[float, float]], level: int = FLAG
) -> NDArray[np.bool_]:
    """Which rows fast and deep together put at this level: where deep is asked, it answers for all that fast is not sure of."""
    asked = cascade(table, fast, bands)
    first, second = by_category(fast.p, applies(table)), by_category(deep.p, applies(table))
    flags = np.zeros(len(asked), bool)
    for category, (_, high) in bands.items():
        by_fast = first[category] >= fast.cuts[category][level]
        by_deep = second[category] >= deep.cuts[category][level]
        flags |= np.where(asked & (first[category] < high), by_deep, by_fast)
    return flags


def figures(
    table: Table, honest: Tier, final: Tier, fast: Tier, bands: dict[str, tuple[float, float]]
) -> dict[str, Any]:
    """All figures, as plain values.

    `honest` is the deep model alone, which has not seen the left-out sources; `final` is the answer of the tier, with its
    share of `fast`; both have seen all sources but those measured only.
    """
    test, measured = table.split == "test", table.split == "measure"
    out_of = np.isin(table.source, LEFT_OUT)
    attack = table.marks.max(axis=1) == 1
    held_out = measured & table.benign
    both = {"deep": final, "fast": fast}
    asked = cascade(table, fast, bands)
    flags = {
        "fast": _flags(table, fast),
        "deep": _flags(table, final),
        "together": joined(table, fast, final, bands),
        "fast_strict": _flags(table, fast, STRICT),
        "deep_strict": _flags(table, final, STRICT),
        "together_strict": joined(table, fast, final, bands, STRICT),
    }
    plain = test & table.benign & ~table.generated
    mix = table.mix(plain)
    left = recalls(table, {"deep": honest}, out_of & attack)
    return {
        "left_out": left,
        "left_out_macro": macro(left, "deep"),
        "left_out_innocent": cleans(table, {"deep": honest}, out_of),
        "measure_only_left_out_model": recalls(table, {"deep": honest}, measured & attack),
        "measure_only": recalls(table, both, measured & attack),
        "held_out_innocent": cleans(table, both, held_out),
        "test": recalls(table, both, test & attack),
        "test_innocent": cleans(table, both, test),
        "languages": languages_of(table, both, test & table.generated),
        "ece": errors(table, final),
        "asked_benign": round(float((mix * asked).sum() / mix.sum()), 4),
        "asked_attacks": share(asked[test & attack]).plain(),
        "flagged_benign": {name: round(float((mix * found).sum() / mix.sum()), 4) for name, found in flags.items()},
        "flagged": {
            where: {name: share(found[rows]).plain() for name, found in flags.items()}
            for where, rows in (
                ("innocent texts of the test split, generated", test & table.benign & table.generated),
                ("innocent texts measured only", held_out),
                ("natural attacks of the test split", test & attack & ~table.generated),
                ("generated attacks of the test split, frames kept apart", test & attack & table.generated),
                *(
                    (f"attacks of {name}, measured only", measured & attack & (table.source == name))
                    for name in ("neuralchemy_attacks", "xsafety")
                ),
            )
        },
    }


def _flags(table: Table, tier: Tier, level: int = FLAG) -> NDArray[np.bool_]:
    values = by_category(tier.p, applies(table))
    out: NDArray[np.bool_] = np.logical_or.reduce([values[name] >= tier.cuts[name][level] for name in CATEGORIES])
    return out


def languages_of(table: Table, tiers: dict[str, Tier], rows: NDArray[np.bool_]) -> dict[str, Any]:
    """Recall on generated injections whose frames were kept apart, and clean share of innocent texts, per language."""
    out: dict[str, Any] = {}
    for lang in np.unique(table.lang[rows]):
        here = rows & (table.lang == lang)
        attacks = here & (table.marks[:, INJECTION] == 1)
        if attacks.sum() < 10:
            continue
        out[str(lang)] = {}
        for name, tier in tiers.items():
            values = by_category(tier.p, applies(table))["prompt_injection"]
            out[str(lang)][name] = {
                "injection": share(values[attacks] >= tier.cuts["prompt_injection"][FLAG]).plain(),
                "clean": share(~_flags(table, tier)[here & table.benign]).plain(),
            }
    return out
