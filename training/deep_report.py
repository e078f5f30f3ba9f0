"""The report of the deep tier, in Markdown."""

from __future__ import annotations

from typing import Any


def _percent(entry: dict[str, float] | float | None) -> str:
    if entry is None:
        return "-"
    if isinstance(entry, (int, float)):
        return f"{100 * entry:.1f}"
    return f"{100 * entry['value']:.1f} ({100 * entry['low']:.0f}..{100 * entry['high']:.0f})" if entry["rows"] else "-"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows), ""])


def _recalls(found: list[dict[str, Any]], tiers: tuple[str, ...]) -> str:
    head = ("attacks", "texts", *(f"{tier}, {rate}" for tier in tiers for rate in ("1 %", "0.1 %")))
    rows = [
        (
            f"{row['source']}: {row['label']}",
            str(row["rows"]),
            *(_percent(row[tier + kind]) for tier in tiers for kind in ("", "_strict")),
        )
        for row in found
    ]
    return _table(head, rows)


def _cleans(found: list[dict[str, Any]], tiers: tuple[str, ...]) -> str:
    head = ("innocent texts", "texts", *(f"{tier}: clean at 1 %" for tier in tiers))
    return _table(head, [(row["source"], str(row["rows"]), *(_percent(row[tier]) for tier in tiers)) for row in found])


def render(manifest: dict[str, Any], figures: dict[str, Any]) -> str:
    """The report as Markdown."""
    both = ("fast", "deep")
    languages = [
        (lang, *(_percent(entry[tier][what]) for what in ("injection", "clean") for tier in both))
        for lang, entry in figures["languages"].items()
    ]
    kinds = ("fast", "deep", "together", "fast_strict", "deep_strict", "together_strict")
    mixed = ("innocent texts of the test split, natural, weighed as in the benign mix", figures["flagged_benign"])
    flagged = [
        (name, *(_percent(entry[kind]) for kind in kinds)) for name, entry in (mixed, *figures["flagged"].items())
    ]
    head = ("flagged", *(f"{tier}, {rate}" for rate in ("1 %", "0.1 %") for tier in ("fast", "deep", "together")))
    sizes = ", ".join(f"{size} pieces {ms} ms" for size, ms in figures["window_ms"].items())
    return f"""# Evaluation of {manifest["name"]} {manifest["version"]}

Written by `./dev train --deep` ({manifest["created"]}); percentages with 95 % Wilson intervals. All figures are of the int8
graph as it ships, at cuts fixed on the calibration split; "fast" is the fast model alone, "deep" the answer of the
tier, which weighs the log-odds of the transformer and of the fast model (in the first section: the transformer alone), "together" is what
`Guard(depth="deep")` does with texts that reach the fast model. The tier speaks only of texts that take at most {manifest["most_pieces"]} word
pieces a character, which is English and little else; all rows here are such texts, for both models, with cuts of each at 1 % of
the same benign mix. Samples of each source, as many texts as the tables say, none longer than 4 windows.

## Sources left out of training

A model of the first phase, which has seen none of these sources. Macro recall at 1 % over pairs with 25 attacks or more:
{_percent(figures["left_out_macro"])}.

{_recalls(figures["left_out"], ("deep",))}
{_cleans(figures["left_out_innocent"], ("deep",))}
Measured only, by the same model:

{_recalls(figures["measure_only_left_out_model"], ("deep",))}
## Sets that are measured only

{_recalls(figures["measure_only"], both)}
## Innocent texts that no model was trained on

{_cleans(figures["held_out_innocent"], both)}
## Together

Benign texts of the test split that fast leaves to deep (of all, as if all reached it): {_percent(figures["asked_benign"])} %;
attacks: {_percent(figures["asked_attacks"])} %.

{_table(head, flagged)}
## Test split

{_recalls(figures["test"], both)}
{_cleans(figures["test_innocent"], both)}
## Languages

Generated injections whose frames were kept apart; clean share of generated innocent texts.

{_table(("language", "injection, fast", "injection, deep", "clean, fast", "clean, deep"), languages)}
## Calibration and cost

Expected calibration error on the test split: {", ".join(f"{name} {value}" for name, value in figures["ece"].items())}.

Graph against the model in float32, logits: mean {figures["graph_against_torch"]["mean"]}, greatest
{figures["graph_against_torch"]["greatest"]}. Processor time of a window on one thread, where this report was made: {sizes}.
"""
