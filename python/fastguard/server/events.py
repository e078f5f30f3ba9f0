"""Events: what is kept of each judgement."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fastguard.server.store import MOST_EXCERPT

if TYPE_CHECKING:
    from fastguard.server.judge import Judged, PolicyGuard
    from fastguard.server.service import Call
    from fastguard.types import Verdict

_MOST_SPANS: Final = 50


@dataclass(slots=True)
class Event:
    """What is kept of one judgement. No text: a salted hash, spans and signatures; an excerpt where switched on.

    Nobody changes one once it is made (not frozen, as that makes it six times as slow to make).
    """

    ts: float
    request_id: str
    route: str
    project: str
    policy: str
    direction: str
    verdict: str
    action: str
    score: float
    level: int
    tier: str
    categories: dict[str, tuple[float, int]]
    flagged_categories: tuple[str, ...]
    atlas: tuple[str, ...]
    findings: list[dict[str, object]]
    texts: tuple[str | bytes, ...]
    excerpt: list[str] | None
    size: int
    nanoseconds: int
    revision: str
    truncated: tuple[str, ...]
    degraded: tuple[str, ...]
    metadata: dict[str, str]

    @staticmethod
    def of(
        judged: Judged,
        guard: PolicyGuard,
        call: Call,
        project: str,
        direction: str,
        action: str,
        metadata: Mapping[str, object] | None,
    ) -> Event:
        """Return the event of a judgement."""
        verdict = judged.verdicts[0] if len(judged.verdicts) == 1 and not judged.unscanned else judged.merged()
        flagged: set[str] = set()
        findings: list[dict[str, object]] = []
        atlas: set[str] = set()
        if verdict.flagged:
            for number, (single, source) in enumerate(zip(judged.verdicts, judged.sources, strict=True)):
                flagged |= {name for name, what in guard.actions(single, source).items() if what != "allow"}
                for finding in single.findings[:_MOST_SPANS]:
                    atlas.update(finding.atlas)
                    findings.append(
                        {
                            "text": number,
                            "message": judged.messages[number],
                            "source": source,
                            "signature": finding.signature,
                            "category": finding.category,
                            "summary": finding.summary,
                            "severity": finding.severity,
                            "score": finding.score,
                            "view": finding.view,
                            "start": finding.start,
                            "end": finding.end,
                            "mention": finding.mention,
                        }
                    )
        excerpt = None
        if call.state.config.events.excerpt:
            kept = [Excerpt.of(guard, text, source) for text, source in zip(judged.texts, judged.sources, strict=True)]
            excerpt = [item.text for item in kept]
            for item in findings:
                item["excerpt"] = kept[item["text"]].place(item["start"], item["end"])  # type: ignore[call-overload]
        return Event(
            ts=time.time(),
            request_id=call.request_id,
            route=call.route,
            project=project,
            policy=guard.name,
            direction=direction,
            verdict=judged.action,
            action=action,
            score=verdict.score,
            level=verdict.level,
            tier=verdict.tier,
            categories={name: (item.score, item.level) for name, item in verdict.categories.items()},
            flagged_categories=tuple(sorted(flagged, key=lambda name: _weight(verdict, name))) if flagged else (),
            atlas=tuple(sorted(atlas)) if atlas else (),
            findings=findings[:_MOST_SPANS],
            texts=tuple(judged.texts),
            excerpt=excerpt,
            size=judged.size,
            nanoseconds=judged.nanoseconds,
            revision=call.state.revision,
            truncated=tuple(verdict.truncated),
            degraded=tuple(verdict.degraded),
            metadata=_known(metadata),
        )

    def text_hash(self, salt: bytes) -> str:
        """Return the hash of all texts, keyed so that nobody without the salt can try texts."""
        state = hashlib.blake2b(key=salt, digest_size=16)
        for text in self.texts:
            raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
            state.update(len(raw).to_bytes(8, "little") + raw)
        return state.hexdigest()

    def to_dict(self, salt: bytes) -> dict[str, Any]:
        """Return the event as sinks write it."""
        return {
            "ts": round(self.ts, 6),
            "request_id": self.request_id,
            "route": self.route,
            "project": self.project,
            "policy": self.policy,
            "direction": self.direction,
            "verdict": self.verdict,
            "action": self.action,
            "score": self.score,
            "level": self.level,
            "tier": self.tier,
            "categories": {name: {"score": score, "level": level} for name, (score, level) in self.categories.items()},
            "flagged_categories": self.flagged_categories,
            "findings": self.findings,
            "text_hash": self.text_hash(salt),
            "excerpt": self.excerpt,
            "size": self.size,
            "microseconds": self.nanoseconds / 1000,
            "revision": self.revision,
            "truncated": self.truncated,
            "degraded": self.degraded,
            "metadata": {
                key: hashlib.blake2b(value.encode("utf-8", "surrogatepass"), key=salt, digest_size=8).hexdigest()
                for key, value in self.metadata.items()
            },
        }


def _weight(verdict: Verdict, name: str) -> tuple[int, float, str]:
    """Sort categories by how sure of them the verdict is, surest first."""
    found = verdict.categories.get(name)
    return (found.level, -found.score, name) if found else (9, 0.0, name)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The start of a text without its secrets and personal data, and where its placeholders stand.

    `replaced` holds, in order, (start, end) in the text and (start, end) in the excerpt.
    """

    text: str
    replaced: tuple[tuple[int, int, int, int], ...]

    @staticmethod
    def of(guard: PolicyGuard, text: str | bytes, source: str) -> Excerpt:
        """Return the excerpt of a text."""
        plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        clean, values = guard.guard.redact(plain, source=source)
        if not values:
            return Excerpt(clean[:MOST_EXCERPT], ())
        names = re.compile("|".join(re.escape(name) for name in sorted(values, key=len, reverse=True)))
        replaced = []
        shift = 0
        for found in names.finditer(clean):
            start = found.start() + shift
            size = len(values[found[0]])
            replaced.append((start, start + size, found.start(), found.end()))
            shift += size - (found.end() - found.start())
        return Excerpt(clean[:MOST_EXCERPT], tuple(replaced))

    def place(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where a place of the text is in the excerpt, None where it lies beyond; placeholders count whole."""
        low, high = self._at(start, last=False), self._at(end, last=True)
        return (low, min(high, len(self.text))) if low < len(self.text) else None

    def _at(self, at: int, *, last: bool) -> int:
        shift = 0
        for start, end, low, high in self.replaced:
            if at < start or (last and at == start):
                break
            if at < end or (last and at == end):
                return high if last else low
            shift = high - end
        return at + shift


def _known(metadata: Mapping[str, object] | None) -> dict[str, str]:
    """Return what is kept of the caller's metadata: who and which session, hashed when written."""
    if not metadata:
        return {}
    return {key: str(metadata[key])[:200] for key in ("user_id", "session_id") if metadata.get(key) is not None}
