"""How much slower is the worst text than an ordinary one? Every bait of the default pack, and regexes on baits of theirs.

    python -m bench.bait [--size BYTES] [--top N] [--only NAME] [--json FILE]

Each bait (tests/bait/bait.py) is repeated to the size and checked with the whole default pack, the gate deciding. All of
them are timed once, the worst of them again: of those the least of five runs counts, in the time of the processor, so
that a busy machine makes no bait of an honest text. Beside it stand ordinary English of the same size and, in the same run, the e-mail and URL
regexes that guards in Python use, on the text that is worst for them: they are measured at two sizes, since they do not
grow in step with the text.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "bait"))
from bait import baits, flood
from fastguard import Guard
from fastguard.pack import Pack

from bench import texts

# The shapes that scanners of e-mail addresses and links commonly have, and a text on which they try every place anew.
REGEXES: Final = {
    "e-mail": (re.compile(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b"), "a."),
    "URL": (re.compile(r"(?:[A-Za-z0-9+.-]+://)?(?:[\w-]+\.)+[A-Za-z]{2,}(?:/[^\s]*)?\d\b"), "a."),
}


def seconds(run: Callable[[], object], repeats: int = 5) -> float:
    """Return the least time of some runs, as the processor counts it for this thread."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.thread_time()
        run()
        best = min(best, time.thread_time() - begin)
    return best


def per_byte(guard: Guard, text: str, repeats: int = 5) -> float:
    """Return the nanoseconds that a check of this text takes a byte of UTF-8."""
    return seconds(lambda: guard.check(text), repeats) / len(text.encode("utf-8", "surrogatepass")) * 1e9


def beside_regex(guard: Guard, regex: re.Pattern[str], unit: str, size: int) -> dict[str, float]:
    """Return what a regex takes on its own bait, over a quarter of that text and over the guard."""
    text, quarter = flood(unit, size), flood(unit, size // 4)
    whole = seconds(lambda: regex.search(text), 1)
    return {
        "bytes": size,
        "growth at 4 times the text": whole / seconds(lambda: regex.search(quarter), 1),
        "over the guard": whole / seconds(lambda: guard.check(text)),
    }


def measure(size: int, top: int, only: str) -> dict[str, Any]:
    """Run everything; see the module."""
    from tqdm import tqdm

    guard = Guard(depth="gate")
    ordinary = texts.make("benign", "ascii", size, 5)
    benign = min(per_byte(guard, text) for text in ordinary)
    chosen = [(name, unit) for name, unit in baits(Pack.default()) if only in name]
    once = [
        (per_byte(guard, flood(unit, size), 1), name, unit) for name, unit in tqdm(chosen, unit="bait", mininterval=5)
    ]
    once.sort(reverse=True)
    found = [(per_byte(guard, flood(unit, size)), name, unit) for _, name, unit in once[: 4 * top]]
    found.sort(reverse=True)
    mebibyte = [(seconds(lambda unit=unit: guard.check(flood(unit, 1 << 20))), name) for _, name, unit in found[:top]]
    regexes = {name: beside_regex(guard, regex, unit, size // 16) for name, (regex, unit) in REGEXES.items()}
    return {
        "size": size,
        "baits": len(once),
        "beyond 4 times": sum(cost > 4 * benign for cost, _, _ in once),
        "benign ns/B": benign,
        "worst": [{"ns/B": cost, "over benign": cost / benign, "bait": name} for cost, name, _ in found[:top]],
        "1 MiB, ms": max(mebibyte)[0] * 1e3,
        "regexes": regexes,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=65536, help="bytes of each text (default 65536)")
    parser.add_argument("--top", type=int, default=20, help="how many of the worst to name (default 20)")
    parser.add_argument("--only", default="", help="only baits with this in their name")
    parser.add_argument("--json", type=Path, help="write the result to this file, too")
    options = parser.parse_args()
    result = measure(options.size, options.top, options.only)
    print(f"ordinary English: {result['benign ns/B']:.1f} ns/B; {result['baits']} baits of {options.size} B")
    print(f"timed once, {result['beyond 4 times']} of them took more than 4 times as long a byte")
    for row in result["worst"]:
        print(f"{row['ns/B']:8.1f} ns/B  {row['over benign']:5.1f} times  {row['bait']}")
    print(f"the worst of these at 1 MiB: {result['1 MiB, ms']:.0f} ms")
    for name, row in result["regexes"].items():
        print(
            f"{name} regex on its own bait of {row['bytes']} B: {row['over the guard']:.0f} times the guard,"
            f" {row['growth at 4 times the text']:.1f} times at 4 times the text"
        )
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
