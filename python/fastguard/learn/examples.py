"""Reviewed texts: how they are read, what is wrong with them, and the texts of the package that count beside them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastguard import _core
from fastguard.errors import LearnError
from fastguard.fields import did_you_mean, one_of, show

if TYPE_CHECKING:
    from os import PathLike

    from fastguard.manifest import Manifest

INNOCENT: Final = "innocent"
ATTACK: Final = "attack"
REGRESSION: Final = Path(__file__).parent.with_name("models") / "regression.jsonl"


@dataclass(frozen=True, slots=True)
class Example:
    """A reviewed text: `label` is ``innocent`` or the name of a label of the model, `source` where the text comes from."""

    text: str
    label: str
    source: str = "user"


def read_examples(path: str | PathLike[str], labels: Sequence[str]) -> list[tuple[int, Example]]:
    """Return (line, example) of a file of JSON lines, ``{"text": ..., "label": ..., "source": ...}``; source is optional.

    `labels` are the model's. Raises `LearnError` that names the line: not JSON, a field missing or of another type, an
    unknown label or source, a text marked in two ways; and for a file that is empty or that has one kind of text only.
    """
    name = os.fspath(path)
    try:
        lines = Path(name).read_bytes().split(b"\n")
    except OSError as problem:
        raise LearnError(str(problem.strerror), file=name, expected="JSON lines of reviewed texts") from None
    found: list[tuple[int, Example]] = []
    marked: dict[tuple[str, str], tuple[int, str]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        example = _example(line, f"{name}:{number}", labels)
        first, label = marked.setdefault((example.text, example.source), (number, example.label))
        if label != example.label:
            raise LearnError(
                f"marked {show(example.label)} here and {show(label)} in line {first}",
                file=f"{name}:{number}",
                expected="one mark for a text",
            )
        if first == number:
            found.append((number, example))
    if not found:
        raise LearnError(
            "no reviewed text in it", file=name, expected='lines such as {"text": "...", "label": "innocent"}'
        )
    return found


def check_kinds(examples: Iterable[Example], file: str = "") -> None:
    """Raise `LearnError` where all texts are innocent or all are attacks: that would teach to flag nothing, or all."""
    kinds = {example.label == INNOCENT for example in examples}
    if len(kinds) < 2:
        only = "innocent texts" if kinds == {True} else "attacks"
        raise LearnError(f"only {only} in it", file=file, expected="innocent texts and attacks, at least one of each")


def check(texts: Sequence[Example], manifest: Manifest, file: str) -> None:
    """Raise `LearnError` for texts that nothing can be learnt from: none, of one kind, with unknown labels or sources."""
    names = (INNOCENT, *(label.name for label in manifest.labels))
    for example in texts:
        _check_name(example.label, names, file, "label")
        _check_name(example.source, _core.SOURCES, file, "source")
    if not texts:
        raise LearnError("no reviewed text", file=file, expected="innocent texts and attacks, at least one of each")
    check_kinds(texts, file)


def read_regression() -> list[Example]:
    """Return the texts of the package that no refitted model may judge worse than its parent; attacks as ``attack``."""
    lines = REGRESSION.read_text(encoding="utf-8").splitlines()
    return [Example(**json.loads(line)) for line in lines if line]


def judged_right(label: str, action: str) -> bool:
    """Whether an action is what a text's mark asks for: innocent texts are let pass, attacks are not."""
    return (action == "allow") == (label == INNOCENT)


def digest_of(texts: Sequence[Example]) -> str:
    """SHA-256 of the texts and their marks, for texts that come from no file."""
    rows = [[example.text, example.label, example.source] for example in texts]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _example(line: bytes, place: str, labels: Sequence[str]) -> Example:
    """Return the example of one line."""
    expected = '{"text": "...", "label": "..."}'
    try:
        value = json.loads(line.decode("utf-8").removeprefix("\ufeff"))
    except (ValueError, RecursionError) as problem:
        reason = "nested too deeply" if isinstance(problem, RecursionError) else f"not JSON: {problem}"
        raise LearnError(reason, file=place, expected=expected) from None
    if not isinstance(value, dict):
        raise LearnError(f"got {show(value)}", file=place, expected=expected)
    for field in ("text", "label"):
        if not isinstance(value.get(field), str):
            got = f"got {show(value[field])}" if field in value else "missing"
            raise LearnError(got, file=place, field=field, expected="a string")
    source = value.get("source", "user")
    _check_name(value["label"], (INNOCENT, *labels), place, "label")
    _check_name(source, _core.SOURCES, place, "source")
    return Example(value["text"], value["label"], source)


def _check_name(value: object, names: Sequence[str], place: str, field: str) -> None:
    if not isinstance(value, str) or value not in names:
        hint = did_you_mean(value, names) if isinstance(value, str) else ""
        raise LearnError(f"got {show(value)}{hint}", file=place, field=field, expected=one_of(names))
