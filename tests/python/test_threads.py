"""One guard serves many Python threads: each gets the answers that one thread would get."""

from __future__ import annotations

import random
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fastguard import _core

sys.path.insert(0, str(Path(__file__).parent))
from strategies import ENGLISH, KEY, MIXED_TEXTS, model_spec, policy, small_guard, small_pack

THREADS = 8


def test_eight_threads_get_the_answers_of_one() -> None:
    guard = small_guard()
    expected = [guard.check(text) for text in MIXED_TEXTS]
    start = threading.Barrier(THREADS)

    def work(seed: int) -> list[int]:
        order = list(range(len(MIXED_TEXTS))) * 10
        random.Random(seed).shuffle(order)
        start.wait()
        return [at for at in order if guard.check(MIXED_TEXTS[at]) != expected[at]]

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(work, range(THREADS))) == [[]] * THREADS


def test_batches_and_checks_may_run_at_once() -> None:
    guard = small_guard()
    batch = list(MIXED_TEXTS) * 3
    expected = [guard.check(text) for text in batch]

    def work(index: int) -> bool:
        if index % 2:
            return guard.check_batch(batch, threads=3) == expected
        return [guard.check(text) for text in batch] == expected

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(work, range(THREADS)))


def test_a_model_that_gives_up_the_gil_mixes_no_answers() -> None:
    """While one thread waits in its model, others check texts on the same guard."""

    class Waiting(_core.GuardBase):
        def _score_windows(self, ids: bytes, dense: bytes, windows: int) -> bytes | None:
            threading.Event().wait(0.001)
            return struct.pack("<2f", float(len(set(ids)) % 13 - 6), -5.0) * windows

    guard = Waiting(small_pack(), policy(), model_spec())
    texts = [f"{'word ' * i}{KEY if i % 3 else ENGLISH}" for i in range(1, 40)]
    expected = [guard.check(text) for text in texts]
    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(lambda _: [guard.check(text) for text in texts], range(THREADS)):
            assert found == expected


def test_guards_may_come_and_go_while_others_check() -> None:
    guard = small_guard()
    expected = guard.check(f"x {KEY}")

    def work(index: int) -> bool:
        if index % 2:
            return all(small_guard(max_findings=index).check(f"x {KEY}") == expected for _ in range(50))
        return all(guard.check(f"x {KEY}") == expected for _ in range(2000))

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(work, range(1, THREADS + 1)))


def test_a_verdict_may_be_read_in_many_threads_at_once() -> None:
    for _ in range(50):
        verdict = small_guard().check(f"{ENGLISH} {KEY}")
        start = threading.Barrier(THREADS)

        def read(_: int, verdict: _core.Verdict = verdict, start: threading.Barrier = start) -> object:
            start.wait()
            return verdict.findings, verdict.to_dict(), hash(verdict)

        with ThreadPoolExecutor(THREADS) as pool:
            first, *others = pool.map(read, range(THREADS))
            assert all(other == first for other in others)


def test_a_list_that_grows_during_its_check_is_judged_as_it_was() -> None:
    guard = small_guard()
    batch = [f"{'word ' * 2000}{KEY}"] * 400
    stop = threading.Event()

    def grow() -> None:
        while not stop.is_set():
            batch.append("more")
            batch[0] = "changed"
            del batch[399:]

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        for _ in range(5):
            verdicts = guard.check_batch(batch)
            assert all(finding.text == KEY for verdict in verdicts for finding in verdict.findings)
    finally:
        stop.set()
        thread.join()
