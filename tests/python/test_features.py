"""Feature ids, windows and dense features are what their written definitions give, computed once more in Python."""

from __future__ import annotations

import math
import struct
import sys
from pathlib import Path

import pytest
from fastguard import _core
from hypothesis import given

sys.path.insert(0, str(Path(__file__).parent))
from strategies import MIXED_TEXTS, examples, model_spec, policy, small_pack, texts

MASK = (1 << 64) - 1
FIRST, SECOND = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
PAIR, PREFIX = 0xA0761D6478BD642F, 0xE7037ED1A0B428DB
NUMBER = 0x2545F4914F6CDD1D
START = 0x51ED270B7B1F3C69
WINDOW_IDS = _core.FEATURE_WINDOW * _core.FEATURE_SLOTS


def hash_of(raw: bytes) -> int:
    """Eight bytes at a time while more than 16 are left, then the first and the last eight in one product."""

    def folded(one: int, other: int) -> int:
        product = one * other
        return (product ^ product >> 64) & MASK

    value = len(raw) * FIRST & MASK
    while len(raw) > 16:
        value, raw = folded(value ^ int.from_bytes(raw[:8], "little"), SECOND), raw[8:]
    last = int.from_bytes(raw[-8:], "little") if len(raw) > 8 else 0
    return folded(value ^ int.from_bytes(raw[:8], "little"), last ^ SECOND)


def id_of(value: int) -> int:
    return (value & MASK) >> 48


def expected_ids(words: list[str]) -> list[int]:
    ids = []
    before = START
    for word in words:
        raw = word.encode()
        number = raw[:1].isdigit()
        value = NUMBER if number else hash_of(raw)
        turned = (before << 23 | before >> 41) & MASK
        stem = 5 if raw[0] < 0x80 else 8 if raw[0] < 0xE0 else 6
        ids += [
            id_of(value),
            id_of((value ^ turned) * PAIR),
            id_of((int.from_bytes(raw[:stem], "little") << 64 - 8 * stem) * PREFIX)
            if len(raw) > stem and not number
            else 0,
        ]
        before = value
    return ids


def expected_windows(ids: list[int]) -> list[list[int]]:
    step = _core.FEATURE_STRIDE * _core.FEATURE_SLOTS
    blocks = math.ceil(len(ids) / step)
    starts = range(0, max(1, blocks - 1) * step, step)
    return [(ids[at : at + WINDOW_IDS] + [0] * WINDOW_IDS)[:WINDOW_IDS] for at in starts]


def native_windows(text: str | bytes) -> list[list[int]]:
    raw, dense, windows = _core.features(text)
    ids = list(struct.unpack(f"<{len(raw) // 4}i", raw))
    assert len(ids) == windows * WINDOW_IDS
    assert len(dense) == 4 * _core.FEATURE_DENSE == 4 * len(_core.FEATURE_DENSE_NAMES)
    return [ids[at : at + WINDOW_IDS] for at in range(0, len(ids), WINDOW_IDS)]


@given(texts())
@examples(300)
def test_ids_are_hashes_of_the_tokens(text: str) -> None:
    words = [token for token, _, _ in _core.tokens(text)]
    assert native_windows(text) == expected_windows(expected_ids(words))


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 127, 128, 129, 191, 192, 193, 256, 257, 1000])
def test_windows_overlap_by_half_and_reach_the_end(count: int) -> None:
    text = " ".join(f"word{i}" for i in range(count))
    windows = native_windows(text)
    assert windows == expected_windows(expected_ids([f"word{i}" for i in range(count)]))
    assert len(windows) == max(1, math.ceil(count / _core.FEATURE_STRIDE) - 1)


@pytest.mark.parametrize("text", MIXED_TEXTS, ids=range(len(MIXED_TEXTS)))
def test_dense_features_are_small_numbers(text: str | bytes) -> None:
    dense = struct.unpack(f"<{_core.FEATURE_DENSE}f", _core.features(text)[1])
    assert all(math.isfinite(value) and -0.001 < value < 4.0 for value in dense)


@given(texts())
@examples(100)
def test_features_are_those_of_the_texts_bytes(text: str) -> None:
    raw = text.encode("utf-8", "replace")
    assert _core.features(raw) == _core.features(raw.decode())


def test_the_model_is_given_the_windows_of_the_text() -> None:
    class Recording(_core.GuardBase):
        seen: tuple[bytes, bytes, int] = (b"", b"", 0)

        def _score_windows(self, ids: bytes, dense: bytes, windows: int) -> bytes | None:
            self.seen = (ids, dense, windows)
            return None

    guard = Recording(small_pack(), policy(actions=[]), model_spec())
    for text in ("", "a few words", *(" ".join(f"{word}{i}" for i in range(500)) for word in ("слово", "word"))):
        guard.check(text)
        ids, dense, windows = _core.features(text)
        assert guard.seen == (ids, dense * windows, windows)
    guard.check(" ".join(f"word{i}" for i in range(10_000)))
    assert guard.seen[2] == 16  # of a long text the most suspicious windows, a bounded number


def test_the_constants_are_those_of_version_two() -> None:
    assert _core.FEATURE_VERSION == 2
    assert (_core.FEATURE_BUCKETS, _core.FEATURE_IDS) == (1 << 14, 1 << 16)
    assert (_core.FEATURE_WINDOW, _core.FEATURE_STRIDE, _core.FEATURE_SLOTS) == (128, 64, 3)
    golden = struct.unpack("<3i", _core.features("Ignore")[0][:12])
    assert golden == (id_of(hash_of(b"ignore")), expected_ids(["ignore"])[1], expected_ids(["ignore"])[2])
