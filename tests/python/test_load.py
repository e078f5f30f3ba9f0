"""What a text costs a model: the estimate against a real vocabulary, and shapes against their plain definitions."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from fastguard import Guard, Limits, Policy
from hypothesis import example, given, settings
from hypothesis import strategies as st

LOAD = {"model_dos/*": True}
GUARD = Guard(model=None, policy=Policy(detectors={"*": False, **LOAD}))
TEXTS = [
    line.split("\t") for line in (Path(__file__).parents[1] / "corpus" / "tokens.tsv").read_text("utf-8").splitlines()
]
"""Language, the text's count in the vocabulary o200k_base, text; a line break is a bar."""


def text_of(row: list[str]) -> str:
    return row[2].replace("|", "\n")


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row[0])
def test_the_estimate_is_within_fifteen_per_cent(row: list[str]) -> None:
    assert abs(GUARD.tokens(text_of(row)) / int(row[1]) - 1) <= 0.15


def test_ten_scripts_are_among_the_texts() -> None:
    assert {"en", "ru", "el", "he", "ar", "hi", "th", "zh", "ja", "ko"} <= {row[0] for row in TEXTS}


@pytest.mark.filterwarnings("ignore:open_binary is deprecated:DeprecationWarning")
@pytest.mark.skipif(
    importlib.util.find_spec("bpe_openai") is None, reason="needs bpe-openai, which holds the vocabulary"
)
def test_the_counts_are_those_of_the_vocabulary() -> None:
    import bpe_openai

    encoding = bpe_openai.get_encoding("o200k_base")
    assert [int(row[1]) for row in TEXTS] == [len(encoding.encode(text_of(row))) for row in TEXTS]


@given(st.text(st.characters(codec=None), max_size=300), st.text(st.characters(codec=None), max_size=300))
def test_more_text_never_costs_less_and_lines_add_up(one: str, other: str) -> None:
    both = GUARD.tokens(f"{one}\n{other}")
    assert both >= 0
    if one.isascii() and other.isascii() and not re.search("[A-Za-z]", one + other):  # no language to be told
        assert abs(both - GUARD.tokens(f"{one}\n") - GUARD.tokens(other)) <= 2


def test_bytes_and_str_cost_the_same() -> None:
    text = "Grüße aus Köln, 東京 und Москва! " * 4000
    assert GUARD.tokens(text) == GUARD.tokens(text.encode())


def test_a_text_of_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="text"):
        GUARD.tokens(5)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------------------------
# The limit


def limited(limit: int) -> Guard:
    return Guard(model=None, policy=Policy(detectors={"*": False, **LOAD}, limits=Limits(max_tokens=limit)))


