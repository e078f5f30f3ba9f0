"""How things are timed: contestants take turns on the same texts, rounds with a busy core do not count, medians.

In a round every contestant works on a few texts (0.4 ms, or one text), one contestant after the other, between two runs
of a fixed loop (the yardstick). Where the yardstick ran slow or the system took the core away, another process was at work, and the round is
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
from dataclasses import dataclass
from typing import Any, Final, Protocol

from bench.build_native import native

CLEAN: Final = 1.12  # a yardstick this much above the fast ones means that the core was shared
TURN_SECONDS: Final = 0.0004
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


def _calibrate(timed: Timed, texts: int) -> tuple[int, float]:
    """Return (texts a turn, seconds a text) of a contestant."""
    each = timed(0, 1)
    if each < 0.01:
        few = min(texts, 8)
        each = min(timed(0, few), timed(0, few)) / few
    return max(1, min(texts, int(TURN_SECONDS / each))), each


def compete(benchmark: Benchmark, contestants: Mapping[str, Timed], texts: int, seconds: float) -> Timings:
    """Time the contestants in turns for about `seconds`; the first one is what the benchmark's table shows."""
    for timed in contestants.values():  # warm-up
        warm_until = time.perf_counter() + max(0.05, seconds / 10)
        for begin in range(texts):
            timed(begin, 1)
            if time.perf_counter() > warm_until:
                break
    turns = {name: _calibrate(timed, texts) for name, timed in contestants.items()}
    rounds = int(seconds / sum(count * each for count, each in turns.values()))
    rounds = min(MOST_ROUNDS, max(FEWEST_ROUNDS, rounds))
    subject, *others = contestants
    samples: dict[str, list[float]] = {name: [] for name in contestants}
    watch = _Watch()
    places = {name: number * texts // len(contestants) for number, name in enumerate(contestants)}

    def turn_of(name: str) -> tuple[int, int]:
        count = turns[name][0]
        places[name] += count
        return places[name] % (texts - count + 1), count

    def before_round() -> tuple[tuple[int, int], dict[str, Any]]:
        # The others' turn comes right before the subject's, outside what pytest-benchmark times.
        watch.look()
        for name in others:
            begin, count = turn_of(name)
            samples[name].append(contestants[name](begin, count) / count)
        return turn_of(subject), {}

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
    timings = Timings(clean)
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
