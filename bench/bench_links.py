"""Links: how well reported ones are told from honest ones, and how often honest ones are flagged.

    python -m bench.bench_links --data FOLDER [--record FILE] [--show]

FOLDER holds the shared `*.jsonl.gz`. Reported links are those of 2025 (the test split, which the score has not seen);
honest ones the documentation links whose registrable domain was held out of training. The area under the curve is that
of the whole judgement: a link's score, 0 for hosts of known brands, 1 where a look-alike is found. False alarms are
verdicts of the default policy with the link detectors alone.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from fastguard import Guard, Policy, _core

from bench.bench_pii import BENIGN
from bench.labelled import rows, show_and_keep
from training.links import HONEST, KNOWN, REPORTED, auc, held_out

_SURE = {"homoglyph", "typosquat", "embedded_domain", "brand_lure", "numeric_host", "userinfo_host", "mixed_script"}


def judged(urls: list[str]) -> np.ndarray[Any, Any]:
    """Return one number a link: how bad the engine thinks it is."""
    values = []
    for url in urls:
        links = _core.links(url)
        values.append(max((1.0 if _SURE & set(link["traits"]) else link["score"] for link in links), default=0.0))
    return np.array(values)


def flagged(guard: Guard, texts: list[str], *, show: bool) -> dict[str, Any]:
    """Return how many texts are flagged, and by which signatures."""
    by_signature: Counter[str] = Counter()
    count = 0
    for text in texts:
        verdict = guard.check(text)
        if verdict.flagged:
            count += 1
            by_signature.update({f.signature for f in verdict.findings})
            if show:
                print("flagged", [(f.signature, f.text[:120]) for f in verdict.findings])
    return {
        "texts": len(texts),
        "flagged": count,
        "share": round(count / max(len(texts), 1), 5),
        "by_signature": dict(by_signature.most_common()),
    }


def main() -> None:
    """Measure and print; write the record where asked to."""
    parser = argparse.ArgumentParser(description="Reported and honest links.")
    parser.add_argument("--data", type=Path, required=True, help="folder with *.jsonl.gz")
    parser.add_argument("--record", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--show", action="store_true", help="print the honest texts that are flagged")
    options = parser.parse_args()
    data: Path = options.data
    guard = Guard(model=None, policy=Policy(detectors={"*": False, "malicious_link/*": True}))
    reported = [row["text"] for row in rows(data / REPORTED[0]) if row["split"] == "test"]
    documented = [row["text"] for row in rows(data / HONEST)]
    held = [u for u in documented if any(held_out(link["registrable"]) for link in _core.links(u))]
    bare = sorted({"/".join(url.split("/")[:3]) + "/" for url in held})
    bad = judged(reported)
    known = KNOWN.read_text(encoding="utf-8").split()
    result: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "auc": {
            "reported_2025": len(reported),
            "documentation_held_out": len(held),
            "against_documentation": round(auc(bad, judged(held)), 4),
            "bare_hosts_held_out": len(bare),
            "against_their_bare_hosts": round(auc(bad, judged(bare)), 4),
        },
        "reported_2025_flagged": flagged(guard, reported, show=False),
        "documentation_flagged": flagged(guard, documented, show=options.show),
        "well_known_flagged": flagged(guard, [f"https://{host}/" for host in known], show=options.show),
    }
    for name in BENIGN:
        texts = [row["text"] for row in rows(data / f"{name}.jsonl.gz") if row.get("label") == 0]
        result[f"benign_{name}"] = flagged(guard, texts, show=options.show)
    show_and_keep(result, options.record)


if __name__ == "__main__":
    main()
