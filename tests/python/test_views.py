"""The native views, their maps and their tokens are those of the slow oracle, for any text."""

from __future__ import annotations

import random
import sys
import unicodedata
from pathlib import Path

import pytest
from fastguard import _core
from hypothesis import example, given

sys.path.insert(0, str(Path(__file__).parent))
import oracle
from strategies import ASCII_MIX, examples, known, known_texts, texts


def native(text: str, view: str) -> oracle.View:
    seen, origin = _core.view_origin(text, view)
    return oracle.View(seen, tuple(origin))


@given(known_texts())
@examples(300)
@example("\u1fb3\u0345a\u20dd\ufff9b")
@example("a" + "\u0301" * 200 + "\u0334" * 40)
@example("\u304b\u3099\u304b\u309a\uff76\uff9e")
@example("\u1100\u1161\u11a8\uac00\u11a8")
@example("\u0130\u0131\u1e9e\ufb03\u0149\u0390")
def test_the_folded_view_and_its_map_are_the_oracles(text: str) -> None:
    expected = oracle.fold(text)
    assert native(text, "folded") == expected
    assert _core.fold(text) == expected.text


def test_every_known_code_point_folds_as_in_the_oracle() -> None:
    wrong = []
    for first in (*range(0, 0x32400, 256), *range(0xE0000, 0xE1000, 256)):
        chars = [c for c in map(chr, range(first, first + 256)) if known(c)]
        if len(chars) == 256 and unicodedata.name(chars[0], "").startswith("CJK UNIFIED IDEOGRAPH"):
            chars = chars[::32]  # they all stand for themselves
        # Kept apart by a letter that composes with nothing, so that each shows alone.
        text = "q".join(chars)
        if _core.fold(text) != oracle.fold(text).text:
            wrong += [ascii(c) for c in chars if _core.fold(c) != oracle.fold(c).text]
    assert wrong == []


@given(texts())
@examples(300)
def test_folding_a_folded_text_changes_nothing(text: str) -> None:
    folded = _core.fold(text)
    assert _core.fold(folded) == folded
    assert unicodedata.is_normalized("NFC", "".join(filter(known, folded)))


@given(texts())
@examples(300)
def test_every_map_is_monotone_and_ends_with_the_text(text: str) -> None:
    for view in ("raw", "folded", "skeleton"):
        seen, origin = _core.view_origin(text, view)
        assert len(origin) == len(seen) + 1
        assert origin == sorted(origin)
        assert origin[-1] == len(text)
        assert all(0 <= at < len(text) for at in origin[:-1])


@given(texts())
@examples(100)
def test_the_raw_view_is_the_text(text: str) -> None:
    seen, origin = _core.view_origin(text, "raw")
    assert seen == oracle.raw_view(text).text
    assert origin == list(range(len(text) + 1))


@given(known_texts())
@examples(250)
@example("don't \u5ffd\u7565 x_1 \u0e44\u0e17\u0e22")
@example("e\u0301\u200b\u0301 \ufb01x")
def test_tokens_are_those_of_the_oracle_with_their_places_in_the_text(text: str) -> None:
    view = oracle.fold(text)
    expected = []
    for token in oracle.tokenize(view.text):
        span = oracle.to_span(view, token.start, token.end)
        expected.append((token.text, span.start, span.end))
    assert _core.tokens(text) == expected


# ----------------------------------------------------------------------------------------------------------------------
# Skeletons. The table of confusables is the generator's input and not in the repository, so what single characters
# become is asked of the engine, and the rules that join them are the oracle's.
# ----------------------------------------------------------------------------------------------------------------------


def expected_skeleton(text: str) -> oracle.View:
    folded = oracle.fold(text)
    return oracle.skeleton(folded, {char: _core.skeleton(char) for char in set(folded.text) - set("!@$+")})


@given(known_texts())
@examples(250)
@example("1gn0re p@ss w@@t c@$h x!!y a+b m@@@@n $5 @home it!")
def test_the_skeleton_and_its_map_are_the_oracles(text: str) -> None:
    assert native(text, "skeleton") == expected_skeleton(text)


def test_single_characters_have_the_documented_skeletons() -> None:
    documented = dict(zip("01i|23456789", "olllzeasgtbg", strict=True)) | {"m": "rn"}
    for char in map(chr, range(0x21, 0x7F)):
        folded = char.lower()
        assert _core.skeleton(char) == documented.get(folded, folded), char


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("іgnоrе", "ignore"),  # Cyrillic
        ("ɩɡոօге", "ignore"),  # Latin, Armenian, Cyrillic
        ("𝐢𝐠𝐧𝐨𝐫𝐞", "ignore"),
        ("ⓘⓖⓝⓞⓡⓔ", "ignore"),
        ("ｉｇｎｏｒｅ", "ignore"),
        ("1gn0r3", "ignore"),
        ("p@ssw0rd", "password"),
        ("rnagic", "magic"),
        ("ιgnore", "ignore"),
    ],
)
def test_disguised_words_have_the_skeleton_of_the_word(disguised: str, plain: str) -> None:
    assert _core.skeleton(disguised) == _core.skeleton(plain)


@given(texts())
@examples(200)
def test_a_skeleton_is_made_of_the_folded_view(text: str) -> None:
    assert _core.skeleton(text) == _core.skeleton(_core.fold(text))


@given(known_texts())
@examples(200)
def test_tokens_of_the_skeleton_are_those_of_its_text(text: str) -> None:
    view = native(text, "skeleton")
    expected = []
    for token in oracle.tokenize(view.text):
        span = oracle.to_span(view, token.start, token.end)
        expected.append((token.text, span.start, span.end))
    assert _core.tokens(text, "skeleton") == expected


def test_long_random_texts_fold_as_in_the_oracle() -> None:
    source = random.Random(1)
    alphabet = [c for c in map(chr, range(0x3000)) if known(c)] + list(ASCII_MIX) * 20
    for _ in range(5):
        text = "".join(source.choices(alphabet, k=5000))
        assert native(text, "folded") == oracle.fold(text)


def test_chinese_characters_are_words_by_themselves_and_look_like_no_letter() -> None:
    # What the child views take for granted where they pass over rows of them.
    every = "".join(map(chr, range(0x4E00, 0xA000)))
    assert [token for token, _, _ in _core.tokens(every)] == list(every)
    assert not any(char.isascii() for char in _core.skeleton(every))
