"""Toxicity: what is found on labelled sets, what benign text is flagged, and whether the identity named matters.

    python -m bench.bench_toxicity --data FOLDER [--record FILE] [--most N] [--show SET]

FOLDER holds `*.jsonl.gz`, one JSON object a line with `text`, `label` and `lang`. Nothing of the texts is kept. AUC is
that of the category's score; recall and false positives are those of "flagged by the default policy" and of "any
finding", which counts swear words, too. The labelled sets hold much that no word list can know (irony, allusions): the
figures say what wording alone gives, and what the learnt score adds on the texts that it was not trained on.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from fastguard import Guard, Policy

from bench.bench_pii import BENIGN
from bench.labelled import rows, show_and_keep

LABELLED = ("davidson", "germeval2018", "mlma", "told_br", "coldataset", "korean_hate")

IDENTITIES = {
    "en": ("gay", "straight", "lesbian", "transgender", "Muslim", "Christian", "Jewish", "Hindu", "black", "white", "Asian", "Mexican", "disabled", "blind", "deaf", "old", "young", "female", "male", "immigrant"),
    "de": ("schwuler", "muslimischer", "christlicher", "jüdischer", "schwarzer", "weißer", "türkischer", "behinderter", "alter", "junger"),
    "fr": ("homosexuel", "musulman", "chrétien", "juif", "noir", "blanc", "arabe", "handicapé", "âgé", "jeune"),
    "es": ("gay", "musulmán", "cristiano", "judío", "negro", "blanco", "mexicano", "discapacitado", "mayor", "joven"),
}  # fmt: skip
TEMPLATES = {
    "en": ("I am a {} person and I love cooking.", "My neighbour is {}.", "The {} community in our town has a choir.", "Tell me about {} history.", "She is proud to be {}.", "Are {} people treated fairly at work?", "My {} friend was insulted on the bus.", "{} authors you should read", "He wrote a poem about being {}.", "Our {} colleagues asked for a quiet room."),
    "de": ("Ich bin ein {} Mann und koche gern.", "Mein {} Nachbar singt im Chor.", "Ein {} Kollege hat mir geholfen.", "Er ist ein {} Autor aus Bremen."),
    "fr": ("Je suis {} et j'aime cuisiner.", "Mon voisin est {}.", "Un écrivain {} vient lire à la bibliothèque.", "Mon ami {} a été insulté dans le bus."),
    "es": ("Soy {} y me gusta cocinar.", "Mi vecino es {}.", "Un escritor {} lee hoy en la biblioteca.", "Insultaron a mi amigo {} en el autobús."),
}  # fmt: skip


def auc(positive: list[float], negative: list[float]) -> float:
    """Return how often a positive text scores above a negative one; ties count half."""
    ranked = sorted([(score, 1) for score in positive] + [(score, 0) for score in negative])
    total = 0.0
    at = 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        total += sum(label for _, label in ranked[at:end]) * (at + end + 1) / 2
        at = end
    count = len(positive) * len(negative)
    return (total - len(positive) * (len(positive) + 1) / 2) / count if count else float("nan")


def judged(guard: Guard, text: str) -> tuple[float, bool, bool]:
    """Return the score of the category, whether it is flagged, and whether there is any finding."""
    verdict = guard.check(text)
    found = verdict.categories.get("toxicity")
    flagged = found is not None and found.level <= 2
    return (found.score if found is not None else 0.0), flagged, bool(verdict.findings)


def is_unseen(text: str) -> bool:
    """Say whether the learnt score was not trained on a text: one in five, by its hash (training/toxicity.py)."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[0] % 5 == 0


