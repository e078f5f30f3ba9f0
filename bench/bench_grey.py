"""How much benign traffic goes on to the ONNX model, and how often would the model have said otherwise than the gate?

Reads the public benign texts of the data folder (training/README.md says how to get them); skipped without it. Part of
them was trained on: training/report/ has the same figures on the split that was not.
"""

from __future__ import annotations

import gzip
import json
import random
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from fastguard import Guard, _core
from fastguard.model import DEFAULT_MANIFEST

if TYPE_CHECKING:
    from fastguard import Verdict

    from bench.measure import Benchmark

SOURCES: Final = {
    "benign": "user",
    "overdefense_benign": "user",
    "benign_doc": "retrieved",
    "benign_output": "assistant",
    "benign_tool_output": "tool_result",
}
HELD_OUT: Final = "cse_frr_benign"  # no model was trained on it
MOST: Final = 2000  # texts of one set

Row = tuple[str, str, str]  # set, source, text


def read_rows(folder: Path, most: int) -> list[Row]:
    """Return at most `most` benign texts of each set, chosen with a fixed seed."""
    sets: defaultdict[str, list[Row]] = defaultdict(list)
    for path in sorted(folder.glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row["task"] in SOURCES and row["label"] == 0 and row["text"].strip():
                    sets[name].append((name, SOURCES[row["task"]], row["text"]))
    rows = []
    for name, found in sets.items():
        random.Random(f"fastguard {name}").shuffle(found)
        rows += found[:most]
    return rows


def model_alone(folder: Path) -> Guard:
    """Return a guard whose model judges every text: the shipped one with a gate that says nothing and never decides."""
    shipped = Path(DEFAULT_MANIFEST)
    manifest = json.loads(shipped.read_text(encoding="utf-8"))
    count, gate = len(manifest["labels"]), manifest["gate"]
    silent = [-50.0] * count
    gate.update(scale=1e-12, bias=silent, dense=[[0.0] * _core.FEATURE_DENSE] * count)
    gate.update(low=[-1.0] * count, high=[2.0] * count)
    for golden in manifest["golden"]:
        golden["gate_logits"] = silent
    for part in ("gate", "onnx"):
        name = manifest[part]["file"]
        (folder / name).write_bytes((shipped.parent / name).read_bytes())
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return Guard(model=folder / "manifest.json")


def judge(guard: Guard, rows: list[Row]) -> list[Verdict]:
    """Return the verdict on each row, each from its own source."""
    verdicts: dict[int, Verdict] = {}
    for source in set(SOURCES.values()):
        here = [i for i, row in enumerate(rows) if row[1] == source]
        found = guard.check_batch([rows[i][2] for i in here], source=source)
        verdicts.update(zip(here, found, strict=True))
    return [verdicts[i] for i in range(len(rows))]


def shares(rows: list[Row], ours: list[Verdict], models: list[Verdict]) -> dict[str, Any]:
    to_model = [verdict.tier != "gate" for verdict in ours]
    decided = [i for i, asked in enumerate(to_model) if not asked]
    differ = sum(ours[i].flagged != models[i].flagged for i in decided)
    return {
        "texts": len(rows),
        "to_model": sum(to_model) / len(rows),
        "disagree": differ / max(1, len(decided)),
        "flagged": sum(verdict.flagged for verdict in ours) / len(rows),
    }


def test_grey(
    benchmark: Benchmark, guard: Guard, with_model: bool, data_folder: Path, seconds: float, tmp_path: Path
) -> None:
    if not with_model:
        pytest.skip("needs the model, and --no-model was given")
    rows = read_rows(data_folder, MOST if seconds >= 1 else 50) if data_folder.is_dir() else []
    if not rows:
        pytest.skip("no benign texts in the data folder: --data DIR names the one that training/README.md describes")
    alone = model_alone(tmp_path)
    assert all(verdict.tier == "fast" for verdict in alone.check_batch(["one harmless text", "another one of them"]))
    ours = benchmark.pedantic(judge, args=(guard, rows), rounds=1)
    models = judge(alone, rows)
    assert not any(verdict.degraded for verdict in (*ours, *models))
    groups = {"all": list(range(len(rows)))}
    groups["held out"] = [i for i, row in enumerate(rows) if row[0] == HELD_OUT]
    for source in sorted({row[1] for row in rows}):
        groups[f"source {source}"] = [i for i, row in enumerate(rows) if row[1] == source]
    for name in sorted({row[0] for row in rows}):
        groups[f"set {name}"] = [i for i, row in enumerate(rows) if row[0] == name]
    benchmark.extra_info["most"] = MOST
    benchmark.extra_info["groups"] = {
        name: shares([rows[i] for i in here], [ours[i] for i in here], [models[i] for i in here])
        for name, here in groups.items()
        if here
    }
