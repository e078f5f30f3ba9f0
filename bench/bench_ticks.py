"""How many ticks of a second thread, one a millisecond, does a check of 16 MiB cost; how fast does it answer Ctrl-C?

``python -m bench.bench_ticks`` prints the share of ticks that are kept, against the same time of hashing (which needs
no GIL either, so that a busy machine takes as many from both), and the delays of ten interrupts.
"""

from __future__ import annotations

import hashlib
import os
import signal
import statistics
import threading
import time
from collections.abc import Callable

from bench import texts
from bench.subject import open_guard

SIZE = 16 * 1024 * 1024


def ticks_during(work: Callable[[], object]) -> tuple[int, float]:
    """Return how often another thread woke up while `work` ran, and the seconds that it took."""
    done = threading.Event()
    count = 0

    def tick() -> None:
        nonlocal count
        while not done.is_set():
            time.sleep(0.001)
            count += 1

    thread = threading.Thread(target=tick)
    thread.start()
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    done.set()
    thread.join()
    return count, seconds


def delay_of_interrupt(work: Callable[[], object]) -> float:
    """Return the seconds from a signal in the midst of `work` to the exception."""
    sent = 0.0

    def send() -> None:
        nonlocal sent
        sent = time.perf_counter()
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.05, send)
    timer.start()
    try:
        work()
    except KeyboardInterrupt:
        return time.perf_counter() - sent
    finally:
        timer.join()
    raise RuntimeError("the work ended before the interrupt came")


def main() -> None:
    """Measure and print."""
    guard = open_guard(model=True)
    text = texts.make("benign", "ascii", 64 * 1024, 1)[0] * (SIZE // (64 * 1024))
    guard.check(text)
    data = text.encode()
    rounds = 12  # about as long as the check
    kept = []
    for _ in range(5):
        ticks, seconds = ticks_during(lambda: guard.check(text))
        others, hashed = ticks_during(lambda: [hashlib.sha256(data) for _ in range(rounds)])
        kept.append(ticks / seconds / (others / hashed))
    delays = [delay_of_interrupt(lambda: guard.check(text * 6)) for _ in range(10)]
    print(f"ticks kept during 16 MiB: median {statistics.median(kept):.1%}, least {min(kept):.1%}")
    print(
        f"from Ctrl-C to the exception: median {statistics.median(delays) * 1e3:.0f} ms, most {max(delays) * 1e3:.0f} ms"
    )


if __name__ == "__main__":
    main()
