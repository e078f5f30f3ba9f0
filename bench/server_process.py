"""The processes of the server's benchmarks: started, awaited, ended, and what they take of the machine."""

from __future__ import annotations

import http.client
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def process(folder: Path, *arguments: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A server on a free port; ends with the block."""
    log = folder / f"{random.randrange(10**9)}.log"
    with log.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdout=output,
            stderr=output,
            env={**os.environ, "XDG_STATE_HOME": str(folder)},
        )
    try:
        yield _port(arguments, log, started), started
    finally:
        started.terminate()
        started.wait(20)


def _port(arguments: tuple[str, ...], log: Path, started: subprocess.Popen[bytes]) -> int:
    end = time.monotonic() + 60
    while time.monotonic() < end and started.poll() is None:
        if arguments[0] == "fastguard":
            for line in log.read_text(encoding="utf-8").splitlines():
                if "listening on " in line:
                    return int(line.split("listening on ")[1].split(",")[0].rsplit(":", 1)[1])
        elif Path(arguments[-1]).exists() and (text := Path(arguments[-1]).read_text(encoding="ascii")):
            port = int(text)
            try:
                http.client.HTTPConnection("127.0.0.1", port, timeout=1).connect()
            except OSError:
                pass
            else:
                return port
        time.sleep(0.05)
    raise SystemExit(f"{' '.join(arguments)} did not start: {log.read_text(encoding='utf-8')}")


def resident(pid: int) -> float:
    """Memory of a process and its children, MB."""
    total = 0
    for number in family(pid):
        status = Path(f"/proc/{number}/status").read_text(encoding="ascii")
        total += next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return total / 1024


def family(pid: int) -> list[int]:
    """A process and its children."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())]


def processor(pid: int) -> float:
    """Seconds that all threads of a process and its children have run."""
    files = [file for number in family(pid) for file in Path(f"/proc/{number}/task").glob("*/schedstat")]
    return sum(int(file.read_text(encoding="ascii").split()[0]) for file in files) / 1e9


def all_busy() -> float:
    """Seconds that the machine's cores were busy with anything."""
    values = [int(value) for value in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return (sum(values) - values[3] - values[4]) / os.sysconf("SC_CLK_TCK")


def on_cpu(pid: int) -> float:
    """Microseconds that a process's main thread has run."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1000
