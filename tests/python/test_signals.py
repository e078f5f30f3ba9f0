"""A long check lets other threads run and answers signals; how well is a benchmark, that it does is a test."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastguard import _core

sys.path.insert(0, str(Path(__file__).parent))
from strategies import ENGLISH, KEY, small_guard

GUARD = small_guard()
LONG = "An ordinary sentence about nothing. " * (48 * 1024 * 1024 // 36)


class Interrupted(Exception):  # noqa: N818
    """What the handler of the test raises."""


@pytest.fixture
def alarm() -> Iterator[Callable[[], float]]:
    """Raise `Interrupted` in the main thread a moment from now; return when."""
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals reach the main thread only")

    def interrupt(_number: int, _frame: object) -> None:
        GUARD.check(f"{ENGLISH} {KEY} " * 200)  # a handler may use the guard
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    timers: list[threading.Timer] = []

    def start() -> float:
        timers.append(threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGUSR1)))
        timers[-1].start()
        return time.monotonic()

    yield start
    for timer in timers:
        timer.join()
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("call", ["check", "redact", "stream"])
def test_a_signal_ends_a_long_call(call: str, alarm: Callable[[], float]) -> None:
    calls: dict[str, Callable[[str], object]] = {
        "check": GUARD.check,
        "redact": GUARD.redact,
        "stream": lambda text: _core.StreamBase(GUARD, "user").feed(text),
    }
    alarm()
    with pytest.raises(Interrupted):
        calls[call](LONG)


def test_a_check_that_was_not_ended_is_not_changed_by_handlers() -> None:
    text = f"a {KEY} " + "word " * 400_000 + ENGLISH
    expected = GUARD.check(text)
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(GUARD.check(f"{ENGLISH} {KEY} " * 300)))
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(0.005):
            os.kill(os.getpid(), signal.SIGUSR1)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        assert all(GUARD.check(text) == expected for _ in range(10))
    finally:
        stop.set()
        thread.join()
        signal.signal(signal.SIGUSR1, before)
    assert seen


def test_other_threads_run_during_a_long_check() -> None:
    done = threading.Event()
    ticks = []

    def tick() -> None:
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    began = time.monotonic()
    GUARD.check(LONG)
    ended = time.monotonic()
    done.set()
    thread.join()
    assert sum(began < at < ended for at in ticks) > 5
