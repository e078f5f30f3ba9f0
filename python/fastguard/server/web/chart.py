"""Bars over time, as numbers for an SVG that needs no script."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 960
HEIGHT: Final = 200
LEFT: Final = 48
BOTTOM: Final = 22
_TOP: Final = 8
VERDICTS: Final = ("allow", "flag", "escalate", "block")


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a stacked bar."""

    x: float
    y: float
    width: float
    height: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Column:
    """All of one point in time: where the pointer finds it, what it says, its bars."""

    x: float
    width: float
    label: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: columns, lines of the grid with their labels, labels below."""

    columns: tuple[Column, ...]
    grid: tuple[tuple[float, str], ...]
    ticks: tuple[tuple[float, str], ...]


def nice(most: float) -> float:
    """Return the least of 1, 2, 5, 10, 20, ... that is not below a number.

    >>> nice(3), nice(120), nice(0)
    (5.0, 200.0, 1.0)
    """
    if most <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= most)


def stacked(points: Sequence[tuple[int, Mapping[str, float]]], step: int) -> Chart:
    """Return the chart of points (time, count by verdict), each `step` seconds long. Linear."""
    top = nice(max((sum(counts.values()) for _, counts in points), default=0))
    inner = HEIGHT - BOTTOM - _TOP
    width = (WIDTH - LEFT) / max(1, len(points))
    gap = min(2.0, width * 0.2)
    columns = []
    for i, (at, counts) in enumerate(points):
        x, y = LEFT + i * width, float(HEIGHT - BOTTOM)
        bars = []
        for verdict in VERDICTS:
            height = counts.get(verdict, 0) / top * inner
            if height:
                y -= height
                bars.append(Bar(round(x + gap / 2, 2), round(y, 2), round(width - gap, 2), round(height, 2), verdict))
        said = (
            ", ".join(f"{int(counts[verdict])} {verdict}" for verdict in VERDICTS if counts.get(verdict)) or "nothing"
        )
        columns.append(Column(round(x, 2), round(width, 2), f"{moment(at)}: {said}", tuple(bars)))
    grid = tuple((round(HEIGHT - BOTTOM - share * inner, 2), f"{top * share:g}") for share in (0, 0.5, 1))
    every = max(1, len(points) // 6)
    style = "%H:%M" if step * len(points) <= 2 * 86_400 else "%d %b"
    ticks = tuple(
        (round(LEFT + i * width, 2), time.strftime(style, time.gmtime(points[i][0])))
        for i in range(0, len(points), every)
        if i * width < WIDTH - LEFT - 40
    )
    return Chart(tuple(columns), grid, ticks)


def moment(at: float) -> str:
    """Return a time as pages show it, in UTC.

    >>> moment(0)
    '1970-01-01 00:00:00'
    """
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))


def duration(seconds: float) -> str:
    """Return a time span in its unit.

    >>> duration(0.0000123), duration(0.0123), duration(2), duration(float("nan"))
    ('12.3 µs', '12.3 ms', '2 s', '–')
    """
    if math.isnan(seconds):
        return "–"
    for scale, unit in ((1e-3, "µs"), (1.0, "ms")):
        if seconds < scale:
            return f"{seconds / scale * 1000:.3g} {unit}"
    return f"{seconds:.3g} s"
