"""How does a check compare with SHA-256 where the CPU has no SHA instructions?

bench_check.py takes the hash as it comes. Here OpenSSL is told to leave the SHA instructions of the CPU unused.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bench.measure import Benchmark


def test_hash_without_sha_instructions(benchmark: Benchmark, with_model: bool, seconds: float) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("OPENSSL_ia32cap is for x86 only")
    command = [sys.executable, "-m", "bench.software_hash", str(seconds), *([] if with_model else ["--no-model"])]
    environment = {**os.environ, "OPENSSL_ia32cap": ":~0x20000000"}

    def run() -> str:
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    benchmark.extra_info["sizes"] = json.loads(benchmark.pedantic(run, rounds=1))
