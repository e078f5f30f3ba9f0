"""The WordPiece tokenizer against PyPI's `tokenizers`: the same pieces of every text."""

from __future__ import annotations

import gzip
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from fastguard import _core
from hypothesis import given
from hypothesis import strategies as st
from strategies import SPECIAL, examples

tokenizers = pytest.importorskip("tokenizers", reason="the second opinion on word pieces is not installed")

DATA = Path(os.environ.get("FASTGUARD_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
# Marks that stay and change places: their classes are 216, 224 and 220 (the last unknown to the tables of accents).
ORDERED = "\U0001d165\u302e\u0898\u0301\u0323\u05b0\u094d"


def vocabulary() -> list[str]:
    """Every character that the tables say something of, at the beginning of a word and inside; and some longer pieces."""
    single = [chr(code) for code in (*range(0x21, 0x3000), *range(0xA000, 0xABFF), *range(0xF900, 0x1E000))]
    single = [char for char in single if not char.isspace()]
    longer = ["th", "the", "##he", "##e", "ing", "##ing", "иг", "##нор", "café", "İ", "##ß", "하", "##ᆫ"]
    pieces = ["[UNK]", *single, *("##" + char for char in single), *longer]
    return list(dict.fromkeys(pieces))


def reference(pieces: list[str], *, uncased: bool) -> Any:
    model = tokenizers.models.WordPiece(
        {piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]", max_input_chars_per_word=100
    )
    made = tokenizers.Tokenizer(model)
    made.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=uncased)
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    return made


PIECES = vocabulary()
PAIRS = {
    uncased: (_core.WordPiece(PIECES, uncased=uncased), reference(PIECES, uncased=uncased)) for uncased in (True, False)
}
TEXTS = st.text(
    st.one_of(
        st.characters(exclude_categories=("Cs",)),
        st.sampled_from("abcTHEthe ing. ,-字漢" + ORDERED),
        st.sampled_from([char for char in SPECIAL if not 0xD800 <= ord(char) < 0xE000]),
    ),
    max_size=160,
)


@pytest.mark.parametrize("uncased", [True, False])
@given(text=TEXTS)
@examples(120)
def test_pieces_of_any_text_are_those_of_tokenizers(uncased: bool, text: str) -> None:
    ours, theirs = PAIRS[uncased]
    assert [piece for piece, _, _ in ours.encode(text)] == theirs.encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize("uncased", [True, False])
@pytest.mark.parametrize("form", ["a{}b", "a\u302e{}", "{}\u302e", "x\U0001d165{}x", "x{}\U0001d165"])
def test_every_character_is_read_as_tokenizers_reads_it(uncased: bool, form: str) -> None:
    ours, theirs = PAIRS[uncased]
    step = 1 if form == "a{}b" else 7  # all of them in one place, a seventh beside each kind of mark
    codes = [*range(0, 0x20000, step), *range(0xE0000, 0xE0200, step), 0xF0000, 0x10FFFF]
    chars = [chr(code) for code in codes if not 0xD800 <= code < 0xE000]
    texts = [" ".join(form.format(char) for char in chars[i : i + 128]) for i in range(0, len(chars), 128)]
    for text, theirs_of in zip(texts, theirs.encode_batch(texts, add_special_tokens=False), strict=True):
        assert [piece for piece, _, _ in ours.encode(text)] == theirs_of.ids, ascii(text)


@given(text=TEXTS)
@examples(60)
def test_a_piece_alone_is_what_its_bytes_give(text: str) -> None:
    ours, _ = PAIRS[True]
    content = text.encode()
    for piece, begin, end in ours.encode(text):
        span = content[begin:end].decode()  # whole characters
        assert span
        if PIECES[piece].isascii() and not PIECES[piece].startswith("##") and piece:
            assert ours.encode(span)[0][0] == piece


def test_names_of_special_pieces_are_text() -> None:
    pieces = ["[UNK]", "[SEP]", "[", "]", "sep"]
    assert [piece for piece, _, _ in _core.WordPiece(pieces).encode("[SEP]")] == [2, 4, 3]


def test_bytes_and_lone_surrogates_are_texts() -> None:
    ours, _ = PAIRS[True]
    ids = [piece for piece, _, _ in ours.encode(b"th\xffe")]
    assert ids == [piece for piece, _, _ in ours.encode("th\ud800e")] == [piece for piece, _, _ in ours.encode("the")]


def test_windows_hold_every_piece_once_or_in_the_overlap() -> None:
    ours, _ = PAIRS[True]
    text = "the thing " * 40 + "字"
    ids = [piece for piece, _, _ in ours.encode(text)]
    made, lengths, longest = ours.windows(text, width=30, stride=20, before=[-1], after=[-2, -3], padding=-9)
    rows = list(memoryview(made).cast("q"))
    found = [rows[i : i + longest] for i in range(0, len(rows), longest)]
    assert longest == 33
    for number, (row, length) in enumerate(zip(found, memoryview(lengths).cast("q"), strict=True)):
        inside = ids[number * 20 : number * 20 + 30]
        assert row == [-1, *inside, -2, -3, *[-9] * (30 - len(inside))]
        assert length == len(inside) + 3
    assert (len(found) - 1) * 20 + 30 >= len(ids) > (len(found) - 2) * 20 + 30


def test_folded_windows_see_what_is_hidden() -> None:
    ours, _ = PAIRS[True]
    options = {"width": 8, "stride": 8, "before": [], "after": [], "padding": 0}
    hidden = "ｔ\u200bｈ\u00ade"
    assert ours.windows(hidden, **options, view="folded") == ours.windows("the", **options)
    assert ours.windows(hidden, **options) != ours.windows("the", **options)
    long = "Ａ\u0301" * 50_000
    assert ours.windows(long, **options, view="folded") == ours.windows(_core.fold(long), **options)


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([], "lacks the unknown piece '[UNK]'"),
        (["[UNK]", ""], "piece 1 is empty"),
        (["[UNK]", "a", "a"], "piece 2 is piece 1 again"),
    ],
)
def test_a_vocabulary_that_cannot_be_used_is_refused(pieces: list[str], message: str) -> None:
    with pytest.raises(_core.PackBuildError, match=re.escape(message)):
        _core.WordPiece(pieces)


@pytest.mark.parametrize(("width", "stride"), [(0, 1), (4, 0), (4, 5)])
def test_windows_that_would_leave_something_out_are_refused(width: int, stride: int) -> None:
    ours, _ = PAIRS[True]
    with pytest.raises(ValueError, match="the stride at most the width"):
        ours.windows("text", width=width, stride=stride, before=[], after=[], padding=0)


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.skipif(not DATA.is_dir(), reason="the data folder is not here (FASTGUARD_DATA)")
@pytest.mark.skipif("FASTGUARD_VOCABULARY" not in os.environ, reason="FASTGUARD_VOCABULARY names no vocab.txt")
def test_pieces_of_the_corpora_are_those_of_tokenizers() -> None:
    pieces = Path(os.environ["FASTGUARD_VOCABULARY"]).read_text("utf-8").split("\n")[:-1]
    ours, theirs = _core.WordPiece(pieces), reference(pieces, uncased=True)
    for path in sorted(DATA.rglob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            texts = [json.loads(line)["text"] for line in lines]
        for text, expected in zip(texts, theirs.encode_batch_fast(texts, add_special_tokens=False), strict=True):
            assert [piece for piece, _, _ in ours.encode(text)] == expected.ids, path.name
