"""What does each stage of a check cost, in the engine itself, and what does the Python call add?"""

from __future__ import annotations

import json
import random
import struct
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from fastguard import _core
from fastguard.manifest import MOST_LABELS, Manifest
from fastguard.pack import Pack

from bench import texts
from bench.build_native import OUT, stages_program
from bench.subject import compiled_pack, sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from fastguard import Guard

    from bench.measure import Benchmark


def _number(value: int) -> bytes:
    return struct.pack("<I", value)


def _string(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _number(len(data)) + data


def _strings(values: Iterable[str | bytes]) -> bytes:
    parts = [_string(value) for value in values]
    return _number(len(parts)) + b"".join(parts)


def _write_pack(path: Path) -> None:
    compiled, concepts = compiled_pack(), {}
    source = Pack.default()
    for signature in source:
        spec = signature.spec()
        slots = (*signature.phrase, *signature.unless)
        names: Sequence[str] = [*spec["slots"], *spec["unless"]]  # type: ignore[misc]
        concepts.update({name: source.entries(slot) for name, slot in zip(names, slots, strict=True)})
    out = [_number(len(compiled.specs))]
    for facts in compiled.specs:
        one: dict[str, Any] = dict(facts)
        out += [_string(one["id"]), _string(one["category"]), _string(one["severity"]), _number(one["tier"])]
        out += [_string(one["kind"]), _strings(one["views"]), _strings(one["sources"]), _number(one["enabled"])]
        out += [_string(one["pattern"]), _strings(one["validators"]), struct.pack("<f", one["entropy"])]
        out += [_number(one["keep_value"]), _strings(one["slots"]), _number(one["within"]), _number(one["ordered"])]
        out += [_strings(one["unless"]), _string(one["candidate"]), _strings(one["formats"]), _strings(one["context"])]
        out += [_number(one["needs_context"]), _number(one["mention"]), _number(one["fallback"])]
    out.append(_number(len(concepts)))
    out += [_string(name) + _strings(entries) for name, entries in concepts.items()]
    path.write_bytes(b"".join(out) + _string(compiled.core.databases()))


def _write_gate(path: Path, manifest: Manifest | None, table: bytes) -> None:
    """Write the shipped gate, or one with the same shape and random weights that decides everything."""
    gate = manifest.gate if manifest else None
    if manifest is None or gate is None:
        source = random.Random("fastguard gate")
        table = struct.pack(
            f"<{_core.FEATURE_BUCKETS * MOST_LABELS}h",
            *(source.randrange(-99, 100) for _ in range(_core.FEATURE_BUCKETS * MOST_LABELS)),
        )
        labels = [("label", "custom", (), (-9.0, 1.0, 0.0, 0.0, 0.0, 2.0, 2.0), (0.0,) * _core.FEATURE_DENSE)]
        scale = 0.0
    else:
        numbers = zip(manifest.labels, gate.bias, gate.calibration, gate.low, gate.high, gate.dense, strict=True)
        labels = [
            (x.name, x.category, x.sources, (b, *(*scale, 0.0, 0.0)[:4], low, high), dense)
            for x, b, scale, low, high, dense in numbers
        ]
        scale = gate.scale
    out = [_number(len(labels))]
    for name, category, sources, numbers_of_label, dense in labels:
        out += [_string(name), _string(category), _strings(sources)]
        out.append(struct.pack(f"<{7 + _core.FEATURE_DENSE}f", *numbers_of_label, *dense))
    path.write_bytes(b"".join(out) + struct.pack("<f", scale) + _string(table))


@pytest.fixture(scope="module")
def files(guard: Guard) -> tuple[Path, Path]:
    OUT.mkdir(parents=True, exist_ok=True)
    pack, gate = OUT / "stages_pack.bin", OUT / "stages_gate.bin"
    _write_pack(pack)
    model = guard._model
    _write_gate(gate, model.manifest if model else None, model._table if model else b"")
    return pack, gate


@pytest.mark.parametrize("size", texts.SIZES)
@pytest.mark.parametrize("script", ["ascii", "mixed"])
def test_stages(
    benchmark: Benchmark,
    guard: Guard,
    files: tuple[Path, Path],
    script: texts.Script,
    size: str,
    seconds: float,
) -> None:
    chosen = sample(guard, "benign", script, texts.SIZES[size])
    if not chosen.texts:
        pytest.skip(f"the gate decides none of the {script} texts of {size}")
    path = OUT / "stages_texts.bin"
    path.write_bytes(_strings(chosen.bytes))
    command = [str(stages_program()), *map(str, files), str(path), str(seconds)]

    def run() -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    found = json.loads(benchmark.pedantic(run, rounds=1))
    found.pop("sum")
    benchmark.extra_info.update(found, bytes=texts.SIZES[size])
