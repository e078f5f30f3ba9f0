"""Tokenizers of deep tiers, read from ``tokenizer.json`` or ``vocab.txt``: text in, windows of ids out.

WordPiece as BERT uses it runs natively. Everything else (Unigram, BPE, other steps) is left to the package
``tokenizers``, an optional extra. Either way the names of special tokens in a text are text, and nothing is cut off.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from fastguard import _core
from fastguard.fields import show

_BERT: Final = ("[UNK]", "[CLS]", "[SEP]")
_MOST_UNITS: Final = 2**30


class TokenizerFileError(ValueError):
    """The file is no tokenizer that can be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Ids of a text's windows, each framed; `complete` where they hold all `pieces` of it."""

    ids: list[memoryview]
    complete: bool
    pieces: int


class Tokenizer(Protocol):
    """What a deep tier asks of a tokenizer: `size` of its vocabulary, `frame` ids around each window, and windows."""

    size: int
    frame: int

    def windows(self, text: bytes, *, width: int, stride: int, view: str, most: int) -> Windows:
        """Return the windows of UTF-8 text: at most `width` ids each, frame included, `stride` apart, at most `most`."""


def read_tokenizer(content: bytes, file: str) -> Tokenizer:
    """Return the tokenizer of a file, or raise `TokenizerFileError`."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise TokenizerFileError(f"byte {problem.start} is not UTF-8") from None
    if file.endswith(".txt"):
        return _native(text.removesuffix("\n").split("\n"), uncased=True)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise TokenizerFileError(f"not JSON: {problem}") from None
    if not isinstance(data, dict) or not isinstance(data.get("model"), dict):
        raise TokenizerFileError("it is no tokenizer.json: the key `model` is missing")
    options = _native_options(data)
    return _native(**options) if options is not None else _Library(text)


class _Native:
    def __init__(self, tokenizer: _core.WordPiece, before: Sequence[int], after: Sequence[int]) -> None:
        self.size = len(tokenizer)
        self._tokenizer = tokenizer
        self._before = list(before)
        self._after = list(after)
        self.frame = len(before) + len(after)

    def windows(self, text: bytes, *, width: int, stride: int, view: str, most: int) -> Windows:
        ids, lengths, longest = self._tokenizer.windows(
            text,
            width=width - self.frame,
            stride=stride,
            before=self._before,
            after=self._after,
            padding=0,
            view="folded" if view == "folded" else "raw",
        )
        flat, length = memoryview(ids).cast("q"), memoryview(lengths).cast("q")
        chosen = _chosen(len(length), most)
        rows = [flat[i * longest : i * longest + length[i]] for i in chosen]
        pieces = (len(length) - 1) * stride + length[-1] - self.frame
        return Windows(rows, len(chosen) == len(length), pieces)


def _chosen(count: int, most: int) -> list[int]:
    """Return all windows, or the first and the last where there are too many."""
    if count <= most:
        return list(range(count))
    tail = most // 2
    return [*range(most - tail), *range(count - tail, count)]


def _native(
    pieces: list[str],
    *,
    uncased: bool,
    unknown: str = "[UNK]",
    prefix: str = "##",
    longest_word: int = 100,
    frame: tuple[tuple[str, ...], tuple[str, ...]] = (("[CLS]",), ("[SEP]",)),
) -> Tokenizer:
    ids = {piece: i for i, piece in enumerate(pieces)}
    for name in (*frame[0], *frame[1]):
        if name not in ids:
            raise TokenizerFileError(f"the vocabulary lacks the piece {show(name)}")
    try:
        made = _core.WordPiece(pieces, uncased=uncased, unknown=unknown, prefix=prefix, longest_word=longest_word)
    except _core.PackBuildError as problem:
        raise TokenizerFileError(f"the vocabulary: {problem.args[0]}") from None
    return _Native(made, [ids[name] for name in frame[0]], [ids[name] for name in frame[1]])


def _native_options(data: dict[str, Any]) -> dict[str, Any] | None:
    """Return what `_native` needs where this is BERT's tokenizer; None where it is another one."""
    model, normalizer, split = data["model"], data.get("normalizer"), data.get("pre_tokenizer")
    if model.get("type", "WordPiece" if "max_input_chars_per_word" in model else "") != "WordPiece":
        return None
    if not isinstance(normalizer, dict) or normalizer.get("type") != "BertNormalizer":
        return None
    if not isinstance(split, dict) or split.get("type") != "BertPreTokenizer":
        return None
    uncased, accents = normalizer.get("lowercase"), normalizer.get("strip_accents")
    known = normalizer.get("clean_text") is True and normalizer.get("handle_chinese_chars") is True
    if not known or not isinstance(uncased, bool) or accents not in {None, uncased}:
        return None
    added = data.get("added_tokens") or []
    if not all(isinstance(token, dict) and token.get("special") is True for token in added):
        return None
    frame = _frame(data.get("post_processor"))
    longest = model.get("max_input_chars_per_word", 100)
    if frame is None or not isinstance(longest, int):
        return None
    return {
        "pieces": _pieces(model.get("vocab")),
        "uncased": uncased,
        "unknown": str(model.get("unk_token", "[UNK]")),
        "prefix": str(model.get("continuing_subword_prefix", "##")),
        "longest_word": longest,
        "frame": frame,
    }


