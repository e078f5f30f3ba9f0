"""Judging what passes: the texts of a request at once, those of an answer whole or as they come."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fastguard.server.gateway.settings import Gateway
from fastguard.server.gateway.texts import Texts
from fastguard.server.judge import Judged, PolicyGuard
from fastguard.stream import Stream
from fastguard.types import Verdict

Key = tuple[Any, ...]
"""What tells the texts of one answer apart: the choice, block or item, then which of its texts."""


@dataclass(slots=True)
class Outcome:
    """What came of texts: whether they may pass, whether parts were replaced, and what a block is for."""

    blocked: bool = False
    changed: bool = False
    failed_open: bool = False
    reasons: set[str] = field(default_factory=set)

    def action(self, judged: str) -> str:
        """Return what was done, by what was judged: block, redact, flag or allow."""
        if self.blocked:
            return "block"
        if self.changed:
            return "redact"
        return "allow" if judged == "allow" else "flag"


class Judge:
    """Judges texts under one policy and keeps what the event needs. `enforce` false: nothing is changed or blocked."""

    def __init__(self, policy: PolicyGuard, settings: Gateway, *, enforce: bool) -> None:
        self.policy = policy
        self.settings = settings
        self.enforce = enforce
        self.outcome = Outcome()
        self.unscanned: list[str] = []
        self.fed = 0  # characters of texts that came in pieces
        self._texts: list[str | bytes] = []
        self._verdicts: list[Verdict] = []
        self._sources: list[str] = []
        self._messages: list[int] = []
        self._nanoseconds = 0

    def judged(self) -> Judged:
        """Return everything judged so far as one judgement."""
        if not self._texts:
            return self.policy.judge((), (), (), self.unscanned)
        return Judged(
            self._texts, self._messages, self._sources, self._verdicts, self.unscanned[:50], self._nanoseconds
        )

    def texts(self, texts: Texts, *, redact: bool) -> None:
        """Judge all texts of a document; with `redact`, replace secrets and personal data where they stand."""
        self.unscanned += texts.unscanned
        if texts.unscanned and self.enforce and self.settings.unscanned == "block":
            self.block("unscanned")
        for item in texts.found:
            clean = self.whole(item.text, item.source, item.message, redact=redact and item.prose)
            if clean != item.text and not self.outcome.blocked:
                item.holder[item.key] = clean

    def whole(self, text: str, source: str = "assistant", message: int = 0, *, redact: bool) -> str:
        """Judge one text and return what may pass of it; after a block that means nothing."""
        start = time.perf_counter_ns()
        clean, blocked = text, False
        if redact and self.enforce:
            stream = self.policy.guard.stream(source=source, mode="redact", holdback=self.settings.holdback)
            clean = stream.feed(text) + stream.close()
            verdict, blocked = stream.verdict, stream.blocked
        else:
            verdict = self.policy.guard.check(text, source=source)
            blocked = verdict.action == "block"
        self._nanoseconds += time.perf_counter_ns() - start
        self.keep(text, verdict, source, message, blocked=blocked)
        if not self.enforce or self.outcome.blocked:
            return text
        self.outcome.changed |= clean != text
        return clean

    def keep(self, text: str, verdict: Verdict, source: str, message: int, *, blocked: bool) -> None:
        """Note a verdict, and block where it must."""
        self._texts.append(text)
        self._verdicts.append(verdict)
        self._sources.append(source)
        self._messages.append(message)
        if not self.enforce:
            return
        if blocked:
            self.block(*(name for name, what in self.policy.actions(verdict, source).items() if what == "block"))
        elif verdict.action == "escalate":
            if self.settings.fail == "closed":
                self.block("could not be judged")
            else:
                self.outcome.failed_open = True

    def block(self, *reasons: str) -> None:
        """Let nothing more pass."""
        self.outcome.blocked = True
        self.outcome.reasons.update(reasons)

    def spent(self, nanoseconds: int) -> None:
        """Add time of judging."""
        self._nanoseconds += nanoseconds


class Channel:
    """One text of a streamed answer: released as far as it is safe, judged as a whole at its end."""

    def __init__(self, judge: Judge, message: int, *, redact: bool, source: str = "assistant") -> None:
        self._judge = judge
        self._message = message
        self._source = source
        self._parts: list[str] = []
        self._released: list[str] = []
        self._stream: Stream = judge.policy.guard.stream(
            source=source, mode="redact" if redact and judge.enforce else "block", holdback=judge.settings.holdback
        )
        self.closed = False

    @property
    def released(self) -> str:
        """All that was released so far."""
        return "".join(self._released)

    @property
    def text(self) -> str:
        """All that came so far."""
        return "".join(self._parts)

    def feed(self, text: str) -> str:
        """Take a piece; return what may go out now."""
        self._parts.append(text)
        self._judge.fed += len(text)
        start = time.perf_counter_ns()
        piece: str = self._stream.feed(text)
        self._judge.spent(time.perf_counter_ns() - start)
        if not self._judge.enforce:
            return text
        self._released.append(piece)
        return piece + self.close() if self._stream.blocked else piece

    def close(self) -> str:
        """End the text; return the rest of it."""
        if self.closed:
            return ""
        self.closed = True
        judge = self._judge
        start = time.perf_counter_ns()
        rest: str = self._stream.close()
        judge.spent(time.perf_counter_ns() - start)
        blocked_before = judge.outcome.blocked
        judge.keep(
            "".join(self._parts), self._stream.verdict, self._source, self._message, blocked=self._stream.blocked
        )
        if not judge.enforce:
            return ""
        judge.outcome.changed |= bool(self._stream.mapping)
        if judge.outcome.blocked and not blocked_before and not self._stream.blocked:
            return ""  # nothing could judge it, and what cannot be judged does not pass
        self._released.append(rest)
        return rest


class Channels:
    """The texts of one streamed answer by what tells them apart."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._open: dict[Key, Channel] = {}

    def feed(self, key: Key, text: str, message: int, *, redact: bool) -> str:
        """Take a piece of the text `key`; return what may go out now."""
        channel = self._open.get(key)
        if channel is None:
            channel = self._open[key] = Channel(self.judge, message, redact=redact)
        return channel.feed(text)

    def open(self) -> Sequence[Key]:
        """Return the texts that are open, oldest first."""
        return list(self._open)

    def get(self, key: Key) -> Channel | None:
        """Return a text that is open."""
        return self._open.get(key)

    def close(self, key: Key) -> str:
        """End a text; return the rest of it."""
        channel = self._open.pop(key, None)
        return channel.close() if channel else ""

    def abandon(self) -> None:
        """End all texts; what was held back of them stays here."""
        for key in self.open():
            self.close(key)
