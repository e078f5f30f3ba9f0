"""One judgement of a request: its texts, the verdict of each, and what the whole comes to."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastguard import _core
from fastguard.guard import Guard
from fastguard.messages import read_messages
from fastguard.policy import DEFAULT_CUTS, Levels, Policy
from fastguard.server.errors import RequestError
from fastguard.types import Verdict

ACTIONS: Final = ("allow", "flag", "escalate", "block")
RANK: Final = {action: rank for rank, action in enumerate(ACTIONS)}


@dataclass(slots=True)
class Judged:
    """What was judged: texts with their message and source, verdicts in the same order, and the time it took.

    Nobody changes one once it is made.
    """

    texts: Sequence[str | bytes]
    messages: Sequence[int]
    sources: Sequence[str]
    verdicts: Sequence[Verdict]
    unscanned: Sequence[str]
    nanoseconds: int

    @property
    def action(self) -> str:
        """The strongest action of all texts."""
        if len(self.verdicts) == 1:
            return str(self.verdicts[0].action)
        return str(max((verdict.action for verdict in self.verdicts), key=RANK.__getitem__, default="allow"))

    @property
    def size(self) -> int:
        """Code points (bytes of texts in bytes) that were judged."""
        return sum(map(len, self.texts))

    def merged(self) -> Verdict:
        """Return one verdict over all texts; its findings name their message."""
        return _core.merge_verdicts(self.verdicts, self.messages, self.unscanned)


class PolicyGuard:
    """A guard with what the server needs to know of its policy; immutable, shared by all threads."""

    def __init__(self, name: str, guard: Guard) -> None:
        self.name = name
        self.guard = guard
        self.slow = guard.deep != "none"
        policy: Policy = guard.policy
        self._levels: dict[str, dict[str, Levels]] = {
            source: {category: policy.levels(category, source=source) for category in _core.CATEGORIES}
            for source in _core.SOURCES
        }
        # What the guard gave the engine: the least score of each level, by what decided.
        model, deep = guard._model, guard._deep  # noqa: SLF001
        fast = policy._merged(model.levels if model else {})  # noqa: SLF001
        self._cuts = {"gate": fast, "fast": fast, "deep": policy._merged(deep.levels) if deep else fast}  # noqa: SLF001

    def cuts(self, category: str, tier: str) -> tuple[float, ...]:
        """Return the least scores of levels 1 to 5 of a category, where this tier decided.

        >>> PolicyGuard("default", Guard(model=None)).cuts("secret", "gate")
        (0.95, 0.85, 0.6, 0.35, 0.05)
        """
        return tuple(self._cuts[tier].get(category, DEFAULT_CUTS))

    def judge(
        self,
        texts: Sequence[str | bytes],
        sources: Sequence[str],
        messages: Sequence[int],
        unscanned: Sequence[str] = (),
    ) -> Judged:
        """Judge texts; no text at all is judged as an empty one."""
        if not texts:
            texts, sources, messages = ("",), ("user",), (0,)
        check = self.guard.check
        start = time.perf_counter_ns()
        verdicts = [check(text, source=source) for text, source in zip(texts, sources, strict=True)]
        return Judged(texts, messages, sources, verdicts, unscanned, time.perf_counter_ns() - start)

    def judge_text(self, text: str, source: str = "user") -> Judged:
        """Judge one text."""
        return self.judge((text,), (source,), (0,))

    def judge_messages(self, messages: object, source: str = "user") -> Judged:
        """Judge a conversation in the form of chat APIs. Raises `RequestError` that names the place."""
        try:
            found = read_messages(messages, source)
        except (TypeError, ValueError) as problem:
            raise RequestError(400, str(problem), param="messages") from None
        return self.judge(found.texts, found.sources, found.messages, found.unscanned)

    def actions(self, verdict: Verdict, source: str) -> dict[str, str]:
        """Return what each category of a verdict leads to by itself: block, flag or allow."""
        levels = self._levels[source]
        return {name: _action(category.level, levels[name]) for name, category in verdict.categories.items()}

    def detected(self, verdict: Verdict, source: str) -> set[str]:
        """Return the categories that a client must act upon: what blocks, and personal data that is flagged.

        Lakera's protocol has one answer where ours has four: what is only flagged may pass, so it is not detected
        there; flagged personal data is, as clients then mask it and let the rest pass.
        """
        return {
            name
            for name, action in self.actions(verdict, source).items()
            if action == "block" or (action == "flag" and name == "pii")
        }


def _action(level: int, levels: Levels) -> str:
    if levels.block and level <= levels.block:
        return "block"
    if levels.flag and level <= levels.flag:
        return "flag"
    return "allow"


def require_object(data: object) -> Mapping[str, Any]:
    """Return the body as an object, or raise `RequestError`."""
    if not isinstance(data, dict):
        raise RequestError(400, f"the body: expected an object, got {json_type(data)}")
    return data


def json_type(value: object) -> str:
    """Return the name that JSON has for a value's type, for messages."""
    names = {
        dict: "an object",
        list: "an array",
        str: "a string",
        bool: "a boolean",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "null")


def field(data: Mapping[str, Any], key: str, kind: type[Any] | tuple[type[Any], ...], expected: str) -> Any:
    """Return a field that must be there with this type. Raises `RequestError` that names it."""
    if key not in data:
        raise RequestError(400, f"{key}: missing; expected {expected}", param=key)
    value = data[key]
    if not isinstance(value, kind):
        raise RequestError(400, f"{key}: expected {expected}, got {json_type(value)}", param=key)
    return value


def optional(data: Mapping[str, Any], key: str, kind: type[Any], expected: str) -> Any:
    """Return a field that may be absent or null (then None). Raises `RequestError` that names it."""
    value = data.get(key)
    if value is not None and not isinstance(value, kind):
        raise RequestError(400, f"{key}: expected {expected} or null, got {json_type(value)}", param=key)
    return value