def _pieces(vocabulary: object) -> list[str]:
    if not isinstance(vocabulary, dict) or not all(
        isinstance(id_, int) and not isinstance(id_, bool) for id_ in vocabulary.values()
    ):
        raise TokenizerFileError("model.vocab is no table of pieces and their ids")
    pieces = [""] * len(vocabulary)
    for piece, id_ in vocabulary.items():
        if not 0 <= id_ < len(pieces) or pieces[id_]:
            raise TokenizerFileError(f"model.vocab: the id {id_} of {show(piece)} is out of range or given twice")
        pieces[id_] = piece
    return pieces


def _frame(processor: object) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the names of the pieces before and after a text; None where a template says more than that."""
    if processor is None:
        return (), ()
    if not isinstance(processor, dict):
        return None
    if processor.get("type") == "BertProcessing":
        return (str(processor["cls"][0]),), (str(processor["sep"][0]),)
    if processor.get("type") != "TemplateProcessing":
        return None
    before: list[str] = []
    after: list[str] = []
    seen = False
    for part in processor.get("single", ()):
        if "Sequence" in part:
            seen = True
        elif "SpecialToken" in part:
            (after if seen else before).append(str(part["SpecialToken"]["id"]))
    return (tuple(before), tuple(after)) if seen else None


class _Library:
    """A tokenizer of the package `tokenizers`."""

    def __init__(self, text: str) -> None:
        try:
            import tokenizers
        except ImportError:
            raise TokenizerFileError(
                "only BERT's WordPiece runs natively; this one needs the package tokenizers "
                "(pip install fastguard-engine[tokenizers])"
            ) from None
        try:
            self._made = tokenizers.Tokenizer.from_str(text)
        except Exception as problem:  # noqa: BLE001  (the package raises plain Exception)
            raise TokenizerFileError(f"tokenizers refuses it: {problem}") from None
        self._made.no_truncation()
        self._made.no_padding()
        self._made.encode_special_tokens = True
        self.size = self._made.get_vocab_size(with_added_tokens=True)
        example = self._made.encode("a", add_special_tokens=True)
        plain = [i for i, special in enumerate(example.special_tokens_mask) if not special]
        if not plain:
            raise TokenizerFileError("it gives no token for the text 'a'")
        self._before = example.ids[: plain[0]]
        self._after = example.ids[plain[-1] + 1 :]
        self.frame = len(self._before) + len(self._after)

    def windows(self, text: bytes, *, width: int, stride: int, view: str, most: int) -> Windows:
        from array import array

        shown = text[:_MOST_UNITS].decode("utf-8", "replace")
        if view == "folded":
            shown = _core.fold(shown)
        ids = self._made.encode(shown, add_special_tokens=False).ids
        width -= self.frame
        begins = [0] if len(ids) <= width else list(range(0, len(ids) - width + stride, stride))
        chosen = _chosen(len(begins), most)
        rows = [
            memoryview(array("q", [*self._before, *ids[begins[i] : begins[i] + width], *self._after])) for i in chosen
        ]
        return Windows(rows, len(chosen) == len(begins), len(ids))
