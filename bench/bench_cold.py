"""How long does a check take when everything else has used the caches since the last one?"""

from __future__ import annotations

import ctypes
import statistics
import time
from typing import TYPE_CHECKING, Any

import pytest

from bench import texts
from bench.build_native import native
from bench.subject import sample

if TYPE_CHECKING:
    from fastguard import Guard

    from bench.measure import Benchmark

TOUCHED = 64 << 20


@pytest.mark.parametrize("size", ["64 B", "1 KB", "4 KB"])
def test_cold(benchmark: Benchmark, guard: Guard, size: str, seconds: float) -> None:
    chosen = sample(guard, "benign", "ascii", texts.SIZES[size])
    if not chosen.texts:
        pytest.skip(f"the gate decides none of the texts of {size}")
    helper = native()
    buffer = (ctypes.c_uint64 * (TOUCHED // 8))()
    start = time.perf_counter()
    helper.touch(buffer)
    helper.touch(buffer)
    rounds = max(10, int(seconds / (time.perf_counter() - start) * 2))
    check = chosen.check
    number = 0
    samples: list[float] = []

    def touch() -> tuple[tuple[str], dict[str, Any]]:
        nonlocal number
        number += 1
        text = chosen.texts[number % len(chosen)]
        helper.touch(buffer)
        return (text,), {}

    def cold(text: str) -> None:
        clock = time.perf_counter  # warm when it counts: the clock is not what is measured
        clock()
        begin = clock()
        check(text)
        samples.append(clock() - begin)

    benchmark.pedantic(cold, setup=touch, rounds=rounds, iterations=1)
    benchmark.extra_info["median_us"] = {"check": statistics.median(samples) * 1e6}
    benchmark.extra_info["rounds"] = rounds
    benchmark.extra_info["texts"] = len(chosen)
