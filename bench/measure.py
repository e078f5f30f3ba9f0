"""How things are timed: contestants take turns on the same texts, rounds with a busy core do not count, medians.

A round gives every contestant the same few texts, one after the other, between two runs of a fixed loop (the
yardstick). Where the yardstick ran slow, another process used the core, and the round is dropped. Ratios are made round
by round before the median is taken, so that what slows all contestants cancels out.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from bench.build_native import native

CLEAN: Final = 1.12  # a yardstick this much above the fast ones means that the core was shared
ROUND_SECONDS: Final = 0.0004
MOST_ROUNDS: Final = 3000
FEWEST_ROUNDS: Final = 5


class Benchmark(Protocol):
    """What is used of pytest-benchmark's fixture, which has no types of its own."""

    extra_info: dict[str, Any]

    def pedantic(
        self,
        target: Callable[..., Any],
        args: tuple[Any, ...] = (),
        *,
        setup: Callable[[], Any] | None = None,
        rounds: int = 1,
        iterations: int = 1,
    ) -> Any:
        """Call `target` with `args`, or with what `setup` returns, `rounds` times; return what the last call did."""


class Plain:
    """Stands for that fixture in a process without pytest."""

    def __init__(self) -> None:
        self.extra_info: dict[str, Any] = {}

    def pedantic(
        self,
        target: Callable[..., Any],
        args: tuple[Any, ...] = (),
        *,
        setup: Callable[[], Any] | None = None,
        rounds: int = 1,
        iterations: int = 1,
    ) -> Any:
        """Call `target` as the fixture does."""
        result = None
        for _ in range(rounds * iterations):
            given, named = setup() if setup else (args, {})
            result = target(*given, **named)
        return result


Timed = Callable[[int, int], float]
"""Works on texts [begin, begin + count) and returns the seconds that took."""


@dataclass(slots=True)
class Timings:
    """Seconds per text of each contestant, clean rounds only."""

    seconds: dict[str, list[float]]
    rounds: int  # in all
    clean: int
    texts: int
    batch: int  # texts a round
    extra: dict[str, Any] = field(default_factory=dict)

    def median(self, name: str) -> float:
        """Return the median of a contestant in seconds per text."""
        return statistics.median(self.seconds[name])

    def ratio(self, name: str, other: str) -> float:
        """Return the median over rounds of `name` over `other`."""
        pairs = zip(self.seconds[name], self.seconds[other], strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


def over(function: Callable[[Any], object], inputs: Sequence[Any]) -> Timed:
    """Return the contestant that calls `function` with one input after the other in a plain Python loop."""

    def timed(begin: int, count: int) -> float:
        batch = inputs[begin : begin + count]
        clock = time.perf_counter
        start = clock()
        for item in batch:
            function(item)
        return clock() - start

    return timed


def _calibrate(contestants: Mapping[str, Timed], texts: int, slowest: float) -> tuple[int, float]:
    """Return (texts a round, seconds a round)."""
    count = min(texts, 8)
    for timed in contestants.values():
        timed(0, count)
    each = {name: timed(0, count) / count for name, timed in contestants.items()}
    first = next(iter(each))
    batch = max(1, min(texts, int(ROUND_SECONDS / each[first])))
    whole = sum(each.values())
    batch = max(1, min(batch, int(slowest / whole)))
    return batch, batch * whole


def compete(
    benchmark: Benchmark, contestants: Mapping[str, Timed], texts: int, seconds: float, slowest: float = 0.05
) -> Timings:
    """Time the contestants in turns for about `seconds`; the first one is what the benchmark's table shows.

    No round takes longer than about `slowest` seconds (one text at least). Every contestant sees every text.
    """
    for timed in contestants.values():  # warm-up, and every text at least once
        warm_until = time.perf_counter() + max(0.05, seconds / 10)
        for begin in range(texts):
            timed(begin, 1)
            if time.perf_counter() > warm_until:
                break
    batch, round_seconds = _calibrate(contestants, texts, slowest)
    rounds = int(min(MOST_ROUNDS, max(FEWEST_ROUNDS, seconds / round_seconds)))
    subject, *others = contestants
    samples: dict[str, list[float]] = {name: [] for name in contestants}
    yardsticks: list[tuple[int, int]] = []
    helper = native()
    position = 0

    def before_round() -> tuple[tuple[int, int], dict[str, Any]]:
        # The others' turn comes right before the subject's, outside what pytest-benchmark times.
        nonlocal position
        begin = position if position + batch <= texts else 0
        position = begin + batch
        first = helper.yardstick()
        for name in others:
            samples[name].append(contestants[name](begin, batch) / batch)
        yardsticks.append((first, helper.yardstick()))
        return (begin, batch), {}

    def subject_round(begin: int, count: int) -> None:
        samples[subject].append(contestants[subject](begin, count) / count)

    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        benchmark.pedantic(subject_round, setup=before_round, rounds=rounds, iterations=1)
    finally:
        if was_enabled:
            gc.enable()
    kept = _clean_rounds(yardsticks, rounds)
    clean = {name: [values[i] for i in kept] for name, values in samples.items()}
    timings = Timings(clean, rounds, len(kept), texts, batch)
    benchmark.extra_info["rounds"] = rounds
    benchmark.extra_info["clean_rounds"] = len(kept)
    benchmark.extra_info["texts"] = texts
    benchmark.extra_info["median_us"] = {name: timings.median(name) * 1e6 for name in contestants}
    benchmark.extra_info["ratio"] = {name: timings.ratio(subject, name) for name in others}
    return timings


def _clean_rounds(yardsticks: Sequence[tuple[int, int]], rounds: int) -> list[int]:
    """Return the rounds between two fast yardsticks: its own and the next round's first. All, where too few are."""
    everything = sorted(min(pair) for pair in yardsticks)
    limit = CLEAN * everything[len(everything) // 20]
    after = [pair[0] for pair in yardsticks[1:]] + [yardsticks[-1][1]]
    kept = [i for i in range(rounds) if max(*yardsticks[i], after[i]) <= limit]
    return kept if len(kept) >= max(FEWEST_ROUNDS, rounds // 20) else list(range(rounds))
