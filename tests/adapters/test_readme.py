"""The examples of the adapters' README run; those whose framework is absent say so."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

_README = Path(__file__).resolve().parents[2] / "python/fastguard/adapters/README.md"
_EXAMPLES = re.findall(r"```python\n(.*?)```", _README.read_text(encoding="utf-8"), re.DOTALL)


def test_there_is_one_for_each_framework() -> None:
    modules = set(re.findall(r"fastguard\.adapters\.(\w+)", _README.read_text(encoding="utf-8")))
    assert modules == {path.stem for path in _README.parent.glob("*.py")} - {"__init__"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("example", _EXAMPLES, ids=range(len(_EXAMPLES)))
def test_example(example: str) -> None:
    for name in re.findall(r"^from (\w+)", example, re.MULTILINE):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    exec(compile(example, str(_README), "exec"), {"__name__": "example"})
