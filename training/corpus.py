"""All texts with their marks and splits: public rows, generated rows, and attacks planted in public rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from training import authored, cluster, data, generate, long, plant, scraps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from training.rows import Row

SHORT: Final = 0.05  # share of generated rows in a quick run


def build(folder: Path, progress: Callable[[str], None], *, limit: int | None = None) -> list[Row]:
    """Load, generate, cluster, split, cap and plant; the same every time."""
    rows = data.load(folder, limit=limit)
    progress(f"{len(rows)} rows of public sources")
    made = list(generate.all_rows(SHORT if limit else 1.0))
    progress(f"{len(made)} generated rows")
    measured = authored.rows()
    before = len(rows) + len(made)
    rows = [*measured, *authored.without_like([*rows, *made], measured)]
    progress(f"{before - len(rows) + len(measured)} rows left out that are like the {len(measured)} authored ones")
    clusters = cluster.cluster(rows)
    cluster.split(rows, clusters)
    kept = [rows[i] for i in cluster.cap(rows, clusters)]
    progress(f"{len(set(clusters))} clusters, {len(kept)} rows kept")
    frames: dict[str, str] = {row.group: row.split for row in kept if row.generated and row.group}
    more = list(plant.planted(kept, frames))
    progress(f"{len(more)} attacks planted in public rows")
    stretched = list(long.long_texts(kept, frames, SHORT if limit else 1.0))
    progress(f"{len(stretched)} long texts")
    known = {row.text for row in kept}
    made = [row for row in scraps.scraps(kept, SHORT if limit else 1.0) if row.text not in known]
    small = authored.without_like(made, measured)
    progress(f"{len(small)} scraps of a few words")
    return kept + more + stretched + small
