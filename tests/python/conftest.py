"""What the Python tests share: guards that are made once, and a pack of one signature."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fastguard import Guard
from fastguard.cli import main
from fastguard.model import DEFAULT_MANIFEST

sys.path.insert(0, str(Path(__file__).parent))
from model_files import make_model

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def signatures_guard() -> Guard:
    """A guard of the default signatures without a model."""
    return Guard(model=None)


@pytest.fixture(scope="session")
def guard() -> Guard:
    """The guard that `Guard()` makes."""
    if not Path(DEFAULT_MANIFEST).exists():
        pytest.skip("the default model is not there: run ./dev train")
    return Guard()


def acme_signature(name: str = "key", **fields: str) -> str:
    """Return a signature in TOML whose fields are replaced by `fields` (TOML values)."""
    table = {
        "id": f'"custom.acme.{name}"',
        "summary": '"A key of Acme"',
        "severity": '"high"',
        "tier": "1",
        "pattern": "'acme_[0-9a-f]{16}'",
        "match": '["acme_0123456789abcdef", "x acme_fedcba9876543210 y"]',
        "no_match": '["acme_0123", "acme is a name"]',
    }
    table.update(fields)
    return "[[signature]]\n" + "".join(f"{key} = {value}\n" for key, value in table.items() if value)


def acme_pack(*signatures: str) -> str:
    """Return a detector's file in TOML."""
    return 'schema = 1\ntitle = "Acme"\n\n' + "\n".join(signatures or (acme_signature(),))


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """A folder with one signature of category custom, and nothing else."""
    path = tmp_path / "packs" / "custom" / "acme.toml"
    path.parent.mkdir(parents=True)
    path.write_text(acme_pack(), encoding="utf-8")
    return path.parent.parent


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows one word, so that these tests need no other."""
    return make_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, manifest: Path) -> Run:
    """Run a command in this process; standard input is `stdin`."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin))))
        command = [str(argument) for argument in arguments]
        if command[0] in {"check", "scan", "redact", "explain", "demo"}:
            command += ["--model", str(manifest)]
        status = main(command)
        out, err = capsys.readouterr()
        return status, out, err

    return run
