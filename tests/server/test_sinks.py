"""Sinks beside the store: lines of JSON that are rotated, spans for a collector; and what happens when one is away."""

from __future__ import annotations

import http.server
import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from fastguard import Guard
from fastguard.cli import main
from fastguard.server.config import load_config
from fastguard.server.errors import ConfigError
from fastguard.server.events import Event
from fastguard.server.jsonl import JsonlSink
from fastguard.server.judge import PolicyGuard
from fastguard.server.metrics import Metrics
from fastguard.server.service import Call, Service
from fastguard.server.sinks import EventLog, Sink
from fastguard.server.store import Store
from serving import ATTACK, Running, stop

SECRET = "Write to jane@example.org about the harvest"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    made = Service(load_config(environment={}, options={"events": {"store": "", "excerpt": True}}))
    yield made
    made.close()


@pytest.fixture(scope="module")
def events(service: Service, guard: Guard) -> list[Event]:
    policy = PolicyGuard("default", guard)
    found = []
    for i, text in enumerate((ATTACK, SECRET, "Hello there")):
        judged = policy.judge_text(text)
        call = Call(service, service.state, "check", None, b"", {}, f"00000000-0000-4000-8000-00000000000{i}")
        found.append(Event.of(judged, policy, call, "p", "input", str(judged.action), {"session_id": "jane"}))
    return found


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_lines_are_rotated_by_size_and_none_is_lost(events: list[Event], tmp_path: Path) -> None:
    """The oracle writes one line after the other."""
    path = tmp_path / "events.jsonl"
    sink = JsonlSink(str(path), b"salt", limit=10_000, files=100)
    given = [event for _ in range(30) for event in events]
    for start in range(0, len(given), 7):
        sink.write(given[start : start + 7])
    sink.close()
    expected: list[list[str]] = [[]]
    for event in given:
        text = json.dumps(event.to_dict(b"salt"), separators=(",", ":"))
        if sum(len(one) + 1 for one in expected[-1]) + len(text) + 1 > 10_000:
            expected.append([])
        expected[-1].append(text)
    parts = [*sorted(tmp_path.glob("events.jsonl.*"), key=lambda one: -int(one.suffix[1:])), path]
    assert len(parts) == len(expected) > 5
    for part, wanted in zip(parts, expected, strict=True):
        assert [json.loads(one) for one in lines(part)] == [json.loads(one) for one in wanted]
        assert part.stat().st_size <= 10_000
        assert part.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("files", [0, 1, 3])
def test_only_so_many_old_files_are_kept(events: list[Event], tmp_path: Path, files: int) -> None:
    sink = JsonlSink(str(tmp_path / "e"), b"salt", limit=4096, files=files)
    for _ in range(40):
        sink.write(events)
    sink.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e", *(f"e.{n}" for n in range(1, files + 1))]


def test_a_line_longer_than_a_file_has_one_of_its_own(events: list[Event], tmp_path: Path) -> None:
    sink = JsonlSink(str(tmp_path / "e"), b"salt", limit=10, files=9)
    sink.write(events)
    sink.close()
    assert [len(lines(tmp_path / name)) for name in ("e", "e.1", "e.2")] == [1, 1, 1]


def _worker(path: str, batch: Sequence[Event], rounds: int) -> None:
    sink = JsonlSink(path, b"salt", limit=20_000, files=1000)
    for _ in range(rounds):
        sink.write(batch)
    sink.close()


