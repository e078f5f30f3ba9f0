"""Marks on verdicts, what becomes of them, and the questions that pages ask the store."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastguard import Guard
from fastguard.cli import main
from fastguard.server.config import load_config
from fastguard.server.events import Event
from fastguard.server.judge import PolicyGuard
from fastguard.server.metrics import BUCKETS
from fastguard.server.reader import Reader, quantile
from fastguard.server.service import Call, Service
from fastguard.server.store import Store
from serving import ATTACK, Running, request_ids, stop


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    made = Service(load_config(environment={}, options={"events": {"store": "", "excerpt": True}}))
    yield made
    made.close()


def event(service: Service, guard: Guard, text: str, ts: float, *, number: str = "r", route: str = "check") -> Event:
    policy = PolicyGuard("default", guard)
    call = Call(service, service.state, route, None, b"", {}, number)
    judged = policy.judge_text(text)
    made = Event.of(judged, policy, call, "default", "input", str(judged.action), None)
    object.__setattr__(made, "ts", ts)
    return made


def test_marks_become_lines_that_learn_reads(
    serve: Callable[..., Running], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = serve("--store", "events.db", environment={"FASTGUARD_EVENTS_EXCERPT": "true"})
    texts = [
        ATTACK,
        "The override flag of the build is gone.",
        "Write to jane@example.org about the flag.",
        ATTACK + "!",
    ]
    numbers = [running.post("/v1/check", {"text": text}).json()["request_id"] for text in texts]
    end = time.monotonic() + 5
    while running.post("/v1/feedback", {"request_id": numbers[0], "mark": "right"}).status == 404:
        assert time.monotonic() < end
        time.sleep(0.05)

    def mark(which: int, **more: object) -> int:
        return running.post("/v1/feedback", {"request_id": numbers[which], **more}).status

    assert mark(1, mark="right", text=texts[1]) == 200
    assert mark(2, mark="wrong", note="our own address") == 200
    assert mark(3, mark="wrong", label="innocent", text="a text of one's own") == 200
    assert mark(3, mark="wrong", label="jailbreak", text="a text of one's own", source="retrieved") == 200
    assert mark(3, mark="wrong", label="jailbreak", text="a text of one's own") == 200
    for wrong in ({"mark": "maybe"}, {}, {"mark": "wrong", "label": "nonsense"}, {"mark": "wrong", "note": "x" * 3000}):
        assert mark(0, **wrong) == 400
    assert running.post("/v1/feedback", {"request_id": "unknown", "mark": "wrong"}).status == 404
    assert stop(running) == 0

    assert main(["feedback", "export", "--store", str(tmp_path / "events.db"), "-o", str(tmp_path / "out.jsonl")]) == 0
    assert capsys.readouterr().err == "5 lines; 1 left out: marked again later\n"
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(line["text"], line["label"], line["source"]) for line in lines] == [
        (ATTACK, "prompt_injection", "user"),
        (texts[1], "innocent", "user"),
        ("Write to <EMAIL_1> about the flag.", "innocent", "user"),
        ("a text of one's own", "jailbreak", "retrieved"),
        ("a text of one's own", "jailbreak", "user"),
    ]
    assert lines[2]["note"] == "our own address"
    assert main(["learn", "--from", str(tmp_path / "out.jsonl"), "--dry-run"]) in {0, 1}
    assert main(["feedback", "export", "--store", str(tmp_path / "none.db")]) == 2
    assert "none.db: unable to open database file" in capsys.readouterr().err


def test_a_mark_without_a_text_is_left_out_and_counted(
    serve: Callable[..., Running], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = serve("--store", "events.db")
    number = running.post("/v1/check", {"text": ATTACK}).json()["request_id"]
    time.sleep(0.5)
    assert running.post("/v1/feedback", {"request_id": number, "mark": "right"}).status == 200
    assert running.post("/v1/feedback", {"request_id": number, "mark": "wrong", "text": "x"}).status == 200
    stop(running)
    assert main(["feedback", "export", "--store", str(tmp_path / "events.db")]) == 0
    out = capsys.readouterr()
    assert json.loads(out.out)["text"] == "x"
    assert out.err == "1 lines; 1 left out: no text\n"


def test_pages_of_rows_follow_the_filters(service: Service, guard: Guard, tmp_path: Path) -> None:
    """The oracle is a list comprehension over what was written."""
    store = Store(str(tmp_path / "events.db"))
    texts = ["Hello there", ATTACK, "Write to jane@example.org"]
    now = time.time()
    events = [
        event(service, guard, texts[i % 3], now - 600 + i, number=f"r{i:03}", route=("check", "chat")[i % 2])
        for i in range(120)
    ]
    store.write(events[:70])
    store.write(events[70:])
    reader = Reader(str(tmp_path / "events.db"))
    for filters in (
        {},
        {"verdict": "block"},
        {"category": "pii"},
        {"route": "chat", "verdict": "flag"},
        {"request_id": "r01"},
        {"project": "none"},
    ):
        expected = [
            item.request_id
            for item in reversed(events)
            if all(
                (
                    item.request_id.startswith(value)
                    if name == "request_id"
                    else value in (getattr(item, name, None), (item.flagged_categories or ("",))[0])
                )
                for name, value in filters.items()
            )
        ]
        seen = request_ids(reader, filters)
        assert seen == expected
    assert len(reader.page({}, since=now - 590, until=now - 580).rows) == 10
    number = reader.find("r001")
    assert number == 2
    assert store.mark(number, "wrong", label="", note="", text=None, source=None)
    assert [row.id for row in reader.page({"marked": "1"}).rows] == [2]
    assert reader.page({"request_id": "r001"}).rows[0].mark == "wrong"
    shown = reader.event(2)
    assert shown is not None
    assert (shown["request_id"], shown["marks"][0]["mark"]) == ("r001", "wrong")
    assert reader.event(1000) is None
    assert not store.mark(1000, "wrong", label="", note="", text=None, source=None)
    reader.close()
    store.close()


@pytest.mark.parametrize("span", [600, 3600, 3 * 86_400, 90 * 86_400])
def test_the_overview_counts_every_event_once(service: Service, guard: Guard, tmp_path: Path, span: int) -> None:
    store = Store(str(tmp_path / "events.db"), retention_days=1000)
    now = time.time()
    made = {text: event(service, guard, text, now) for text in ("Hello", ATTACK)}
    events = []
    for i in range(200):
        text = ("Hello", ATTACK)[i % 4 == 0]
        one = event(service, guard, text, now - i * span / 200)
        object.__setattr__(one, "nanoseconds", 1000 * (i + 1))
        events.append(one)
    store.write(events)
    reader = Reader(str(tmp_path / "events.db"))
    found = reader.overview(now - span - 7200, now + 1)
    assert (found.judged, found.flagged) == (200, 50)
    assert sum(sum(point.values()) for _, point in found.points) == 200
    assert len(found.points) <= 401
    assert sorted(found.top("category")) == sorted((name, 50) for name in made[ATTACK].flagged_categories)
    assert made[ATTACK].flagged_categories[0] == "prompt_injection"
    assert found.top("route") == [("check", 200)]
    for share, value in found.percentiles().items():
        exact = sorted(item.nanoseconds for item in events)[int(share * 200) - 1] / 1e9
        low = max([0.0, *(end for end in BUCKETS if end < exact)])
        high = min(end for end in BUCKETS if end >= exact)
        assert low <= value <= high
    reader.close()
    store.close()


def test_quantiles_of_an_empty_and_of_an_endless_histogram() -> None:
    assert quantile([0.0] * (len(BUCKETS) + 1), 0.5) != quantile([0.0] * (len(BUCKETS) + 1), 0.5)
    assert quantile([0.0] * len(BUCKETS) + [5], 0.5) == BUCKETS[-1]


def test_old_and_too_many_events_are_dropped_and_marks_stay(service: Service, guard: Guard, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "events.db"), retention_days=2, max_bytes=1024**2)
    now = time.time()
    one = event(service, guard, ATTACK, now)
    old = event(service, guard, ATTACK, now - 3 * 86_400, number="old")
    store.write([one])
    store.write([old])
    assert store.mark(2, "right", label="", note="", text="kept", source=None)
    store.write([one] * 2000)
    store.retain(now)
    reader = Reader(str(tmp_path / "events.db"))
    assert reader.find("old") is None
    assert reader.overview(now - 4 * 86_400, now - 2 * 86_400 - 3600).judged == 0
    assert [entry["text"] for entry in reader.feedback()] == ["kept"]
    events, size = reader.size()
    assert 0 < events < 2000
    assert size < 3 * 1024**2
    assert reader.page({}).rows[0].id == 2002
    reader.close()
    store.close()


def test_a_search_that_takes_long_is_cut_and_says_so(
    service: Service, guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(str(tmp_path / "events.db"))
    store.write([event(service, guard, "Hello", time.time())] * 3000)
    store.write([event(service, guard, ATTACK, time.time(), route="chat")] * 3000)
    monkeypatch.setattr("fastguard.server.reader.SECONDS", -1.0)
    reader = Reader(str(tmp_path / "events.db"))
    page = reader.page({"verdict": "allow", "route": "chat"})
    assert page.cut
    reader.close()
    store.close()
