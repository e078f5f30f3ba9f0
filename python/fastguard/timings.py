"""Where the time of one check goes, step by step: for pages and for people who look at one text."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Final

from fastguard import _core

if TYPE_CHECKING:
    from fastguard.guard import Guard

_TURNS: Final = 9

STAGES: Final = ("reading", "gate", "patterns", "candidates", "phrases", "rest", "models")
"""The steps, in the order in which they are run.

- ``reading``: bytes classified and folded, words found, their features;
- ``gate``: the linear model's scores;
- ``patterns``: one pass of Hyperscan over each view of the text;
- ``candidates``: numbers and addresses that a check digit or a grammar decides;
- ``phrases``: concepts and phrases of the folded view;
- ``rest``: what only some texts need (disguises undone and read again, links, identifiers, spans), and fusion;
- ``models``: the models that the engine asked, and the verdict as an object.
"""


def stage_times(guard: Guard, text: str | bytes, *, source: str = "user") -> dict[str, float]:
    """Return the microseconds of each of `STAGES` and of all of it (``total``), medians of nine turns in warm caches.

    The steps are run by themselves, after the check: no check is slower for it. ``rest`` is what the engine's whole
    takes beyond the steps that are timed, ``models`` what `Guard.check` takes beyond the engine, so that the parts add up
    to the total; where noise would make one negative it is 0 and the total is that much more. O(text).

    >>> from fastguard import Guard
    >>> times = stage_times(Guard(), "How does compound interest work?")
    >>> list(times) == [*STAGES, "total"], times["reading"] > 0
    (True, True)
    """
    spent = _core.stage_times(guard, text, source=source, turns=_TURNS)
    engine = spent.pop("check") / 1000
    found = {name: nanoseconds / 1000 for name, nanoseconds in spent.items()}
    found["rest"] = max(0.0, engine - sum(found.values()))
    found["models"] = max(0.0, _whole(guard, text, source) - engine)
    return {**{name: found[name] for name in STAGES}, "total": sum(found.values())}


def _whole(guard: Guard, text: str | bytes, source: str) -> float:
    """Return the median microseconds of a check."""
    spent = []
    for _ in range(_TURNS):
        start = time.perf_counter_ns()
        guard.check(text, source=source)
        spent.append(time.perf_counter_ns() - start)
    return statistics.median(spent) / 1000