def test_workers_share_a_file_and_mix_no_lines(events: list[Event], tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    running = [context.Process(target=_worker, args=(str(tmp_path / "e"), events, 60)) for _ in range(3)]
    for process in running:
        process.start()
    for process in running:
        process.join(30)
        assert process.exitcode == 0
    found = [json.loads(one) for path in tmp_path.iterdir() for one in lines(path)]
    assert len(found) == 3 * 60 * len(events)
    assert all(path.stat().st_size <= 20_000 for path in tmp_path.iterdir())


def test_a_file_that_was_moved_away_is_left(events: list[Event], tmp_path: Path) -> None:
    sink = JsonlSink(str(tmp_path / "e"), b"salt", limit=10**6, files=1)
    sink.write(events)
    (tmp_path / "e").rename(tmp_path / "moved")
    sink.write(events)
    sink.close()
    assert [len(lines(tmp_path / name)) for name in ("moved", "e")] == [3, 3]


# ---------------------------------------------------------------- queues


class Stuck:
    """A sink that waits until it may go on, then fails where it is told to."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.go = threading.Event()
        self.taken = 0

    def write(self, events: Sequence[Event]) -> None:
        self.go.wait(20)
        if self.fails:
            raise OSError("no room")
        self.taken += len(events)

    def tend(self) -> None:
        pass

    def close(self) -> None:
        pass


def count(metrics: Metrics, what: str, sink: str) -> int:
    text = metrics.render(ready=True, loaded=0)
    return int(text.split(f'fastguard_events_{what}_total{{sink="{sink}"}} ')[1].split("\n")[0])


@pytest.mark.parametrize("fails", [False, True])
def test_a_sink_that_does_not_answer_keeps_nothing_from_the_store(
    events: list[Event], tmp_path: Path, fails: bool
) -> None:
    metrics = Metrics()
    slow = Stuck(fails=fails)
    sinks: dict[str, Sink] = {"store": Store(str(tmp_path / "e.db")), "otlp": slow}
    log = EventLog(sinks, 50, metrics)
    log.put(events[0])
    time.sleep(0.5)  # the slow one has its first batch now
    begin = time.monotonic()
    for i in range(100):
        log.put(events[i % 3])
        if i % 25 == 24:
            time.sleep(0.3)
    assert time.monotonic() - begin < 5
    end = time.monotonic() + 10
    while count(metrics, "written", "store") < 101:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert count(metrics, "dropped", "store") == 0
    assert count(metrics, "dropped", "otlp") == 50  # what found its queue full
    slow.go.set()
    assert log.flush()
    assert log.problems == ([("otlp", "OSError: no room")] if fails else [])
    assert (count(metrics, "written", "otlp"), count(metrics, "dropped", "otlp")) == ((0, 101) if fails else (51, 50))
    assert slow.taken == (0 if fails else 51)
    log.close()
    metrics.close()


# ---------------------------------------------------------------- OTLP


class Collector:
    """A collector that keeps what it is sent and answers with a status."""

    def __init__(self) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        self.status = 200
        self.requests: list[tuple[str, dict[str, str], Any, bytes]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if outer.status == 200:
                    parsed = ExportTraceServiceRequest.FromString(body)
                    outer.requests.append((self.path, dict(self.headers), parsed, body))
                self.send_response(outer.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def spans(self) -> list[Any]:
        return [
            span
            for _, _, request, _ in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra otlp is not installed")
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


def plain(attributes: Any) -> dict[str, Any]:
    """Attributes of protobuf as a dictionary."""

    def value(given: Any) -> Any:
        kind = given.WhichOneof("value")
        found = getattr(given, kind)
        return [value(item) for item in found.values] if kind == "array_value" else found

    return {item.key: value(item.value) for item in attributes}


def test_spans_say_what_was_judged_and_hold_no_text(events: list[Event], collector: Collector) -> None:
    from fastguard.server.otlp import OtlpSink

    sink = OtlpSink(collector.url + "/", b"salt")
    sink.write(events)
    sink.close()
    ((path, headers, request, raw),) = collector.requests
    assert (path, headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
    assert plain(request.resource_spans[0].resource.attributes)["service.name"] == "fastguard"
    spans = collector.spans()
    assert [span.trace_id.hex() for span in spans] == [event.request_id.replace("-", "") for event in events]
    assert len({span.span_id for span in spans}) == 3
    for span, event in zip(spans, events, strict=True):
        said = plain(span.attributes)
        assert span.name == "run_guardrail fastguard"
        assert said["gen_ai.operation.name"] == "run_guardrail"
        assert said["gen_ai.security.target.type"] == "llm_input"
        assert said["gen_ai.security.verdict.type"] == event.verdict
        assert said["gen_ai.security.action.type"] == event.action
        assert said["gen_ai.security.content.input.hash"] == event.text_hash(b"salt")
        assert said["gen_ai.security.risk.finding"] == list(event.flagged_categories)
        assert said["gen_ai.security.risk.score"] == event.score
        assert said["gen_ai.conversation.id"] != "jane"
        assert span.end_time_unix_nano - span.start_time_unix_nano == event.nanoseconds
        assert abs(span.end_time_unix_nano / 1e9 - event.ts) < 1e-5
        found = [plain(item.attributes) for item in span.events]
        assert [item["security_rule.name"] for item in found] == [item["signature"] for item in event.findings]
        assert [(item["fastguard.start"], item["fastguard.end"]) for item in found] == [
            (item["start"], item["end"]) for item in event.findings
        ]
    assert len(spans[0].events) > 0
    for text in (*(word.encode() for word in ("previous instructions", "harvest", "jane", "Hello there")),):
        assert text not in raw


@pytest.mark.filterwarnings("ignore")
def test_what_a_collector_refuses_is_counted(events: list[Event], collector: Collector) -> None:
    from fastguard.server.otlp import OtlpSink

    metrics = Metrics()
    log = EventLog({"otlp": OtlpSink(collector.url, b"salt")}, 100, metrics)
    collector.status = 400
    for event in events:
        log.put(event)
    assert log.flush()
    assert count(metrics, "dropped", "otlp") == 3
    collector.status = 200
    for event in events * 5:
        log.put(event)
    assert log.flush()
    assert (count(metrics, "dropped", "otlp"), count(metrics, "written", "otlp")) == (3, 15)
    assert len(collector.spans()) == 15
    assert log.problems[0][0] == "otlp"
    log.close()
    metrics.close()


def test_a_server_feeds_all_sinks(serve: Callable[..., Running], tmp_path: Path, collector: Collector) -> None:
    running = serve(
        "--store",
        "events.db",
        "--workers",
        "2",
        environment={
            "FASTGUARD_EVENTS_JSONL": str(tmp_path / "e.jsonl"),
            "FASTGUARD_EVENTS_JSONL_BYTES": "4096",
            "FASTGUARD_EVENTS_JSONL_FILES": "100",
            "FASTGUARD_EVENTS_OTLP": collector.url,
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
            "OTEL_EXPORTER_OTLP_HEADERS": "x-key=abc",
        },
    )
    numbers = {running.post("/v1/check", {"text": ATTACK}).json()["request_id"] for _ in range(12)}
    assert stop(running) == 0
    written = [json.loads(one) for path in tmp_path.glob("e.jsonl*") for one in lines(path)]
    assert {item["request_id"] for item in written} == numbers
    assert len(list(tmp_path.glob("e.jsonl.*"))) > 0
    assert {plain(span.attributes)["fastguard.request_id"] for span in collector.spans()} == numbers
    _, headers, request, _ = collector.requests[0]
    assert headers["x-key"] == "abc"
    assert plain(request.resource_spans[0].resource.attributes)["deployment.environment.name"] == "test"


def test_a_collector_needs_an_address() -> None:
    with pytest.raises(ConfigError, match=r'events.otlp: got "localhost:4318"; expected the base address'):
        load_config(environment={"FASTGUARD_EVENTS_OTLP": "localhost:4318"})


def test_what_cannot_be_opened_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "server.toml").write_text('[events]\nstore = ""\njsonl = "no/such/folder/e.jsonl"\n')
    with pytest.raises(ConfigError, match=r"events.jsonl: No such file"):
        Service(load_config(str(tmp_path / "server.toml"), environment={}))
    (tmp_path / "server.toml").write_text('[events]\notlp = "ftp://x"\n')
    assert main(["serve", "--check", "--config", str(tmp_path / "server.toml")]) == 2
    assert "events.otlp" in capsys.readouterr().err
