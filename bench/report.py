"""Records and the report made of them: `python -m bench.report` writes README.md and its plot from the latest record.

A record in bench/record/ is written once and never edited; a second one on the same day gets a number.
"""

from __future__ import annotations

import ast
import datetime as dt
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.figures import FIGURES, Results, look, number, results_of
from bench.texts import OTHER_LANGUAGES_SHARE, SIZES, count_of

HERE: Final = Path(__file__).resolve().parent
_LEFT_OUT: Final = "Without numbers in this record:"
STAGES: Final = (
    *("classify", "fold", "tokenize", "words", "dense", "gate"),
    *("scan", "candidates", "concepts", "phrases", "skeleton"),
)


def summary(benchmarks: Sequence[Mapping[str, Any]]) -> str:
    """Return the numbers of a run as text."""
    lines = []
    for name, found in results_of(benchmarks).items():
        lines += [name, *_numbers(found, "    ")]
    return "\n".join(lines)


def _numbers(found: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in found.items():
        if isinstance(value, Mapping) and all(isinstance(one, float) for one in value.values()):
            lines.append(f"{indent}{key}: " + ", ".join(f"{name} {one:.4g}" for name, one in value.items()))
        elif isinstance(value, Mapping):
            lines += [f"{indent}{key}:", *_numbers(value, indent + "    ")]
        elif isinstance(value, (int, float)):
            lines.append(f"{indent}{key}: {value:.4g}")
    return lines


def write_record(
    machine: Mapping[str, object],
    benchmarks: Sequence[Mapping[str, Any]],
    options: Sequence[str],
    left_out: Mapping[str, str],
) -> Path:
    """Write a new record and return its path."""
    name = re.sub(r"[^a-z0-9]+", "-", str(machine["cpu"]).lower()).strip("-")
    stem = f"{machine['date']}-{name}"
    folder = HERE / "record"
    folder.mkdir(exist_ok=True)
    number_of = 1
    path = folder / f"{stem}.json"
    while path.exists():
        number_of += 1
        path = folder / f"{stem}-{number_of}.json"
    content: dict[str, object] = {"schema": 1, "machine": machine, "options": list(options), "left_out": left_out}
    content["results"] = results_of(benchmarks)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def latest_record() -> Path:
    """Return the record of the latest day, the last one of that day."""
    found = list((HERE / "record").glob("*.json"))
    if not found:
        raise SystemExit("bench/record/ holds no record: run ./dev bench --record")

    def order(path: Path) -> tuple[str, str, int]:
        written = json.loads(path.read_text(encoding="utf-8"))["machine"].get("time", "")
        return path.name[:10], written, len(path.name)

    return max(found, key=order)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows), ""]


def _figures(results: Results) -> list[str]:
    rows = []
    for figure in FIGURES:
        value = figure.value(results)
        sign = "at least" if figure.at_least else "at most"
        state = "not measured" if value is None else "met" if figure.met(value) else "**missed**"
        if figure.compare and value is not None:
            state = "would be met" if figure.met(value) else "would be missed"
        unit = "" if figure.unit == "x" else f" {figure.unit}"
        suffix = "x" if figure.unit == "x" else ""
        what = figure.what + (f" ({figure.note})" if figure.note else "")
        rows.append([what, f"{sign} {figure.target:g}{suffix}{unit}", f"{number(value)}{suffix}{unit}", state])
    return _table(["what", "target", "measured", ""], rows)


def _about_hash(results: Results) -> list[str]:
    fast = look(results, "test_check[benign-ascii-64 KB]", "median_us", "sha256")
    plain = look(results, "test_hash_without_sha_instructions", "sizes", "64 KB", "median_us", "sha256")
    rates = ""
    if fast and plain:
        rates = f" ({1000 * fast / 65536:.2f} ns a byte with them, {1000 * plain / 65536:.2f} without)"
    return [
        "About SHA-256: the targets that compare with it were set on a CPU without SHA instructions. This CPU has them",
        f"{rates.strip() or 'and hashes several times faster with them'}, so the ratio to `hashlib.sha256` as it comes says",
        "more about the hash than about the check. The rows with the hash in software (`OPENSSL_ia32cap` hides the",
        "instructions from OpenSSL) compare like the targets do; they are no targets themselves.",
        "",
    ]


