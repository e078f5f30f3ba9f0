"""Type checkers infer of the public API what tests/typing says they do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_public_api_has_the_types_it_promises() -> None:
    pytest.importorskip("mypy", reason="mypy is in the extra dev")
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", "tests/typing/public_api.py"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"MYPYPATH": "python"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_says_that_it_is_typed() -> None:
    import fastguard

    assert (Path(fastguard.__file__).parent / "py.typed").exists()
