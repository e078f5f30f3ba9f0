"""Makes small models with their manifests, for tests: a gate and an ONNX graph that look at the word "danger"."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from pathlib import Path
from typing import Any

from fastguard import _core

WIDTH = 8
IDS = _core.FEATURE_WINDOW * _core.FEATURE_SLOTS
TEXTS = ("", "danger", "no harm here", "Gefahr: danger überall", "danger " * 200)
BIAS = -4.0
WEIGHT = 1000
SCALE = 0.01


def danger_ids() -> set[int]:
    """Return the ids of the word alone."""
    ids, _, _ = _core.features("danger")
    return {id_ for id_ in memoryview(ids).cast("i") if id_}


def gate_table() -> bytes:
    """Return a table in which the first label has weight on the ids of "danger"."""
    rows = bytearray(_core.FEATURE_BUCKETS * WIDTH * 2)
    for id_ in danger_ids():
        struct.pack_into("<h", rows, (id_ & (_core.FEATURE_BUCKETS - 1)) * WIDTH * 2, WEIGHT)
    return bytes(rows)


def gate_logit(text: str) -> float:
    """Return the logit of the first label, computed the slow way."""
    mask = _core.FEATURE_BUCKETS - 1
    marked = {id_ & mask for id_ in danger_ids()}
    ids, _, windows = _core.features(text)
    every = memoryview(ids).cast("i")
    best = -math.inf
    for window in range(windows):
        used = [id_ for id_ in every[window * IDS : (window + 1) * IDS] if id_]
        total = sum(WEIGHT for id_ in used if id_ & mask in marked)
        best = max(best, BIAS + (SCALE * total / math.sqrt(len(used)) if used else 0.0))
    return best


def onnx_logit(text: str) -> float:
    """Return the logit of the ONNX graph: how often the ids of "danger" occur in a window, less four."""
    ids, _, windows = _core.features(text)
    every = memoryview(ids).cast("i")
    marked = danger_ids()
    return max(
        BIAS + sum(1.0 for id_ in every[window * IDS : (window + 1) * IDS] if id_ in marked)
        for window in range(windows)
    )


def onnx_graph(
    *,
    ids_type: int | None = None,
    width: int = IDS,
    labels: int = 1,
    domain: str = "",
    names: tuple[str, str, str] = ("ids", "dense", "logits"),
) -> Any:
    """Return the graph as an onnx.ModelProto: sum(table[ids]) + bias + 0 * dense."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    table = np.zeros((_core.FEATURE_IDS, labels), np.float32)
    table[sorted(danger_ids())] = 1.0
    ids, dense, logits = names
    nodes = [
        helper.make_node("Gather", ["table", ids], ["rows"], axis=0),
        helper.make_node("ReduceSum", ["rows", "one"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", [dense, "one"], ["total"], keepdims=1),
        helper.make_node("Mul", ["total", "zero"], ["nothing"]),
        helper.make_node("Add", ["sum", "nothing"], ["added"]),
        helper.make_node("Add", ["added", "bias"], [logits], domain=domain),
    ]
    graph = helper.make_graph(
        nodes,
        "danger",
        [
            helper.make_tensor_value_info(ids, ids_type or TensorProto.INT32, ["windows", width]),
            helper.make_tensor_value_info(dense, TensorProto.FLOAT, ["windows", _core.FEATURE_DENSE]),
        ],
        [helper.make_tensor_value_info(logits, TensorProto.FLOAT, ["windows", labels])],
        [
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(np.array([1], np.int64), "one"),
            numpy_helper.from_array(np.array(0.0, np.float32), "zero"),
            numpy_helper.from_array(np.full(labels, BIAS, np.float32), "bias"),
        ],
    )
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    model = helper.make_model(graph, opset_imports=opsets)
    model.ir_version = 9
    return onnx.ModelProto.FromString(model.SerializeToString())


def make_model(
    folder: Path, *, gate: bool = True, onnx: bytes | None = None, low: float = 0.1, high: float = 0.9, **changes: Any
) -> Path:
    """Write a model and return its manifest; `changes` replace keys of the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest: dict[str, Any] = {
        "schema": 1,
        "name": "danger",
        "version": "1",
        "created": "2026-01-31",
        "feature_version": _core.FEATURE_VERSION,
        "labels": [{"name": "danger", "category": "custom", "sources": []}],
        "levels": {"custom": [0.95, 0.9, 0.8, 0.7, 0.6]},
        "golden": [{"text": text} for text in TEXTS],
        "tolerance": {"gate": 0.001, "onnx": 0.001},
        "sources": [{"name": "made-up.jsonl", "sha256": "0" * 64, "rows": 3}],
        "script": {"path": "tests/python/model_files.py", "sha256": "0" * 64},
        "metrics": {"labels": {"danger": {"auc": 1.0}}, "grey_zone": 0.5},
    }
    if gate:
        table = gate_table()
        (folder / "gate.bin").write_bytes(table)
        manifest["gate"] = {
            "file": "gate.bin",
            "sha256": hashlib.sha256(table).hexdigest(),
            "bytes": len(table),
            "scale": SCALE,
            "bias": [BIAS],
            "dense": [[0.0] * _core.FEATURE_DENSE],
            "calibration": [[1.0, 0.0]],
            "low": [low],
            "high": [high],
        }
        for golden in manifest["golden"]:
            golden["gate_logits"] = [gate_logit(golden["text"])]
    if onnx is not None:
        (folder / "model.onnx").write_bytes(onnx)
        manifest["onnx"] = {
            "file": "model.onnx",
            "sha256": hashlib.sha256(onnx).hexdigest(),
            "bytes": len(onnx),
            "inputs": {"ids": "ids", "dense": "dense"},
            "output": "logits",
            "calibration": [[2.0, 0.0]],
        }
        for golden in manifest["golden"]:
            golden["onnx_logits"] = [onnx_logit(golden["text"])]
    manifest.update(changes)
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    return path