def _checks(results: Results) -> list[str]:
    rows = []
    for kind in ("benign", "attack"):
        for script in ("ascii", "mixed"):
            for size in SIZES:
                name = f"test_check[{kind}-{script}-{size}]"
                found = results.get(name, {})
                if not found:
                    continue
                us = [number(look(results, name, "median_us", one)) for one in ("check", "sha256", "hs_scan")]
                ratios = [number(look(results, name, "ratio", one)) for one in ("sha256", "hs_scan")]
                percent = [f"{100 * found[key]:.0f} %" for key in ("flagged", "to_model")]
                left = f"{100 * found['dropped']:.0f} %" if kind == "benign" else "-"
                left += ", gate only" if found["gate_only"] else ""
                rounds = f"{found['clean_rounds']} of {found['rounds']}"
                rows.append([kind, script, size, *us, *ratios, *percent, left, str(found["texts"]), rounds])
    head = ["texts", "", "size", "check us", "sha256 us", "hs_scan us", "check / sha256", "check / hs_scan"]
    return _table([*head, "flagged", "to ONNX", "dropped", "different texts", "clean rounds"], rows)


def _baselines(results: Results) -> list[str]:
    rows = []
    for size in SIZES:
        match = f"test_matchers[{size}]"
        composed = look(results, f"test_composed[ascii-{size}]", "median_us", "composed")
        names = ("check", "hyperscan", "re2_set", "regex_scanners", "re")
        values = [look(results, match, "median_us", name) for name in names]
        rows.append([size, number(values[0]), *map(number, values[1:]), number(composed)])
    head = [
        "size",
        "fastguard, everything",
        "PyPI hyperscan",
        "google-re2 Set",
        "regex scanners",
        "re",
        "composed guard",
    ]
    lines = _table(head, rows)
    found = results.get(f"test_matchers[{next(iter(SIZES))}]", {})
    refused = {name: len(ids) for name, ids in found.get("refused", {}).items()}
    if refused:
        lines += [
            f"Microseconds. `re` took {found['patterns']} of the pattern signatures and refused {refused['re']};",
            f"google-re2 refused {refused['re2_set']}. Where they refuse, they do less work.",
            "",
        ]
    return lines


def _composed(results: Results) -> list[str]:
    parts = ("normalise", "hyperscan", "tokenizers", "numpy", "onnxruntime")
    rows = []
    for script in ("ascii", "mixed"):
        for size in SIZES:
            name = f"test_composed[{script}-{size}]"
            if name not in results:
                continue
            ratio = look(results, name, "ratio", "composed")
            us = [number(look(results, name, "median_us", part)) for part in ("check", "composed", *parts)]
            rows.append([script, size, *us, f"{number(1 / ratio)}x" if ratio else "-"])
    return _table(["texts", "size", "fastguard us", "composed us", *parts, "faster"], rows) if rows else []


def _stages(results: Results) -> list[str]:
    rows = []
    for script in ("ascii", "mixed"):
        for size, count in SIZES.items():
            name = f"test_stages[{script}-{size}]"
            if name not in results:
                continue
            whole = look(results, name, "ns", "check")
            values = [look(results, name, "ns", stage) for stage in STAGES]
            python = look(results, f"test_check[benign-{script}-{size}]", "median_us", "check")
            kilobytes = count / 1024
            cells = [number(value / kilobytes) if value is not None else "-" for value in values]
            rest = number(python * 1000 - whole) if python is not None and whole is not None else "-"
            rows.append([script, size, *cells, number(whole), rest])
    head = ["texts", "size", *STAGES, "whole check in C++, ns", "Python adds, ns"]
    return _table(head, rows) if rows else []


