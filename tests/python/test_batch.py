"""A batch is the loop, on any number of threads, with a model or without."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastguard import _core
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from strategies import (
    ENGLISH,
    KEY,
    MIXED_TEXTS,
    any_bytes,
    examples,
    model_spec,
    policy,
    small_guard,
    small_pack,
    texts,
)

GUARD = small_guard()
THREADS = pytest.mark.parametrize("threads", [0, 1, 2, 8])


class Scored(_core.GuardBase):
    """A guard whose model answers by the ids of each window alone, so that batches and single calls must agree."""

    calls: int = 0

    def _score_windows(self, ids: bytes, dense: bytes, windows: int) -> bytes | None:
        self.calls += 1
        size = len(ids) // windows
        assert len(dense) == windows * _core.FEATURE_DENSE * 4
        logits = []
        for window in range(windows):
            total = sum(ids[window * size : (window + 1) * size])
            logits += [total % 11 - 5.0, total % 7 - 3.0]
        return struct.pack(f"<{len(logits)}f", *logits)


def scored_guard(low: float = 0.0, high: float = 1.0) -> Scored:
    return Scored(small_pack(), policy(), model_spec(low, high))


@THREADS
def test_mixed_texts_are_judged_as_in_the_loop(threads: int) -> None:
    batch = list(MIXED_TEXTS) * 5
    assert GUARD.check_batch(batch, threads=threads) == [GUARD.check(text) for text in batch]


@given(
    st.lists(st.one_of(texts(), any_bytes()), max_size=40), st.sampled_from([1, 2, 8]), st.sampled_from(_core.SOURCES)
)
@examples(60)
def test_random_texts_are_judged_as_in_the_loop(batch: list[str | bytes], threads: int, source: str) -> None:
    expected = [GUARD.check(text, source=source) for text in batch]
    assert GUARD.check_batch(batch, source=source, threads=threads) == expected


@THREADS
def test_a_model_judges_windows_of_many_texts_as_of_one(threads: int) -> None:
    guard = scored_guard()
    batch = [*MIXED_TEXTS, *(f"text number {i} " * (i % 300) for i in range(700))]
    expected = [guard.check(text) for text in batch]
    assert len({verdict.score for verdict in expected}) > 5
    guard.calls = 0
    assert guard.check_batch(batch, threads=threads) == expected
    assert 1 <= guard.calls < len(batch) / 3


def test_only_what_the_gate_leaves_open_reaches_the_model() -> None:
    decided = scored_guard(low=0.5, high=0.5)
    verdict = decided.check("nobody asks a model about this")
    assert (decided.calls, verdict.tier) == (0, "gate")
    asked = scored_guard()
    verdict = asked.check("somebody asks a model about this")
    assert (asked.calls, verdict.tier) == (1, "fast")


def test_rounds_and_order_of_a_large_batch_are_kept() -> None:
    batch = [f"{i} {KEY}" if i % 1000 == 7 else f"{i}" for i in range(40_000)]
    verdicts = GUARD.check_batch(batch)
    assert [i for i, verdict in enumerate(verdicts) if verdict.findings] == list(range(7, 40_000, 1000))
    for i in range(7, 40_000, 1000):
        (finding,) = verdicts[i].findings
        assert (finding.text, finding.start) == (KEY, len(str(i)) + 1)


def test_one_huge_text_among_tiny_ones_is_judged_alike() -> None:
    batch = ["tiny"] * 500 + ["word " * 200_000 + ENGLISH] + ["tiny"] * 500
    verdicts = GUARD.check_batch(batch, threads=8)
    assert [len(verdict.findings) for verdict in verdicts] == [0] * 500 + [1] + [0] * 500


def test_any_sequence_of_texts_is_a_batch() -> None:
    expected = [GUARD.check("a"), GUARD.check(KEY)]
    generator: Iterator[str] = iter(["a", KEY])
    for batch in (["a", KEY], ("a", KEY), {"a": 0, KEY: 1}, generator):
        assert GUARD.check_batch(batch) == expected  # type: ignore[arg-type]
    assert GUARD.check_batch([]) == []
    assert GUARD.check_batch([], threads=8) == []


def test_a_failing_model_fails_the_call_and_leaves_the_guard_usable() -> None:
    class Broken(_core.GuardBase):
        answer: object = None

        def _score_windows(self, ids: bytes, dense: bytes, windows: int) -> bytes | None:
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer  # type: ignore[return-value]

    guard = Broken(small_pack(), policy(), model_spec())
    for answer, error, message in (
        (KeyError("from the model"), KeyError, "from the model"),
        (b"short", RuntimeError, "a model must return 8 bytes of float32 logits"),
        (7, RuntimeError, "a model must return 8 bytes of float32 logits"),
    ):
        guard.answer = answer
        with pytest.raises(error, match=message):
            guard.check("some text here")
        with pytest.raises(error):
            guard.check_batch(["some text here"])
    guard.answer = None
    verdict = guard.check("some text here")
    assert verdict.degraded == ("model",)
    assert verdict.action == "escalate"
    assert guard.check_batch(["some text here"]) == [verdict]


def test_a_call_under_way_asks_the_model_that_it_began_with() -> None:
    asked: list[str] = []

    def other(ids: bytes, dense: bytes, windows: int) -> bytes | None:
        asked.append("other")
        return None

    def first(ids: bytes, dense: bytes, windows: int) -> bytes | None:
        asked.append("first")
        _core.GuardBase.__init__(guard, small_pack(), policy(), model_spec(), other)  # what a reload does
        return struct.pack("<2f", -9.0, -9.0) * windows

    guard = _core.GuardBase(small_pack(), policy(), model_spec(), first)
    verdicts = guard.check_batch(["some text here"] * 700)  # more windows than go to the model at once
    assert asked == ["first"] * 3
    assert {verdict.degraded for verdict in verdicts} == {()}
    assert guard.check("some text here").degraded == ("model",)
    assert asked == ["first"] * 3 + ["other"]


def test_a_scorer_is_a_callable_or_none() -> None:
    with pytest.raises(TypeError, match="scorer: expected a callable or None, got int"):
        _core.GuardBase(small_pack(), policy(), model_spec(), 7)  # type: ignore[arg-type]


def test_a_model_may_use_the_guard_itself() -> None:
    class Nested(_core.GuardBase):
        def _score_windows(self, ids: bytes, dense: bytes, windows: int) -> bytes | None:
            assert GUARD.check(f"x {KEY}").findings
            return struct.pack("<2f", -9.0, -9.0) * windows

    guard = Nested(small_pack(), policy(), model_spec())
    verdict = guard.check(f"{ENGLISH} now")
    assert [finding.text for finding in verdict.findings] == [ENGLISH]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one text", r"texts must be a sequence of str or bytes, not one text \(for one use check\)"),
        (b"one text", r"texts must be a sequence of str or bytes, not one text \(for one use check\)"),
        (["a", None], r"texts\[1\] must be str or bytes, not NoneType"),
        (["a", "b", 3], r"texts\[2\] must be str or bytes, not int"),
        ([bytearray(b"a")], r"texts\[0\] must be str or bytes, not bytearray"),
        (7, "'int' object is not iterable"),
    ],
)
def test_what_is_no_batch_is_a_type_error_that_says_what_came(texts: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        GUARD.check_batch(texts)  # type: ignore[arg-type]


def test_wrong_arguments_are_errors() -> None:
    with pytest.raises(ValueError, match="unknown source 'nobody'; expected one of system, user"):
        GUARD.check_batch(["a"], source="nobody")
    with pytest.raises(TypeError, match="source must be a str, not int"):
        GUARD.check_batch(["a"], source=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        GUARD.check_batch(["a"], threads="2")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        GUARD.check_batch(["a"], "user")  # type: ignore[call-arg]
