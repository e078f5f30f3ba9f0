"""The guard that one would compose in Python today: normalise, hyperscan, tokenizers, numpy, onnxruntime.

The same pattern signatures, the same model, all libraries used as their documentation shows. It does less than a check:
no phrases, no candidates, no validators, no spans, no views beside NFKC and case folding.
"""

from __future__ import annotations

import unicodedata
from typing import Any, Final

import hyperscan
import numpy as np
import numpy.typing as npt
import tokenizers
from fastguard import _core
from fastguard.model import DEFAULT_MANIFEST, Model
from fastguard.pack import Pack

from bench import texts

VOCABULARY: Final = 16384
_WINDOW: Final = _core.FEATURE_WINDOW
_STRIDE: Final = _core.FEATURE_STRIDE
_PRIMES: Final = np.array([0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35], np.uint64)


def train_tokenizer() -> tokenizers.Tokenizer:
    """Train a byte-level BPE tokenizer on texts of the benchmark, so that none has to be downloaded."""
    tokenizer = tokenizers.ByteLevelBPETokenizer(lowercase=True)
    corpus = [*texts.make("benign", "ascii", 4096, 200), *texts.make("benign", "mixed", 4096, 200)]
    tokenizer.train_from_iterator(corpus, vocab_size=VOCABULARY, show_progress=False)
    trained: tokenizers.Tokenizer = tokenizer
    return trained


def compile_patterns(pack: Pack) -> tuple[hyperscan.Database, list[str]]:
    """Return the database of all pattern signatures, flags as the engine sets them, and their ids."""
    patterns = [signature for signature in pack if signature.kind == "pattern"]
    base = hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SINGLEMATCH
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[signature.pattern.encode() for signature in patterns],
        ids=list(range(len(patterns))),
        flags=[base | (hyperscan.HS_FLAG_CASELESS if "folded" in item.views else 0) for item in patterns],
    )
    return database, [signature.id for signature in patterns]


def scan(database: hyperscan.Database, data: bytes) -> list[int]:
    """Return the numbers of the patterns that occur."""
    found: list[int] = []

    def matched(number: int, _start: int, _end: int, _flags: int, _context: object) -> None:
        found.append(number)

    database.scan(data, match_event_handler=matched)
    return found


class Composed:
    """Everything loaded once; `check` is what a request costs."""

    def __init__(self, pack: Pack) -> None:
        import onnxruntime

        self._database, self.ids = compile_patterns(pack)
        self._tokenizer = train_tokenizer()
        model = Model(DEFAULT_MANIFEST)
        assert model.manifest.onnx is not None
        self._onnx = model.manifest.onnx
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        path = DEFAULT_MANIFEST.rpartition("/")[0] + "/" + self._onnx.file.name
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._scale = np.array([scale[0] for scale in self._onnx.calibration], np.float32)
        self._shift = np.array([scale[1] for scale in self._onnx.calibration], np.float32)

    def normalise(self, text: str) -> str:
        """Return the text in NFKC, case folded."""
        return unicodedata.normalize("NFKC", text).casefold()

    def match(self, text: str, folded: str) -> set[int]:
        """Return the patterns that occur in the text or in its folded form."""
        found = set(scan(self._database, text.encode()))
        if not text.isascii():
            found.update(scan(self._database, folded.encode()))
        return found

    def tokenize(self, folded: str) -> list[int]:
        """Return the ids of the tokenizer."""
        ids: list[int] = self._tokenizer.encode(folded).ids
        return ids

    def featurise(self, text: str, tokens: list[int]) -> dict[str, npt.NDArray[Any]]:
        """Return the inputs of the model: hashed unigrams, bigrams and prefixes in windows, and dense features."""
        word = np.array(tokens or [0], np.uint64)
        before = np.concatenate((np.zeros(1, np.uint64), word[:-1]))
        mixed = np.stack(
            (word * _PRIMES[0], word * _PRIMES[1] + before * _PRIMES[2], (word >> np.uint64(4)) * _PRIMES[2])
        )
        hashed = ((mixed >> np.uint64(15)) % np.uint64(_core.FEATURE_IDS - 1) + np.uint64(1)).astype(np.int32).T
        windows = max(1, -(-len(word) // _STRIDE) - 1)
        padded = np.zeros(((windows + 1) * _STRIDE, _core.FEATURE_SLOTS), np.int32)
        padded[: len(hashed)] = hashed
        rows = np.arange(windows)[:, None] * _STRIDE + np.arange(_WINDOW)
        data = np.frombuffer(text.encode(), np.uint8)
        counts = np.bincount(data, minlength=256) / max(1, len(data))
        used = counts[counts > 0]
        dense = np.zeros(_core.FEATURE_DENSE, np.float32)
        dense[:8] = (
            np.log1p(len(data)) / 12, counts[65:91].sum(), counts[48:58].sum(), counts[33:48].sum(), counts[32],
            counts[128:].sum(), counts[:32].sum(), counts[10],
        )  # fmt: skip
        dense[9] = -(used * np.log2(used)).sum() / 8
        inputs: dict[str, npt.NDArray[Any]] = {self._onnx.ids: padded[rows].reshape(windows, -1)}
        if self._onnx.dense:
            inputs[self._onnx.dense] = np.ascontiguousarray(np.broadcast_to(dense, (windows, len(dense))))
        return inputs

    def score(self, inputs: dict[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        """Return the probability of each label."""
        logits = self._session.run([self._onnx.output], inputs)[0].max(axis=0)
        result: npt.NDArray[np.float32] = 1 / (1 + np.exp(-(self._scale * logits + self._shift)))
        return result

    def check(self, text: str) -> tuple[bool, set[int], npt.NDArray[np.float32]]:
        """Return (flagged, patterns found, probabilities)."""
        folded = self.normalise(text)
        found = self.match(text, folded)
        probabilities = self.score(self.featurise(text, self.tokenize(folded)))
        return bool(found) or bool((probabilities > 0.5).any()), found, probabilities
