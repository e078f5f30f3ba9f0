"""How many megabytes a second does check_batch screen, on one core and on all?"""

from __future__ import annotations

import os
import random
import statistics
import time
from typing import TYPE_CHECKING, Any

from bench import texts

if TYPE_CHECKING:
    from fastguard import Guard

    from bench.measure import Benchmark

PROMPTS = 100_000
SIZE = 500


def make_prompts(count: int) -> list[str]:
    """Return different prompts of exactly SIZE bytes, made of shuffled sentences."""
    grammar = texts.Grammar("fastguard batch")
    sentences = [grammar.english(grammar.kind()) for _ in range(20_000)]
    source = random.Random("fastguard batch order")
    prompts: dict[str, None] = {}
    while len(prompts) < count:
        prompt = " ".join(source.choices(sentences, k=12))[:SIZE]
        if len(prompt) == SIZE:
            prompts[prompt] = None
    return list(prompts)


def test_batch(benchmark: Benchmark, guard: Guard, seconds: float) -> None:
    prompts = make_prompts(PROMPTS if seconds >= 1 else PROMPTS // 20)
    few = prompts[:2000]
    assert guard.check_batch(few, threads=2) == [guard.check(text) for text in few], "a batch is not equal to the loop"
    verdicts = guard.check_batch(prompts)
    to_model = sum(verdict.tier != "gate" for verdict in verdicts) / len(prompts)
    decided = [text for text, verdict in zip(prompts, verdicts, strict=True) if verdict.tier == "gate"]
    del verdicts
    cores = os.cpu_count() or 1
    samples: dict[str, list[float]] = {"one": [], "all": [], "one_gate": [], "all_gate": []}

    def run(name: str, batch: list[str], threads: int) -> None:
        begin = time.perf_counter()
        guard.check_batch(batch, threads=threads)
        samples[name].append((time.perf_counter() - begin) / len(batch))

    def before_round() -> tuple[tuple[Any, ...], dict[str, Any]]:
        run("one", prompts, 1)
        run("one_gate", decided, 1)
        run("all_gate", decided, cores)
        return ("all", prompts, cores), {}

    benchmark.pedantic(run, setup=before_round, rounds=7 if seconds >= 1 else 2, iterations=1)
    median = {name: statistics.median(values) for name, values in samples.items()}
    best = {name: min(values) for name, values in samples.items()}
    benchmark.extra_info.update(
        prompts=len(prompts),
        prompt_bytes=SIZE,
        threads=cores,
        to_model=to_model,
        mb_per_s={name: SIZE / value / 1e6 for name, value in median.items()},
        best_mb_per_s={name: SIZE / value / 1e6 for name, value in best.items()},
        speedup=statistics.median(a / b for a, b in zip(samples["one"], samples["all"], strict=True)),
        speedup_gate=statistics.median(a / b for a, b in zip(samples["one_gate"], samples["all_gate"], strict=True)),
    )