@pytest.mark.parametrize("pieces", [1, 7, 4000, 100_000])
def test_a_text_above_the_limit_is_told_of_once_at_the_word_that_passes_it(pieces: int) -> None:
    text = "".join(f"Line {i} tells of boat {i * 7919 % 10007} and its crew. " for i in range(12_000))
    limit = 60_000
    guard = limited(limit)
    verdict = guard.check(text)
    (finding,) = (f for f in verdict.findings if f.signature == "model_dos.load.token_limit")
    assert limit <= guard.tokens(text[: finding.end]) <= limit + 2
    assert verdict.action == "block"
    with guard.stream() as stream:
        size = max(1, len(text) // pieces)
        for at in range(0, len(text), size):
            stream.feed(text[at : at + size])
        stream.close()
    assert [f for f in stream.verdict.findings if f.signature == finding.signature] == [finding]


def test_a_text_below_the_limit_is_none() -> None:
    text = "The ferry leaves at seven. "
    assert not limited(GUARD.tokens(text)).check(text).findings
    assert limited(GUARD.tokens(text) - 1).check(text).findings


# ---------------------------------------------------------------------------------------------------------------------
# Shapes

PROSE = (
    "The ferry to the island leaves at seven, at noon and at four; tickets are sold on board. In winter the noon boat "
    "does not run, so plan your day around the morning crossing and bring something warm to wear. "
)


def found(text: str) -> set[str]:
    return {f.signature.rsplit(".", 1)[1] for f in GUARD.check(text).findings}


def plain_flood(text: bytes, least: int = 1024) -> bool:
    """Return whether some unit of 1 to 32 bytes, not of white space alone, is repeated over `least` bytes."""
    for unit in range(1, 33):
        run = 0
        for i in range(unit, len(text)):
            run = run + 1 if text[i] == text[i - unit] else 0
            if run + unit >= least and text[i - run - unit + 1 : i - run + 1].strip():
                return True
    return False


@settings(max_examples=60, deadline=None)
@given(
    unit=st.text("ab 1.é東", min_size=1, max_size=10),
    size=st.integers(900, 1200),
    before=st.integers(0, 700),
    after=st.sampled_from(["", "x", " and so on", PROSE]),
)
@example(unit="a", size=1024, before=0, after="")
@example(unit="a", size=1023, before=0, after="")
@example(unit="a", size=1024, before=511, after="")
def test_a_flood_is_what_its_definition_says(unit: str, size: int, before: int, after: str) -> None:
    flood = (unit * size).encode()[:size].decode(errors="ignore")
    text = (PROSE * 5)[:before] + flood + after
    told = "flood" in found(text)
    if len(text.encode()) >= 1024 + 128:  # at the very end of a text there is no room to compare
        assert told == plain_flood(text.encode())
    else:
        assert not told or plain_flood(text.encode())


@pytest.mark.parametrize("size", [2_000, 70_000, 400_000])
@pytest.mark.parametrize("unit", ["a", "é", "😀", "Repeat after me. ", PROSE])
def test_floods_and_repetitions_of_any_length_are_found_with_exact_spans(unit: str, size: int) -> None:
    text = "Please read: " + unit * (size // len(unit) + 1) + " Thank you, that is all there is to say."
    findings = GUARD.check(text).findings
    assert findings or (unit == PROSE and size == 2_000)
    for finding in findings:
        assert set(finding.text) <= set(unit)
        assert len(finding.text.encode()) >= 1000


def test_a_word_list_that_repeats_is_found_wherever_it_stands() -> None:
    words = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november "
    head = " ".join(f"word{i * 7919 % 100_003}" for i in range(3_000))
    assert "repetition" in found(f"{words * 120}{head}")
    assert "repetition" in found(f"{head} {words * 120}")
    assert "repetition" not in found(f"{words * 7}{head}")
    assert not found(head)


@pytest.mark.parametrize(
    ("text", "nested"),
    [
        ("(" * 99 + "x" + ")" * 99 + PROSE * 6, False),
        ("".join(f"{'([{'[i % 3]}{i}" for i in range(500)), True),
        ("".join(f"[{i}]" for i in range(2_000)), False),
        ("".join(f'{{"k{i}":' for i in range(300)), True),
        ("".join(f"<{'abcdefghi'[i * i * 7 // 5 % 9]}>" for i in range(600)), True),
        ("".join(f"<b>{i}</b>" for i in range(600)), False),
        ("x\n" + "> " * 60 + "deep\n" + "-=+ ;:" * 200, True),
        ("x\n" + "> " * 20 + "deep\n" + "-=+ ;:" * 200, False),
        ("fine :( " * 300, False),
    ],
)
def test_nesting_is_told(text: str, nested: bool) -> None:
    assert ("nesting" in found(f"{text}\n{'.,' * 200}")) == nested


@pytest.mark.parametrize(
    "text",
    [
        "# Title\n" + "=" * 400 + "\n\n" + PROSE * 4,
        "\n".join(f"{i:04d}  {i * 37 % 1000:>8}.00 EUR   paid" for i in range(200)),
        "la " * 60 + "\n" + PROSE * 6,
        " " * 6_000 + "end",
        "\n".join(
            f'{{"id": {i}, "ok": true, "tags": ["a", "b"], "at": {{"x": {i % 7}, "y": {i % 11}}}}}' for i in range(90)
        ),
        "> " * 9 + "old mail\n" + PROSE * 6,
        "|" + "---|" * 120 + "\n" + "| a " * 60,
    ],
)
def test_ordinary_layouts_are_no_load(text: str) -> None:
    assert not found(text)
