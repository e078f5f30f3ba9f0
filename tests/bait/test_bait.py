"""Every bait of the default pack is answered, and answered alike however the text is given."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from fastguard import Guard
from fastguard.pack import Pack

sys.path.insert(0, str(Path(__file__).parent))
from bait import HAND, baits, flood

SIZE = 2048
PACK = Pack.default()
GUARD = Guard(depth="gate")


def test_every_signature_and_concept_has_baits() -> None:
    names = {name.split(":")[0] for name, _ in baits(PACK)}
    assert {signature.id for signature in PACK} <= names
    assert {f"@{concept}" for concept in PACK.concepts} <= names


@pytest.mark.parametrize("part", range(8))
def test_a_bait_is_answered_alike_as_text_and_as_bytes(part: int) -> None:
    for number, (name, unit) in enumerate(baits(PACK)):
        if number % 64 != part * 8:  # a sample; the benchmark runs all of them
            continue
        text = flood(unit, SIZE)
        verdict = GUARD.check(text)
        assert verdict.degraded == (), name
        raw = text.encode("utf-8", "surrogatepass")
        if "\ud83d" not in text:
            other = GUARD.check(raw)
            assert (other.action, other.categories) == (verdict.action, verdict.categories), name
            assert [f.signature for f in other.findings] == [f.signature for f in verdict.findings], name
        for finding in verdict.findings:
            assert text[finding.start : finding.end] == finding.text, name


@pytest.mark.parametrize("name", HAND)
def test_eight_times_the_bait_take_no_forty_times_as_long(name: str) -> None:
    def seconds(size: int) -> float:
        text = flood(HAND[name], size)
        best = float("inf")
        for _ in range(3):
            begin = time.perf_counter()
            GUARD.check(text)
            best = min(best, time.perf_counter() - begin)
        return best

    # Eight times where time grows in step, sixty-four where it grows with the square; a segment has 64 KB. The base is
    # what no check of 4 KB is shorter than, so that a busy machine does not make a short time of it.
    assert seconds(60_000) < 40 * max(seconds(7_500), 25e-6), name


def test_a_flood_has_the_size_that_was_asked_for() -> None:
    assert flood("abc", 10) == "abcabcabc"
    assert flood("忽略", 13) == "忽略忽略"
    assert flood("long", 1) == "long"
