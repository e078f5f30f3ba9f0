"""Counters of all workers, in one file of numbers each; every worker can add them up, so one scrape sees all."""

from __future__ import annotations

import mmap
import os
import tempfile
import threading
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from fastguard import __version__, _core
from fastguard.server.judge import ACTIONS

ROUTES: Final = (
    "lakera_guard",
    "lakera_results",
    "lakera_v1",
    "litellm",
    "moderations",
    "presidio_analyze",
    "presidio_anonymize",
    "llm_guard_prompt",
    "llm_guard_output",
    "check",
    "chat",
    "responses",
    "embeddings",
    "messages",
    "count_tokens",
    "models",
    "feedback",
    "pages",
    "other",
)
CLASSES: Final = ("2xx", "3xx", "4xx", "5xx")
# What came of requests through the gateway.
GATEWAY: Final = (
    "ok",
    "blocked",
    "refused",
    "error_status",
    "upstream_unreachable",
    "upstream_timeout",
    "upstream_cut",
    "upstream_malformed",
    "upstream_large",
    "upstream_redirect",
    "guard_failed",
)
DIRECTIONS: Final = ("input", "output")
SINKS: Final = ("store", "jsonl", "otlp")
# Upper ends of the buckets, in seconds; the last is without end.
BUCKETS: Final = (
    0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5,
)  # fmt: skip

_FAMILIES: Final[tuple[tuple[str, str, tuple[str, ...], tuple[tuple[str, ...], ...]], ...]] = (
    ("fastguard_http_requests_total", "Requests answered.", ("route", "status"), (ROUTES, CLASSES)),
    ("fastguard_checks_total", "Judgements by where the text went and what was said.", ("direction", "action"), (DIRECTIONS, ACTIONS)),
    ("fastguard_findings_total", "Judgements in which a category was flagged or blocked.", ("category",), (_core.CATEGORIES,)),
    ("fastguard_checked_characters_total", "Characters judged.", (), ()),
    ("fastguard_degraded_total", "Judgements with parts that could not run.", (), ()),
    ("fastguard_truncated_total", "Judgements that reached a limit.", (), ()),
    ("fastguard_gateway_answers_total", "Requests through the gateway by what came of them.", ("result",), (GATEWAY,)),
    ("fastguard_gateway_failed_open_total", "What passed unjudged, as gateway.fail is open.", (), ()),
    ("fastguard_gateway_unscanned_total", "Parts that passed and were no text.", (), ()),
    ("fastguard_events_dropped_total", "Events that a sink did not get: its queue was full, or it failed.", ("sink",), (SINKS,)),
    ("fastguard_events_written_total", "Events written, by sink.", ("sink",), (SINKS,)),
    ("fastguard_reloads_total", "Reloads of configuration, by result.", ("result",), (("ok", "failed"),)),
)  # fmt: skip
_HISTOGRAM: Final = ("fastguard_check_duration_seconds", "Time of one judgement, without HTTP.")


def _series() -> Iterator[tuple[str, str]]:
    for name, _, labels, values in _FAMILIES:
        if not labels:
            yield name, ""
        elif len(labels) == 1:
            for value in values[0]:
                yield name, f'{{{labels[0]}="{value}"}}'
        else:
            for first in values[0]:
                for second in values[1]:
                    yield name, f'{{{labels[0]}="{first}",{labels[1]}="{second}"}}'


_SERIES: Final = tuple(_series())
_FIRST_BUCKET: Final = len(_SERIES)
_SUM: Final = _FIRST_BUCKET + len(BUCKETS) + 1
_SLOTS: Final = _SUM + 1


def _slots(family: str) -> dict[str, int]:
    return {labels: slot for slot, (name, labels) in enumerate(_SERIES) if name == family}


_REQUESTS = {
    (route, kind): _slots("fastguard_http_requests_total")[f'{{route="{route}",status="{kind}"}}']
    for route in ROUTES
    for kind in CLASSES
}
_CHECKS = {
    (direction, action): _slots("fastguard_checks_total")[f'{{direction="{direction}",action="{action}"}}']
    for direction in DIRECTIONS
    for action in ACTIONS
}
_FINDINGS = {
    category: _slots("fastguard_findings_total")[f'{{category="{category}"}}'] for category in _core.CATEGORIES
}


