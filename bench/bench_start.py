"""How long until the first verdict, and how much memory does a ready guard take?

Each figure comes from processes of their own, because a process can start only once.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from bench import texts

if TYPE_CHECKING:
    from pathlib import Path

    from bench.measure import Benchmark

IMPORT = """
import time
begin = time.perf_counter()
import fastguard
taken = time.perf_counter() - begin
import json, sys
print(json.dumps({"seconds": taken, "heavy": [name for name in ("numpy", "onnxruntime") if name in sys.modules]}))
"""

OPEN = """
import json, sys, time
import fastguard
arguments = {} if sys.argv[1] == "model" else {"model": None}
begin = time.perf_counter()
guard = fastguard.Guard(**arguments)
taken = time.perf_counter() - begin
verdict = guard.check("What is the capital of France?")
assert not verdict.flagged and not verdict.degraded, verdict
print(json.dumps({"seconds": taken}))
"""

MEMORY = """
import json, os, sys
import numpy, onnxruntime


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


begin = resident()
import fastguard
arguments = {} if sys.argv[1] == "model" else {"model": None}
guard = fastguard.Guard(**arguments)
guard.check("What is the capital of France?")
ready = resident()
if guard._model is not None:
    assert guard._model.warm()
for text in json.load(sys.stdin):
    guard.check(text)
print(json.dumps({"python": begin, "ready": ready - begin, "used": resident() - begin}))
"""


def run(script: str, *arguments: str, cache: Path | None = None, given: str = "") -> dict[str, Any]:
    environment = dict(os.environ)
    if cache is not None:
        environment["FASTGUARD_CACHE_DIR"] = str(cache)
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, env=environment, input=given, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def repeat(benchmark: Benchmark, rounds: int, *arguments: str, **options: Any) -> list[dict[str, Any]]:
    """Run a script in new processes and keep what each printed."""
    found: list[dict[str, Any]] = []
    benchmark.pedantic(lambda: found.append(run(*arguments, **options)), rounds=rounds)
    benchmark.extra_info["processes"] = rounds
    return found


def test_import(benchmark: Benchmark, seconds: float) -> None:
    run(IMPORT)  # byte code and files are in the caches of Python and the system
    found = repeat(benchmark, 21 if seconds >= 1 else 3, IMPORT)
    assert not found[0]["heavy"], f"import fastguard loads {found[0]['heavy']}"
    benchmark.extra_info["median_s"] = statistics.median(one["seconds"] for one in found)


@pytest.fixture(scope="module")
def first_build(with_model: bool, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """Build a cache once for all: its folder, and how long that took."""
    folder = tmp_path_factory.mktemp("cache")
    taken = run(OPEN, "model" if with_model else "none", cache=folder)["seconds"]
    assert list(folder.glob("*.fgc")), "the first guard left no cache"
    return folder, taken


def test_first_build(
    benchmark: Benchmark, seconds: float, with_model: bool, first_build: tuple[Path, float], tmp_path: Path
) -> None:
    found = [first_build[1]]
    kind = "model" if with_model else "none"

    def build_again() -> None:
        if seconds >= 1:  # it takes long: once more is enough
            found.append(run(OPEN, kind, cache=tmp_path)["seconds"])

    benchmark.pedantic(build_again)
    benchmark.extra_info["median_s"] = statistics.median(found)
    benchmark.extra_info["processes"] = len(found)


def test_guard_from_cache(
    benchmark: Benchmark, seconds: float, with_model: bool, first_build: tuple[Path, float]
) -> None:
    kind = "model" if with_model else "none"
    found = repeat(benchmark, 11 if seconds >= 1 else 2, OPEN, kind, cache=first_build[0])
    benchmark.extra_info["median_s"] = statistics.median(one["seconds"] for one in found)


def test_memory(benchmark: Benchmark, seconds: float, with_model: bool, first_build: tuple[Path, float]) -> None:
    kind = "model" if with_model else "none"
    given = [text for name in ("1 KB", "64 KB") for text in texts.make("attack", "mixed", texts.SIZES[name], 20)]
    rounds = 5 if seconds >= 1 else 1
    found = repeat(benchmark, rounds, MEMORY, kind, cache=first_build[0], given=json.dumps(given))
    for key in ("python", "ready", "used"):
        benchmark.extra_info[f"{key}_mb"] = statistics.median(one[key] for one in found) / 1e6
