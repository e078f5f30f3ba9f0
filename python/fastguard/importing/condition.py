"""Conditions over named strings, as YARA and Agent Threat Rules have them, taken apart into what a pack can say.

A pack says "this pattern occurs": a choice of single strings is several signatures. Strings that must all occur are a
group; whether a group can be said depends on how far apart they may be (see `build`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import combinations

from fastguard.importing.expression import Unsupported

MOST_GROUPS = 200
Groups = list[frozenset[str]]


def any_of(groups: Iterable[frozenset[str]]) -> Groups:
    """Return the groups without those that hold another one, which are never needed.

    >>> [sorted(group) for group in any_of([frozenset("ab"), frozenset("a")])]
    [['a']]
    """
    kept: Groups = []
    for group in sorted(set(groups), key=lambda item: (len(item), sorted(item))):
        if not any(other <= group for other in kept):
            kept.append(group)
    if len(kept) > MOST_GROUPS:
        raise Unsupported(f"a condition with more than {MOST_GROUPS} ways to hold")
    return kept


def all_of(parts: Sequence[Groups]) -> Groups:
    """Return the groups of which one holds where one of each part holds."""
    found: Groups = [frozenset()]
    for part in parts:
        found = any_of(a | b for a in found for b in part)
    return found


def count_of(count: int, names: Sequence[str]) -> Groups:
    """Return the groups of so many of these names."""
    if not 0 < count <= len(names):
        raise Unsupported(f"{count} of {len(names)} strings")
    ways = 1
    for i in range(count):
        ways = ways * (len(names) - i) // (i + 1)
    if ways > MOST_GROUPS:
        raise Unsupported(f"{count} of {len(names)} strings: {ways} ways to hold")
    return any_of(frozenset(chosen) for chosen in combinations(names, count))


class Condition:
    """Reads a condition from its tokens: `and`, `or`, parentheses, `any | all | N of`, names of strings."""

    def __init__(self, tokens: Sequence[str], names: Sequence[str]) -> None:
        self._tokens = tokens
        self._names = names
        self._at = 0

    def groups(self) -> Groups:
        """Return the groups of strings of which one must occur, or raise `Unsupported`."""
        found = self._either()
        if self._at < len(self._tokens):
            self._refuse()
        return found

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, *tokens: str) -> bool:
        if self._peek().lower() not in tokens:
            return False
        self._at += 1
        return True

    def _refuse(self) -> None:
        token = self._peek()
        raise Unsupported(
            _REASONS.get(token) or (f'"{token}" in the condition' if token else "an unfinished condition")
        )

    def _either(self) -> Groups:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return any_of(group for part in parts for group in part)

    def _both(self) -> Groups:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return all_of(parts)

    def _one(self) -> Groups:
        token = self._peek()
        if self._take("("):
            found = self._either()
            if not self._take(")"):
                self._refuse()
            return found
        if token.lower() in {"any", "all"} or token.isdigit():
            self._at += 1
            if not self._take("of"):
                self._refuse()
            names = self._set()
            return count_of(len(names) if token.lower() == "all" else int(token) if token.isdigit() else 1, names)
        names = self._named(token)
        if not names or token.endswith("*"):
            self._refuse()
        self._at += 1
        return [frozenset(names)]

    def _set(self) -> list[str]:
        if self._take("them"):
            return list(self._names)
        if not self._take("("):
            self._refuse()
        found: list[str] = []
        while not self._take(")"):
            names = self._named(self._peek())
            if not names:
                self._refuse()
            found += [name for name in names if name not in found]
            self._at += 1
            self._take(",")
        return found

    def _named(self, token: str) -> list[str]:
        return [name for name in self._names if name == token or (token.endswith("*") and fnmatchcase(name, token))]


_REASONS = {
    "not": '"not": a pack finds what is there, not what is missing',
    "none": '"none": a pack finds what is there, not what is missing',
    "filesize": '"filesize": a guard sees texts, not files',
    "entrypoint": '"entrypoint": a guard sees texts, not programs',
    "for": '"for": no loops over matches',
    "at": '"at": no positions in the text',
    "in": '"in": no positions in the text',
    "#": '"#": no counts of matches',
    "@": '"@": no positions of matches',
    "!": '"!": no lengths of matches',
    "%": '"%": no shares of strings',
    "true": '"true": it would find every text',
    "false": '"false": it would find no text',
}
