"""Reading a store: what the pages and the export ask. A connection of its own, read-only, so nothing here slows a check.

The questions are the same for every kind of store, word for word; only how they are put differs.
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.request import pathname2url

from fastguard.server.metrics import BUCKETS

STEPS: Final = (60, 3600)  # seconds of one roll-up row: by the minute, by the hour
_MOST_POINTS: Final = 400
SECONDS: Final = 0.4  # of a search; what was found until then is shown, and that there may be more
_COLUMNS: Final = "id, ts, request_id, route, project, direction, verdict, action, category, score, level"
FILTERS: Final = ("verdict", "action", "category", "route", "project", "direction")
QUANTILES: Final = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Row:
    """One event as a list shows it."""

    id: int
    ts: float
    request_id: str
    route: str
    project: str
    direction: str
    verdict: str
    action: str
    category: str
    score: float
    level: int
    mark: str


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, newest first; `older` is the id to go on below, None at the end; `cut` says that the search took too long."""

    rows: tuple[Row, ...]
    older: int | None
    cut: bool


@dataclass(slots=True)
class Overview:
    """What happened in a time: points in steps of `step` seconds, and totals by verdict, category, signature and so on."""

    since: float
    until: float
    step: int
    points: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    totals: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def judged(self) -> int:
        """All judgements."""
        return int(sum(self.totals.get("verdict", Counter()).values()))

    @property
    def flagged(self) -> int:
        """Judgements that were not allow."""
        return self.judged - int(self.totals.get("verdict", Counter())["allow"])

    def top(self, kind: str, most: int = 10) -> list[tuple[str, int]]:
        """Return the commonest names of a kind with their counts."""
        return [(name, int(count)) for name, count in self.totals.get(kind, Counter()).most_common(most)]

    def percentiles(self) -> dict[float, float]:
        """Return quantiles of the time of a judgement, in seconds."""
        counts = [self.totals.get("latency", Counter())[str(i)] for i in range(len(BUCKETS) + 1)]
        return {share: quantile(counts, share) for share in QUANTILES}


def quantile(counts: Sequence[float], share: float) -> float:
    """Return a quantile of a histogram over `BUCKETS`, linear inside a bucket; NaN where it is empty.

    >>> quantile([0, 10] + [0] * 15, 0.5) == (BUCKETS[0] + BUCKETS[1]) / 2
    True
    """
    left = share * sum(counts)
    if not left:
        return float("nan")
    for i, count in enumerate(counts[:-1]):
        if count and left <= count:
            low = BUCKETS[i - 1] if i else 0.0
            return low + (BUCKETS[i] - low) * left / count
        left -= count
    return BUCKETS[-1]


