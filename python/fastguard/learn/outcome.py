"""What came of learning: old and new verdict of each text, and whether the new model may stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fastguard.fields import show
from fastguard.learn.examples import INNOCENT, Example, judged_right


@dataclass(frozen=True, slots=True)
class Change:
    """What the old and the new model say of a text; `line` counts from 1, 0 for texts of the package."""

    line: int
    text: str
    label: str
    source: str
    before: str
    after: str
    before_score: float
    after_score: float

    @property
    def was_right(self) -> bool:
        """Whether the old model said what the text is marked as."""
        return judged_right(self.label, self.before)

    @property
    def is_right(self) -> bool:
        """Whether the new model does."""
        return judged_right(self.label, self.after)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of learning.

    `changes` are all reviewed texts with both verdicts, `regression` those of the package. `held_out` is (right before,
    right after, texts) of texts that the model had not been shown, or None where there are too few for that. `folder` is
    the new model, "" where none was written; `refused` says why not.
    """

    changes: tuple[Change, ...]
    regression: tuple[Change, ...]
    held_out: tuple[int, int, int] | None
    calibration: tuple[float, ...]
    folder: str
    refused: str

    def to_dict(self) -> dict[str, object]:
        """Return everything as tables and lists, for JSON."""
        return {
            "folder": self.folder,
            "refused": self.refused,
            "reviewed": _counts(self.changes),
            "regression": _counts(self.regression),
            "held_out": None
            if self.held_out is None
            else dict(zip(("right_before", "right_after", "texts"), self.held_out, strict=True)),
            "calibration_shift": list(self.calibration),
            "changed": [
                _plain(change) for change in (*self.changes, *self.regression) if change.before != change.after
            ],
            "still_wrong": [_plain(change) for change in self.changes if not change.is_right],
        }


def changes_of(
    lines: Sequence[int],
    texts: Sequence[Example],
    before: Sequence[tuple[str, float]],
    after: Sequence[tuple[str, float]],
) -> list[Change]:
    """Return old and new (action, score) of each text, put together."""
    return [
        Change(line, text.text, text.label, text.source, was[0], now[0], was[1], now[1])
        for line, text, was, now in zip(lines, texts, before, after, strict=True)
    ]


def why_refused(regression: Sequence[Change]) -> str:
    """Return why a model is refused, or nothing."""
    new_flags = [
        change for change in regression if change.was_right and not change.is_right and change.label == INNOCENT
    ]
    lost = [change for change in regression if change.label != INNOCENT and change.was_right and not change.is_right]
    won = [change for change in regression if change.label != INNOCENT and change.is_right and not change.was_right]
    if new_flags:
        return (
            f"{len(new_flags)} innocent texts of the regression set would be flagged, such as {show(new_flags[0].text)}"
        )
    if len(lost) > len(won):
        return f"{len(lost)} attacks of the regression set would be missed, such as {show(lost[0].text)}"
    return ""


def _counts(changes: Sequence[Change]) -> dict[str, int]:
    kinds: Counter[str] = Counter(texts=len(changes))
    for change in changes:
        kinds["innocent" if change.label == INNOCENT else "attacks"] += 1
        kinds["right_before"] += change.was_right
        kinds["right_after"] += change.is_right
    return dict(kinds)


def _plain(change: Change) -> dict[str, object]:
    return {
        "line": change.line,
        "text": change.text,
        "label": change.label,
        "source": change.source,
        "before": change.before,
        "after": change.after,
        "before_score": round(change.before_score, 4),
        "after_score": round(change.after_score, 4),
        "right": change.is_right,
    }
