"""Tactics of MITRE ATLAS: which of them the techniques of a judgement belong to."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Final

from fastguard.coverage import techniques

NAMES: Final = {
    "AML.TA0000": "AI Model Access",
    "AML.TA0001": "AI Attack Staging",
    "AML.TA0002": "Reconnaissance",
    "AML.TA0003": "Resource Development",
    "AML.TA0004": "Initial Access",
    "AML.TA0005": "Execution",
    "AML.TA0006": "Persistence",
    "AML.TA0007": "Defense Evasion",
    "AML.TA0008": "Discovery",
    "AML.TA0009": "Collection",
    "AML.TA0010": "Exfiltration",
    "AML.TA0011": "Impact",
    "AML.TA0012": "Privilege Escalation",
    "AML.TA0013": "Credential Access",
    "AML.TA0014": "Command and Control",
    "AML.TA0015": "Lateral Movement",
}


@functools.cache
def _table() -> Mapping[str, tuple[str, ...]]:
    return {item.id: item.tactics for item in techniques()}


def tactics(found: Iterable[str]) -> tuple[str, ...]:
    """Return the tactics of techniques, each once; techniques that are not in the list have none.

    >>> tactics(["AML.T0054", "AML.T0051.000", "AML.T0053"])
    ('AML.TA0005', 'AML.TA0007', 'AML.TA0012')
    """
    table = _table()
    return tuple(sorted({tactic for technique in found for tactic in table.get(technique, ())}))


def name(tactic: str) -> str:
    """Return a tactic by its name.

    >>> name("AML.TA0010"), name("AML.TA9999")
    ('Exfiltration', 'AML.TA9999')
    """
    return NAMES.get(tactic, tactic)