def _batch_and_cold(results: Results) -> list[str]:
    lines = []
    batch = results.get("test_batch")
    if batch:
        rate = batch["mb_per_s"]
        share = 100 * batch["to_model"]
        lines += _table(
            ["check_batch", "1 thread, MB/s", f"{batch['threads']} threads, MB/s", "gain"],
            [
                [f"all {batch['prompts']:,} prompts of {batch['prompt_bytes']} B, {share:.1f} % go on to ONNX",
                 number(rate["one"]), number(rate["all"]), f"{number(batch['speedup'])}x"],
                ["those that the gate decides",
                 number(rate["one_gate"]), number(rate["all_gate"]), f"{number(batch['speedup_gate'])}x"],
            ],
        )  # fmt: skip
    cold = [size for size in SIZES if f"test_cold[{size}]" in results]
    if cold:
        values = [number(look(results, f"test_cold[{size}]", "median_us", "check")) for size in cold]
        lines += _table(["cold caches", *cold], [["check, us, 64 MB touched between calls", *values]])
    memory = results.get("test_memory")
    if memory:
        lines += [
            f"Memory: Python with numpy and onnxruntime {memory['python_mb']:.0f} MB; a Guard that has answered once adds",
            f"{memory['ready_mb']:.0f} MB, with its ONNX session and long texts behind it {memory['used_mb']:.0f} MB.",
            "",
        ]
    return lines


def _grey(results: Results) -> list[str]:
    groups = results.get("test_grey", {}).get("groups", {})
    rows = [
        [name, f"{one['texts']:,}", f"{100 * one['to_model']:.2f} %", f"{100 * one['disagree']:.2f} %", f"{100 * one['flagged']:.2f} %"]
        for name, one in groups.items()
    ]  # fmt: skip
    if not rows:
        return ["Not measured: the data folder was absent.", ""]
    return _table(["benign texts", "number", "go on to ONNX", "gate and model disagree", "flagged"], rows)


