"""The oracle says what the written semantics say: checked by hand-made cases and against `unicodedata` itself."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from oracle import (
    Event,
    Phrase,
    Span,
    compose,
    find_phrase,
    fold,
    fold_code_point,
    match_tokens,
    raw_view,
    reorder,
    skeleton,
    to_span,
    tokenize,
)


def words(text: str) -> list[str]:
    return [token.text for token in tokenize(fold(text).text)]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ignore\tALL\r\n", "ignore all  "),
        ("Ｉｇｎｏｒｅ", "ignore"),
        ("𝐢𝐠𝐧𝐨𝐫𝐞", "ignore"),
        ("Straße İstanbul ΣΑΣ", "strasse istanbul σασ"),
        ("й ё ї", "и е і"),
        ("أإآؤئ", "اااوي"),
        ("مـــرحبا", "مرحبا"),
        ("कि क़ ड़", "कि क़ ड़"),
        ("か\u3099 ガ ｶﾞ", "が ガ ガ"),
        ("각 각", "각 각"),
        ("a\u3164b\u2800c", "a b c"),
        ("a\u00adb\u200bc\U000e0041d\ufe0f", "abcd"),
        ("a\u0301\u0316\u0338\u0323", "a"),
        ("¨", " "),
        ("ﷺ", "صلى الله عليه وسلم"),
        ("½", "1⁄2"),
        ("e\u20dd", "e"),
        ("a\ufff9b\ufffac\ufffb", "abc"),
        ("\u1fb3\u0345", "α"),
        ("a\x00\x1b[", "a\x00\x1b["),
        ("\ud83d", "\ufffd"),
    ],
)
def test_folded_view_of_known_texts(text: str, folded: str) -> None:
    assert fold(text).text == folded


def test_ascii_folds_to_lower_case_of_the_same_length() -> None:
    text = "".join(map(chr, range(128)))
    view = fold(text)
    assert view.text == "".join(" " if c in "\t\n\v\f\r" else c for c in text.lower())
    assert view.origin == tuple(range(129))


def test_composition_and_order_equal_nfc_for_every_code_point_and_mark() -> None:
    marks = [chr(c) for c in range(sys.maxunicode + 1) if unicodedata.combining(chr(c)) in (7, 8, 9, 91, 103, 220, 230)]
    bases = "aがकকᄀ각เกລ" + "\u09c7\u0b92\u1100\u1161\u11a8\u3046"
    for base in bases:
        for first, second in zip(marks, reversed(marks), strict=True):
            decomposed = base + first + second + "\u11a8"
            pieces = compose(reorder([(c, 0) for c in unicodedata.normalize("NFKD", decomposed)]))
            assert "".join(c for c, _ in pieces) == unicodedata.normalize("NFKC", decomposed)


def test_every_code_point_folds_to_something_that_folds_to_itself() -> None:
    for code in range(0x20000):  # beyond: ideographs, tags and private use, which fold alike
        once = fold(chr(code)).text
        assert fold(once).text == once, hex(code)
        assert unicodedata.is_normalized("NFC", once), hex(code)


def test_origins_never_go_back_and_end_at_the_size_of_the_text() -> None:
    text = "a\u09bc\u0323ﬁ\u200bか\u3099각\u0f73\u0f71ﷺ"
    view = fold(text)
    assert list(view.origin) == sorted(view.origin)
    assert len(view.origin) == len(view.text) + 1
    assert view.origin[-1] == len(text)


def test_marks_beyond_thirty_on_one_base_are_dropped() -> None:
    assert fold("क" + "\u094d" * 100 + "x").text == "क" + "\u094d" * 30 + "x"


def test_a_mark_falls_before_case_folding_could_make_a_letter_of_it() -> None:
    assert fold_code_point("\u0345") == ""
    assert fold_code_point("\u1fb3") == "α"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("1GN0RE pr3v10u5", "lgnore prevlous"),
        ("d1s|reg@rd !a a! a!b", "dlslregard !a a! alb"),
        ("p@$s p@@@@s x!!y a!+b", "pass p@@@@s x!!y a!+b"),
        ("іgnоrе", "lgnore"),
    ],
)
def test_skeleton_view_of_known_texts(text: str, seen: str) -> None:
    confusables = {"і": "i", "о": "o", "е": "e"}
    assert skeleton(fold(text), confusables).text == seen


def test_skeleton_origin_points_to_the_source_of_each_character() -> None:
    view = skeleton(fold("x\u200bm y"), {"m": "rn"})
    assert view.text == "xrn y"
    assert view.origin == (0, 2, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("snake_case, x2!", ["snake", "case", "x2"]),
        ("忽略a之前bの", ["忽", "略", "a", "之", "前", "b", "の"]),
        ("スーパー", ["ス", "ー", "パ", "ー"]),
        ("이전 지시를", ["이전", "지시를"]),
        ("पिछले निर्देश", ["पिछले", "निर्देश"]),
        ("กำ", ["ก", "\u0e4d", "า"]),
        ("a\x00b\ufffdc", ["a", "b", "c"]),
    ],
)
def test_tokens_of_known_texts(text: str, tokens: list[str]) -> None:
    assert words(text) == tokens


def test_longest_entry_at_a_first_token_is_the_only_event() -> None:
    phrase = Phrase.build(["@verb", "@thing"], {"verb": ["pay", "pay no mind"], "thing": ["no", "rules"]}, within=5)
    assert match_tokens(words("pay no mind to rules"), phrase) == [Event(0, 4)]
    assert match_tokens(words("pay no mind"), phrase) == []


def test_match_takes_the_earliest_end_and_the_latest_start() -> None:
    phrase = Phrase.build(["ignore", "rules"], within=4)
    assert match_tokens(words("ignore ignore the rules rules ignore"), phrase) == [Event(1, 3), Event(4, 5)]


def test_within_counts_the_tokens_of_both_ends() -> None:
    text = words("ignore a b rules")
    assert match_tokens(text, Phrase.build(["ignore", "rules"], within=4)) == [Event(0, 3)]
    assert match_tokens(text, Phrase.build(["ignore", "rules"], within=3)) == []


def test_fixed_order_refuses_the_other_order() -> None:
    text = words("rules ignore")
    assert match_tokens(text, Phrase.build(["ignore", "rules"], within=4, order="fixed")) == []
    assert match_tokens(text, Phrase.build(["ignore", "rules"], within=4)) == [Event(0, 1)]


def test_unless_vetoes_from_six_tokens_before_to_the_end_of_the_match() -> None:
    phrase = Phrase.build(["ignore", "rules"], {"quote": ["article"]}, within=4, unless=["quote"])
    assert match_tokens(words("article 1 2 3 4 5 ignore rules"), phrase) == []
    assert match_tokens(words("article 1 2 3 4 5 6 ignore rules"), phrase) == [Event(7, 8)]
    assert match_tokens(words("ignore article rules"), phrase) == []
    assert match_tokens(words("ignore rules article"), phrase) == [Event(0, 1)]


def test_prefix_entries_match_their_stem_and_all_that_begins_with_it() -> None:
    phrase = Phrase.build(["игнорир*"])
    text = "Игнорируйте это; игнорирование. Игнор"
    assert [text[s.start : s.end] for s in find_phrase(text, phrase)] == ["Игнорируйте", "игнорирование"]


def test_span_includes_removed_marks_behind_and_never_cuts_a_character() -> None:
    assert find_phrase("re\u0301ve\u0301le\u0301 !", Phrase.build(["revele"])) == [Span(0, 9)]
    assert to_span(fold("½x"), 0, 1) == Span(0, 1)
    assert to_span(raw_view("abc"), 1, 2) == Span(1, 2)


def test_spans_are_in_code_points_of_the_original() -> None:
    text = "😀 １ｇｎ०ｒｅ, IG\u200bNORE the ﬁles"
    spans = find_phrase(text, Phrase.build(["ignore", "files"], within=3))
    assert [text[s.start : s.end] for s in spans] == ["IG\u200bNORE the ﬁles"]


def test_skeleton_phrase_reads_its_words_through_the_same_view() -> None:
    text = "Please 1gn0re all prev10us"
    phrase = Phrase.build(["ignor*", "previous"], within=4)
    assert find_phrase(text, phrase) == []
    assert find_phrase(text, phrase, view="skeleton") == [Span(7, 26)]


def test_unknown_view_is_refused() -> None:
    with pytest.raises(ValueError, match="view must be"):
        find_phrase("x", Phrase.build(["x"]), view="squeezed")