class BaseReader(ABC):
    """Questions to a store; used by one thread at a time, each opens its own."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection."""

    @abstractmethod
    def size(self) -> tuple[int, int]:
        """Return about how many events there are, and their bytes on disk."""

    @abstractmethod
    def _rows(self, query: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Run a query with ``?`` for each value."""

    @abstractmethod
    def _bounded(self, query: str, values: Sequence[object]) -> tuple[list[tuple[Any, ...]], bool]:
        """Run a query for at most `SECONDS`; return the rows found and whether it was cut short."""

    def overview(self, since: float, until: float) -> Overview:
        """Return what happened from `since` to `until` (seconds since 1970), from the roll-ups alone.

        By the minute where that makes few points, else by the hour: linear in the roll-up rows of that time.
        """
        step = STEPS[0] if (until - since) / STEPS[0] <= _MOST_POINTS else STEPS[1]
        first = int(since) // step * step
        found = Overview(since, until, step)
        points: dict[int, dict[str, float]] = {}
        rows = -(-(int(until) - first) // step)
        width = step * max(1, -(-rows // _MOST_POINTS))
        for start, kind, name, n in self._rows(
            "SELECT start, kind, name, n FROM rollup WHERE step = ? AND start >= ? AND start < ?",
            (step, first, math.ceil(until)),
        ):
            found.totals.setdefault(kind, Counter())[name] += n
            if kind == "verdict":
                point = points.setdefault(first + (start - first) // width * width, {})
                point[name] = point.get(name, 0) + n
        found.step = width
        found.points = [(at, points.get(at, {})) for at in range(first, max(int(until), first + 1), width)]
        return found

    def page(
        self,
        filters: Mapping[str, str],
        *,
        below: int | None = None,
        limit: int = 50,
        since: float | None = None,
        until: float | None = None,
    ) -> Page:
        """Return the newest rows that fit. `filters` may also have ``request_id`` (its beginning) and ``marked`` (any)."""
        if any("\0" in value for value in filters.values()):
            return Page((), None, cut=False)  # nothing kept has one, and not every kind of store takes it
        terms, values = ["id < ?"] if below is not None else [], [below] if below is not None else []
        for name in FILTERS:
            if filters.get(name):
                terms.append(f"{name} = ?")
                values.append(filters[name])  # type: ignore[arg-type]
        if filters.get("request_id"):
            terms.append("request_id >= ? AND request_id < ?")
            values += [filters["request_id"], filters["request_id"] + "\U0010ffff"]  # type: ignore[list-item]
        if filters.get("marked"):
            terms.append("id IN (SELECT event FROM feedback)")
        for sign, moment in ((">=", since), ("<", until)):
            if moment is not None:
                terms.append(f"ts {sign} ?")
                values.append(moment)  # type: ignore[arg-type]
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        query = f"SELECT {_COLUMNS} FROM events{where} ORDER BY id DESC LIMIT {limit + 1:d}"  # noqa: S608  (names of ours)
        rows, cut = self._bounded(query, values)
        marks = self._marks([row[0] for row in rows])
        found = tuple(Row(*(*row, marks.get(row[0], ""))) for row in rows[:limit])
        more = cut or len(rows) > limit
        return Page(found, found[-1].id if more and found else None, cut)

    def _marks(self, ids: Sequence[int]) -> dict[int, str]:
        places = ", ".join("?" * len(ids))
        query = f"SELECT event, mark FROM feedback WHERE event IN ({places}) ORDER BY id"  # noqa: S608
        return dict(self._rows(query, ids)) if ids else {}

    def event(self, id: int) -> dict[str, Any] | None:  # noqa: A002
        """Return one event as it was written, with its id and its marks; None where there is none (any more)."""
        row = next(self._rows("SELECT body FROM events WHERE id = ?", (id,)), None) if 0 < id < 2**63 else None
        if row is None:
            return None
        body: dict[str, Any] = json.loads(row[0])
        body["id"] = id
        body["marks"] = [
            {"ts": ts, "mark": mark, "label": label, "note": note}
            for ts, mark, label, note in self._rows(
                "SELECT ts, mark, label, note FROM feedback WHERE event = ? ORDER BY id", (id,)
            )
        ]
        return body

    def find(self, request_id: str) -> int | None:
        """Return the event of a request that was judged most severely."""
        if "\0" in request_id:
            return None  # no id has one, and not every kind of store takes it
        rows = self._rows(
            "SELECT id FROM events WHERE request_id = ? ORDER BY"
            " CASE verdict WHEN 'block' THEN 0 WHEN 'escalate' THEN 1 WHEN 'flag' THEN 2 ELSE 3 END, id LIMIT 1",
            (request_id,),
        )
        return next((int(row[0]) for row in rows), None)

    def feedback(self) -> Iterator[dict[str, Any]]:
        """Yield all marks, oldest first."""
        names = ("id", "event", "request_id", "ts", "verdict", "category", "mark", "label", "note", "text", "source")
        for row in self._rows(f"SELECT {', '.join(names)} FROM feedback ORDER BY id"):  # noqa: S608
            yield dict(zip(names, row, strict=True))


class Reader(BaseReader):
    """Questions to the SQLite file."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(f"file:{pathname2url(path)}?mode=ro", uri=True, timeout=5)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _rows(self, query: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        with closing(self._db.execute(query, values)) as rows:
            yield from rows

    def _bounded(self, query: str, values: Sequence[object]) -> tuple[list[tuple[Any, ...]], bool]:
        end = time.monotonic() + SECONDS
        self._db.set_progress_handler(lambda: time.monotonic() > end, 10_000)
        rows: list[tuple[Any, ...]] = []
        try:
            for row in self._db.execute(query, values):
                rows.append(row)  # noqa: PERF402  (what came before a cut is kept)
        except sqlite3.OperationalError as problem:
            if "interrupted" not in str(problem):
                raise
            return rows, True
        finally:
            self._db.set_progress_handler(None, 0)
        return rows, False

    def size(self) -> tuple[int, int]:
        """Return about how many events there are, and the bytes of the file."""
        low, high = self._db.execute("SELECT min(id), max(id) FROM events").fetchone()
        pages, size = (self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        return (0 if low is None else high - low + 1), pages * size
