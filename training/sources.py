"""The public data sets: where each comes from and under which licence; training/README.md prints this table."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Source:
    """One file of the data folder and the repository, path and commit that it was taken from."""

    file: str
    repository: str
    path: str
    commit: str
    licence: str

    @property
    def name(self) -> str:
        """The file name without folder and ending."""
        return self.file.rpartition("/")[2].removesuffix(".jsonl.gz")

    @property
    def measure_only(self) -> bool:
        """Whether the licence or the making of the set allows measuring on it, but no training."""
        return self.file.startswith("measure-only/")


def _load() -> tuple[Source, ...]:
    table = tomllib.loads((Path(__file__).parent / "sources.toml").read_text("utf-8"))
    return tuple(Source(**entry) for entry in table["source"])


SOURCES: Final = _load()
