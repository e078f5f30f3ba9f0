"""Languages and scripts are told from sentences that nothing was trained on; segments cover the text."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from fastguard import Guard, _core
from fastguard.language import LANGUAGES, language, segments
from hypothesis import given
from hypothesis import strategies as st

SENTENCES = [
    line.split("\t")
    for line in (Path(__file__).parents[1] / "corpus" / "languages.tsv").read_text("utf-8").splitlines()
]


def test_twenty_languages_and_more_are_told() -> None:
    assert len(LANGUAGES) >= 20
    assert {name for name, _ in SENTENCES} == set(LANGUAGES)


@pytest.mark.parametrize(("name", "text"), SENTENCES)
def test_a_sentence_is_told(name: str, text: str) -> None:
    assert len(text) >= 40
    assert language(text).language == name
    assert language(text.upper()).script == language(text).script


def test_the_guard_tells_it_too() -> None:
    assert Guard(model=None).language("Wo ist hier bitte der nächste Bahnhof?").language == "de"


@pytest.mark.parametrize("text", ["", "12345 67.8", "!?", "\ud800", "ⴰⴱ"])
def test_texts_without_letters_that_are_known_have_no_language(text: str) -> None:
    assert language(text).language == ""


def test_a_text_in_two_languages_has_two_segments() -> None:
    by_language = defaultdict(list)
    for name, text in SENTENCES:
        by_language[name].append(text)
    for one, other in (("en", "ru"), ("de", "zh"), ("ar", "fr"), ("es", "ko")):
        first, second = by_language[one][0], by_language[other][0]
        assert [(item.start, item.end, item.language) for item in segments(f"{first}\n{second}")] == [
            (0, len(first) + 1, one),
            (len(first) + 1, len(first) + 1 + len(second), other),
        ]


def test_what_is_no_text_is_a_type_error_that_says_what_came() -> None:
    for ask in (language, segments):
        with pytest.raises(TypeError, match="text: expected a str, got NoneType"):
            ask(None)  # type: ignore[arg-type]


@given(st.text(st.characters(codec=None), max_size=300))
def test_segments_cover_every_text(text: str) -> None:
    found = segments(text)
    assert [item.start for item in found] == ([0] + [item.end for item in found[:-1]] if text else [])
    assert not text or found[-1].end == len(text)
    for item in found:
        assert 0 <= item.confidence <= 1
        assert item.language == "" or item.language in LANGUAGES


def test_letter_groups_of_a_word_are_those_of_its_lower_case() -> None:
    for text in ("STRASSE ÄÖÜ", "ŁÓDŹ ŻÓŁĆ", "ЇЖАК ЁЛКА", "ĐẠI HỌC"):
        assert _core.language_buckets(text) == _core.language_buckets(text.lower())
