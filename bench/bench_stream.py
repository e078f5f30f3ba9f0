"""What does a chunk of a stream cost? In the pieces that models and gateways send; and is it the answer of one check?

That many random cuts of many texts are all identical to the one check is shown by ``python -m bench.stream_cuts``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bench import texts
from bench.measure import compete

if TYPE_CHECKING:
    from fastguard import Guard
    from fastguard.stream import StreamMode

    from bench.measure import Benchmark

SIZE = 64 * 1024


def chunks_of(text: str, size: int) -> list[str]:
    """Cut a text into pieces of equal length; 0: at blanks, as tokens come."""
    if size:
        return [text[i : i + size] for i in range(0, len(text), size)]
    words = text.split(" ")
    return [word + " " for word in words[:-1]] + words[-1:]


@pytest.mark.parametrize("mode", ["block", "redact"])
@pytest.mark.parametrize("size", [0, 4, 16, 64], ids=["words", "4B", "16B", "64B"])
def test_chunks(benchmark: Benchmark, guard: Guard, mode: StreamMode, size: int, seconds: float) -> None:
    text = texts.make("benign", "ascii", SIZE, 1)[0]
    chunks = chunks_of(text, size)
    made = guard.stream(mode=mode)
    for chunk in chunks:
        made.feed(chunk)
    made.close()
    assert made.verdict == guard.check(text)

    def timed(begin: int, count: int) -> float:
        from time import perf_counter

        stream: Any = guard.stream(mode=mode)
        feed = stream.feed
        part = [chunks[i % len(chunks)] for i in range(begin, begin + count)]
        start = perf_counter()
        for chunk in part:
            feed(chunk)
        return perf_counter() - start

    compete(benchmark, {"feed": timed}, len(chunks), seconds)
    benchmark.extra_info.update(chunks=len(chunks), bytes=SIZE, holdback=made.holdback_bytes)
