"""The store: events and roll-ups that several workers write; here what all kinds share, and the SQLite file."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import time
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import orjson

from fastguard.server.errors import ConfigError
from fastguard.server.metrics import BUCKETS
from fastguard.server.reader import STEPS, BaseReader, Reader
from fastguard.server.tactics import tactics

if TYPE_CHECKING:
    from fastguard.server.events import Event

MOST_EXCERPT: Final = 2000  # characters of a text's excerpt
_RETENTION_EVERY: Final = 60.0
_CHECKPOINT_PAGES: Final = (
    8000  # of the log (32 MB): each checkpoint waits for the disk, and a page is often written again before
)
COLUMNS: Final = ("ts", "request_id", "route", "project", "direction", "verdict", "action", "category", "score", "level", "body")  # fmt: skip
_MARK: Final = (
    "INSERT INTO feedback (event, request_id, ts, verdict, category, mark, label, note, text, source)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# What the pages search by; the same words in both stores.
EVENT_INDEXES: Final = """\
CREATE INDEX IF NOT EXISTS events_ts ON events (ts);
CREATE INDEX IF NOT EXISTS events_verdict ON events (verdict, id);
CREATE INDEX IF NOT EXISTS events_category ON events (category, id);
CREATE INDEX IF NOT EXISTS events_request ON events (request_id);
CREATE INDEX IF NOT EXISTS events_action ON events (action, id);
CREATE INDEX IF NOT EXISTS events_route ON events (route, id);
CREATE INDEX IF NOT EXISTS events_project ON events (project, id);
CREATE INDEX IF NOT EXISTS events_direction ON events (direction, id);
"""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY,
    ts REAL NOT NULL,
    request_id TEXT NOT NULL,
    route TEXT NOT NULL,
    project TEXT NOT NULL,
    direction TEXT NOT NULL,
    verdict TEXT NOT NULL,
    action TEXT NOT NULL,
    category TEXT NOT NULL,
    score REAL NOT NULL,
    level INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS feedback (
    id INTEGER PRIMARY KEY,
    event INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    ts REAL NOT NULL,
    verdict TEXT NOT NULL,
    category TEXT NOT NULL,
    mark TEXT NOT NULL,
    label TEXT NOT NULL,
    note TEXT NOT NULL,
    text TEXT NOT NULL,
    source TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS feedback_event ON feedback (event);
CREATE TABLE IF NOT EXISTS rollup (
    step INTEGER NOT NULL,
    start INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    n REAL NOT NULL,
    PRIMARY KEY (step, start, kind, name)
) WITHOUT ROWID;
"""


