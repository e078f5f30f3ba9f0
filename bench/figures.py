"""The figures that were set as targets, and where a record holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Results = Mapping[str, Mapping[str, Any]]
"""What each benchmark measured, by its name as pytest shows it: ``test_check[benign-ascii-1 KB]``."""


def results_of(benchmarks: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the results of pytest-benchmark's JSON by name."""
    return {one["name"]: dict(one["extra_info"]) for one in benchmarks}


def look(results: Results, name: str, *keys: str) -> float | None:
    """Return a number of a result, or None where it was not measured."""
    value: Any = results.get(name)
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, (int, float)) else None


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table of targets."""

    what: str
    target: float
    unit: str
    value: Callable[[Results], float | None]
    at_least: bool = False
    note: str = ""
    compare: bool = False  # no target of its own

    def met(self, value: float) -> bool:
        """Return whether a measured value reaches the target."""
        return value >= self.target if self.at_least else value <= self.target


def _check(size: str, script: str = "ascii") -> Callable[[Results], float | None]:
    return lambda results: look(results, f"test_check[benign-{script}-{size}]", "median_us", "check")


def _over_hash(size: str) -> Callable[[Results], float | None]:
    return lambda results: look(results, f"test_check[benign-ascii-{size}]", "ratio", "sha256")


def _over_plain_hash(size: str) -> Callable[[Results], float | None]:
    return lambda results: look(results, "test_hash_without_sha_instructions", "sizes", size, "ratio", "sha256")


def _composed(size: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        ratio = look(results, f"test_composed[ascii-{size}]", "ratio", "composed")
        return 1 / ratio if ratio else None

    return value


def _scaled(factor: float, name: str, *keys: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        found = look(results, name, *keys)
        return None if found is None else found * factor

    return value


_HASH_NOTE: Final = "SHA instructions of the CPU in use where it has them"
_PLAIN_NOTE: Final = "SHA instructions not used, as on CPUs without them"

FIGURES: Final = (
    Figure("check, benign ASCII, gate decides, 64 B", 1, "us", _check("64 B")),
    Figure("check, benign ASCII, gate decides, 256 B", 2.5, "us", _check("256 B")),
    Figure("check, benign ASCII, gate decides, 1 KB", 8, "us", _check("1 KB")),
    Figure("check, benign ASCII, gate decides, 4 KB", 30, "us", _check("4 KB")),
    Figure("check, benign ASCII, gate decides, 64 KB", 450, "us", _check("64 KB")),
    Figure("check, benign mixed Unicode, 1 KB", 14, "us", _check("1 KB", "mixed")),
    Figure("check, cold caches, 1 KB", 60, "us", _scaled(1, "test_cold[1 KB]", "median_us", "check")),
    Figure("check / hashlib.sha256, 256 B", 1.0, "x", _over_hash("256 B"), note=_HASH_NOTE),
    Figure("check / hashlib.sha256, 1 KB", 1.4, "x", _over_hash("1 KB"), note=_HASH_NOTE),
    Figure("check / hashlib.sha256, 4 KB", 1.6, "x", _over_hash("4 KB"), note=_HASH_NOTE),
    Figure("check / sha256 in software, 256 B", 1.0, "x", _over_plain_hash("256 B"), note=_PLAIN_NOTE, compare=True),
    Figure("check / sha256 in software, 1 KB", 1.4, "x", _over_plain_hash("1 KB"), note=_PLAIN_NOTE, compare=True),
    Figure("check / sha256 in software, 4 KB", 1.6, "x", _over_plain_hash("4 KB"), note=_PLAIN_NOTE, compare=True),
    Figure(
        "check / bare hs_scan of the same database, 1 KB",
        4,
        "x",
        lambda results: look(results, "test_check[benign-ascii-1 KB]", "ratio", "hs_scan"),
    ),
    Figure("faster than composed Python, 256 B", 60, "x", _composed("256 B"), at_least=True),
    Figure("faster than composed Python, 1 KB", 60, "x", _composed("1 KB"), at_least=True),
    *(
        Figure(f"all views over none, benign ASCII, {size}", 1.15, "x", _scaled(1, f"test_views[ascii-{size}]", "ratio", "none"))
        for size in ("64 B", "256 B", "1 KB", "4 KB")
    ),
    Figure("benign traffic that goes on to ONNX", 10, "%", _scaled(100, "test_grey", "groups", "all", "to_model")),
    Figure("gate and model disagree, of what the gate decides", 0.2, "%", _scaled(100, "test_grey", "groups", "all", "disagree")),
    Figure("check_batch, all cores over one thread", 1.4, "x", _scaled(1, "test_batch", "speedup"), at_least=True),
    Figure("check_batch, all cores", 100, "MB/s", _scaled(1, "test_batch", "mb_per_s", "all"), at_least=True),
    Figure("import fastguard", 30, "ms", _scaled(1e3, "test_import", "median_s")),
    Figure("Guard() from the cache", 0.5, "s", _scaled(1, "test_guard_from_cache", "median_s")),
    Figure("first build of the cache", 20, "s", _scaled(1, "test_first_build", "median_s")),
    Figure("memory of a ready Guard above Python with onnxruntime", 60, "MB", _scaled(1, "test_memory", "used_mb")),
)  # fmt: skip


def number(value: float | None) -> str:
    """Return a number with three significant digits."""
    if value is None:
        return "-"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if size < 10 else f"{value:.1f}"
