"""The page of benchmarks: the newest records of a folder, as tables. Reads JSON files of ``python -m bench``; writes nothing."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_MOST_FILES: Final = 500
_MOST_BYTES: Final = 32 * 1024**2
_CHECK: Final = re.compile(r"test_check\[(.+)-([^-]+)\]")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_SERVER: Final = (
    ("guard_p50_us", "one request of 1 KB, one connection, median", "µs"),
    ("guard_ratio", "the same over a server with an empty verdict", ""),
    ("load_rps", "32 connections: requests a second", ""),
    ("load_p99_ms", "32 connections: 99th percentile", "ms"),
    ("load_errors", "32 connections: errors", ""),
    ("load_server_us", "32 connections: processor time of the server for a request", "µs"),
    ("load_others_cores", "32 connections: cores that other programs took meanwhile", ""),
    ("gateway_first_ms", "gateway: added time to the first event, median", "ms"),
    ("gateway_chunk_us", "gateway: added time of a chunk, median", "µs"),
    ("gateway_chunk_over_sparse_us", "of that, beyond a relay that sends as seldom and looks at nothing", "µs"),
    ("page_ms", "slowest page over a store of a million events", "ms"),
)


@dataclass(frozen=True, slots=True)
class Class:
    """One class of disguises: how many transforms, recall by column, and all attacks found of all, in percent."""

    name: str
    transforms: int
    recall: tuple[float | None, ...]
    absolute: float | None
    false: float | None


@dataclass(frozen=True, slots=True)
class Evasion:
    """An evasion matrix: recall is the share of the attacks found undisguised that are found in disguise, too."""

    file: str
    machine: str
    columns: tuple[str, ...]
    classes: tuple[Class, ...]
    weakest: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class Latency:
    """Median times of `check` in microseconds by kind of text and size; None where it was not measured."""

    file: str
    machine: str
    sizes: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]


@dataclass(slots=True)
class Found:
    """The newest record of each kind, and the files that are none."""

    evasion: Evasion | None = None
    latency: Latency | None = None
    server: tuple[str, str, tuple[tuple[str, float, str], ...]] | None = None
    unread: list[str] = field(default_factory=list)


def of_checkout() -> str:
    """Return the folder bench of the checkout that this package runs from; empty where it is installed."""
    folder = Path(__file__).resolve().parents[4] / "bench"
    return str(folder) if (folder / "record").is_dir() else ""


def load(folder: str) -> Found:
    """Return what a folder holds, folders inside included; the newest by date and time of the record, then by name."""
    found = Found()
    newest: dict[str, tuple[tuple[str, str, str], Any]] = {}
    for path in sorted(Path(folder).rglob("*.json"))[:_MOST_FILES] if folder else ():
        try:
            status = path.stat()
            made = _read(str(path), status.st_mtime_ns, status.st_size)
        except (OSError, ValueError, LookupError, TypeError, ZeroDivisionError, AttributeError, RecursionError):
            found.unread.append(path.relative_to(folder).as_posix())
            continue
        if made is not None:
            kind, when, what = made
            newest[kind] = max(
                newest.get(kind, (("", "", ""), None)), ((*when, path.stem), what), key=lambda pair: pair[0]
            )
    for kind, (_, what) in newest.items():
        setattr(found, kind, what)
    return found


@functools.lru_cache(maxsize=_MOST_FILES)
def _read(path: str, _changed: int, size: int) -> tuple[str, tuple[str, str], Any] | None:
    """Return kind, date and contents of one record; None where it is of a kind that has no table here."""
    if size > _MOST_BYTES:
        raise ValueError("too large")
    data = json.loads(Path(path).read_bytes())
    name = Path(path).name
    machine = data.get("machine") or {}
    dated = _DATE.search(name)
    when = (str(machine.get("date") or (dated[0] if dated else "")), str(machine.get("time", "")))
    if "cells" in data:
        return "evasion", when, _evasion(data, name)
    if any(_CHECK.fullmatch(key) for key in data.get("results", ())):
        return "latency", when, _latency(data, name)
    rows = tuple((meaning, float(data[key]), unit) for key, meaning, unit in _SERVER if key in data)
    # Of two records of one day the one that says more.
    return ("server", (when[0], f"{len(rows):03}"), (name, _machine(machine), rows)) if rows else None


def _machine(machine: Mapping[str, Any]) -> str:
    parts = [machine.get("date"), machine.get("cpu"), f"commit {machine['commit']}" if "commit" in machine else None]
    return ", ".join(str(part) for part in parts if part)


def _latency(data: Mapping[str, Any], name: str) -> Latency:
    times: dict[str, dict[str, float]] = {}
    sizes: dict[str, None] = {}
    for key, result in data["results"].items():
        if match := _CHECK.fullmatch(key):
            times.setdefault(match[1], {})[match[2]] = float(result["median_us"]["check"])
            sizes[match[2]] = None
    rows = tuple((kind, tuple(found.get(size) for size in sizes)) for kind, found in times.items())
    return Latency(name, _machine(data["machine"]), tuple(sizes), rows)


def _evasion(data: Mapping[str, Any], name: str) -> Evasion:
    tags = data["transforms"]
    columns = tuple(data["cells"][0]["columns"])
    counts = data["counts"]
    groups: dict[str, list[Mapping[str, Any]]] = {}
    members: dict[str, set[str]] = {}
    for cell in data["cells"]:
        tag = tags[cell["transform"]]
        group = tag["class"] + ("" if tag["reversible"] else ", not reversible")
        groups.setdefault(group, []).append(cell)
        members.setdefault(group, set()).add(cell["transform"])
    last = columns[-1]
    classes = tuple(
        Class(
            name=group,
            transforms=len(members[group]),
            recall=tuple(_share(cells, column, "kept", "before", counts) for column in columns),
            absolute=_share(cells, last, "found", "n", counts),
            false=_share(cells, last, "false", "benign", counts),
        )
        for group, cells in groups.items()
    )
    return Evasion(name, _machine(data["machine"]), columns, classes, tuple(_weakest(data, last, counts)))


def _weakest(data: Mapping[str, Any], column: str, counts: Sequence[str]) -> Iterator[tuple[str, str, float]]:
    """Yield the transforms that hide most from everything at once: whole texts, full strength, lowest recall first."""
    found = []
    for cell in data["cells"]:
        if (cell["placement"], cell["strength"]) == ("whole", 100):
            share = _share([cell], column, "kept", "before", counts)
            if share is not None and share < 90:
                found.append((share, cell["transform"]))
    for share, transform in sorted(found)[:20]:
        yield transform, data["transforms"][transform]["class"], share


def _share(
    cells: Sequence[Mapping[str, Any]], column: str, part: str, whole: str, counts: Sequence[str]
) -> float | None:
    """Return a share in percent over cells; None where nothing was counted."""
    upper, lower = counts.index(part), counts.index(whole)
    total = sum(cell["columns"][column][lower] for cell in cells if column in cell["columns"])
    return (
        100 * sum(cell["columns"][column][upper] for cell in cells if column in cell["columns"]) / total
        if total
        else None
    )
