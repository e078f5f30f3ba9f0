"""A bit that flipped in a file that the guard reads back is noticed: in the cached databases and in the files of a model.

A serialized Hyperscan database and an ONNX graph would be taken with many a flipped bit, and give other answers or crash;
so it is their digest that is looked at, before any of their bytes are read. A thousand places each, drawn with a seed: half
of them among the first 512 bytes, where headers are.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastguard import ModelError, cache
from fastguard.model import DEFAULT_MANIFEST, Model, verified_file
from fastguard.pack import Pack, compile_pack

FLIPS = 1000
HEAD = 512


def places(size: int) -> Iterator[int]:
    """Return the numbers of the bits to flip in so many bytes."""
    source = random.Random(20261123)
    for i in range(FLIPS):
        yield source.randrange(8 * min(size, HEAD) if i % 2 == 0 else 8 * size)


def test_no_flipped_bit_of_the_cached_databases_is_accepted(
    tmp_path: Path, acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTGUARD_CACHE_DIR", str(tmp_path / "cache"))
    compile_pack(Pack.load([acme], default=False))
    (path,) = (tmp_path / "cache").glob("*.fgc")
    whole = path.read_bytes()
    assert cache.load(path.stem) is not None
    with path.open("r+b") as file:
        for bit in places(len(whole)):
            at = bit // 8
            file.seek(at)
            file.write(bytes([whole[at] ^ 1 << bit % 8]))
            file.flush()
            assert cache.load(path.stem) is None, f"bit {bit} of {len(whole)} bytes"
            file.seek(at)
            file.write(whole[at : at + 1])
            file.flush()
    assert cache.load(path.stem) is not None


@pytest.mark.parametrize("name", ["gate.bin", "model.onnx"])
def test_no_flipped_bit_of_a_model_file_is_accepted(tmp_path: Path, name: str) -> None:
    """All files of a model come through `verified_file`; test_model.py shows that a model so refused is not loaded."""
    model = Model(DEFAULT_MANIFEST)
    part = model.manifest.gate if name == "gate.bin" else model.manifest.onnx
    assert part is not None
    assert part.file.name == name
    whole = (Path(DEFAULT_MANIFEST).parent / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(whole)
    manifest = str(tmp_path / "manifest.json")

    def refused(field: str, problem: str, expected: str) -> ModelError:
        return ModelError(problem, field=field, expected=expected)

    assert verified_file(manifest, part.file, "file", refused) == whole
    with path.open("r+b") as file:
        for bit in places(len(whole)):
            at = bit // 8
            file.seek(at)
            file.write(bytes([whole[at] ^ 1 << bit % 8]))
            file.flush()
            with pytest.raises(ModelError, match=r"file\.sha256"):
                verified_file(manifest, part.file, "file", refused)
            file.seek(at)
            file.write(whole[at : at + 1])
            file.flush()
    assert verified_file(manifest, part.file, "file", refused) == whole
