"""Events: one for each judgement, put into a bounded queue and written by one thread; a check never waits."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TextIO

from fastguard.server import config as configuration
from fastguard.server.metrics import Metrics
from fastguard.server.store import MOST_EXCERPT, BaseStore, open_store

if TYPE_CHECKING:
    from fastguard.server.judge import Judged, PolicyGuard
    from fastguard.server.service import Call
    from fastguard.types import Verdict

_MOST_SPANS: Final = 50
_WAIT: Final = 0.2  # seconds from an event to its commit at most, while the disk keeps up
_BATCH: Final = 2000


@dataclass(frozen=True, slots=True)
class Event:
    """What is kept of one judgement. No text: a salted hash, spans and signatures; an excerpt where switched on."""

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
            verdict=str(judged.action),
            action=action,
            score=verdict.score,
            level=verdict.level,
            tier=verdict.tier,
            categories={name: (item.score, item.level) for name, item in verdict.categories.items()},
            flagged_categories=tuple(sorted(flagged, key=lambda name: _weight(verdict, name))),
            atlas=tuple(sorted(atlas)),
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


class Sink(Protocol):
    """Takes batches of events; called by one thread."""

    def write(self, events: Sequence[Event]) -> None:
        """Write a batch; what it raises is counted, and the events of the batch are lost."""

    def close(self) -> None:
        """Let go of what is open."""


class EventLog:
    """A bounded queue and the thread that empties it into the sinks; full means dropped and counted.

    `put` is called by one thread (the event loop's), takes no lock and never waits.
    """

    def __init__(self, sinks: Sequence[Sink], limit: int, metrics: Metrics) -> None:
        self._sinks = sinks
        self.store = next((sink for sink in sinks if isinstance(sink, BaseStore)), None)
        self._limit = limit
        self._metrics = metrics
        self._queue: deque[Event] = deque()
        self._closing = threading.Event()
        self._written = 0
        self._failed = 0
        self.last_error = ""
        self._thread = threading.Thread(target=self._run, name="fastguard-events", daemon=True)
        if sinks:
            self._thread.start()

    @property
    def waiting(self) -> int:
        """How many events are queued."""
        return len(self._queue)

    def put(self, event: Event) -> None:
        """Queue an event, or count it as dropped."""
        if not self._sinks:
            return
        if len(self._queue) >= self._limit:
            self._metrics.count("fastguard_events_dropped_total")
            return
        self._queue.append(event)

    def flush(self, timeout: float = 10) -> bool:
        """Wait until what is queued now is written; False when that takes longer. For tests and the end."""
        end = time.monotonic() + timeout
        target = self._written + self._failed + len(self._queue)
        while self._sinks and self._written + self._failed < target:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def close(self) -> None:
        """Write what is queued and end the thread."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(10)
        for sink in self._sinks:
            sink.close()

    def _run(self) -> None:
        while True:
            ending = self._closing.wait(_WAIT)
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH))]
                self._write(batch)
            if ending:
                return

    def _write(self, batch: list[Event]) -> None:
        try:
            for sink in self._sinks:
                sink.write(batch)
        except Exception as problem:  # noqa: BLE001  (whatever a sink raises, checks go on; it is counted and shown)
            self.last_error = f"{type(problem).__name__}: {problem}"
            self._failed += len(batch)
            self._metrics.count("fastguard_events_dropped_total", amount=len(batch))
        else:
            self._written += len(batch)
            self._metrics.count("fastguard_events_written_total", amount=len(batch))
            self._tend()

    def _tend(self) -> None:
        try:
            if self.store is not None:
                self.store.tend()
        except Exception as problem:  # noqa: BLE001  (what is kept too long is shown; what came is written)
            self.last_error = f"{type(problem).__name__}: {problem}"


class JsonlSink:
    """One JSON object a line, added to a file."""

    def __init__(self, path: str, salt: bytes) -> None:
        self._salt = salt
        self._file: TextIO = open(path, "a", encoding="utf-8")  # noqa: PTH123, SIM115  (open as long as the sink)

    def write(self, events: Sequence[Event]) -> None:
        """Write a batch and hand it to the system."""
        self._file.writelines(json.dumps(event.to_dict(self._salt)) + "\n" for event in events)
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_log(settings: configuration.Events, metrics: Metrics) -> EventLog:
    """Return the log that a configuration asks for. Raises `ConfigError` where a file cannot be opened."""
    import secrets

    from fastguard.server.errors import ConfigError

    sinks: list[Sink] = []
    salt = secrets.token_bytes(32)
    if settings.store:
        store = open_store(settings.store, retention_days=settings.retention_days, max_bytes=settings.max_bytes)
        salt = store.salt
        sinks.append(store)
    if settings.jsonl:
        try:
            sinks.append(JsonlSink(settings.jsonl, salt))
        except OSError as problem:
            raise ConfigError(problem.strerror or str(problem), file=settings.jsonl, field="events.jsonl") from None
    return EventLog(sinks, settings.queue, metrics)
