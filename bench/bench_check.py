"""How long does a check take, from the Python call to the Verdict, against hashing the same bytes and a bare scan?"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from bench import texts
from bench.build_native import Texts, native
from bench.measure import compete, over
from bench.subject import compiled_pack, sample

if TYPE_CHECKING:
    from fastguard import Guard

    from bench.measure import Benchmark


@pytest.mark.parametrize("size", texts.SIZES)
@pytest.mark.parametrize("script", ["ascii", "mixed"])
@pytest.mark.parametrize("kind", ["benign", "attack"])
def test_check(
    benchmark: Benchmark, guard: Guard, kind: texts.Kind, script: texts.Script, size: str, seconds: float
) -> None:
    chosen = sample(guard, kind, script, texts.SIZES[size])
    if not chosen.texts:
        pytest.skip(f"the gate decides none of the {kind} {script} texts of {size}")
    helper = native()
    helper.open_database(compiled_pack().core.databases())
    known = Texts([b"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx4UbaDzY5xjW6hc9jwN0mX33XpTDVW\n" * 40])
    helper.scan(known, 0, 1)
    assert helper.matches() > 0, "the bare scan does not find what the pack describes"
    raw = Texts(chosen.bytes)
    sha256 = hashlib.sha256
    assert sha256(b"abc").hexdigest().startswith("ba7816bf")

    contestants = {
        "check": over(chosen.check, chosen.texts),
        "sha256": over(lambda data: sha256(data).digest(), chosen.bytes),
        "hs_scan": lambda begin, count: helper.scan(raw, begin, count) / 1e9,
    }
    compete(benchmark, contestants, len(chosen), seconds)
    benchmark.extra_info.update(
        dropped=chosen.dropped,
        to_model=chosen.to_model,
        flagged=chosen.flagged,
        truncated=chosen.truncated,
        gate_only=chosen.gate_only,
        pattern_matches=helper.matches(),
    )
