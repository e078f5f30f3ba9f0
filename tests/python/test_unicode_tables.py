"""The generator of the Unicode tables: pinned inputs, a tidy list of look-alikes, and fresh tables."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "cpp" / "unicode"
UCD = os.environ.get("FASTGUARD_UCD", "")
CONFUSABLES = os.environ.get("FASTGUARD_CONFUSABLES", "")


def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "generate.py"), *arguments, "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_an_input_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "UnicodeData.txt").write_text("0041;A;Lu\n", encoding="utf-8")
    done = generate("--ucd", str(tmp_path), "--confusables", str(tmp_path / "confusables.txt"))
    assert done.returncode == 2
    assert re.search(r"UnicodeData\.txt: SHA-256 is \w{64}, expected 806e9aed\w{56} \(Unicode 15\.0\.0\)", done.stderr)


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    done = generate("--ucd", str(tmp_path), "--confusables", str(tmp_path / "confusables.txt"))
    assert done.returncode == 2
    assert f"{tmp_path / 'UnicodeData.txt'}: cannot be read (No such file or directory)" in done.stderr


def test_look_alikes_are_well_formed_and_named_once() -> None:
    seen: set[int] = set()
    for line in (FOLDER / "lookalikes.txt").read_text(encoding="utf-8").splitlines():
        content = line.split("#", 1)[0].strip()
        if not content:
            continue
        found = re.fullmatch(r"([0-9A-F]{4,5})(?:\.\.([0-9A-F]{4,5}))? ; ([a-z])(\.\.)?", content)
        assert found, line
        assert bool(found[2]) == bool(found[4]), line
        codes = range(int(found[1], 16), int(found[2] or found[1], 16) + 1)
        assert ord(found[3]) + len(codes) - 1 <= ord("z"), line
        assert not seen.intersection(codes), line
        assert all(code > 0x7F for code in codes), line
        seen.update(codes)
    assert len(seen) > 150


@pytest.mark.skipif(
    not (UCD and CONFUSABLES),
    reason="set FASTGUARD_UCD and FASTGUARD_CONFUSABLES to Unicode data as in cpp/unicode/README.md",
)
def test_the_committed_tables_are_what_the_generator_makes() -> None:
    done = generate("--ucd", UCD, "--confusables", CONFUSABLES)
    assert done.returncode == 0, done.stdout + done.stderr
