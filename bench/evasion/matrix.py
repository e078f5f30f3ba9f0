"""Makes every cell of the matrix and counts.

A cell is a transform, a placement and a strength. Seeds that the transform leaves as they are do not count in it. For
each column it holds, of the attacks: how many there are (`n`), how many are found without the disguise in the same
place (`before`), how many of those are found in disguise (`kept`) and how many in all (`found`); of the innocent texts:
how many there are, how many are flagged in disguise as attacks (`false`) or as hidden text alone (`hidden`), and how
many of the false alarms are there without the disguise (`false_before`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fastguard import Guard, _core
from fastguard.types import Verdict

from bench.evasion.judge import ATTACK, CLEAR, HIDDEN, judge
from bench.evasion.placement import PLACEMENTS, cells, place
from bench.evasion.seeds import Seed
from bench.evasion.transforms import Transform

EVERYTHING: Final = "everything"
Counts = dict[str, int]


@dataclass
class Cell:
    """One transform at one place and strength."""

    transform: str
    placement: str
    strength: int
    columns: dict[str, Counts] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)  # attacks found before and not in disguise, everything on
    false: list[str] = field(default_factory=list)  # innocent texts flagged only in disguise, everything on


def verdicts_of(guard: Guard, seeds: Sequence[Seed], texts: Sequence[str]) -> list[Verdict]:
    """Return the verdict of each text, given the source that its seed says."""
    by_source: dict[str, list[int]] = defaultdict(list)
    for i, seed in enumerate(seeds):
        by_source[seed.source].append(i)
    found: dict[int, Verdict] = {}
    for source, places in by_source.items():
        batch = guard.check_batch([texts[i] for i in places], source=source)
        found.update(zip(places, batch, strict=True))
    return [found[i] for i in range(len(seeds))]


class Matrix:
    """The seeds, the guards of the columns, and what they say about seeds without a disguise."""

    def __init__(self, guards: Mapping[str, Guard], attacks: Sequence[Seed], benign: Sequence[Seed]) -> None:
        self.guards = dict(guards)
        self.seeds = [*attacks, *benign]
        self.plain: dict[str, dict[str, dict[str, str]]] = {}
        for placement in PLACEMENTS:
            texts = [place(seed, placement, None) or "" for seed in self.seeds]
            self.plain[placement] = {
                name: dict(zip((seed.id for seed in self.seeds), self._judged(name, self.seeds, texts), strict=True))
                for name in self.guards
            }

    def _judged(self, column: str, seeds: Sequence[Seed], texts: Sequence[str]) -> list[str]:
        guard = self.guards[column]
        found = verdicts_of(guard, seeds, texts)
        return [judge(verdict, guard.policy, seed.source) for verdict, seed in zip(found, seeds, strict=True)]

    def cell(self, transform: Transform, placement: str, strength: int, *, kernels: bool = False) -> Cell | None:
        """Return one cell, or None where the transform changes no seed.

        `kernels`: every kernel of this CPU gives the same verdicts; AssertionError where one does not.
        """
        made = [(seed, place(seed, placement, transform, strength)) for seed in self.seeds]
        pairs = [(seed, text) for seed, text in made if text is not None]
        if not pairs:
            return None
        seeds, texts = [seed for seed, _ in pairs], [text for _, text in pairs]
        cell = Cell(transform.name, placement, strength)
        for column in self.guards:
            before = self.plain[placement][column]
            rows = list(zip(seeds, self._judged(column, seeds, texts), strict=True))
            cell.columns[column] = _count(rows, before)
            if column == EVERYTHING:
                lost = [seed for seed, after in rows if seed.attack and after == CLEAR]
                cell.missed = [seed.id for seed in lost if before[seed.id] != CLEAR]
                new = [seed for seed, after in rows if not seed.attack and after == ATTACK]
                cell.false = [seed.id for seed in new if before[seed.id] != ATTACK]
        if kernels:
            self._compare_kernels(seeds, texts, cell)
        return cell

    def _compare_kernels(self, seeds: Sequence[Seed], texts: Sequence[str], cell: Cell) -> None:
        guard = self.guards[EVERYTHING]
        chosen = _core.kernel()
        expected = verdicts_of(guard, seeds, texts)
        try:
            for kernel in _core.kernels():
                _core.set_kernel(kernel)
                assert verdicts_of(guard, seeds, texts) == expected, f"{kernel} differs from {chosen}: {cell}"
        finally:
            _core.set_kernel(chosen)

    def run(self, transforms: Iterable[Transform], tick: Callable[[str], None] = lambda _: None) -> list[Cell]:
        """Return all cells of the transforms; `tick` is told the name of each transform that is done."""
        done = []
        for transform in transforms:
            for placement, strength in cells(transform):
                cell = self.cell(transform, placement, strength, kernels=placement == "whole" and strength == 100)
                if cell is not None:
                    done.append(cell)
            tick(transform.name)
        return done


def _count(rows: Sequence[tuple[Seed, str]], before: Mapping[str, str]) -> Counts:
    attacks = [(before[seed.id] != CLEAR, after != CLEAR, after == ATTACK) for seed, after in rows if seed.attack]
    benign = [(before[seed.id], after) for seed, after in rows if not seed.attack]
    return {
        "n": len(attacks),
        "before": sum(was for was, _, _ in attacks),
        "kept": sum(was and found for was, found, _ in attacks),
        "named": sum(was and named for was, _, named in attacks),
        "found": sum(found for _, found, _ in attacks),
        "benign": len(benign),
        "false": sum(after == ATTACK for _, after in benign),
        "false_before": sum(after == ATTACK and was == ATTACK for was, after in benign),
        "hidden": sum(after == HIDDEN for _, after in benign),
    }