class BaseStore(ABC):
    """A store: `write` is called by one thread, the rest by any. `salt` keys the hashes of all workers that share it."""

    salt: bytes

    def __init__(self, retention_days: int, max_bytes: int) -> None:
        self._retention = retention_days * 86_400
        self._max_bytes = max_bytes
        self._next_retention = 0.0

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection."""

    @abstractmethod
    def reader(self) -> BaseReader:
        """Return a connection for questions, for the calling thread."""

    @abstractmethod
    def retain(self, now: float) -> None:
        """Drop events older than the retention, then the oldest tenth while there are too many bytes. Marks stay."""

    @abstractmethod
    def _append(self, rows: Sequence[tuple[Any, ...]], counts: Mapping[tuple[int, int, str, str], int]) -> None:
        """Write rows (`COLUMNS`) and add to roll-ups (step, start, kind, name), all or nothing."""

    @abstractmethod
    def _keep_mark(self, query: str, values: tuple[Any, ...]) -> None:
        """Write a mark, on a connection of its own."""

    def write(self, events: Sequence[Event]) -> None:
        """Write a batch with its roll-ups in one transaction."""
        rows, minutes = [], Counter[tuple[int, str, str]]()
        for event in events:
            body = event.to_dict(self.salt)
            top = event.flagged_categories[0] if event.flagged_categories else ""
            rows.append(
                (
                    event.ts,
                    event.request_id,
                    event.route,
                    event.project,
                    event.direction,
                    event.verdict,
                    event.action,
                    top,
                    event.score,
                    event.level,
                    line(body),
                )
            )
            start = int(event.ts) // STEPS[0] * STEPS[0]
            for kind, name in _kinds(event):
                minutes[start, kind, name] += 1
        counts = Counter[tuple[int, int, str, str]]()
        for (start, kind, name), count in minutes.items():
            for step in STEPS:
                counts[step, start // step * step, kind, name] += count
        self._append(rows, counts)

    def tend(self) -> None:
        """Drop what is too old or too much, once a minute."""
        if time.monotonic() >= self._next_retention:
            self._next_retention = time.monotonic() + _RETENTION_EVERY
            self.retain(time.time())

    def find(self, request_id: str) -> int | None:
        """Return the event of a request that was judged most severely."""
        with closing(self.reader()) as reader:
            return reader.find(request_id)

    def mark(self, event: int, mark: str, *, label: str, note: str, text: str | None, source: str | None) -> bool:
        """Keep a mark on an event; False where there is no such event."""
        with closing(self.reader()) as reader:
            body = reader.event(event)
        if body is None:
            return False
        if text is None:
            text = whole_excerpt(body)
        findings = body["findings"]
        values = (
            event,
            body["request_id"],
            time.time(),
            body["verdict"],
            body["flagged_categories"][0] if body["flagged_categories"] else "",
            mark,
            label,
            note,
            text.encode("utf-8", "replace").decode(),
            source or (findings[0]["source"] if findings else "assistant" if body["direction"] == "output" else "user"),
        )
        self._keep_mark(_MARK, values)
        return True


class Store(BaseStore):
    """The SQLite file, in WAL: many read while one writes, and a killed process loses nothing that was committed."""

    def __init__(self, path: str, *, retention_days: int = 30, max_bytes: int = 2 * 1024**3) -> None:
        self._path = path
        super().__init__(retention_days, max_bytes)
        try:
            os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)  # noqa: PTH120
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # of a new file; an older one keeps its size
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
            self._db.executescript(_SCHEMA)
            self._db.executescript(EVENT_INDEXES)
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('salt', ?)", (secrets.token_bytes(32),))
            self.salt: bytes = self._meta("salt")
        except (OSError, sqlite3.Error) as problem:
            raise ConfigError(str(problem), file=path, field="events.store", expected="a SQLite file") from None

    def _meta(self, name: str) -> bytes:
        value: bytes = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]
        return value

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def reader(self) -> Reader:
        """Return a connection for questions."""
        return Reader(self._path)

    def _keep_mark(self, query: str, values: tuple[Any, ...]) -> None:
        with closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as db:
            db.execute(query, values)

    def _append(self, rows: Sequence[tuple[Any, ...]], counts: Mapping[tuple[int, int, str, str], int]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(
                f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})",  # noqa: S608  (names of ours)
                rows,
            )
            self._db.executemany(
                "INSERT INTO rollup VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
                [(*key, count) for key, count in counts.items()],
            )
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def retain(self, now: float) -> None:
        """Drop events older than the retention, then the oldest tenth while the file is too large."""
        self._db.execute("DELETE FROM events WHERE ts < ?", (now - self._retention,))
        for step in STEPS:
            self._db.execute("DELETE FROM rollup WHERE step = ? AND start < ?", (step, now - self._retention))
        while self._used() > self._max_bytes:
            low, high = self._db.execute("SELECT min(id), max(id) FROM events").fetchone()
            if low is None:
                break
            self._db.execute("DELETE FROM events WHERE id <= ?", (low + (high - low) // 10,))
        self._db.executescript("PRAGMA incremental_vacuum(20000)")  # 80 MB a time, so that others can write

    def _used(self) -> int:
        """Bytes of pages that hold something."""
        pages, free, size = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)


def line(body: dict[str, Any]) -> str:
    """Return an event as JSON; what orjson refuses (lone surrogates of an excerpt) is written with escapes."""
    try:
        return orjson.dumps(body).decode()
    except TypeError:
        return json.dumps(body, separators=(",", ":"))


def whole_excerpt(body: Mapping[str, Any]) -> str:
    """Return the text of an event where its excerpt is all of it: one text, not cut. What was redacted stays so."""
    excerpt = body.get("excerpt") or []
    return excerpt[0] if len(excerpt) == 1 and len(excerpt[0]) < MOST_EXCERPT else ""


def _kinds(event: Event) -> Iterator[tuple[str, str]]:
    yield "verdict", event.verdict
    yield "route", event.route
    yield "latency", str(bisect_left(BUCKETS, event.nanoseconds / 1e9))
    for category in event.flagged_categories:
        yield "category", category
    for technique in event.atlas:
        yield "atlas", technique
    for tactic in tactics(event.atlas) if event.atlas else ():
        yield "tactic", tactic
    for signature in {str(finding["signature"]) for finding in event.findings}:
        yield "signature", signature


def is_url(where: str) -> bool:
    """Return whether a store is a database by URL, not a file.

    >>> is_url("postgresql://db/events"), is_url("events.db")
    (True, False)
    """
    return where.startswith(("postgresql://", "postgres://"))


def open_store(where: str, *, retention_days: int = 30, max_bytes: int = 2 * 1024**3) -> BaseStore:
    """Return the store at a path or URL, made where it is not there yet. Raises `ConfigError`."""
    if not is_url(where):
        return Store(where, retention_days=retention_days, max_bytes=max_bytes)
    from fastguard.server.postgres import PostgresStore

    return PostgresStore(where, retention_days=retention_days, max_bytes=max_bytes)


def open_reader(where: str) -> BaseReader:
    """Return a connection for questions to the store at a path or URL, which must be there."""
    if not is_url(where):
        return Reader(where)
    from fastguard.server.postgres import PostgresReader

    return PostgresReader(where)
