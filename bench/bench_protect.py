"""What protected texts cost a check, in instructions.

    python -m bench.bench_protect [--texts 10000] [--record FILE]

Runs itself under `valgrind --tool=callgrind`, which counts instructions and does not care how busy the machine is: with
and without protected texts, for two numbers of rounds over 100 benign texts of 1 KB; the difference of the rounds is
what the checks cost. Also prints how long one `protect` took and how much memory the texts keep.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

from fastguard import Guard

from bench import texts

WORDS = 300  # of a protected text: a long system prompt
ROUNDS = (1, 6)
COUNT = 100  # texts that are checked


def protect(guard: Guard, count: int) -> float:
    """Protect made-up texts; return microseconds for one."""
    source = random.Random(7)
    vocabulary = [
        f"{a}{b}" for a in ("ka", "lo", "mi", "su", "te", "ran", "vol") for b in ("po", "ri", "ta", "nul", "m")
    ]
    made = [" ".join(f"{source.choice(vocabulary)}{source.randrange(99)}" for _ in range(WORDS)) for _ in range(count)]
    start = time.perf_counter()
    for i, text in enumerate(made):
        guard.protect(f"text {i}", text)
    return (time.perf_counter() - start) / max(count, 1) * 1e6


def work(count: int, rounds: int) -> None:
    """Check the texts that many times."""
    guard = Guard()
    protect(guard, count)
    checked = texts.make("benign", "ascii", 1024, COUNT)
    for _ in range(rounds):
        for text in checked:
            guard.check(text)


def instructions(count: int, rounds: int) -> int:
    """Return the instructions of a process that does `work`."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, "-m"]
    run = subprocess.run(
        [*command, "bench.bench_protect", "--work", str(count), str(rounds)], capture_output=True, text=True, check=True
    )
    found = re.search(r"Collected : (\d+)", run.stderr)
    if found is None:
        raise RuntimeError(f"valgrind did not count: {run.stderr[-300:]}")
    return int(found[1])


def main() -> None:
    """Measure and print; write the record where asked to."""
    parser = argparse.ArgumentParser(description="What protected texts cost a check.")
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--record", type=Path)
    parser.add_argument("--work", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(*options.work)
        return
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = protect(Guard(), options.texts)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    checks = (ROUNDS[1] - ROUNDS[0]) * COUNT
    per_check = {n: (instructions(n, ROUNDS[1]) - instructions(n, ROUNDS[0])) / checks for n in (0, options.texts)}
    plain, guarded = per_check[0], per_check[options.texts]
    result = {
        "date": time.strftime("%Y-%m-%d"),
        "texts": options.texts,
        "words": WORDS,
        "microseconds_to_protect": round(spent, 1),
        "most_megabytes_grown": round(grown / 1024, 1),
        "instructions_1kb": round(plain),
        "instructions_1kb_protected": round(guarded),
        "share": round(guarded / plain - 1, 4),
    }
    print(json.dumps(result, indent=1))
    if options.record:
        options.record.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
