"""The machine and the software that a record was made with."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import ssl
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from fastguard import _core

PACKAGES = ("numpy", "onnxruntime", "hyperscan", "tokenizers", "google-re2", "regex", "pytest-benchmark", "pyarrow")


def _cpu_fact(key: str) -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(rf"^{key}\s*:\s*(.*)$", text, re.MULTILINE)
    return found.group(1).strip() if found else ""


def cpu_name() -> str:
    """Return the name of the CPU."""
    return _cpu_fact("model name") or platform.processor() or platform.machine()


def _commit() -> str:
    root = Path(__file__).resolve().parent.parent
    try:
        done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.decode().strip()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"


def describe() -> dict[str, object]:
    """Return what one needs to know to read the numbers."""
    flags = set(_cpu_fact("flags").split()) | set(_cpu_fact("Features").split())
    wanted = ("sse4_2", "avx2", "avx512f", "avx512vbmi", "sha_ni", "asimd", "sha2")
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
        "time": dt.datetime.now(dt.UTC).strftime("%H:%M"),
        "cpu": cpu_name(),
        "cpu_mhz": _cpu_fact("cpu MHz"),
        "cpu_family": f"{_cpu_fact('cpu family')}/{_cpu_fact('model')}",
        "cpu_features": [name for name in wanted if name in flags],
        "cpus": os.cpu_count() or 1,
        "load": [round(value, 2) for value in os.getloadavg()],
        "kernel": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()} ({platform.python_compiler()})",
        "openssl": ssl.OPENSSL_VERSION,
        "libhs": _core.engine_version(),
        "fastguard": _core.__version__,
        "fastguard_kernel": _core.kernel(),
        "commit": _commit(),
        "packages": {name: _version(name) for name in PACKAGES},
        "executable": Path(sys.executable).name,
    }
