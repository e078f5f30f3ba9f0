"""One worker's service: the state in force, the counters, the events; and the call that handlers get."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from fastguard.server.config import Config
from fastguard.server.events import Event
from fastguard.server.judge import Judged, PolicyGuard
from fastguard.server.metrics import Metrics
from fastguard.server.sinks import EventLog, open_log
from fastguard.server.state import State, load_state
from fastguard.server.store import BaseStore

JSON = (b"content-type", b"application/json")

_NUMBERS: Final = 64
_VARIANT: Final = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
_numbers: list[str] = []  # random, made and not yet given out
os.register_at_fork(after_in_child=_numbers.clear)  # no worker gives out what another has


@dataclass(slots=True)
class Reply:
    """An answer: status, body, headers beside content-length."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]] = field(default_factory=lambda: [JSON])


def json_reply(data: object, status: int = 200) -> Reply:
    """Return an answer in JSON."""
    return Reply(status, orjson.dumps(data))


class Service:
    """What lives as long as a worker. `state` is replaced whole by `reload`; whoever reads it takes it once."""

    def __init__(
        self, config: Config, *, reread: Callable[[], Config] | None = None, folder: str | None = None, worker: int = 0
    ) -> None:
        self.state = load_state(config)
        self.metrics = Metrics(folder, worker)
        try:
            self.events: EventLog = open_log(config.events, self.metrics)
        except BaseException:
            self.metrics.close()
            raise
        self.ready = True
        self.on_reload: Callable[[], None] | None = None
        self._reread = reread
        self._reload_lock = threading.Lock()

    @property
    def store(self) -> BaseStore | None:
        """The store of events, None where none is set."""
        return self.events.store

    def reload(self, *, forward: bool = False) -> State:
        """Read everything again and swap it in; on an error (`FastguardError`) all stays as it was.

        With `forward` the other workers are told to do the same.
        """
        with self._reload_lock:
            try:
                config = self._reread() if self._reread else self.state.config
                state = load_state(config)
            except Exception:
                self.metrics.count("fastguard_reloads_total", '{result="failed"}')
                raise
            self.state = state
            self.metrics.count("fastguard_reloads_total", '{result="ok"}')
        if forward and self.on_reload:
            self.on_reload()
        return state

    def close(self) -> None:
        """Write what is queued and let go."""
        self.ready = False
        self.events.close()
        self.metrics.close()


@dataclass(slots=True)
class Call:
    """One request as a handler sees it: the state of its moment, body, query and headers."""

    service: Service
    state: State
    route: str
    data: Any
    query_string: bytes
    headers: Mapping[bytes, bytes]
    request_id: str
    recorded: list[tuple[Event, Judged]] = field(default_factory=list)

    def query(self, name: str) -> str:
        """Return the last value of a query parameter, or an empty string."""
        if not self.query_string:
            return ""
        return parse_qs(self.query_string.decode("latin-1"), keep_blank_values=True).get(name, [""])[-1]

    def record(
        self,
        judged: Judged,
        guard: PolicyGuard,
        *,
        project: str = "default",
        direction: str = "input",
        action: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> None:
        """Count a judgement and hand it to the store; `action` is what was done, where that differs from the verdict."""
        event = Event.of(judged, guard, self, project, direction, action or judged.action, metadata)
        self.recorded.append((event, judged))

    def _count(self, event: Event, judged: Judged) -> None:
        metrics = self.service.metrics
        metrics.check(event.direction, event.verdict, judged.nanoseconds / 1e9, event.size)
        for category in event.flagged_categories:
            metrics.finding(category)
        if event.degraded:
            metrics.count("fastguard_degraded_total")
        if event.truncated:
            metrics.count("fastguard_truncated_total")
        self.service.events.put(event)

    def flush(self) -> None:
        """Do what `record` put off: on the event loop's thread, as counters have one writer."""
        for event, judged in self.recorded:
            self._count(event, judged)
        self.recorded.clear()


def request_id() -> str:
    """Return a random UUID (version 4): as `uuid.uuid4`, made many at a time. Any thread may ask."""
    try:
        return _numbers.pop()
    except IndexError:
        digits = os.urandom(16 * _NUMBERS).hex()
        _numbers.extend(
            f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:]}"
            for text in (digits[at : at + 32] for at in range(0, len(digits), 32))
        )
        return _numbers.pop()
