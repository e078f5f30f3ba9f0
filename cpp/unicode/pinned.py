"""What both generators share: pinned Unicode 15.0 data in, C++ tables out."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

VERSION = "15.0.0"
PINNED = {
    "UnicodeData.txt": "806e9aed65037197f1ec85e12be6e8cd870fc5608b4de0fffd990f689f376a73",
    "CaseFolding.txt": "cdd49e55eae3bbf1f0a3f6580c974a0263cb86a6a08daa10fbf705b4808a56f7",
    "DerivedNormalizationProps.txt": "d5687a48c95c7d6e1ec59cb29c0f2e8b052018eb069a4371b7368d0561e12a29",
    "DerivedCoreProperties.txt": "d367290bc0867e6b484c68370530bdd1a08b6b32404601b8c7accaf83e05628d",
    "PropList.txt": "e05c0a2811d113dae4abd832884199a3ea8d187ee1b872d8240a788a96540bfd",
    "Scripts.txt": "cca85d830f46aece2e7c1459ef1249993dca8f2e46d51e869255be140d7ea4b0",
    "DerivedAge.txt": "7570877e0fa197c45338f7c41a02636da4e14c8dba6a3611a01cd30bf329d5ca",
    "confusables.txt": "2b10130885c3370b101c52d7baedc452ab7f0e257b86c1e52ee657ecfc29ce64",
}
LIMIT = 0x32400  # code points from here on: identity, but for the ignorable plane 14
BLOCK = 64  # six bits, so that the last byte of a UTF-8 sequence is the index in a block


class InputError(Exception):
    """An input file is missing or is not the pinned one."""


def read_pinned(path: Path) -> str:
    """Return the text of an input file after its SHA-256 has been verified."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); see cpp/unicode/README.md") from error
    found, wanted = hashlib.sha256(data).hexdigest(), PINNED[path.name]
    if found != wanted:
        raise InputError(
            f"{path}: SHA-256 is {found}, expected {wanted} (Unicode {VERSION}); see cpp/unicode/README.md"
        )
    return data.decode("utf-8-sig")


def rows(text: str) -> Iterator[list[str]]:
    """Yield the fields of each line of a semicolon-separated file, comments removed."""
    for line in text.splitlines():
        content = line.split("#", 1)[0].strip()
        if content:
            yield [field.strip() for field in content.split(";")]


def code_range(field: str) -> range:
    """Return the code points that a field like `0041` or `0041..005A` names."""
    first, _, last = field.partition("..")
    return range(int(first, 16), int(last or first, 16) + 1)


def code_points(field: str) -> list[int]:
    """Return the code points of a field like `0041 030A`."""
    return [int(code, 16) for code in field.split()]


def two_stage(values: list[int], whole: int) -> tuple[list[int], list[int]]:
    """Split values into an index and deduplicated blocks; the first `whole` values are kept in place."""
    index: list[int] = []
    blocks: list[int] = []
    known: dict[tuple[int, ...], int] = {}
    for start in range(0, len(values), BLOCK):
        block = tuple(values[start : start + BLOCK])
        if start < whole or block not in known:
            known.setdefault(block, len(blocks) // BLOCK)
            index.append(len(blocks) // BLOCK)
            blocks += block
        else:
            index.append(known[block])
    return index, blocks


def array(kind: str, name: str, values: Iterable[int], suffix: str = "") -> str:
    """Return the C++ definition of one table."""
    lines, line = [f"extern const {kind} {name}[] = {{"], "   "
    for value in values:
        word = f" {value:#x}{suffix}," if value > 9 else f" {value}{suffix},"
        if len(line) + len(word) > 119:
            lines.append(line)
            line = "   "
        line += word
    return "\n".join([*lines, line, "};", ""])


def write(output: Path, script: str, make: Callable[[], tuple[str, str]], *, check: bool) -> int:
    """Write the text of `make`, which returns it with a report, or prove that it is there; return the exit status."""
    try:
        text, report = make()
    except InputError as error:
        print(f"{script}: {error}", file=sys.stderr)
        return 2
    print(report)
    if check:
        fresh = output.exists() and output.read_text(encoding="utf-8") == text
        print(f"{output.name} is " + ("fresh" if fresh else f"not what {script} makes; run it without --check"))
        return 0 if fresh else 1
    output.write_text(text, encoding="utf-8")
    return 0
