"""What one training text is, and the labels the models learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Split = Literal["train", "calibration", "test", "measure"]
Kind = Literal["prompt", "document"]

SEED: Final = 20261123
DATA_SOURCES: Final = ("retrieved", "tool_result", "tool_definition", "memory")


@dataclass(frozen=True, slots=True)
class Label:
    """One output of the models: the category it counts for and the sources of text it applies to (none = all)."""

    name: str
    category: str
    sources: tuple[str, ...] = ()


# The order is the order of logits. At most eight: the native gate keeps eight columns.
LABELS: Final = (
    Label("prompt_injection", "prompt_injection"),
    Label("jailbreak", "jailbreak"),
    Label("system_prompt_leak", "system_prompt_leak"),
    Label("indirect_injection", "prompt_injection", DATA_SOURCES),
)
INJECTION, JAILBREAK, LEAK, INDIRECT = range(4)

Marks = tuple[int, ...]
"""Per label 1 (is), 0 (is not) or -1 (unknown: no loss, no measure)."""


@dataclass(slots=True)
class Row:
    """One text with what is known about it."""

    text: str
    marks: Marks
    source: str
    lang: str
    kind: Kind
    family: str = ""
    group: str = ""  # rows of one group never part: same generator frame, same meaning, same attack
    translation: str = ""  # English side where the source has one: joins twins of other languages
    weight: float = 1.0
    generated: bool = False
    split: Split = "train"

    @property
    def attack(self) -> bool:
        """Whether any label is set."""
        return max(self.marks) > 0


def marks(injection: int = -1, jailbreak: int = -1, leak: int = -1, indirect: int = -1) -> Marks:
    """Marks by name; what is not named is unknown."""
    return (injection, jailbreak, leak, indirect)


BENIGN_PROMPT: Final = marks(0, 0, 0)  # a prompt is an instruction: says nothing about instructions hidden in data
BENIGN_DOCUMENT: Final = marks(0, 0, 0, 0)
HARMFUL_REQUEST: Final = marks(0, -1, 0)
