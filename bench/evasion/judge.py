"""What a verdict says about a text of the matrix."""

from __future__ import annotations

from typing import Final

from fastguard import Policy
from fastguard.types import Verdict

_LEAKS: Final = frozenset({"pii", "secret"})
# What a disguise is by itself, whatever it says: hidden channels, escape sequences, links that say something else.
_CARRIERS: Final = frozenset({"hidden_text", "insecure_output"})

CLEAR: Final = "clear"
HIDDEN: Final = "hidden"
ATTACK: Final = "attack"


def judge(verdict: Verdict, policy: Policy, source: str) -> str:
    """Return ATTACK, HIDDEN (flagged for nothing but the disguise itself) or CLEAR.

    Personal data and keys are no attacks: a text that is flagged for those alone is clear here.
    """
    if not verdict.flagged:
        return CLEAR
    levels = ((name, found.level) for name, found in verdict.categories.items())
    reached = {name for name, level in levels if level <= policy.levels(name, source=source).flag}
    if reached and reached <= _LEAKS:
        return CLEAR
    return HIDDEN if reached and reached - _LEAKS <= _CARRIERS else ATTACK
