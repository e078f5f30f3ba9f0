"""The model card: what the shipped models are, what they were made from, how well they do and where they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from training.report import cell, table
from training.rows import LABELS

if TYPE_CHECKING:
    from pathlib import Path

_LABEL_MEANING = {
    "prompt_injection": "the text tries to replace the instructions of the model that reads it",
    "jailbreak": "the text tries to talk the model out of its limits",
    "system_prompt_leak": "the text asks for instructions, prompts or secrets that are not its writer's to see",
    "indirect_injection": "data (a document, a tool's result or definition, memory) gives the model orders; counts for prompt_injection",
}


def markdown(figures: dict[str, Any], manifest: dict[str, Any]) -> str:
    """The card as Markdown."""
    made = sum(source["rows"] for source in manifest["sources"])
    macro = figures["left_out"]["macro_recall_at_0.01"]
    labels = [
        [label.name, _LABEL_MEANING[label.name], cell(figures["labels"][label.name]["model"]["tpr_at_fpr_0.01"])]
        for label in LABELS
    ]
    languages = figures["languages"]
    weak = sorted(
        (entry[label.name]["value"], lang, label.name)
        for lang, entry in languages.items()
        for label in LABELS
        if entry[label.name]["rows"] >= 10
    )[:6]
    worst = ", ".join(f"{name} in {lang} ({100 * value:.0f} %)" for value, lang, name in weak)
    onnx, gate = manifest["metrics"]["bytes"]["model.onnx"], manifest["metrics"]["bytes"]["gate.bin"]
    return f"""# Model card: {manifest["name"]} {manifest["version"]}

Written by `./dev train` or `./dev evaluate` ({manifest["created"]}); the figures behind it are in [README.md](README.md).

## What it is

Two models over the same hashed words of a text. The *gate* ({gate:,} bytes) is linear and always asked; the *fast* model
({onnx:,} bytes, ONNX) is a linear part and a small convolutional network, asked where the gate is unsure. Both give one
logit per label and window of 128 tokens; a text's is the greatest of its windows, less what it owes to their number.

{table(["label", "means", "recall at 1 %, frames and clusters kept apart"], labels)}

## Use

Screening of prompts, documents and tool data in front of a language model, as one layer of several. It sees words, not
intentions or consequences: it does not replace least privilege, confirmation of actions, or the review of outputs. It must not
be used to judge people. Levels are false-positive rates on the benign mix that the report describes; traffic that differs
from it has rates of its own: measure them, and set the levels of the policy accordingly.

## Made from

{made:,} rows of {len(manifest["sources"])} public sets (named with SHA-256 in the manifest, with licence in
[training/README.md](../README.md)) and texts written by the generators in `training/generate`, in {len(languages)} languages. No text of a
set is in the repository. Sets marked measure-only, and near copies of their texts, were not trained on.

## How well

* Sources left out of training, macro recall at 1 %: gate {100 * macro["gate"]:.1f} %, fast {100 * macro["model"]:.1f} %. This is what to expect of
  attacks unlike those it was made from.
* Over-defence texts never trained on: {cell(figures["held_out_innocent"][0]["clean"])} % clean at 1 %.
* The same attack at head, middle and tail of 4 to 64 KB: same decision in {cell(figures["length"]["same_decision"])} %.
* {100 * figures["grey_zone"]:.1f} % of the benign mix goes on to the fast model; of what the gate decides, {figures["disagreement"]["value"] * 100:.2f} % would be flagged otherwise.

## Where it fails

* Attacks in wordings far from all that it has seen: see the left-out and measure-only tables of the report.
* Plain task sentences planted in documents, where nothing but the place tells that they are orders.
* Innocent texts *about* attacks, above all those that quote one, are flagged more often than their level says.
* Weakest by language and label: {worst}.
* Heavily encoded or obfuscated text reaches the models as it is; decoding is left to the other stages.
"""


def write(folder: Path, figures: dict[str, Any], manifest: dict[str, Any]) -> None:
    """Write MODEL_CARD.md."""
    (folder / "MODEL_CARD.md").write_text(markdown(figures, manifest), "utf-8")
