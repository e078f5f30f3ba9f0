"""Prints how a check compares with SHA-256 as this process computes it: JSON, one object a size.

    OPENSSL_ia32cap=:~0x20000000 python -m bench.software_hash SECONDS [--no-model]

OpenSSL reads that variable at start-up and then leaves the SHA instructions of x86 CPUs unused, which makes a CPU
that has them comparable with one that has not.
"""

from __future__ import annotations

import hashlib
import json
import sys

from bench import texts
from bench.measure import Plain, compete, over
from bench.subject import open_guard, sample


def main(arguments: list[str]) -> int:
    """Measure and print."""
    guard = open_guard(model="--no-model" not in arguments)
    sha256 = hashlib.sha256
    assert sha256(b"abc").hexdigest().startswith("ba7816bf")
    found = {}
    for name, size in texts.SIZES.items():
        chosen = sample(guard, "benign", "ascii", size)
        if not chosen.texts:
            continue
        benchmark = Plain()
        contestants = {
            "check": over(chosen.check, chosen.texts),
            "sha256": over(lambda data: sha256(data).digest(), chosen.bytes),
        }
        compete(benchmark, contestants, len(chosen), float(arguments[0]))
        found[name] = benchmark.extra_info
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
