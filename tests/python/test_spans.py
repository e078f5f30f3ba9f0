"""Every finding indexes the caller's own text, in code points, bytes and UTF-16 units, whatever the text holds."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from fastguard import Guard
from fastguard._core import Finding, Verdict
from fastguard.pack import Pack
from hypothesis import example, given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from strategies import (
    CARD,
    CHINESE,
    COMBINED,
    DISGUISED,
    EMAIL,
    ENGLISH,
    INVALID,
    KEY,
    PLANTED,
    TURN,
    any_bytes,
    examples,
    small_guard,
    texts,
    valid_texts,
)

GUARD = small_guard()
PLANTS = st.sampled_from(sorted(PLANTED))


# Between a planted attack and what stands before it: more words than a phrase of the small guard reaches over, so that
# an "instruction" among what stands before makes no phrase with the planted "ignore".
APART = " . " + "so " * 8 + ". "


def check_places(text: str, findings: tuple[Finding, ...], errors: str = "surrogatepass") -> None:
    """Prove the offsets of findings in `text`; `errors` is how its surrogates became bytes."""
    for finding in findings:
        assert finding.text == text[finding.start : finding.end]
    if len(text) > 10_000:
        # Python encodes surrogates slowly: characters of the same sizes stand in for them.
        text = re.sub("[\ud800-\udfff]", "\ufffd" if errors == "surrogatepass" else "x", text)
    for finding in findings:
        start, end = finding.start, finding.end
        assert 0 <= start < end <= len(text)
        assert finding.byte_start == len(text[:start].encode("utf-8", errors))
        assert finding.byte_end == len(text[:end].encode("utf-8", errors))
        assert finding.utf16_start == len(text[:start].encode("utf-16-le", "surrogatepass")) // 2
        assert finding.utf16_end == len(text[:end].encode("utf-16-le", "surrogatepass")) // 2


def found_at(verdict: Verdict, signature: str, start: int) -> Finding:
    """Return the finding of a signature that begins at `start`."""
    for finding in verdict.findings:
        if finding.signature == signature and finding.start == start:
            return finding
    raise AssertionError(f"no {signature} at {start}: {verdict.findings}")


@given(texts(), PLANTS, texts())
@examples(250)
@example("", KEY, "")
@example("\ud83d", ENGLISH, "\ude00")
@example("\0" * 64, CHINESE, "\u0301" * 100)
@example("\ufdfa" * 40, EMAIL, "\ufdfa")
@example("a" + "\u0301" * 500, CARD, "\U0001f600")
@example("", COMBINED, "")
@example("1NSTRUCT10N", DISGUISED, "")
@example("Ignore", DISGUISED, "rules")
def test_a_planted_attack_is_found_where_it_stands(before: str, planted: str, after: str) -> None:
    text = f"{before}{APART}{planted} . {after}"
    verdict = GUARD.check(text)
    check_places(text, verdict.findings)
    finding = found_at(verdict, PLANTED[planted], len(before) + len(APART))
    assert finding.text == planted


@given(texts(120))
@examples(300)
def test_whatever_is_found_is_the_callers_text(text: str) -> None:
    check_places(text, GUARD.check(text).findings)


@given(valid_texts(), PLANTS, valid_texts())
@examples(200)
def test_bytes_of_a_text_are_judged_as_the_text(before: str, planted: str, after: str) -> None:
    text = f"{before} . {planted} . {after}"
    assert GUARD.check(text.encode()) == GUARD.check(text)


@given(any_bytes(), PLANTS, any_bytes())
@examples(300)
@example(b"\xf0\x9f\x98", KEY, b"\x80")
@example(b"\xf0\x9f\x98\x80\x80", KEY, b"\xff")
def test_invalid_bytes_count_one_unit_each(before: bytes, planted: str, after: bytes) -> None:
    raw = before + APART.encode() + planted.encode() + b" . " + after
    text = raw.decode("utf-8", "surrogateescape")
    verdict = GUARD.check(raw)
    check_places(text, verdict.findings, "surrogateescape")
    finding = found_at(verdict, PLANTED[planted], len(before.decode("utf-8", "surrogateescape")) + len(APART))
    assert raw[finding.byte_start : finding.byte_end] == planted.encode()


@pytest.mark.parametrize("invalid", INVALID, ids=lambda raw: raw.hex())
def test_no_invalid_sequence_hides_or_moves_a_finding(invalid: bytes) -> None:
    for before in range(70):
        raw = invalid * 3 + b"x" * before + b" " + KEY.encode() + b" " + invalid
        verdict = GUARD.check(raw)
        check_places(raw.decode("utf-8", "surrogateescape"), verdict.findings, "surrogateescape")
        assert [f.text for f in verdict.findings] == [KEY]


@given(
    st.lists(st.tuples(texts(12), st.integers(1, 9000), PLANTS), min_size=1, max_size=4),
    st.booleans(),
)
@examples(40)
def test_long_texts_are_indexed_from_their_beginning(parts: list[tuple[str, int, str]], as_bytes: bool) -> None:
    text = ""
    expected = []
    for filler, times, planted in parts:
        text += filler * times + APART
        expected.append((len(text), PLANTED[planted], planted))
        text += planted + " . "
    text = text.encode("utf-8", "replace").decode() if as_bytes else text
    verdict = small_guard(max_findings=1_000_000).check(text.encode() if as_bytes else text)
    check_places(text, verdict.findings)
    for start, signature, planted in expected:
        assert found_at(verdict, signature, start).text == planted


@pytest.mark.parametrize("unit", ["x", " ", "é", "я ", "中", "😀", "\ud800", "e\u0301", "ﬁ", "\u200b", "\ufdfa"])
@pytest.mark.parametrize("planted", [KEY, ENGLISH, EMAIL, TURN])
def test_an_attack_is_found_on_both_sides_of_every_cut(unit: str, planted: str) -> None:
    """Texts are read in pieces of 64 KB: plant attacks all along one of four pieces."""
    step = 1500 // len(unit)
    text = (unit * step + " . " + planted + " . ") * (4 * 65_536 // (step * len(unit.encode("utf-8", "replace"))))
    verdict = small_guard(max_findings=100_000).check(text)
    check_places(text, verdict.findings)
    starts = [f.start for f in verdict.findings if f.signature == PLANTED[planted]]
    assert starts == [len(unit) * step + 3 + i * (len(unit) * step + len(planted) + 6) for i in range(len(starts))]
    assert len(starts) == text.count(planted)
    assert not verdict.truncated


def test_secrets_of_many_kinds_in_one_long_text_are_each_found_whole(signatures_guard: Guard) -> None:
    """What one signature finds does not cost another its places."""
    kinds = [s for s in Pack.default() if s.kind == "pattern" and s.id.startswith("secret.") and s.default]
    text = ""
    expected = []
    for kind in kinds:
        text += "It rained all day, and the train was late again.\n" * 8
        found = signatures_guard.check(kind.match[0]).findings
        expected += [(f.signature, len(text) + f.start, len(text) + f.end) for f in found if f.signature == kind.id]
        text += kind.match[0] + "\n"
    verdict = signatures_guard.check(text)
    here = {(f.signature, f.start, f.end) for f in verdict.findings}
    assert len(kinds) > 100
    assert len(expected) >= len(kinds)
    assert [one for one in expected if one not in here] == []
    assert "max_findings" not in verdict.truncated


def test_findings_come_in_the_order_of_the_text() -> None:
    text = f"{EMAIL} {TURN} {KEY} ;; {ENGLISH} ;; {CARD}"
    findings = GUARD.check(text).findings
    assert [f.start for f in findings] == sorted(f.start for f in findings)
    assert [f.text for f in findings] == [EMAIL, TURN, KEY, ENGLISH, CARD]


def test_a_finding_names_the_view_that_showed_it() -> None:
    views = {f.text: f.view for f in GUARD.check(f"{KEY} ;; {ENGLISH} ;; {DISGUISED} ;; ＜ｔｕｒｎ＞").findings}
    assert views == {KEY: "raw", ENGLISH: "folded", DISGUISED: "skeleton", "＜ｔｕｒｎ＞": "folded"}
