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

# What folding removes beyond the oracle's rules: interlinear annotation, all enclosing marks, and the iota subscript,
# which is a mark here and falls before its case folding could make a letter of it.
ANNOTATION = "\ufff9\ufffa\ufffb"
IOTA_SUBSCRIPT = "\u0345"


def removed_before_folding(char: str) -> bool:
    return char in ANNOTATION or char == IOTA_SUBSCRIPT or unicodedata.category(char) == "Me"


def expected_fold(text: str) -> oracle.View:
    """The oracle's folded view of a text from which the characters above were removed first."""
    kept = ""
    origin = []
    for index, char in enumerate(text):
        parts = unicodedata.normalize("NFKD", char)
        pieces = (
            "".join(c for c in parts if not removed_before_folding(c))
            if any(map(removed_before_folding, parts))
            else char
        )
        kept += pieces
        origin += [index] * len(pieces)
    view = oracle.fold(kept)
    return oracle.View(view.text, tuple([*origin, len(text)][at] for at in view.origin))


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
    expected = expected_fold(text)
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
        if _core.fold(text) != expected_fold(text).text:
            wrong += [ascii(c) for c in chars if _core.fold(c) != expected_fold(c).text]
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
    view = expected_fold(text)
    expected = []
    for token in oracle.tokenize(view.text):
        span = oracle.to_span(view, token.start, token.end)
        expected.append((token.text, span.start, span.end))
    assert _core.tokens(text) == expected


# ----------------------------------------------------------------------------------------------------------------------
# Skeletons. The table of confusables is the generator's input and not in the repository, so what single characters
# become is asked of the engine, and the rules that join them are the oracle's.
# ----------------------------------------------------------------------------------------------------------------------


def expected_skeleton(folded: str) -> str:
    """Each character alone, then the four signs that count between word characters only."""
    text = "".join(char if char in "!@$+" else _core.skeleton(char) for char in folded)
    result = list(text)
    at = 0
    while at < len(text):
        end = at
        while end < len(text) and text[end] in ("@$" if text[at] in "@$" else text[at]):
            end += 1
        limit = 3 if text[at] in "@$" else 1
        if text[at] in "!@$+":
            inside = at > 0 and end < len(text) and oracle.is_word(text[at - 1]) and oracle.is_word(text[end])
            if inside and end - at <= limit:
                result[at:end] = [oracle.LEET_INSIDE_WORD[char] for char in text[at:end]]
        at = max(end, at + 1)
    return "".join(result)


@given(known_texts().map(lambda text: "".join(c for c in text if c < "\x80")))
@examples(250)
@example("1gn0re p@ss w@@t c@$h x!!y a+b m@@@@n $5 @home it!")
def test_the_skeleton_of_ascii_is_letter_by_letter(text: str) -> None:
    assert _core.skeleton(text) == expected_skeleton(_core.fold(text))


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
        assert native(text, "folded") == expected_fold(text)
