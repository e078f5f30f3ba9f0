"""Secrets: fastguard beside detect-secrets, on the same texts in one run.

    python -m bench.bench_secrets --data FOLDER --python INTERPRETER [--record FILE]

FOLDER holds `*.jsonl.gz` as for bench_pii. INTERPRETER is a Python with detect-secrets in an environment of its own
(`python -m venv X && X/bin/pip install detect-secrets`): it runs this file as a worker, which reads texts and says for
each line of each text whether a plugin of its default settings finds something, and how long that took. Nothing of the
texts is kept.

A text counts as found where anything is reported in it. Positives are the texts with a secret; negatives are the
placeholders and look-alikes beside them (`label` 0 in the same file), and of ordinary texts the same number again of
every source, the first ones. Times are of the scans alone, in seconds of the processor, without the start and without
reading: those of the texts that hold a secret or what looks like one, which are short and give much to verify, and those
of ordinary texts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECRETS = "gitleaks_synthetic"
ORDINARY = (
    "agentdojo", "banking77", "bipia_train", "cse_frr_benign", "gpteacher_codegen", "halueval_general", "nl2bash",
    "prompts_chat", "self_instruct", "tldr_docs", "xquad",
)  # fmt: skip
EACH = 200


def work() -> None:
    """Read a JSON list of texts from standard input, write what detect-secrets says of each and the seconds taken."""
    # This file is run by another interpreter, which has detect-secrets and not this project.
    from detect_secrets.core.scan import scan_line  # type: ignore[import-not-found]
    from detect_secrets.settings import default_settings  # type: ignore[import-not-found]

    texts = json.load(sys.stdin)
    with default_settings():
        list(scan_line("password = 'warm-up'"))
        found, seconds = timed(
            lambda text: any(any(True for _ in scan_line(line)) for line in text.splitlines()), texts
        )
    json.dump({"found": found, "seconds": seconds}, sys.stdout)


def timed(look: Callable[[str], bool], texts: list[str]) -> tuple[list[bool], list[float]]:
    """Return what `look` says of each text and the seconds that each took."""
    found, seconds = [], []
    for text in texts:
        begin = time.process_time_ns()
        found.append(look(text))
        seconds.append((time.process_time_ns() - begin) / 1e9)
    return found, seconds


def scores(found: list[bool], labels: list[bool]) -> dict[str, float]:
    """Return recall, precision and F1 of what was found against what is a secret."""
    right = sum(hit and label for hit, label in zip(found, labels, strict=True))
    wrong = sum(hit and not label for hit, label in zip(found, labels, strict=True))
    recall = right / max(sum(labels), 1)
    precision = right / max(right + wrong, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return {"recall": round(recall, 4), "false": wrong, "precision": round(precision, 4), "f1": round(f1, 4)}


def texts_of(folder: Path) -> tuple[list[str], list[bool], dict[str, int]]:
    """Return texts, whether each holds a secret, and how many are of which kind."""
    from bench.labelled import rows  # the worker has neither this project nor its benchmarks

    pairs = [(row["text"], bool(row.get("spans"))) for row in rows(folder / f"{SECRETS}.jsonl.gz")]
    kinds = {"secrets": sum(label for _, label in pairs), "look_alikes": sum(not label for _, label in pairs)}
    for name in ORDINARY:
        some = [row["text"] for row in rows(folder / f"{name}.jsonl.gz") if row["label"] == 0 and not row.get("spans")]
        pairs += [(text, False) for text in some[:EACH]]
    kinds["ordinary"] = len(pairs) - sum(kinds.values())
    return [text for text, _ in pairs], [label for _, label in pairs], kinds


def main() -> None:
    """Measure and print; write the record where asked to."""
    if sys.argv[1:] == ["--worker"]:
        work()
        return
    from bench.bench_pii import guard_for  # as above
    from bench.labelled import show_and_keep

    parser = argparse.ArgumentParser(description="Secrets: fastguard beside detect-secrets.")
    parser.add_argument("--data", type=Path, required=True, help="folder with *.jsonl.gz")
    parser.add_argument("--python", required=True, help="interpreter of an environment with detect-secrets")
    parser.add_argument("--record", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args()
    texts, labels, kinds = texts_of(options.data)
    guard = guard_for("secret")
    guard.check(texts[0])
    for _ in range(2):  # the first time warms the caches up
        mine, seconds = timed(lambda text: bool(guard.check(text).findings), texts)
    worker = subprocess.run(  # the caller's own interpreter
        [options.python, __file__, "--worker"], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    theirs = json.loads(worker.stdout)
    result: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "texts": kinds,
        "fastguard": scores(mine, labels),
        "detect_secrets": scores(theirs["found"], labels),
    }
    shapes = kinds["secrets"] + kinds["look_alikes"]
    for name, part in (
        ("secrets_and_look_alikes", slice(shapes)),
        ("ordinary", slice(shapes, None)),
        ("all", slice(None)),
    ):
        size = sum(len(text.encode()) for text in texts[part])
        ours, others = sum(seconds[part]), sum(theirs["seconds"][part])
        result[name] = {
            "KB": size // 1000,
            "fastguard_us_per_KB": round(ours / size * 1e9, 1),
            "detect_secrets_us_per_KB": round(others / size * 1e9, 1),
            "times_faster": round(others / ours, 1),
        }
    show_and_keep(result, options.record)


if __name__ == "__main__":
    main()
