"""What the measurements on labelled texts share: reading the texts, showing and keeping the figures."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSONL file packed by gzip."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def show_and_keep(result: Mapping[str, Any], record: Path | None) -> None:
    """Print the figures of each part; write all of them to `record` where there is one."""
    for part, figures in result.items():
        print(part)
        for key, value in figures.items() if isinstance(figures, dict) else [("", figures)]:
            print("   ", key, value)
    if record:
        record.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
