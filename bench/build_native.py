"""Builds the C and C++ parts of the benchmarks and calls them."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "bench"


class BuildError(Exception):
    """A compiler is missing or refuses a file; the message has its words."""


def _compiler(variable: str, *names: str) -> list[str]:
    for name in (os.environ.get(variable, ""), *names):
        command = shlex.split(name)
        if command and shutil.which(command[0]):
            return command
    raise BuildError(f"no compiler: set {variable} or install one of {', '.join(names)}")


def _libhs(*what: str) -> list[str]:
    command = [shutil.which("pkg-config") or "pkg-config", *what, "libhs"]
    return shlex.split(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _run(command: list[str]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode != 0:
        raise BuildError(f"{shlex.join(command)}\n{done.stderr}")


def engine_library() -> Path:
    """Return the static library of the engine: FASTGUARD_BENCH_LIBRARY, else what ./dev build made."""
    named = os.environ.get("FASTGUARD_BENCH_LIBRARY", "")
    if named:
        return Path(named)
    tag = f"{sys.implementation.cache_tag}{getattr(sys, 'abiflags', '')}"
    found = [*ROOT.glob(f"build/dev-{tag}/libfastguard.a")]
    found = found or sorted(ROOT.glob("build/*/libfastguard.a"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise BuildError("build/*/libfastguard.a is missing: run ./dev build")
    return found[-1]


@cache
def stages_program() -> Path:
    """Build bench/native/stages.cpp against the engine and return the program."""
    program = OUT / "stages"
    _run(
        [
            *_compiler("CXX", "c++", "g++", "clang++"),
            *("-std=c++20", "-O3", "-DNDEBUG", "-Wall", "-Wextra", "-Icpp/include", "-Icpp/src"),
            *("bench/native/stages.cpp", "-o", str(program), str(engine_library())),
            *_libhs("--libs"),
            *("-ldl", "-pthread"),
        ]
    )
    return program


class Texts:
    """Texts as C takes them: pointers and sizes."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        self._kept = list(texts)
        self._pointers = (ctypes.c_char_p * len(texts))(*texts)
        self._sizes = (ctypes.c_uint * len(texts))(*map(len, texts))

    def part(self, begin: int) -> tuple[object, object]:
        """Return pointers to the texts and sizes from `begin` on."""
        return (
            ctypes.byref(self._pointers, begin * ctypes.sizeof(ctypes.c_char_p)),
            ctypes.byref(self._sizes, begin * ctypes.sizeof(ctypes.c_uint)),
        )


class Native:
    """The C helpers."""

    def __init__(self) -> None:
        library = OUT / "hs_loop.so"
        source = ROOT / "bench" / "native" / "hs_loop.c"
        _run(
            [
                *_compiler("CC", "cc", "gcc", "clang"),
                *("-std=c11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", str(source), "-o", str(library)),
                *_libhs("--cflags", "--libs"),
                "-ldl",
            ]
        )
        self._library = ctypes.CDLL(str(library))
        self._library.bare_scan.restype = ctypes.c_int64
        self._library.bare_scan.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
        self._library.bare_open.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
        self._library.bare_matches.restype = ctypes.c_uint64
        self._library.yardstick.restype = ctypes.c_int64
        self._library.touch.restype = ctypes.c_uint64
        self._library.touch.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

    def open_database(self, databases: bytes) -> None:
        """Load the main database of what `Pack.databases()` gave: the first, after its size in 8 bytes."""
        size = int.from_bytes(databases[:8], "little")
        status = self._library.bare_open(databases[8 : 8 + size], size)
        if status != 0:
            raise BuildError(f"libhs refuses the database with error {status}")

    def scan(self, texts: Texts, begin: int, count: int) -> int:
        """Return the nanoseconds of bare scans of `count` texts from `begin` on."""
        taken = int(self._library.bare_scan(*texts.part(begin), count))
        if taken < 0:
            raise BuildError("hs_scan failed")
        return taken

    def matches(self) -> int:
        """Return the matches of the scans since the last call."""
        return int(self._library.bare_matches())

    def yardstick(self) -> int:
        """Return the nanoseconds of a fixed loop."""
        return int(self._library.yardstick())

    def touch(self, buffer: ctypes.Array[ctypes.c_uint64]) -> None:
        """Read and write every cache line of a buffer."""
        self._library.touch(ctypes.byref(buffer), len(buffer))


@cache
def native() -> Native:
    """Build and load the C helpers, once."""
    return Native()
