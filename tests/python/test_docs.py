"""The examples in docstrings and in the README run and give what they show."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import fastguard
import pytest
from fastguard.model import DEFAULT_MANIFEST

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(fastguard.__path__, "fastguard.")
    if module.name not in {"fastguard.__main__", "fastguard._core"}
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


# Modules that need packages of an extra.
EXTRAS = {
    "fastguard.server": {"uvicorn", "orjson", "aiohttp", "jinja2"},
    "fastguard.importing": {"yaml"},
    "fastguard.adapters": {"agents", "langchain", "litellm", "llama_index", "mcp", "pydantic_ai", "pytest"},
}


def load(name: str) -> ModuleType:
    """Import a module, if the packages of its extra are there."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as problem:
        package = (problem.name or "").partition(".")[0]
        if any(name.startswith(part) and package in packages for part, packages in EXTRAS.items()):
            pytest.skip(f"an extra is not installed: {package}")
        raise


def needs_model(text: str) -> None:
    if re.search(r"\bGuard\(\)", text) and not Path(DEFAULT_MANIFEST).exists():
        pytest.skip("the default model is not there: run ./dev train")


@pytest.mark.parametrize("name", ["fastguard", *MODULES])
def test_examples_in_docstrings_run(name: str) -> None:
    module = load(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    report: list[str] = []
    for test in finder.find(module, name):
        if test.examples:
            needs_model("".join(example.source for example in test.examples))
            runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


@pytest.mark.parametrize("name", ["fastguard", *MODULES])
def test_every_public_name_says_what_it_is(name: str) -> None:
    module = load(name)
    assert module.__doc__
    for attribute, value in vars(module).items():
        if attribute.startswith("_") or getattr(value, "__module__", None) != name or not callable(value):
            continue
        lines = (value.__doc__ or "").strip().splitlines()
        assert lines, attribute
        assert lines[0].endswith((".", ":", "!")), f"{attribute}: {lines[0]}"


def readme_examples(language: str) -> list[str]:
    if not README.exists():
        return []
    return [body for name, body in FENCE.findall(README.read_text(encoding="utf-8")) if name == language]


def test_examples_in_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not README.exists():
        pytest.skip("no README.md")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for body in [*readme_examples("python"), *readme_examples("pycon")]:
        needs_model(body)
        if ">>>" in body:
            test = doctest.DocTestParser().get_doctest(body, names, "README.md", str(README), 0)
            report: list[str] = []
            result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=report.append, clear_globs=False)
            names.update(test.globs)
            assert result.failed == 0, "".join(report)
        else:
            exec(compile(body, "README.md", "exec"), names)


def test_commands_in_the_readme_exist() -> None:
    if not README.exists():
        pytest.skip("no README.md")
    from fastguard.cli import parser

    known = set(parser()._subparsers._group_actions[0].choices)  # type: ignore[union-attr,arg-type]
    used = {
        word
        for body in [*readme_examples("sh"), *readme_examples("console"), *readme_examples("bash")]
        for word in re.findall(r"\bfastguard ([a-z]+)\b", body)
    }
    assert used <= known
