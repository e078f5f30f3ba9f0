"""The seeds: attacks and innocent texts written for the matrix."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent / "seeds"
ATTACKS: Final = ("direct", "indirect", "jailbreak", "extraction", "exfiltration")
BENIGN: Final = "benign"


@dataclass(frozen=True)
class Seed:
    """One text; `kind` is the file that it stands in."""

    id: str
    kind: str
    lang: str
    source: str
    text: str

    @property
    def attack(self) -> bool:
        return self.kind != BENIGN


@cache
def load(kind: str) -> tuple[Seed, ...]:
    """Return the seeds of one file."""
    lines = (FOLDER / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(Seed(kind=kind, **json.loads(line)) for line in lines)


def attacks() -> tuple[Seed, ...]:
    """Return all attacks."""
    return tuple(seed for kind in ATTACKS for seed in load(kind))


def benign() -> tuple[Seed, ...]:
    """Return all innocent texts."""
    return load(BENIGN)
