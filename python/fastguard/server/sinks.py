"""Where events go: for each sink a bounded queue and a thread that empties it, so that a check never waits for any."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

from fastguard.server import config as configuration
from fastguard.server.errors import ConfigError
from fastguard.server.events import Event
from fastguard.server.metrics import Metrics
from fastguard.server.store import BaseStore, open_store

_WAIT: Final = 0.2  # seconds from an event to its commit at most, while the disk keeps up
_BATCH: Final = 2000


class Sink(Protocol):
    """Takes batches of events; called by one thread."""

    def write(self, events: Sequence[Event]) -> None:
        """Write a batch; what it raises is counted, and the events of the batch are lost to this sink."""

    def tend(self) -> None:
        """Look after what was written; called after a batch. What it raises is shown, and nothing is lost."""

    def close(self) -> None:
        """Let go of what is open."""


class Writer:
    """A sink with its queue and its thread; a full queue means dropped and counted."""

    def __init__(self, name: str, sink: Sink, limit: int, metrics: Metrics) -> None:
        self.name = name
        self.sink = sink
        self.last_error = ""
        self._labels = f'{{sink="{name}"}}'
        self._limit = limit
        self._metrics = metrics
        self._queue: deque[Event] = deque()
        self._closing = threading.Event()
        self._end = math.inf
        self._done = 0
        self._thread = threading.Thread(target=self._run, name=f"fastguard-{name}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many events are queued."""
        return len(self._queue)

    def put(self, event: Event) -> None:
        """Queue an event, or count it as dropped."""
        if len(self._queue) >= self._limit:
            self._metrics.count("fastguard_events_dropped_total", self._labels)
        else:
            self._queue.append(event)

    def flush(self, end: float) -> bool:
        """Wait until what is queued now is written or lost; False when that is not before `end`."""
        target = self._done + len(self._queue)
        while self._done < target:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def close(self, end: float) -> None:
        """Write what is queued, until `end`, and let go; what is left then is counted as dropped."""
        self._end = end
        self._closing.set()
        self._thread.join(max(0.0, end - time.monotonic()))
        if self._queue:
            self._metrics.count("fastguard_events_dropped_total", self._labels, len(self._queue))
        if not self._thread.is_alive():  # else it still writes; it ends with the process
            self.sink.close()

    def _run(self) -> None:
        while True:
            ending = self._closing.wait(_WAIT)
            while self._queue and time.monotonic() < self._end:
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH))]
                self._write(batch)
                self._done += len(batch)
            if ending:
                return

    def _write(self, batch: list[Event]) -> None:
        try:
            self.sink.write(batch)
        except Exception as problem:  # noqa: BLE001  (whatever a sink raises, checks go on; it is counted and shown)
            self.last_error = f"{type(problem).__name__}: {problem}"
            self._metrics.count("fastguard_events_dropped_total", self._labels, len(batch))
            return
        self._metrics.count("fastguard_events_written_total", self._labels, len(batch))
        try:
            self.sink.tend()
        except Exception as problem:  # noqa: BLE001  (the events are written; what is kept too long is shown)
            self.last_error = f"{type(problem).__name__}: {problem}"


class EventLog:
    """All sinks. `put` is called by one thread (the event loop's), takes no lock and never waits.

    Each sink has a queue of its own: a collector that does not answer must not keep events from the store.
    """

    def __init__(self, sinks: dict[str, Sink], limit: int, metrics: Metrics) -> None:
        self._writers = [Writer(name, sink, limit, metrics) for name, sink in sinks.items()]
        self.store = next((sink for sink in sinks.values() if isinstance(sink, BaseStore)), None)

    @property
    def waiting(self) -> int:
        """How many events are queued, where most are."""
        return max((writer.waiting for writer in self._writers), default=0)

    @property
    def problems(self) -> list[tuple[str, str]]:
        """The last error of each sink that had one."""
        return [(writer.name, writer.last_error) for writer in self._writers if writer.last_error]

    def put(self, event: Event) -> None:
        """Queue an event for every sink, or count it as dropped."""
        for writer in self._writers:
            writer.put(event)

    def flush(self, timeout: float = 10) -> bool:
        """Wait until what is queued now is written; False when that takes longer. For tests and the end."""
        end = time.monotonic() + timeout
        return all(writer.flush(end) for writer in self._writers)

    def close(self) -> None:
        """Write what is queued, for 10 s at most in all, and end the threads."""
        end = time.monotonic() + 10
        for writer in self._writers:
            writer.close(end)


def open_log(settings: configuration.Events, metrics: Metrics) -> EventLog:
    """Return the log that a configuration asks for. Raises `ConfigError` where a sink cannot be opened."""
    sinks: dict[str, Sink] = {}
    try:
        _open(settings, sinks)
    except BaseException:
        for sink in sinks.values():
            sink.close()
        raise
    return EventLog(sinks, settings.queue, metrics)


def _open(settings: configuration.Events, sinks: dict[str, Sink]) -> None:
    salt = secrets.token_bytes(32)
    if settings.store:
        store = open_store(settings.store, retention_days=settings.retention_days, max_bytes=settings.max_bytes)
        salt = store.salt
        sinks["store"] = store
    if settings.jsonl:
        from fastguard.server.jsonl import JsonlSink

        try:
            sinks["jsonl"] = JsonlSink(settings.jsonl, salt, limit=settings.jsonl_bytes, files=settings.jsonl_files)
        except OSError as problem:
            raise ConfigError(problem.strerror or str(problem), file=settings.jsonl, field="events.jsonl") from None
    if settings.otlp:
        from fastguard.server.otlp import OtlpSink

        sinks["otlp"] = OtlpSink(settings.otlp, salt)
