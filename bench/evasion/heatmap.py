"""Draws the matrix: recall by transform and placement, everything on, and by column."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.evasion.figures import pick
from bench.evasion.placement import PLACEMENTS


def draw(record: Mapping[str, Any], path: Path) -> None:
    """Write a PNG: one row a transform, by class; columns of the matrix on whole texts, then the placements."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    cells = record["cells"]
    columns = list(record["plain"]["whole"])
    names = list(record["transforms"])
    values = []
    for name in names:
        own = [cell for cell in cells if cell["transform"] == name]
        sums = [pick(own, column, placement="whole", strength=100) for column in columns]
        sums += [pick(own, "everything", placement=placement) for placement in PLACEMENTS]
        values.append([one["kept"] / one["before"] if one["before"] else float("nan") for one in sums])
    parts = 3
    height = -(-len(names) // parts)
    figure, axes = plt.subplots(1, parts, figsize=(17, 0.17 * height + 1.6), dpi=100)
    for i, axis in enumerate(axes):
        shown = slice(i * height, (i + 1) * height)
        image = axis.imshow(values[shown], aspect="auto", cmap="RdYlGn", vmin=0, vmax=1)
        axis.set_yticks(range(len(names[shown])), names[shown], fontsize=6.5)
        axis.set_xticks(range(len(columns) + len(PLACEMENTS)), [*columns, *PLACEMENTS], rotation=60, fontsize=8)
        axis.axvline(len(columns) - 0.5, color="black", linewidth=1)
        axis.tick_params(length=0)
    figure.suptitle(
        "Share of the attacks found undisguised that are found in disguise: by column (whole texts, full strength), "
        "then by placement (everything on, all strengths)",
        fontsize=10,
    )
    figure.tight_layout(rect=(0, 0, 0.95, 0.97))
    figure.colorbar(image, ax=axes, fraction=0.01, pad=0.01)
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)
