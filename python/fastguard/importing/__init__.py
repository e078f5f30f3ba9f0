r"""Packs made of the rules of other tools: YARA text rules, gitleaks configurations, Agent Threat Rules.

>>> from fastguard.importing import import_rules
>>> made = import_rules("rules.toml", b'[[rules]]\nid = "acme"\nregex = "acme-[0-9]{12}"', form="gitleaks")
>>> [(item.rule, item.status) for item in made.outcomes]
[('acme', 'compiled')]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fastguard.errors import PackError
from fastguard.fields import read_bytes
from fastguard.importing.build import build
from fastguard.importing.rule import Outcome as Outcome
from fastguard.importing.rule import Rule, slug
from fastguard.importing.write import write
from fastguard.pack import read_tags
from fastguard.signature import Signature

Form = Literal["yara", "gitleaks", "atr"]
FORMS: tuple[Form, ...] = ("yara", "gitleaks", "atr")
_SUFFIXES: dict[str, Form] = {
    ".yar": "yara",
    ".yara": "yara",
    ".toml": "gitleaks",
    ".yaml": "atr",
    ".yml": "atr",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """The signatures that came out, what became of each rule, and what of the file as a whole is left out."""

    form: Form
    origin: str
    signatures: tuple[Signature, ...]
    outcomes: tuple[Outcome, ...]
    left_out: tuple[str, ...]

    def write(self, folder: str | Path, *, force: bool = False) -> list[Path]:
        """Write the pack, if there is any signature; raises `PackError` where a file is there already."""
        return write(Path(folder), self.signatures, origin=self.origin, force=force)

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain values."""
        counts = {status: sum(item.status == status for item in self.outcomes) for status in ("compiled", "confirmed", "rejected")}  # fmt: skip
        cases = sum(item.cases for item in self.outcomes)
        failed = sum(len(item.failed) for item in self.outcomes)
        return {
            "from": self.form,
            "source": self.origin,
            "rules": len(self.outcomes),
            "signatures": len(self.signatures),
            **counts,
            "test_cases": {"run": cases, "failed": failed},
            "left_out": list(self.left_out),
            "outcomes": [item.to_dict() for item in self.outcomes],
        }


def form_of(path: str) -> Form:
    """Return the form that a file's name stands for, or raise `PackError`."""
    form = _SUFFIXES.get(Path(path).suffix.lower())
    if form is None:
        raise PackError("cannot tell the kind of rules by the name", file=path, expected="a file .yar, .yara, .toml, .yaml or .yml, or --from")  # fmt: skip
    return form


def import_rules(
    path: str,
    content: bytes | None = None,
    *,
    form: Form | None = None,
    near: int = 0,
    approximate: bool = False,
    tier: int = 2,
) -> Imported:
    """Return what the rules of a file, or of all files of a folder, are as signatures.

    `content` stands for the bytes of the file where given. Raises `PackError` that names file, rule and line where a
    file is not what it should be; a rule that a pack cannot say is no error but an outcome.
    """
    files = [path] if content is not None or not Path(path).is_dir() else _files_of(path, form)
    chosen = form or form_of(files[0])
    rules: list[Rule] = []
    left_out: list[str] = []
    for file in files:
        data = content if content is not None else read_bytes(file, PackError, "a file of rules")
        found, left = _read(data, file, chosen)
        for rule in found:
            if any(other.name == rule.name for other in rules):
                raise PackError("the rule is in another file, too", file=file, id=rule.name, expected="each rule once")
            rule.place = rule.place if len(files) == 1 else f"{Path(file).name}, {rule.place}"
        rules += found
        left_out += left if len(files) == 1 else [f"{Path(file).name}: {text}" for text in left]
    detector = slug(Path(path).stem, "imported")
    signatures, outcomes = build(rules, detector=detector, file=path, near=near, approximate=approximate, tier=tier)
    return Imported(chosen, Path(path).name, tuple(signatures), tuple(outcomes), tuple(left_out))


def _files_of(path: str, form: Form | None) -> Sequence[str]:
    suffixes = {suffix for suffix, name in _SUFFIXES.items() if form in (None, name)}
    files = [str(file) for file in sorted(Path(path).rglob("*")) if file.suffix.lower() in suffixes and file.is_file()]
    if not files:
        raise PackError("no rules in it", file=path, expected=f"files {', '.join(sorted(suffixes))}")
    if form is None and len({form_of(file) for file in files}) > 1:
        raise PackError("holds several kinds of rules", file=path, expected="one kind, or --from")
    return files


def _read(content: bytes, file: str, form: Form) -> tuple[list[Rule], list[str]]:
    from fastguard.importing import atr, gitleaks, yara

    if form == "gitleaks":
        return gitleaks.read(content, file)
    if form == "yara":
        return yara.read(content, file, read_tags())
    return atr.read(content, file, read_tags())