class Metrics:
    """The counters of one worker and the sum over all; the label sets are fixed, so the file never grows.

    `request`, `check` and `finding` are for one thread (the event loop's); `count` is for all.
    A worker that dies leaves its file, so that no counter falls.
    """

    def __init__(self, folder: str | None = None, worker: int = 0) -> None:
        self._own = tempfile.TemporaryDirectory(prefix="fastguard-") if folder is None else None
        self.folder = folder or (self._own.name if self._own else "")
        path = os.path.join(self.folder, f"worker-{worker}.counters")  # noqa: PTH118
        size = _SLOTS * 8
        with open(path, "a+b") as file:  # noqa: PTH123
            file.truncate(size)
            self._map = mmap.mmap(file.fileno(), size)
        self._slots = memoryview(self._map).cast("d")
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the file; a folder of one's own is removed."""
        self._slots.release()
        self._map.close()
        if self._own:
            self._own.cleanup()

    def count(self, family: str, labels: str = "", amount: float = 1) -> None:
        """Add to a counter by its name: for rare things."""
        slot = _slots(family)[labels]
        with self._lock:
            self._slots[slot] += amount

    def request(self, route: str, status: int) -> None:
        """Count a request that was answered."""
        self._slots[_REQUESTS[route, CLASSES[min(max(status // 100, 2), 5) - 2]]] += 1

    def check(self, direction: str, action: str, seconds: float, size: int) -> None:
        """Count a judgement."""
        slots = self._slots
        slots[_CHECKS[direction, action]] += 1
        slots[_CHARACTERS] += size
        slots[_FIRST_BUCKET + bisect_left(BUCKETS, seconds)] += 1
        slots[_SUM] += seconds

    def finding(self, category: str) -> None:
        """Count a category that was flagged or blocked in one judgement."""
        self._slots[_FINDINGS[category]] += 1

    def totals(self) -> list[float]:
        """Return the sums over all workers."""
        totals = [0.0] * _SLOTS
        for name in sorted(os.listdir(self.folder)):  # noqa: PTH208
            if name.endswith(".counters"):
                with open(os.path.join(self.folder, name), "rb") as file:  # noqa: PTH118, PTH123
                    data = file.read(_SLOTS * 8)
                if len(data) == _SLOTS * 8:
                    for slot, value in enumerate(memoryview(data).cast("d")):
                        totals[slot] += value
        return totals

    def render(self, *, ready: bool, loaded: float) -> str:
        """Return all of it in the text format of Prometheus."""
        totals = self.totals()
        lines: list[str] = []
        values = dict(zip(_SERIES, totals, strict=False))
        for family, meaning, _, _ in _FAMILIES:
            lines += [f"# HELP {family} {meaning}", f"# TYPE {family} counter"]
            lines += [f"{name}{labels} {value:.17g}" for (name, labels), value in values.items() if name == family]
        name, meaning = _HISTOGRAM
        lines += [f"# HELP {name} {meaning}", f"# TYPE {name} histogram"]
        seen = 0.0
        for end, value in zip((*map(str, BUCKETS), "+Inf"), totals[_FIRST_BUCKET:_SUM], strict=True):
            seen += value
            lines.append(f'{name}_bucket{{le="{end}"}} {seen:.17g}')
        lines += [f"{name}_sum {totals[_SUM]:.17g}", f"{name}_count {seen:.17g}"]
        lines += ["# HELP fastguard_ready Whether this worker answers.", "# TYPE fastguard_ready gauge"]
        lines.append(f"fastguard_ready {int(ready)}")
        lines += ["# HELP fastguard_loaded_timestamp_seconds When packs and policies were loaded."]
        lines += ["# TYPE fastguard_loaded_timestamp_seconds gauge", f"fastguard_loaded_timestamp_seconds {loaded:.3f}"]
        lines += ["# HELP fastguard_build_info The version.", "# TYPE fastguard_build_info gauge"]
        lines.append(f'fastguard_build_info{{version="{__version__}"}} 1')
        return "\n".join(lines) + "\n"


_CHARACTERS: Final = _slots("fastguard_checked_characters_total")[""]
