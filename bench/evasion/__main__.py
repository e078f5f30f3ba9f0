"""Runs the evasion matrix and prints or keeps it.

    python -m bench.evasion [--quick] [--record] [--step N] [--only NAME ...] [--columns NAME ...]

--record  write bench/evasion/record/<date>.json, the README and its heat map
--quick   whole texts at full strength with a tenth of the seeds
--step    every Nth seed alone; the record says how many there were
--only    transforms or classes to run, for work on them; prints what was missed
--report  make the README of the latest record again, and run nothing
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.evasion import report, seeds
from bench.evasion.columns import guards
from bench.evasion.matrix import EVERYTHING, Cell, Matrix
from bench.evasion.transforms import ALL, CLASSES, Transform


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.evasion", description=__doc__.partition("\n")[0])
    parser.add_argument("--record", action="store_true", help="write a dated record, the README and the heat map")
    parser.add_argument("--quick", action="store_true", help="whole texts, full strength, a tenth of the seeds")
    parser.add_argument("--report", action="store_true", help="make the README of the latest record again")
    parser.add_argument("--step", type=int, default=1, metavar="N", help="every Nth seed alone")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="transforms or classes to run")
    parser.add_argument("--columns", nargs="+", default=[], metavar="NAME", help="columns to run")
    options = parser.parse_args(arguments)
    if options.report:
        print(f"report: {report.write_readme(report.latest())}")
        return 0
    unknown = sorted(set(options.only) - set(ALL) - set(CLASSES))
    if unknown:
        parser.error(f"--only: no transform or class {', '.join(unknown)}")
    transforms = [one for one in ALL.values() if not options.only or {one.name, one.cls} & set(options.only)]
    chosen = {name: guard for name, guard in guards().items() if not options.columns or name in options.columns}
    began = time.monotonic()
    step = 10 if options.quick else options.step
    matrix = Matrix(chosen, seeds.attacks()[::step], seeds.benign()[::step])
    bar = _Bar(len(transforms))
    cells = _quick(matrix, transforms, bar) if options.quick else matrix.run(transforms, bar.tick)
    bar.close()
    print(report.summary(cells, transforms))
    if options.only and EVERYTHING in chosen:
        _print_misses(cells)
    if options.record:
        path = report.write_record(matrix, cells, time.monotonic() - began)
        print(f"record: {Path(path).name}\nreport: {report.write_readme(path).name}")
    return 0


def _quick(matrix: Matrix, transforms: Sequence[Transform], bar: _Bar) -> list[Cell]:
    cells = []
    for transform in transforms:
        cell = matrix.cell(transform, "whole", 100, kernels=True)
        cells += [cell] if cell is not None else []
        bar.tick(transform.name)
    return cells


def _print_misses(cells: Sequence[Cell]) -> None:
    for cell in cells:
        if cell.missed or cell.false:
            print(f"{cell.transform} {cell.placement} {cell.strength}: missed {' '.join(cell.missed) or '-'}")
            if cell.false:
                print(f"    false alarms {' '.join(cell.false)}")


class _Bar:
    """A line of progress on standard error, where that is a terminal."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._shown = sys.stderr.isatty()

    def tick(self, name: str) -> None:
        self._done += 1
        if self._shown:
            filled = 30 * self._done // self._total
            bar = "#" * filled + "." * (30 - filled)
            sys.stderr.write(f"\r[{bar}] {self._done}/{self._total} {name:<40.40}")
            sys.stderr.flush()

    def close(self) -> None:
        if self._shown:
            sys.stderr.write("\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
