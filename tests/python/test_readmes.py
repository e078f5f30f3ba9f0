"""READMEs name what is there: no file that is gone, every folder beside them, and figures that can be counted."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from fastguard.language import LANGUAGES
from fastguard.pack import Pack

ROOT = Path(__file__).parents[2]
PLACES = ("bench", "cpp", "python/fastguard", "tests", "third_party", "training")
READMES = [
    ROOT / "README.md",
    *sorted(path for place in PLACES for path in (ROOT / place).rglob("README*.md") if "golden" not in path.parts),
]
# READMEs that have a row or a word for every file beside them.
TELL_EVERY_FILE = {"bench", "decode", "evasion", "seeds", "adapters", "importing", "server", "third_party", "training"}
LINK = re.compile(r"\]\(([^)#\s]+)")
CODE = re.compile(r"`([^`\s]+)`")
FILE = re.compile(r"^[\w./-]*\w\.(?:py|pyi|cpp|h|toml|json|jsonl|txt|md|tsv|cmake|map|bin|onnx)$")
# Files of others: headers, what a user brings, what is downloaded to make tables, what a run leaves behind.
ELSEWHERE = {
    "hs.h", "Python.h", "tokenizer.json", "confusables.txt", "UnicodeData.txt", "CaseFolding.txt", "PropList.txt",
    "DerivedNormalizationProps.txt", "DerivedCoreProperties.txt", "Scripts.txt", "DerivedAge.txt",
}  # fmt: skip


@cache
def names() -> frozenset[str]:
    return frozenset(path.name for place in PLACES for path in (ROOT / place).rglob("*") if path.is_file())


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_a_readme_names_nothing_that_is_gone(readme: Path) -> None:
    text = re.sub(r"^```.*?^```", "", readme.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    gone = [link for link in LINK.findall(text) if "://" not in link and not (readme.parent / link).exists()]
    gone += [
        name
        for name in CODE.findall(text)
        if FILE.match(name) and Path(name).name not in names() | ELSEWHERE and not (ROOT / name).exists()
    ]
    assert gone == []


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_a_readme_names_the_folders_beside_it(readme: Path) -> None:
    if readme.parent.name == "packs":
        pytest.skip("a folder of packs is named as a category, by the code")
    text = readme.read_text(encoding="utf-8")
    beside = [
        path.name
        for path in readme.parent.iterdir()
        if not path.name.startswith((".", "_")) and path.name not in {"build", "dist", "shared", readme.name}
    ]
    folders = [name for name in beside if any((readme.parent / name).glob("*.*"))]
    told = [name for name in beside if readme.parent.name in TELL_EVERY_FILE and (readme.parent / name).is_file()]
    told = [name for name in told if name not in {"conftest.py", "README.md", "README.in.md"}]
    assert [name for name in sorted({*folders, *told}) if Path(name).stem not in text] == []


def test_figures_that_can_be_counted_are_those_of_the_package() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    own = {signature.id for signature in Pack.load([])}
    output = sum(signature.id not in own for signature in Pack.load(["@output"]))
    brands = re.search(r'R"\(\n(.*?)\)"', (ROOT / "cpp/src/links/brand_list.cpp").read_text("utf-8"), re.DOTALL)
    assert brands is not None
    assert f"adds {output} signatures" in text
    assert f"with {len(brands[1].strip().splitlines())} well-known names" in text
    assert f"tells {len(LANGUAGES)} languages" in text
