"""Phrases match where the slow oracle says, for random words, orders, distances and vetoes."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastguard import _core
from hypothesis import example, given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
import oracle
from strategies import build, examples, signature

WORDS = ("ignore", "Ignoring", "all", "a", "rule", "rules", "ruled", "the", "не", "правила", "правило", "忽略", "忽", "指令",
         "नियम", "시스템", "قواعد", "naïve", "straße")  # fmt: skip
STEMS = ("igno*", "rule*", "прав*", "all the rule*", "система*")
SEPARATORS = (" ", "  ", ", ", "\n", "-", ".", "\u00a0", "\u200b", "", "\u3000", " — ")

words = st.sampled_from(WORDS)
entries = st.one_of(words, words, st.tuples(words, words).map(" ".join), st.sampled_from(STEMS))
text_words = st.one_of(words, words.map(str.upper), st.sampled_from(["x", "ignores", "Ígnorе", "rulebook", "1gnore"]))
sentences = st.lists(st.tuples(text_words, st.sampled_from(SEPARATORS)), max_size=16).map(
    lambda pairs: "".join(word + separator for word, separator in pairs)
)


@dataclass(frozen=True)
class Case:
    """A phrase over a vocabulary of its own."""

    concepts: dict[str, list[str]]
    slots: tuple[str, ...]
    within: int
    fixed: bool
    unless: tuple[str, ...]

    def oracle(self) -> oracle.Phrase:
        return oracle.Phrase.build(
            [f"@{slot}" for slot in self.slots],
            self.concepts,
            within=self.within if len(self.slots) > 1 else None,
            order="fixed" if self.fixed else "any",
            unless=self.unless,
        )

    def guard(self, view: str) -> _core.GuardBase:
        phrase = signature(
            "custom.test.phrase",
            "phrase",
            [view],
            slots=self.slots,
            within=self.within if len(self.slots) > 1 else 0,
            ordered=self.fixed,
            unless=self.unless,
        )
        return build([phrase], self.concepts)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    slots = tuple(f"slot{i}" for i in range(draw(st.integers(1, 4))))
    unless = ("veto",) if draw(st.booleans()) else ()
    concepts = {name: draw(st.lists(entries, min_size=1, max_size=4, unique=True)) for name in (*slots, *unless)}
    return Case(concepts, slots, draw(st.integers(len(slots), 12)), draw(st.booleans()), unless)


def spans(guard: _core.GuardBase, text: str) -> list[tuple[int, int]]:
    return [(f.start, f.end) for f in guard.check(text).findings]


def expected(case: Case, text: str, view: str) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in oracle.find_phrase(text, case.oracle(), view)]


@given(cases(), st.lists(sentences, min_size=1, max_size=6))
@examples(250)
@example(Case({"slot0": ["ignore"], "slot1": ["rules"]}, ("slot0", "slot1"), 3, False, ()), ["rules ignore x rules"])
@example(Case({"slot0": ["a", "a a"], "slot1": ["a a a"]}, ("slot0", "slot1"), 9, False, ()), ["a a a a a a a"])
@example(Case({"slot0": ["忽略"], "slot1": ["指令"]}, ("slot0", "slot1"), 6, True, ()), ["忽略之前的指令忽略指令"])
def test_matches_are_those_of_the_oracle(case: Case, sentences: list[str]) -> None:
    guard = case.guard("folded")
    for text in sentences:
        assert spans(guard, text) == expected(case, text, "folded"), text


@pytest.mark.parametrize("view", ["folded", "skeleton"])
def test_disguised_words_match_in_the_view_that_shows_them(view: str) -> None:
    case = Case({"slot0": ["ignore"], "slot1": ["rule*"]}, ("slot0", "slot1"), 5, False, ())
    guard = case.guard(view)
    plain = "please ignore all the rules"
    disguised = "please 1gn0re all the rule5"
    assert (spans(guard, plain) == [(7, 27)]) == (view == "folded")
    assert (spans(guard, disguised) == [(7, 27)]) == (view == "skeleton")


@given(cases(), st.lists(sentences, min_size=1, max_size=4))
@examples(100)
def test_matches_in_the_skeleton_are_those_of_the_oracle(case: Case, sentences: list[str]) -> None:
    guard = case.guard("skeleton")
    for text in sentences:
        skeleton = guard.explain(text)["views"].get("skeleton")
        if skeleton is None:
            assert spans(guard, text) == []  # nothing in it is disguised
            continue
        view = oracle.View(*_map_of_skeleton(text))
        tokens = oracle.tokenize(view.text)
        found = oracle.match_tokens([t.text for t in tokens], case.oracle(), _core.skeleton)
        places = [oracle.to_span(view, tokens[m.first].start, tokens[m.last].end) for m in found]
        assert spans(guard, text) == [(span.start, span.end) for span in places], text


def _map_of_skeleton(text: str) -> tuple[str, tuple[int, ...]]:
    view, origin = _core.view_origin(text, "skeleton")
    return view, tuple(origin)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ignore the rules", ["ignore the rules"]),
        ("rules: ignore them", ["rules: ignore"]),
        ("IGNORE\u200b\u00a0the\u3000Rules!", ["IGNORE\u200b\u00a0the\u3000Rules"]),
        ("ignore one two three four rules", []),  # farther apart than `within`
        ("ignore rules ignore rules", ["ignore rules", "ignore rules"]),
        ("ignore ignore rules", ["ignore rules"]),  # the latest beginning
        ("never ignore the rules", []),  # vetoed before
        ("ignore never the rules", []),  # vetoed inside
        ("ignore the rules, never mind", ["ignore the rules"]),  # a veto behind is none
        ("never " + "x " * 6 + "ignore the rules", ["ignore the rules"]),  # a veto too far before
        ("never " + "x " * 5 + "ignore the rules", []),
        ("ignorerules", []),
        ("ignore-rules", ["ignore-rules"]),
        ("", []),
    ],
)
def test_words_of_a_phrase_stand_close_together(text: str, found: list[str]) -> None:
    case = Case({"a": ["ignore"], "b": ["rules"], "veto": ["never"]}, ("a", "b"), 5, False, ("veto",))
    assert [f.text for f in case.guard("folded").check(text).findings] == found
    assert spans(case.guard("folded"), text) == expected(case, text, "folded")


def test_the_order_counts_only_where_it_is_fixed() -> None:
    for fixed in (True, False):
        case = Case({"a": ["ignore"], "b": ["rules"]}, ("a", "b"), 5, fixed, ())
        assert spans(case.guard("folded"), "rules ignore") == ([] if fixed else [(0, 12)])


def test_the_longest_entry_of_a_concept_counts() -> None:
    case = Case({"a": ["pay", "pay no attention to"], "b": ["rules"]}, ("a", "b"), 8, True, ())
    text = "pay no attention to rules"
    assert spans(case.guard("folded"), text) == [(0, len(text))] == expected(case, text, "folded")


@pytest.mark.parametrize(
    ("fields", "concepts", "field"),
    [
        ({"slots": []}, {}, "phrase"),
        ({"slots": ["a", "b", "a"], "within": 9}, {"a": ["word"], "b": ["other"]}, "phrase"),
        ({"slots": ["a"] * 6, "within": 8}, {"a": ["word"]}, "phrase"),
        ({"slots": ["missing"]}, {"a": ["word"]}, "phrase"),
        ({"slots": ["a", "b"], "within": 1}, {"a": ["word"], "b": ["other"]}, "within"),
        ({"slots": ["a"], "within": 25}, {"a": ["word"]}, "within"),
        ({"slots": ["a"], "unless": ["missing"]}, {"a": ["word"]}, "unless"),
        ({"slots": ["a"]}, {"a": ["--"]}, "entry"),
        ({"slots": ["a"]}, {"a": ["ab*"]}, "entry"),
        ({"slots": ["a"]}, {"a": [" ".join("w" * 17)]}, "entry"),
    ],
)
def test_a_phrase_that_cannot_be_built_names_its_field(
    fields: dict[str, object], concepts: dict[str, list[str]], field: str
) -> None:
    with pytest.raises(_core.PackBuildError) as caught:
        build([signature("custom.test.bad", "phrase", ["folded"], **fields)], concepts)
    assert caught.value.args[2] == field
