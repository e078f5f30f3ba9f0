"""Draws the plot of the report."""

from __future__ import annotations

from pathlib import Path

from bench.figures import Results, look
from bench.texts import SIZES


def draw(results: Results, path: Path, title: str) -> None:
    """Write a PNG: microseconds over bytes, both logarithmic, one line a contestant."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    def series(pattern: str, *keys: str) -> list[tuple[int, float]]:
        values = [(count, look(results, pattern.format(size=size), *keys)) for size, count in SIZES.items()]
        return [(count, value) for count, value in values if value]

    lines = (
        ("re, one search a pattern", series("test_matchers[{size}]", "median_us", "re"), "#b0b0b0", "v-"),
        ("composed in Python", series("test_composed[ascii-{size}]", "median_us", "composed"), "#c44e52", "s-"),
        ("regex scanners", series("test_matchers[{size}]", "median_us", "regex_scanners"), "#8c8c8c", "^-"),
        ("google-re2 Set", series("test_matchers[{size}]", "median_us", "re2_set"), "#ccb974", "d-"),
        ("PyPI hyperscan", series("test_matchers[{size}]", "median_us", "hyperscan"), "#8172b2", "x-"),
        ("fastguard, mixed Unicode", series("test_check[benign-mixed-{size}]", "median_us", "check"), "#64b5cd", "o--"),
        ("fastguard", series("test_check[benign-ascii-{size}]", "median_us", "check"), "#1f4e9c", "o-"),
        ("hashlib.sha256", series("test_check[benign-ascii-{size}]", "median_us", "sha256"), "#55a868", "+--"),
        ("bare hs_scan in C", series("test_check[benign-ascii-{size}]", "median_us", "hs_scan"), "#333333", ":"),
    )
    figure, axes = plt.subplots(figsize=(9, 6), dpi=110)
    for label, points, colour, style in lines:
        if points:
            width = 2.6 if label == "fastguard" else 1.4
            axes.plot(*zip(*points, strict=True), style, color=colour, label=label, linewidth=width, markersize=5)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(list(SIZES.values()), list(SIZES))
    axes.minorticks_off()
    axes.set_xlabel("size of the text")
    axes.set_ylabel("microseconds a call (median)")
    axes.set_title(f"Benign texts, from Python\n{title}", fontsize=11)
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize=9, frameon=False, loc="upper left")
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)
