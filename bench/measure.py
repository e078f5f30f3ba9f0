"""How things are timed: contestants take turns on the same texts, rounds with a busy core do not count, medians.

In a round every contestant works on a few texts, one contestant after the other, between two runs of a fixed loop (the
yardstick). Where the yardstick ran slow or the system took the core away, another process was at work, and the round is
dropped. Ratios are made round by round before the median is taken, so that what slows all contestants cancels out. All
contestants see all texts, but in one round not the same ones: the branch predictor would learn them from the first and
help the second.
"""

from __future__ import annotations

import gc
import itertools
import resource
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
_WHO: Final = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)


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
    each = {}
    for name, timed in contestants.items():
        each[name] = timed(0, 1)
        if each[name] < 0.01:
            few = min(texts, 8)
            each[name] = min(timed(0, few), timed(0, few)) / few
    subject = next(iter(each.values()))
    whole = sum(each.values())
    batch = max(1, min(texts, int(ROUND_SECONDS / subject), int(slowest / whole)))
    return batch, batch * whole


def compete(
    benchmark: Benchmark, contestants: Mapping[str, Timed], texts: int, seconds: float, slowest: float = 0.05
) -> Timings:
    """Time the contestants in turns for about `seconds`; the first one is what the benchmark's table shows.

    No round takes longer than about `slowest` seconds (one text at least).
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
    watch = _Watch()
    position = 0

    def begin_of(turn: int) -> int:
        return (position + turn * texts // len(contestants)) % (texts - batch + 1)

    def before_round() -> tuple[tuple[int, int], dict[str, Any]]:
        # The others' turn comes right before the subject's, outside what pytest-benchmark times.
        nonlocal position
        watch.look()
        for turn, name in enumerate(others, 1):
            samples[name].append(contestants[name](begin_of(turn), batch) / batch)
        position += batch
        return (begin_of(0), batch), {}

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
    watch.look()
    kept = watch.clean_rounds()
    clean = {name: [values[i] for i in kept] for name, values in samples.items()}
    timings = Timings(clean, rounds, len(kept), texts, batch)
    benchmark.extra_info["rounds"] = rounds
    benchmark.extra_info["clean_rounds"] = len(kept)
    benchmark.extra_info["texts"] = texts
    benchmark.extra_info["median_us"] = {name: timings.median(name) * 1e6 for name in contestants}
    benchmark.extra_info["ratio"] = {name: timings.ratio(subject, name) for name in others}
    return timings


class _Watch:
    """Tells the rounds in which nobody else used the core."""

    def __init__(self) -> None:
        self._yardstick = native().yardstick
        self._looks: list[tuple[int, int]] = []  # between rounds: time of the yardstick, times the core was taken away

    def look(self) -> None:
        """Call before the first round, and after each."""
        self._looks.append((self._yardstick(), resource.getrusage(_WHO).ru_nivcsw))

    def clean_rounds(self) -> list[int]:
        """Return the rounds between two fast yardsticks on an undisturbed core; all, where those are too few."""
        fast = sorted(time_taken for time_taken, _ in self._looks)
        limit = CLEAN * fast[len(fast) // 20]
        pairs = enumerate(itertools.pairwise(self._looks))
        kept = [i for i, (a, b) in pairs if max(a[0], b[0]) <= limit and a[1] == b[1]]
        rounds = len(self._looks) - 1
        return kept if len(kept) >= max(FEWEST_ROUNDS, rounds // 20) else list(range(rounds))
