"""Why a judgement came to the level that it has, category by category."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastguard.server.judge import PolicyGuard


@dataclass(frozen=True, slots=True)
class Reason:
    """One category: its score and level, the signatures behind it, and what the policy makes of the level.

    `leads` has (source, block up to, flag up to, what follows); `surest` the score of the surest finding that is no mention;
    `cuts` the least score of each level from 1 to 5, as the policy in force has them.
    """

    category: str
    score: float
    level: int
    acted: bool
    signatures: tuple[tuple[str, int], ...]
    views: tuple[str, ...]
    mentions: int
    surest: float | None
    leads: tuple[tuple[str, int, int, str], ...]
    cuts: tuple[float, ...]

    @property
    def short(self) -> tuple[int, float] | None:
        """The next surer level that another score would have given, with what was missing; None at the surest."""
        for level in range(self.level - 1, 0, -1):
            if self.cuts[level - 1] > self.score:
                return level, self.cuts[level - 1] - self.score
        return None


def reasons(event: Mapping[str, Any], guard: PolicyGuard) -> list[Reason]:
    """Return the reasons of an event, surest category first, by the policy in force now."""
    found = []
    for category, item in sorted(event["categories"].items(), key=lambda pair: (pair[1]["level"], -pair[1]["score"])):
        mine = [one for one in event["findings"] if one["category"] == category]
        names = dict.fromkeys(one["signature"] for one in mine)
        sources = dict.fromkeys(one["source"] for one in mine) or {_source(event): None}
        found.append(
            Reason(
                category=category,
                score=item["score"],
                level=item["level"],
                acted=category in event["flagged_categories"],
                signatures=tuple((name, sum(one["signature"] == name for one in mine)) for name in names),
                views=tuple(dict.fromkeys(one["view"] for one in mine)),
                mentions=sum(one["mention"] for one in mine),
                surest=max((one["score"] for one in mine if not one["mention"]), default=None),
                leads=tuple(_lead(guard, category, source, item["level"]) for source in sources),
                cuts=guard.cuts(category, event["tier"]),
            )
        )
    return found


def _source(event: Mapping[str, Any]) -> str:
    return "assistant" if event["direction"] == "output" else "user"


def _lead(guard: PolicyGuard, category: str, source: str, level: int) -> tuple[str, int, int, str]:
    levels = guard.guard.policy.levels(category, source=source)
    what = (
        "blocks"
        if levels.block and level <= levels.block
        else "is flagged"
        if levels.flag and level <= levels.flag
        else "passes"
    )
    return source, levels.block, levels.flag, what
