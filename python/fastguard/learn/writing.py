"""Writes a refitted model: gate, ONNX graph and manifest, in a folder that is whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastguard.errors import LearnError
from fastguard.learn import gate as learn_gate
from fastguard.model import Model

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def check_folder(folder: Path) -> None:
    """Raise `LearnError` where a model is not to be written over what is there."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LearnError("is there already and not empty", file=os.fspath(folder), expected="a new or empty folder")


def write(
    folder: Path,
    model: Model,
    weights: npt.NDArray[np.float64],
    shift: Sequence[float],
    origin: tuple[str, str],
    rows: int,
) -> None:
    """Write gate, ONNX graph and manifest of a refitted model."""
    content = Path(model.path).read_bytes()
    manifest: dict[str, Any] = json.loads(content)
    gate = model.manifest.gate
    assert gate is not None
    table, scale = learn_gate.table_of(weights, gate.scale)
    (folder / gate.file.name).write_bytes(table)
    digest = hashlib.sha256(table).hexdigest()
    manifest["gate"] |= {"scale": scale, "sha256": digest, "bytes": len(table)}
    windows = learn_gate.Windows.of([golden.text for golden in model.manifest.golden], gate)
    rounded = learn_gate.weights_of(table, gate) * (scale / gate.scale)
    logits = windows.greatest(windows.logits(rounded))
    for entry, values in zip(manifest["golden"], logits, strict=True):
        entry["gate_logits"] = [round(float(value), 6) for value in values]
    onnx = model.manifest.onnx
    if onnx is not None:
        shutil.copyfile(Path(model.path).with_name(onnx.file.name), folder / onnx.file.name)
        for row, taken in zip(manifest["onnx"]["calibration"], shift, strict=True):
            row[1] -= taken
    parent = {"name": manifest["name"], "version": manifest["version"], "sha256": hashlib.sha256(content).hexdigest()}
    manifest["parent"] = parent
    manifest["version"] = f"{manifest['version']}-l{digest[:8]}"
    name, sha256 = origin
    manifest["sources"] = [*manifest.get("sources", []), {"name": name, "sha256": sha256, "rows": rows}]
    text = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def publish(made: Path, folder: Path) -> None:
    """Copy a finished model; its manifest last, so that a folder with a manifest is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(made.iterdir(), key=lambda path: path.name == "manifest.json"):
        shutil.copyfile(path, folder / path.name)
