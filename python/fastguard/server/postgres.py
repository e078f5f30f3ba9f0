"""The store in PostgreSQL (extra ``postgres``: pg8000): what the SQLite file holds, for workers on several machines.

Tables stand in a schema of their own, ``fastguard``, which is made where it is not there. The questions are those of the
SQLite store, word for word. Text compares by code points (collation "C"), so beginnings and orders are the same, too.
"""

from __future__ import annotations

import importlib.util
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import Any, Final, TypeVar

import orjson

from fastguard.server import reader
from fastguard.server.errors import ConfigError, RequestError
from fastguard.server.pgurl import Address, connect, show_url
from fastguard.server.reader import STEPS, BaseReader
from fastguard.server.store import COLUMNS, EVENT_INDEXES, BaseStore

T = TypeVar("T")

_SECONDS: Final = 30  # for a statement of the writer, and for a server that does not answer
_PORTION: Final = 8 * 1024**2  # bytes of rows in one statement
_DROPPED_AT_ONCE: Final = 20_000  # rows of one DELETE, so that no statement takes long
_TURN: Final = 5.0  # seconds of one turn of dropping; what is left is for the next one
# What an event takes beside its body: its other columns and nine indexes (measured: 413 bytes each of 20,000 events).
_OVERHEAD: Final = 450
_LOCK: Final = 0x66677361  # of the database: one worker makes tables, one drops old events
_CANCELLED: Final = "57014"
_ENDED: Final = ("57P01", "57P02", "57P03", "08")  # SQLSTATE of a server that ends or starts, or of a broken connection

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BYTEA NOT NULL);
CREATE TABLE IF NOT EXISTS kept (one BOOLEAN PRIMARY KEY CHECK (one), bytes BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ts DOUBLE PRECISION NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    route TEXT COLLATE "C" NOT NULL,
    project TEXT COLLATE "C" NOT NULL,
    direction TEXT COLLATE "C" NOT NULL,
    verdict TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    score DOUBLE PRECISION NOT NULL,
    level INTEGER NOT NULL,
    body TEXT NOT NULL,
    bytes INTEGER NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE TABLE IF NOT EXISTS feedback (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event BIGINT NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    ts DOUBLE PRECISION NOT NULL,
    verdict TEXT NOT NULL,
    category TEXT NOT NULL,
    mark TEXT NOT NULL,
    label TEXT NOT NULL,
    note BYTEA NOT NULL, -- UTF-8: what people write may have U+0000, which TEXT cannot hold
    text BYTEA NOT NULL,
    source TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS feedback_event ON feedback (event);
CREATE TABLE IF NOT EXISTS rollup (
    step INTEGER NOT NULL,
    start BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    n DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (step, start, kind, name)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
INSERT INTO kept VALUES (TRUE, 0) ON CONFLICT DO NOTHING;
"""
_TYPES: Final = dict.fromkeys(COLUMNS, "text") | {"ts": "float8", "score": "float8", "level": "int4"}
_INSERT: Final = (
    f"INSERT INTO events ({', '.join(COLUMNS)}, bytes)"  # noqa: S608  (names of ours)
    f" SELECT {', '.join(COLUMNS)}, bytes FROM ROWS FROM (json_to_recordset(CAST(? AS json))"
    f" AS ({', '.join(f'{name} {_TYPES[name]}' for name in COLUMNS)}, bytes int4)) WITH ORDINALITY"
    f" AS given({', '.join(COLUMNS)}, bytes, number) ORDER BY number"
)
_COUNT: Final = (
    "INSERT INTO rollup SELECT step, start, kind, name, n FROM json_to_recordset(CAST(? AS json))"
    " AS given(step int4, start int8, kind text, name text, n float8) ORDER BY step, start, kind, name"
    " ON CONFLICT (step, start, kind, name) DO UPDATE SET n = rollup.n + excluded.n"
)
_DROP: Final = (
    "WITH gone AS (DELETE FROM events WHERE id IN (SELECT id FROM events WHERE {} ORDER BY id LIMIT ?) RETURNING bytes),"
    " freed AS (UPDATE kept SET bytes = kept.bytes - (SELECT coalesce(sum(bytes), 0) FROM gone))"
    " SELECT count(*) FROM gone"
)


class Connection:
    """One connection, which is made when it is needed and again after it broke; errors are `RequestError` (503)."""

    def __init__(self, address: Address, *, seconds: float = _SECONDS, read_only: bool = False) -> None:
        self._address = address
        self._settings = {
            "search_path": "fastguard",
            "statement_timeout": str(int(seconds * 1000)),
            "default_transaction_read_only": "on" if read_only else "off",
        }
        self._seconds = seconds
        self._db: Any = None

    def close(self) -> None:
        """Let go of it."""
        if self._db is not None:
            with suppress(Exception):  # a connection that is broken cannot say goodbye
                self._db.close()
            self._db = None

    def run(self, query: str, values: Sequence[object] = ()) -> list[list[Any]]:
        """Run a statement with ``?`` for each value. Raises `RequestError` with `code` where the server gave one."""
        import pg8000.exceptions

        try:
            if self._db is None:
                self._db = connect(self._address, self._settings, timeout=self._seconds + 5)
            if not values:
                return self._db.execute_simple(query).rows or []
            parts = query.split("?")
            numbered = "".join(part + f"${i + 1}" for i, part in enumerate(parts[:-1])) + parts[-1]
            return self._db.execute_unnamed(numbered, vals=tuple(values)).rows or []
        except pg8000.exceptions.DatabaseError as problem:
            said = problem.args[0] if problem.args and isinstance(problem.args[0], dict) else {}
            failed = StoreError(str(said.get("M", problem)), str(said.get("C", "")))
            if failed.ended:
                self.close()
            raise failed from None
        except (OSError, pg8000.exceptions.InterfaceError) as problem:
            self.close()
            raise StoreError(str(problem.__cause__ or problem), "08000") from None

    def transaction(self, work: Callable[[], T]) -> T:
        """Run statements, all or none. Where the connection was broken before the end, once more on a new one."""
        for last in (False, True):
            try:
                self.run("BEGIN")
                found = work()
            except StoreError as problem:
                if problem.ended and not last:
                    continue
                self._undo()
                raise
            except BaseException:
                self._undo()
                raise
            self.run("COMMIT")  # where this fails nobody knows what holds, so it is not done again
            return found
        raise AssertionError

    def _undo(self) -> None:
        if self._db is not None:
            with suppress(StoreError):
                self.run("ROLLBACK")


class StoreError(RequestError):
    """What the server or the way to it says; `code` is the SQLSTATE."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(503, f"the store of events does not answer: {message}")
        self.said = message
        self.code = code

    @property
    def ended(self) -> bool:
        """Whether the connection is of no more use."""
        return self.code.startswith(_ENDED)


class PostgresReader(BaseReader):
    """Questions to the database."""

    def __init__(self, url: str | Address) -> None:
        address = url if isinstance(url, Address) else Address.of(url)
        self._db = Connection(address, read_only=True)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _rows(self, query: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        for row in self._db.run(query, values):
            yield tuple(bytes(item).decode() if isinstance(item, (bytes, bytearray)) else item for item in row)

    def _bounded(self, query: str, values: Sequence[object]) -> tuple[list[tuple[Any, ...]], bool]:
        """Fetch one row, then two, four and so on, so that what was found before the time is up is kept."""
        end = time.monotonic() + reader.SECONDS
        found: list[tuple[Any, ...]] = []
        more = 1
        try:
            self._db.run("BEGIN")
            self._db.run(f"DECLARE found CURSOR FOR {query}", values)
            while True:
                left = end - time.monotonic()
                if left <= 0.001:
                    return found, True
                self._db.run(f"SET LOCAL statement_timeout = {int(left * 1000)}")
                rows = self._db.run(f"FETCH {more} FROM found")
                found += [tuple(row) for row in rows]
                if len(rows) < more:
                    return found, False
                more *= 2
        except StoreError as problem:
            if problem.code != _CANCELLED:
                raise
            return found, True
        finally:
            with suppress(StoreError):
                self._db.run("ROLLBACK")

    def size(self) -> tuple[int, int]:
        """Return about how many events there are, and the bytes of their table with its indexes."""
        ((low, high, size),) = self._db.run("SELECT min(id), max(id), pg_total_relation_size('events') FROM events")
        return (0 if low is None else high - low + 1), size


class PostgresStore(BaseStore):
    """The database, written by the workers of one or several servers."""

    def __init__(self, url: str, *, retention_days: int = 30, max_bytes: int = 2 * 1024**3) -> None:
        super().__init__(retention_days, max_bytes)
        if importlib.util.find_spec("pg8000") is None:
            raise ConfigError(
                "a store by URL needs the extra postgres",
                file=show_url(url),
                field="events.store",
                expected="pip install 'fastguard-engine[postgres]', or '.[postgres]' here",
            )
        self._address = Address.of(url)
        self._db = Connection(self._address)
        try:
            self.salt = self._db.transaction(self._make)
        except StoreError as problem:
            self._db.close()
            raise ConfigError(
                problem.said, file=show_url(url), field="events.store", expected="a database that answers"
            ) from None

    def _make(self) -> bytes:
        """Make what is not there yet; one worker at a time. Return the salt of all."""
        self._db.run(f"SELECT pg_advisory_xact_lock({_LOCK}, 0)")
        if self._db.run("SELECT to_regnamespace('fastguard') IS NULL") == [[True]]:
            self._db.run("CREATE SCHEMA fastguard")
        if self._db.run("SELECT to_regclass('fastguard.kept') IS NULL") == [[True]]:
            self._db.run(_SCHEMA)
            self._db.run(EVENT_INDEXES)
        self._db.run("INSERT INTO meta VALUES ('salt', ?) ON CONFLICT DO NOTHING", (secrets.token_bytes(32),))
        return bytes(self._db.run("SELECT value FROM meta WHERE name = 'salt'")[0][0])

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def reader(self) -> PostgresReader:
        """Return a connection for questions."""
        return PostgresReader(self._address)

    def _append(self, rows: Sequence[tuple[Any, ...]], counts: Mapping[tuple[int, int, str, str], int]) -> None:
        # In one order, so that workers who add to the same roll-ups wait for each other and never in a circle.
        added = [
            dict(zip(("step", "start", "kind", "name", "n"), (*key, count), strict=True))
            for key, count in sorted(counts.items())
        ]

        def work() -> None:
            size = 0
            for portion, taken in _portions(rows):
                self._db.run(_INSERT, (portion,))
                size += taken
            self._db.run(_COUNT, (orjson.dumps(added).decode(),))
            self._db.run("UPDATE kept SET bytes = bytes + ?", (size,))

        self._db.transaction(work)

    def _keep_mark(self, query: str, values: tuple[Any, ...]) -> None:
        *first, note, text, source = values
        with closing(Connection(self._address)) as db:
            db.run(query, (*first, note.encode(), text.encode(), source))

    def retain(self, now: float) -> None:
        """Drop events older than the retention, then the oldest tenth while what is kept counts too many bytes.

        One worker does this at a time, in steps of 20,000 rows and for 5 s at most; the rest is for the next turn. The
        space of what went is used again once the database has cleared it up (autovacuum).
        """
        if self._db.run(f"SELECT pg_try_advisory_lock({_LOCK}, 1)") != [[True]]:
            return
        try:
            end = time.monotonic() + _TURN
            past = now - self._retention
            self._drop("ts < ?", past, end)
            for step in STEPS:
                self._db.run("DELETE FROM rollup WHERE step = ? AND start < ?", (step, int(past)))
            while time.monotonic() < end and self._db.run("SELECT bytes FROM kept")[0][0] > self._max_bytes:
                low, high = self._db.run("SELECT min(id), max(id) FROM events")[0]
                if low is None:
                    break
                self._drop("id <= ?", low + (high - low) // 10, end)
        finally:
            with suppress(StoreError):
                self._db.run(f"SELECT pg_advisory_unlock({_LOCK}, 1)")

    def _drop(self, which: str, value: float, end: float) -> None:
        """Drop events that fit, oldest first, until none is left or the time is up."""
        while time.monotonic() < end:
            ((count,),) = self._db.run(_DROP.format(which), (value, _DROPPED_AT_ONCE))
            if count < _DROPPED_AT_ONCE:
                return


def _portions(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[str, int]]:
    """Yield rows as JSON lists of at most about `_PORTION` bytes, each with what its events count as."""
    lines: list[bytes] = []
    size = counted = 0
    for row in rows:
        given = dict(zip(COLUMNS, row, strict=True))
        given["bytes"] = _OVERHEAD + len(row[-1].encode())
        encoded = orjson.dumps(given)
        if lines and size + len(encoded) > _PORTION:
            yield "[" + b",".join(lines).decode() + "]", counted
            lines, size, counted = [], 0, 0
        lines.append(encoded)
        size += len(encoded)
        counted += given["bytes"]
    if lines:
        yield "[" + b",".join(lines).decode() + "]", counted
