"""Writes the evaluation report: Markdown tables and PNG plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from training.calibrate import RATES
from training.measure import auc
from training.rows import LABELS

if TYPE_CHECKING:
    from pathlib import Path

    from training.measure import Scores


def cell(value: dict[str, float]) -> str:
    """A share with its interval."""
    if not value["rows"]:
        return "-"
    return f"{100 * value['value']:.1f} ({100 * value['low']:.0f}..{100 * value['high']:.0f})"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; figures to the right."""
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _attacks(entries: list[dict[str, Any]]) -> str:
    rows = [
        [
            f"{e['source']}: {e['label']}",
            str(e["model"]["rows"]),
            cell(e["gate"]),
            cell(e["model"]),
            cell(e["gate_strict"]),
            cell(e["model_strict"]),
        ]
        for e in entries
    ]
    return table(["attacks", "texts", "gate, 1 %", "model, 1 %", "gate, 0.1 %", "model, 0.1 %"], rows)


def _innocent(entries: list[dict[str, Any]]) -> str:
    rows = [
        [e["source"], str(e["clean"]["rows"]), cell(e["clean"]), cell(e["clean_strict"]), cell(e["gate"])]
        for e in entries
    ]
    return table(["innocent texts", "texts", "clean at 1 %", "clean at 0.1 %", "gate alone, 1 %"], rows)


def _by_length(figures: dict[str, Any]) -> str:
    length = figures["length"]
    clean = table(
        ["windows of 128 tokens", "innocent documents", "clean at 1 %"],
        [[e["windows"], str(e["clean"]["rows"]), cell(e["clean"])] for e in length["clean"]],
    )
    places = table(
        ["attack in 4 to 64 KB at the", "texts", "found"],
        [[place, str(value["rows"]), cell(value)] for place, value in length["places"].items()],
    )
    return (
        f"{clean}\n\n{places}\n\nSame decision at all three places of the same text: {cell(length['same_decision'])}."
    )


def _by_level(figures: dict[str, Any]) -> str:
    head = [
        "documents are flagged up to level",
        "planted attacks, public sets",
        "planted, generated",
        "clean contexts of the same sets",
        "all innocent documents",
    ]
    keys = ("planted", "generated", "contexts", "documents")
    return table(head, [[str(e["level"]), *(cell(e[key]) for key in keys)] for e in figures["levels"]])


def _by_authored(figures: dict[str, Any]) -> str:
    rows = [[e["set"], str(e["flagged"]["rows"]), cell(e["flagged"]), cell(e["blocked"])] for e in figures["authored"]]
    return table(["texts of tests/corpus", "texts", "flagged", "blocked"], rows)


def _by_disguise(figures: dict[str, Any]) -> str:
    rows = [[e["family"], cell(e["plain"]), cell(e["disguised"])] for e in figures["disguise"]]
    return table(["generated attacks", "as written", "disguised"], rows)