def labelled_set(guard: Guard, path: Path, most: int, *, show: bool, unseen: bool) -> dict[str, dict[str, Any]]:
    """Return the figures of a set, by language and by its own classes; `unseen`: of texts that were not trained on."""
    texts = [row for row in rows(path) if row.get("task") == "toxicity" and (not unseen or is_unseen(row["text"]))]
    random.Random(1).shuffle(texts)
    scores: dict[str, dict[int, list[tuple[float, bool, bool]]]] = defaultdict(lambda: {0: [], 1: []})
    classes: dict[str, list[bool]] = defaultdict(list)
    for row in texts[:most]:
        result = judged(guard, row["text"])
        scores[row["lang"]][row["label"]].append(result)
        classes[str(row.get("category", ""))].append(result[1])
        if show and result[1] != bool(row["label"]):
            print("flagged" if result[1] else "missed", row["text"][:160].replace("\n", " "))
    figures = {}
    for language, found in sorted(scores.items()):
        good, bad = found[0], found[1]
        figures[language] = {
            "texts": len(good) + len(bad),
            "auc": round(auc([s for s, _, _ in bad], [s for s, _, _ in good]), 4),
            "recall_flagged": round(sum(f for _, f, _ in bad) / max(len(bad), 1), 4),
            "false_flagged": round(sum(f for _, f, _ in good) / max(len(good), 1), 4),
            "recall_found": round(sum(f for _, _, f in bad) / max(len(bad), 1), 4),
            "false_found": round(sum(f for _, _, f in good) / max(len(good), 1), 4),
        }
    figures["by class, flagged"] = {name: round(sum(values) / len(values), 4) for name, values in sorted(classes.items())}  # fmt: skip
    return figures


def benign(guard: Guard, folder: Path, most: int, *, show: bool) -> dict[str, Any]:
    """Return how many texts of the benign sets are flagged, by set and signature."""
    by_set: dict[str, str] = {}
    by_signature: Counter[str] = Counter()
    total = flagged_total = 0
    for name in BENIGN:
        texts = [row["text"] for row in rows(folder / f"{name}.jsonl.gz") if row.get("label") == 0]
        random.Random(1).shuffle(texts)
        flagged = 0
        for text in texts[:most]:
            verdict = guard.check(text)
            found = verdict.categories.get("toxicity")
            if found is not None and found.level <= 2:
                flagged += 1
                by_signature[verdict.findings[0].signature if verdict.findings else "learnt"] += 1
                if show:
                    print(name, [(f.signature.rsplit(".", 1)[-1], f.text) for f in verdict.findings][:3])
        by_set[name] = f"{flagged} of {min(len(texts), most)}"
        total += min(len(texts), most)
        flagged_total += flagged
    return {"texts": total, "flagged": flagged_total, "share": round(flagged_total / max(total, 1), 5), "by_set": by_set, "by_signature": dict(by_signature)}  # fmt: skip


def fairness(guard: Guard) -> dict[str, Any]:
    """Return the share of ordinary sentences flagged by the identity they name, and the largest difference."""
    shares: dict[str, float] = {}
    for language, words in IDENTITIES.items():
        for word in words:
            results = [judged(guard, template.format(word))[1] for template in TEMPLATES[language]]
            shares[f"{language}: {word}"] = sum(results) / len(results)
    return {"identities": len(shares), "largest_share": max(shares.values()), "difference": max(shares.values()) - min(shares.values())}  # fmt: skip


def main() -> None:
    """Measure and print; write the record where asked to."""
    parser = argparse.ArgumentParser(description="Toxicity on labelled texts.")
    parser.add_argument("--data", type=Path, required=True, help="folder with *.jsonl.gz")
    parser.add_argument("--record", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--most", type=int, default=5000, help="texts of each set")
    parser.add_argument("--show", default="", help="print the errors of a set, or of the benign ones")
    options = parser.parse_args()
    policy = Policy(name="bench", detectors={"*": False, "toxicity/*": True})
    result: dict[str, Any] = {"date": time.strftime("%Y-%m-%d")}
    for tier, guard in (("wording", Guard(model=None, policy=policy)), ("learnt", Guard(policy=policy, depth="gate"))):
        result[f"{tier}: identity terms"] = fairness(guard)
        for name in LABELLED:
            path = options.data / f"{name}.jsonl.gz"
            learnt = tier == "learnt"
            result[f"{tier}: {name}"] = labelled_set(
                guard, path, options.most, show=options.show == name, unseen=learnt
            )
        result[f"{tier}: benign"] = benign(guard, options.data, options.most, show=options.show == "benign")
    show_and_keep(result, options.record)


if __name__ == "__main__":
    main()
