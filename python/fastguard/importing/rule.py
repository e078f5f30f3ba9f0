"""A rule of another tool on its way into a pack, and what became of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from fastguard.importing.expression import Expression, Unsupported, parse

Status = Literal["compiled", "confirmed", "rejected"]
"""Compiled as it stands; compiled with a check of what matched (entropy, the value alone); or not at all."""


@dataclass(slots=True)
class Part:
    """One string or pattern of a rule: an expression, or the reason why there is none."""

    label: str
    place: str
    expression: Expression | None = None
    reason: str = ""


@dataclass(slots=True)
class Case:
    """A test case of a rule's own: a text, and whether the rule is to find something in it."""

    text: str
    found: bool
    place: str


@dataclass(slots=True)
class Rule:
    """A rule as its file says it.

    `groups` holds the strings of which all must occur; one group is enough. `reasons` reject the whole rule, `differs`
    says what a pack cannot keep of it (rejected unless approximations are asked for), `notes` is worth knowing.
    """

    name: str
    place: str
    title: str
    category: str
    severity: str = "medium"
    atlas: tuple[str, ...] = ()
    owasp: tuple[str, ...] = ()
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of a part, by its label
    groups: list[tuple[Part, ...]] = field(default_factory=list)
    entropy: float = 0.0
    capture: int | None = None  # the group that holds the finding, where it is not the whole match
    keywords: tuple[str, ...] = ()
    cases: list[Case] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Outcome:
    """What became of a rule: its signatures, or the reasons why there are none, and how its own test cases came out."""

    rule: str
    place: str
    status: Status
    signatures: tuple[str, ...] = ()
    confirm: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    cases: int = 0
    failed: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the outcome as plain values."""
        return {
            "rule": self.rule,
            "place": self.place,
            "status": self.status,
            "signatures": list(self.signatures),
            "confirm": list(self.confirm),
            "reasons": list(self.reasons),
            "differs": list(self.differs),
            "notes": list(self.notes),
            "test_cases": {"run": self.cases, "failed": list(self.failed)},
        }


def part_of(label: str, place: str, pattern: str, *, caseless: bool = False, dot_all: bool = False) -> Part:
    """Return a part with its expression, or with the reason why there is none."""
    try:
        return Part(label, place, parse(pattern, caseless=caseless, dot_all=dot_all))
    except Unsupported as problem:
        return Part(label, place, reason=str(problem))


def slug(name: str, fallback: str = "rule") -> str:
    """Return a name as ids of signatures are written.

    >>> slug("AWS-Key (v2)")
    'aws_key_v2'
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or fallback


def ids_in(values: list[str], known: frozenset[str]) -> tuple[str, ...]:
    """Return the ids of a closed list that these texts begin with: ``AML.T0051 - LLM Prompt Injection``."""
    found = []
    for value in values:
        words = value.split()
        if words and words[0].rstrip(":,") in known:
            found.append(words[0].rstrip(":,"))
    return tuple(dict.fromkeys(found))
