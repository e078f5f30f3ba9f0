"""Each broken pack, policy and manifest gives exactly the message in the file beside it.

Set FASTGUARD_UPDATE_GOLDEN=1 to write the messages anew, and read the difference before you commit it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fastguard import FastguardError, ModelError, PackError, Policy, PolicyError, _core
from fastguard.deep import DeepModel
from fastguard.model import Model
from fastguard.pack import Pack, compile_pack

GOLDEN = Path(__file__).parent / "golden"


def cases(pattern: str) -> list[Path]:
    found = sorted(GOLDEN.glob(pattern))
    assert found
    return [path.relative_to(GOLDEN) for path in found]


def check(path: Path, expected: Path, kind: type[FastguardError], load: Callable[[], object]) -> None:
    with pytest.raises(kind) as caught:
        load()
    message = str(caught.value)
    if os.environ.get("FASTGUARD_UPDATE_GOLDEN"):
        expected.write_text(message + "\n", encoding="utf-8")
    assert message + "\n" == expected.read_text(encoding="utf-8")
    assert caught.value.file
    assert message.startswith(caught.value.file)
    assert type(caught.value) is kind


@pytest.fixture(autouse=True)
def _in_the_golden_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN)  # so that messages name relative paths


@pytest.mark.parametrize("path", cases("packs/secret/*.toml"), ids=lambda path: path.stem)
def test_a_broken_pack_is_refused_with_its_message(path: Path) -> None:
    check(path, path.with_suffix(".expected"), PackError, lambda: Pack.load([path], default=False))


@pytest.mark.parametrize("path", cases("concepts/*"), ids=lambda path: path.name)
def test_a_broken_concept_is_refused_with_its_message(path: Path) -> None:
    check(path, path / "expected", PackError, lambda: Pack.load([path], default=False))


@pytest.mark.parametrize("path", cases("folders/*"), ids=lambda path: path.name)
def test_a_folder_that_is_no_pack_is_refused_with_its_message(path: Path) -> None:
    check(path, path / "expected", PackError, lambda: Pack.load([path], default=False))


@pytest.mark.parametrize("path", cases("uncompilable/*/*.toml"), ids=lambda path: path.stem)
def test_what_the_engine_refuses_names_the_file_too(path: Path) -> None:
    check(
        path,
        path.with_suffix(".expected"),
        PackError,
        lambda: compile_pack(Pack.load([path], default=False), use_cache=False),
    )


@pytest.mark.parametrize("path", cases("policies/*.toml"), ids=lambda path: path.stem)
def test_a_broken_policy_is_refused_with_its_message(path: Path) -> None:
    check(path, path.with_suffix(".expected"), PolicyError, lambda: Policy.load(path))


@pytest.mark.parametrize("path", cases("manifests/*"), ids=lambda path: path.name)
def test_a_broken_manifest_is_refused_with_its_message(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = bytes(_core.FEATURE_BUCKETS * 16)
    (tmp_path / "gate.bin").write_bytes(table)
    text = (path / "manifest.json").read_text(encoding="utf-8")
    text = text.replace("@GATE_SHA256@", hashlib.sha256(table).hexdigest())
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    check(path, GOLDEN / path / "expected", ModelError, lambda: Model("manifest.json"))


@pytest.mark.parametrize("path", cases("deep/*"), ids=lambda path: path.name)
def test_a_broken_manifest_of_a_deep_tier_is_refused_with_its_message(path: Path) -> None:
    check(path, path / "expected", ModelError, lambda: DeepModel(str(path / "manifest.json")))
