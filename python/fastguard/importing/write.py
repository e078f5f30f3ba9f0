"""Signatures written as pack files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from fastguard.errors import PackError
from fastguard.signature import Signature


def write(folder: Path, signatures: Sequence[Signature], *, origin: str, force: bool = False) -> list[Path]:
    """Write `<category>/<detector>.toml` files below a folder and return them.

    Raises `PackError` where a file is there already (unless `force`) or cannot be written.
    """
    by_detector = sorted(signatures, key=lambda item: item.detector)
    files = {folder / f"{detector}.toml": list(group) for detector, group in groupby(by_detector, key=lambda item: item.detector)}  # fmt: skip
    for path in files:
        if path.exists() and not force:
            raise PackError("is there already", file=str(path), expected="another folder, or --force to write over it")
    for path, group in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(document(group, origin=origin), encoding="utf-8")
        except OSError as problem:
            raise PackError(problem.strerror or str(problem), file=str(path), expected="a place to write to") from None
    return list(files)


def document(signatures: Iterable[Signature], *, origin: str) -> str:
    """Return the TOML of one detector's file."""
    lines = [
        f"# Made by `fastguard import` from {_one_line(origin)}; what that says about copying holds here, too.",
        "schema = 1",
        f"title  = {_text('Rules of ' + origin)}",
    ]
    for item in signatures:
        lines += ["", "[[signature]]", f"id       = {_text(item.id)}", f"summary  = {_text(item.summary)}"]
        lines += [f"severity = {_text(item.severity)}", f"tier     = {item.tier}"]
        lines += [
            f"{name:8} = {_list(values)}"
            for name, values in (("atlas", item.atlas), ("owasp", item.owasp), ("sources", item.sources))
            if values
        ]
        lines += [f"views    = {_list(item.views)}", f"pattern  = {_pattern(item.pattern)}"]
        lines += [f"entropy  = {item.entropy!r}"] if item.entropy else []
        lines += ['keep     = "value"'] if item.keep_value else []
        for name, texts in (("match", item.match), ("no_match", item.no_match)):
            lines += [f"{name} = [", *(f"    {_text(text)}," for text in texts), "]"]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join("".join(char for char in text if char.isprintable()).split())


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _pattern(pattern: str) -> str:
    plain = "'" not in pattern and all(char.isprintable() or ord(char) > 0x9F for char in pattern)
    return f"'{pattern}'" if plain else _text(pattern)