def markdown(figures: dict[str, Any], manifest: dict[str, Any]) -> str:
    """The whole report."""
    metrics = manifest["metrics"]
    labels = [
        [name, str(e["rows"]), *(f"{e[t]['auc']:.4f}" for t in ("gate", "model")), *(cell(e[t]["tpr_at_fpr_0.01"]) for t in ("gate", "model")),
         *(cell(e[t]["tpr_at_fpr_0.001"]) for t in ("gate", "model")), f"{e['gate']['ece']:.3f}", f"{e['model']['ece']:.3f}"]
        for name, e in figures["labels"].items()
    ]  # fmt: skip
    languages = [
        [lang, *(cell(e[label.name]) for label in LABELS), cell(e["clean"])] for lang, e in figures["languages"].items()
    ]
    cuts = [[category, *(f"{cut:.4f}" for cut in values)] for category, values in manifest["levels"].items()]
    gate = [
        [label.name, f"{manifest['gate']['low'][i]:.4f}", f"{manifest['gate']['high'][i]:.4f}"]
        for i, label in enumerate(LABELS)
    ]
    grey = [
        [source, f"{100 * value:.1f}"]
        for source, value in sorted(figures["grey_zone_by_source"].items(), key=lambda kv: -kv[1])
    ]
    macro = figures["left_out"]["macro_recall_at_0.01"]
    return f"""# Evaluation of {manifest["name"]} {manifest["version"]}

Written by `./dev train` or `./dev evaluate` ({manifest["created"]}); every figure is a percentage with its 95 % Wilson interval unless said otherwise.
"1 %" and "0.1 %" are the level cuts at these false-positive rates, fixed once on the benign mix of the calibration split and used
everywhere below; "gate" is the native linear model alone at cuts of its own, "model" the ONNX model alone, "cascade" what the
package does. A source counts in the benign mix with at most 1,200 texts; generated texts count a quarter.

## Labels, cluster test split

{table(["label", "attacks", "AUC gate", "AUC model", "recall gate 1 %", "recall model 1 %", "gate 0.1 %", "model 0.1 %", "ECE gate", "ECE model"], labels)}

![ROC](roc.png)
![Reliability](reliability.png)

## Sources left out of training: the honest figure

{figures["left_out"]["folds"]} more models, each trained without the sources it is measured on (and without attacks planted in their texts);
`./dev evaluate --every-source` trains one for every source.
Macro recall at 1 % over (source, label) pairs with 25 attacks or more: gate {100 * macro["gate"]:.1f}, model {100 * macro["model"]:.1f}.

{_attacks(figures["left_out"]["attacks"])}

Innocent texts of the same sources, by the same models:

{_innocent(figures["left_out"]["innocent"])}

## Sets that are measured only

{_attacks(figures["measure_only"])}

## Innocent texts

Over-defence set that no model was trained on:

{_innocent(figures["held_out_innocent"])}

Test split:

{_innocent(figures["test_innocent"])}

## Short texts

Authored texts, mostly of 2 to 12 words, that nothing like them was trained on; what the default policy flags (level 3) and blocks
(level 2) of them by the learned score alone, without signatures. The cut of level 2 lies where at most 1.5 % of the short innocent texts of the
calibration split reach it, if that is above the cut for its rate.

{_by_authored(figures)}

## Attacks of the test split by source

{_attacks(figures["test"])}

## Languages

Generated attacks whose frames were kept out of training, recall of the model at 1 %, and clean share of innocent texts.

{table(["language", *(label.name for label in LABELS), "clean"], languages)}

![Languages](languages.png)

## Disguised attacks

Mistyped, spaced, leetspeak, look-alike letters, invisible characters, encodings; recall of the model at 1 %.

{_by_disguise(figures)}

## Length and place

A text's logit is the greatest of its windows less `w` times the logarithm of their number (the third number of a calibration), so that long innocent texts are flagged no more often than short ones. The cascade at 1 %:

{_by_length(figures)}

## Documents at other levels

What a policy that flags orders in data at another level finds and costs, test split:

{_by_level(figures)}

## The cascade

| what | value |
|---|---:|
| benign texts of the test split that go on to the ONNX model | {cell(figures["grey_zone_rows"])} |
| the same, sources weighted as in the benign mix | {100 * figures["grey_zone"]:.1f} |
| prompts / documents | {cell(figures["grey_zone_prompts"])} / {cell(figures["grey_zone_documents"])} |
| of the benign texts that the gate decides, flag differs from the model's | {100 * figures["disagreement"]["value"]:.3f} |
| attacks that go on to the ONNX model | {cell(figures["attacks_asked"])} |
| of the attacks that the gate decides, flag differs from the model's | {cell(figures["attacks_disagreement"])} |
| attacks that the model would flag and the gate lets pass | {cell(figures["attacks_missed_by_gate"])} |
| benign texts flagged by the cascade at 1 % / at 0.1 % | {cell(figures["false_positives"])} / {cell(figures["false_positives_strict"])} |

{table(["benign source", "goes on, %"], grey)}

Level cuts (probability; levels 1 to 5 at {", ".join(f"{100 * rate:g} %" for rate in RATES)} false positives):

{table(["category", *(f"level {i + 1}" for i in range(5))], cuts)}

The gate decides where for every label that applies the probability is at most `low` or at least `high`:

{table(["label", "low", "high"], gate)}

## Time and size

Processor time of one ONNX Runtime call, one thread: short prompt {metrics["timing"]["onnx_short_us"]} us, one full window
{metrics["timing"]["onnx_window_us"]} us, four windows {metrics["timing"]["onnx_four_windows_us"]} us.
`gate.bin` {metrics["bytes"]["gate.bin"]:,} bytes, `model.onnx` {metrics["bytes"]["model.onnx"]:,} bytes.
"""


