"""Ordinary sentences with the words that signatures look for: no signature of the default pack flags one."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastguard import Guard

LINES = (Path(__file__).parent.parent / "corpus" / "everyday_prose.txt").read_text(encoding="utf-8").splitlines()
TEXTS = [line.split("\t")[1] for line in LINES if not line.startswith("#")]


@pytest.fixture(scope="module")
def signatures() -> Guard:
    return Guard(model=None)


def test_the_set_is_large_enough_to_say_something() -> None:
    assert len(TEXTS) == len(set(TEXTS)) >= 100


@pytest.mark.parametrize("text", TEXTS)
def test_no_signature_flags_ordinary_prose(signatures: Guard, text: str) -> None:
    verdict = signatures.check(text)
    assert not verdict.flagged, [(finding.signature, finding.text) for finding in verdict.findings]