def readme(record: Mapping[str, Any], name: str) -> str:
    """Return the text of the report."""
    machine, results = record["machine"], record["results"]
    sha = "sha_ni" in machine["cpu_features"] or "sha2" in machine["cpu_features"]
    packages = ", ".join(f"{key} {value}" for key, value in machine["packages"].items())
    counts = ", ".join(f"{count_of(count):,} of {size}" for size, count in SIZES.items())
    measured = [(figure, figure.value(results)) for figure in FIGURES if not figure.compare]
    reached = sum(value is not None and figure.met(value) for figure, value in measured)
    lines = [
        "<!-- Generated by bench/report.py from a record: edit that, not this. -->",
        "# Benchmarks",
        "",
        f"Made from `record/{name}` by `python -m bench.report`; `./dev bench --record` makes a new one (10 minutes).",
        "",
        "Benchmarks are hard: these are medians of one run on one machine that others use, too. Trust ratios before",
        "absolute times, and measure on your own machine before you plan with any of them.",
        "",
        *_table(
            ["machine", ""],
            [
                ["CPU", f"{machine['cpu']} (family/model {machine['cpu_family']}), {machine['cpus']} logical"],
                ["of its features", ", ".join(machine["cpu_features"])],
                ["system", str(machine["kernel"])],
                ["load at the start", " ".join(map(str, machine["load"]))],
                ["Python", f"{machine['python']}, {machine['openssl']}"],
                ["fastguard", f"{machine['fastguard']} at {machine['commit']}, kernel {machine['fastguard_kernel']}"],
                ["libhs", str(machine["libhs"])],
                ["packages", packages],
                ["options", " ".join(one for one in record["options"] if one != "bench") or "none"],
            ],
        ),
        *([_LEFT_OUT, "", *_table(["benchmark", ""], list(record["left_out"].items()))] if record["left_out"] else []),
        "## Targets",
        "",
        f"{reached} of {sum(value is not None for _, value in measured)} measured figures are met.",
        "",
        *_figures(results),
        "![Time of one call over the size of the text](plot.png)",
        "",
    ]
    lines += _about_hash(results) if sha else []
    lines += ["## Whole checks", "", *_checks(results)]
    lines += [
        "`flagged` and `to ONNX` are shares of all texts made. Of the benign ones those that were flagged or went on to",
        "ONNX are dropped before timing (`dropped`): these rows are what a check costs where the gate decides. Attack",
        "rows drop nothing and so contain calls of the model. A long text has many windows, any of which may raise it: where",
        "hardly any is left, texts without findings are timed on a guard of depth `gate`, which does all the same work but",
        "never asks the model (`gate only`). `hs_scan` is one bare pass over the same database in a C loop, without Python;",
        "`sha256` is `hashlib.sha256(data).digest()` in the same Python loop as `check`.",
        "",
        "## Stages",
        "",
        "Inside the engine, nanoseconds per KB of text (whole check and Python's part: nanoseconds a call).",
        "",
        *_stages(results),
        "`dense` holds counting digits that touch letters, `scan` both views where folding changed something, `skeleton`",
        "all that is done where a text looks disguised. The whole check adds segments, fusion and the spans of matches.",
        "A cost near 0 may come out below it: each is the difference of two measurements.",
        "",
        "## Batches, cold caches, memory",
        "",
        *_batch_and_cold(results),
        "## Against what one would write today",
        "",
        "Benign ASCII, gate decides. Matchers run the pattern signatures only: no folding, no phrases, no score, no spans.",
        "",
        *_baselines(results),
        "`re` runs one `search` a pattern; the regex scanners are patterns of the kinds that guards in Python have",
        "(addresses, numbers, keys, injection phrases, markup, invisible characters), written for this benchmark, through",
        "`regex`, reporting every place. The composed guard, in microseconds:",
        "",
        *_composed(results),
        "It normalises with `unicodedata`, scans with PyPI `hyperscan` (the same patterns and flags), tokenizes with a",
        "byte-level BPE of `tokenizers` trained on these texts, hashes and windows with numpy and runs the shipped ONNX",
        "model on every text. The columns are its parts, timed alone.",
        "",
        "## How much the gate leaves to the model",
        "",
        "Benign public texts, at most 2,000 of a set, each from the source it would come from. Part of them was trained on",
        "(`held out` was not); the training report has the figures of the split that was not.",
        "",
        *_grey(results),
        "## Method",
        "",
        f"* Texts come from a seeded grammar (`texts.py`), all different: {counts}, each of exactly that many bytes, cycled.",
        f"  Mixed texts have {OTHER_LANGUAGES_SHARE:.0%} of their sentences in 15 other languages or with typographic quotes and emoji.",
        "* Every result is checked before it is timed: verdicts twice the same, spans that index the text, batch equal to",
        "  loop, matchers that agree on every example of the pack, a bare scan that finds what it must.",
        "* Contestants take turns (a round is about 0.4 ms), in one round not on the same texts, so that no one's branches",
        "  are learned from another's run. A fixed loop between rounds, and the system's count of context switches, show",
        "  whether another process had the core: such rounds do not count (`clean rounds`). Ratios are made round by round.",
        "  Medians; garbage collection off; warm unless it says cold; the Python loop (about 20 ns a text) counts for all.",
        "* Start-up and memory come from processes of their own, files in the system's cache.",
        "",
        "## Files",
        "",
        "`evasion/` measures disguises, `native/` holds loops in C and C++ that a benchmark compares with, `record/` what was measured.",
        "",
        *_files(),
    ]
    return "\n".join(lines)


def _files() -> list[str]:
    """Return the table of the scripts beside this one, each with the first sentence of its docstring."""
    rows = ["| file | what it asks or does |", "| --- | --- |"]
    for path in sorted(HERE.glob("*.py")):
        if path.stem not in {"__init__", "conftest"}:
            text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            rows.append(f"| `{path.name}` | {' '.join(text.split(chr(10) * 2)[0].split())} |")
    return [*rows, ""]


def write_readme(path: Path) -> Path:
    """Write README.md and plot.png from a record."""
    from bench.plot import draw

    record = json.loads(path.read_text(encoding="utf-8"))
    draw(record["results"], HERE / "plot.png", f"{record['machine']['cpu']}, {record['machine']['date']}")
    target = HERE / "README.md"
    target.write_text(readme(record, path.name), encoding="utf-8")
    return target


def main(arguments: Sequence[str]) -> int:
    """Write the report of the record that is named, or of the latest."""
    path = Path(arguments[0]) if arguments else latest_record()
    dt.date.fromisoformat(path.name[:10])
    print(write_readme(path))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