def plots(folder: Path, scores: Scores, figures: dict[str, Any]) -> None:
    """ROC, reliability and language plots."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    source = scores.table
    test = source.split == "test"
    rates = np.concatenate(([0.0], np.logspace(-4, 0, 200)))
    figure, axes = plt.subplots(figsize=(6.5, 4.5))
    reliability, spots = plt.subplots(figsize=(5, 4.5))
    spots.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for number, label in enumerate(LABELS):
        positive, negative = (
            test & (source.marks[:, number] == 1),
            test & source.benign & (source.marks[:, number] == 0),
        )
        for tier, style in (("model", "-"), ("gate", ":")):
            p = scores.p(tier)[:, number]
            cut = np.quantile(p[negative], 1 - rates)
            found = [(p[positive] >= value).mean() for value in cut]
            both = positive | negative
            name = f"{label.name}, {tier} (AUC {auc(p[both], positive[both]):.4f})"
            axes.plot(rates, found, style, color=f"C{number}", label=name)
        p, known = scores.p("model")[:, number], positive | negative
        weight = np.where(positive, source.weight, source.mix(negative))
        weight[positive] *= 0.25 * weight[negative].sum() / weight[positive].sum()
        bins = np.minimum((p * 10).astype(int), 9)
        here = [known & (bins == b) for b in range(10)]
        points = [
            (np.average(p[h], weights=weight[h]), np.average(positive[h], weights=weight[h]))
            for h in here
            if weight[h].sum() > 0
        ]
        spots.plot(*zip(*points, strict=True), "o-", color=f"C{number}", label=label.name, markersize=4)
    axes.set(
        xscale="symlog",
        xlabel="false positives on the benign texts of the test split",
        ylabel="recall",
        title="Test split",
    )
    axes.set_xscale("log")
    axes.set_xlim(1e-4, 1)
    axes.legend(fontsize=7)
    axes.grid(alpha=0.3)
    spots.set(xlabel="probability", ylabel="share of attacks", title="Reliability, model, test split")
    spots.legend(fontsize=7)
    languages, bars = plt.subplots(figsize=(8, 3.6))
    names = list(figures["languages"])
    for number, label in enumerate(LABELS):
        values = [figures["languages"][lang][label.name]["value"] for lang in names]
        bars.bar(np.arange(len(names)) + number * 0.2 - 0.3, np.nan_to_num(values), 0.2, label=label.name)
    bars.set_xticks(range(len(names)), names)
    bars.set(ylabel="recall at 1 %", title="Generated attacks, frames kept apart", ylim=(0, 1))
    bars.legend(fontsize=7, ncols=4, loc="lower center")
    for name, drawing in (("roc", figure), ("reliability", reliability), ("languages", languages)):
        drawing.savefig(folder / f"{name}.png", dpi=90, bbox_inches="tight", metadata={"Software": None})
        plt.close(drawing)


def write(folder: Path, scores: Scores, figures: dict[str, Any], manifest: dict[str, Any]) -> None:
    """Write README.md and the plots."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(markdown(figures, manifest), "utf-8")
    plots(folder, scores, figures)
