"""Which techniques of MITRE ATLAS and which points of the OWASP lists a pack covers, and which nobody can see in a text.

`atlas.tsv` beside this file is the closed list: every technique, and where a guard could see it. What a pack says in
`atlas` and `owasp` is counted against it; ids that stand nowhere in the list do not load (`tags.toml`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from fastguard.errors import PackError
from fastguard.fields import Fields, parse_toml, read_bytes
from fastguard.pack import Pack, tags_file
from fastguard.signature import Signature

Status = Literal["covered", "partly", "open", "not observable"]
STATUSES: Final[tuple[Status, ...]] = ("covered", "partly", "open", "not observable")
_HERE: Final = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  (as in pack.py)
_COLUMNS: Final = ("id", "name", "tactics", "maturity", "where", "reason")
_DOMAIN: Final = "atlas-atlas"
_COLOURS: Final = {"covered": "#2e7d32", "partly": "#f9a825", "open": "#c62828", "not observable": "#9e9e9e"}


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique of the list; `where` it could be seen (``text``, ``session``, ``artifact``) or ``none`` and why."""

    id: str
    name: str
    tactics: tuple[str, ...]
    maturity: str
    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Covered:
    """What a pack has for one id: its signatures, how many examples prove them, and how the id stands.

    ``covered``: signatures name the id. ``partly``: they name its parent or one of its parts. ``open``: nothing yet.
    """

    id: str
    name: str
    status: Status
    signatures: tuple[str, ...]
    examples: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The lists with what a pack has for each id, in the order of the lists."""

    atlas: tuple[Covered, ...]
    owasp: tuple[Covered, ...]
    pack: str
    techniques: tuple[Technique, ...]

    def counts(self) -> dict[str, dict[Status, int]]:
        """Return how many ids of each list have each status."""
        return {
            name: {status: sum(item.status == status for item in items) for status in STATUSES}
            for name, items in (("atlas", self.atlas), ("owasp", self.owasp))
        }


def techniques() -> tuple[Technique, ...]:
    """Return the techniques of the list. Raises `PackError` where the file is damaged."""
    path = os.path.join(_HERE, "atlas.tsv")  # noqa: PTH118
    lines = read_bytes(path, PackError, "the list of techniques").decode("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    if tuple(rows[0]) != _COLUMNS or any(len(row) != len(_COLUMNS) for row in rows):
        raise PackError("the columns are others", file=path, expected=", ".join(_COLUMNS))
    return tuple(
        Technique(row[0], row[1], tuple(item.strip() for item in row[2].split(",")), row[3], row[4], row[5])
        for row in rows[1:]
    )


def coverage(pack: Pack) -> Coverage:
    """Return what a pack covers.

    >>> found = coverage(Pack.default())
    >>> next(item.status for item in found.atlas if item.id == "AML.T0051.000")
    'covered'
    """
    listed = techniques()
    atlas = tuple(_technique(item, _named(pack, "atlas"), listed) for item in listed)
    path = tags_file()
    names = Fields(parse_toml(read_bytes(path, PackError, "the list of tags"), path, PackError), PackError, file=path)
    points = names.table("owasp")
    by_owasp = _named(pack, "owasp")
    owasp = tuple(
        _made(key, points.string(key), by_owasp.get(key, ()), "covered" if key in by_owasp else "open")
        for key in points.keys()  # noqa: SIM118
    )
    return Coverage(atlas, owasp, pack.digest, listed)


def _named(pack: Pack, key: Literal["atlas", "owasp"]) -> dict[str, tuple[Signature, ...]]:
    found: dict[str, list[Signature]] = {}
    for signature in pack:
        for name in signature.atlas if key == "atlas" else signature.owasp:
            found.setdefault(name, []).append(signature)
    return {name: tuple(items) for name, items in found.items()}


def _technique(item: Technique, by_id: dict[str, tuple[Signature, ...]], listed: Iterable[Technique]) -> Covered:
    own = by_id.get(item.id, ())
    if own:
        return _made(item.id, item.name, own, "covered")
    family = item.id.rsplit(".", 1)[0] if item.id.count(".") == 2 else item.id
    related = [
        signature
        for other in listed
        if other.id == family or (other.id.startswith(family + ".") and family == item.id)
        for signature in by_id.get(other.id, ())
    ]
    if related:
        return _made(item.id, item.name, tuple(dict.fromkeys(related)), "partly")
    if item.where == "none":
        return Covered(item.id, item.name, "not observable", (), 0, item.reason)
    return Covered(item.id, item.name, "open", (), 0, f"seen in: {item.where}; no signature yet")


def _made(name: str, title: str, signatures: Iterable[Signature], status: Status) -> Covered:
    items = tuple(signatures)
    return Covered(name, title, status, tuple(item.id for item in items), sum(len(item.match) for item in items))


def markdown(found: Coverage) -> str:
    """Return the coverage as a page of tables."""
    lines = ["# Coverage", "", f"Pack `{found.pack[:16]}`.", ""]
    for title, items, counts in (
        ("MITRE ATLAS 5.6.0", found.atlas, found.counts()["atlas"]),
        ("OWASP", found.owasp, found.counts()["owasp"]),
    ):
        said = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
        lines += [f"## {title}", "", f"{len(items)} ids: {said}.", ""]
        lines += ["| id | name | status | signatures | examples | which, or why not |", "|---|---|---|--:|--:|---|"]
        for item in items:
            which = item.reason or _detectors(item.signatures)
            row = (item.id, item.name, item.status, str(len(item.signatures)), str(item.examples), which)
            lines.append("| " + " | ".join(row) + " |")
        lines.append("")
    return "\n".join(lines)


def _detectors(signatures: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys("/".join(name.split(".")[:2]) for name in signatures))


def plain(found: Coverage) -> dict[str, Any]:
    """Return the coverage as JSON values."""
    return {
        "pack": found.pack,
        "counts": found.counts(),
        **{
            name: [
                {
                    "id": item.id,
                    "name": item.name,
                    "status": item.status,
                    "signatures": list(item.signatures),
                    "examples": item.examples,
                    "reason": item.reason,
                }
                for item in items
            ]
            for name, items in (("atlas", found.atlas), ("owasp", found.owasp))
        },
    }


def navigator(found: Coverage) -> dict[str, Any]:
    """Return a layer for the ATLAS Navigator: a colour and a score for each technique, in layer format 4.5."""
    tactics = {item.id: item.tactics for item in found.techniques}
    return {
        "name": "fastguard",
        "versions": {"layer": "4.5", "navigator": "4.9.1"},
        "domain": _DOMAIN,
        "description": f"What the signatures of pack {found.pack[:16]} cover",
        "techniques": [
            {
                "techniqueID": item.id,
                "score": len(item.signatures),
                "color": _COLOURS[item.status],
                "comment": item.reason or f"{item.status}: {len(item.signatures)} signatures, {item.examples} examples",
                "enabled": True,
                "showSubtechniques": True,
                "metadata": [{"name": "tactics", "value": ", ".join(tactics[item.id])}],
            }
            for item in found.atlas
        ],
        "legendItems": [{"label": status, "color": colour} for status, colour in _COLOURS.items()],
        "gradient": {"colors": ["#ffffff", "#2e7d32"], "minValue": 0, "maxValue": 50},
    }
