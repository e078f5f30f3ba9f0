"""What a store promises, on the SQLite file and on a PostgreSQL server that the tests start."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from databases import Cluster, cluster
from fastguard import Guard
from fastguard.cli import main
from fastguard.server.config import load_config
from fastguard.server.errors import ConfigError
from fastguard.server.events import Event
from fastguard.server.judge import PolicyGuard
from fastguard.server.metrics import BUCKETS
from fastguard.server.pgurl import Address, connect
from fastguard.server.reader import FILTERS
from fastguard.server.service import Call, Service
from fastguard.server.store import open_reader, open_store
from serving import ATTACK, Running, request_ids, stop

TEXTS = ("Hello there", ATTACK, "Write to jane@example.org", "A \0 zero, ein Ümlaut und \U0001f600")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    made = Service(load_config(environment={}, options={"events": {"store": "", "excerpt": True}}))
    yield made
    made.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    pytest.importorskip("pg8000", reason="the extra postgres is not installed (pg8000)")
    with cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store of the test's own goes: a path, or the URL of a fresh database."""
    if request.param == "sqlite":
        return str(tmp_path / "events.db")
    running: Cluster = request.getfixturevalue("postgres")
    return running.database(f"t{time.monotonic_ns()}")


def event(
    service: Service, guard: Guard, text: str, ts: float, *, number: str = "r", route: str = "check", project: str = "p"
) -> Event:
    policy = PolicyGuard("default", guard)
    judged = policy.judge_text(text)
    call = Call(service, service.state, route, None, b"", {}, number)
    made = Event.of(judged, policy, call, project, "input", str(judged.action), {"user_id": "jane"})
    object.__setattr__(made, "ts", ts)
    return made


def fits(item: Event, filters: dict[str, str]) -> bool:
    """The oracle of filters: Python over what was written."""
    fields = {name: getattr(item, name, "") for name in FILTERS}
    fields["category"] = (item.flagged_categories or ("",))[0]
    return all(
        item.request_id.startswith(value) if name == "request_id" else fields[name] == value
        for name, value in filters.items()
    )


def test_pages_of_rows_follow_the_filters(service: Service, guard: Guard, place: str) -> None:
    now = time.time()
    events = [
        event(service, guard, TEXTS[i % 4], now - 600 + i, number=f"r{i:03}é", route=("check", "chat")[i % 2])
        for i in range(120)
    ]
    with closing(open_store(place)) as store, closing(store.reader()) as reader:
        store.write(events[:70])
        store.write(events[70:])
        every: list[dict[str, str]] = [
            {}, {"verdict": "block"}, {"category": "pii"}, {"route": "chat", "verdict": "flag"}, {"request_id": "r01"},
            {"request_id": "r001é"}, {"project": "none"}, {"project": "p", "direction": "input"}, {"action": "allow"},
            {"request_id": "\0"}, {"verdict": "'; DROP TABLE events"}, {"request_id": "%"}, {"project": "?"},
        ]  # fmt: skip
        for filters in every:
            expected = [item.request_id for item in reversed(events) if fits(item, filters)]
            seen = request_ids(reader, filters)
            assert seen == expected, filters
        assert len(reader.page({}, since=now - 590, until=now - 580).rows) == 10
        row = reader.page({}, limit=1).rows[0]
        assert (row.ts, row.score, row.level) == (events[-1].ts, events[-1].score, events[-1].level)
        assert reader.size()[0] == 120


def test_an_event_comes_back_as_it_was_written(service: Service, guard: Guard, place: str) -> None:
    with closing(open_store(place)) as store, closing(store.reader()) as reader:
        for text in (*TEXTS, "lone \ud800 surrogate", "x" * 100_000, '"\\\n\t{}[]?$1:name'):
            one = event(service, guard, text, time.time())
            store.write([one])
            shown = reader.event(reader.page({}, limit=1).rows[0].id)
            assert shown is not None
            assert (shown.pop("marks"), shown.pop("id") > 0) == ([], True)
            assert shown == json.loads(json.dumps(one.to_dict(store.salt)))
            assert len(shown["excerpt"][0]) <= 2000
        for nothing in (0, -1, 1000, 2**63, -(2**70)):
            assert reader.event(nothing) is None


def test_the_most_severe_event_of_a_request_is_found_and_marked(service: Service, guard: Guard, place: str) -> None:
    now = time.time()
    with closing(open_store(place)) as store, closing(store.reader()) as reader:
        store.write([event(service, guard, text, now + i, number="one") for i, text in enumerate(TEXTS)])
        number = store.find("one")
        assert number == 2
        for nothing in ("", "on", "o\0ne", "'"):
            assert store.find(nothing) is None
        note = 'a note with \0, "quotes", \U0001f600'
        assert store.mark(number, "wrong", label="innocent", note=note, text="my \0 text", source="retrieved")
        assert store.mark(number, "right", label="", note="", text=None, source=None)
        assert not store.mark(1000, "wrong", label="", note="", text=None, source=None)
        assert not store.mark(2**64, "wrong", label="", note="", text=None, source=None)
        shown = reader.event(number)
        assert shown is not None
        assert [(item["mark"], item["note"]) for item in shown["marks"]] == [("wrong", note), ("right", "")]
        assert [(row.id, row.mark) for row in reader.page({"marked": "1"}).rows] == [(2, "right")]
        kept = list(reader.feedback())
        assert [(entry["text"], entry["source"]) for entry in kept] == [("my \0 text", "retrieved"), (ATTACK, "user")]
        assert {(entry["event"], entry["request_id"], entry["verdict"]) for entry in kept} == {(2, "one", "block")}


@pytest.mark.parametrize("span", [600, 3 * 86_400, 90 * 86_400])
def test_the_overview_counts_every_event_once(service: Service, guard: Guard, place: str, span: int) -> None:
    now = time.time()
    events = []
    for i in range(200):
        one = event(service, guard, ("Hello", ATTACK)[i % 4 == 0], now - i * span / 200)
        object.__setattr__(one, "nanoseconds", 1000 * (i + 1))
        events.append(one)
    with closing(open_store(place, retention_days=1000)) as store, closing(store.reader()) as reader:
        store.write(events[:120])
        store.write(events[120:])
        found = reader.overview(now - span - 7200, now + 1)
        assert (found.judged, found.flagged) == (200, 50)
        assert sum(sum(point.values()) for _, point in found.points) == 200
        assert len(found.points) <= 401
        for kind, names in (
            ("category", [name for item in events for name in item.flagged_categories]),
            ("atlas", [name for item in events for name in item.atlas]),
            ("signature", [name for item in events for name in {str(part["signature"]) for part in item.findings}]),
        ):
            assert dict(found.top(kind, 1000)) == dict(Counter(names)), kind
        for share, value in found.percentiles().items():
            exact = sorted(item.nanoseconds for item in events)[int(share * 200) - 1] / 1e9
            low = max([0.0, *(end for end in BUCKETS if end < exact)])
            assert low <= value <= min(end for end in BUCKETS if end >= exact)
        assert reader.overview(now + 1e6, now + 2e6).judged == 0


def test_old_and_too_many_events_are_dropped_and_marks_stay(service: Service, guard: Guard, place: str) -> None:
    now = time.time()
    with closing(open_store(place, retention_days=2, max_bytes=1024**2)) as store, closing(store.reader()) as reader:
        one = event(service, guard, ATTACK, now)
        store.write([one])
        store.write([event(service, guard, ATTACK, now - 3 * 86_400, number="old")])
        assert store.mark(2, "right", label="", note="", text="kept", source=None)
        store.write([one] * 2000)
        before = reader.size()[1]
        store.retain(now)
        assert reader.find("old") is None
        assert reader.overview(now - 4 * 86_400, now - 2 * 86_400 - 3600).judged == 0
        assert [entry["text"] for entry in reader.feedback()] == ["kept"]
        left = reader.size()[0]
        assert 0 < left < 2000
        assert reader.page({}).rows[0].id == 2002
        store.retain(now)
        assert reader.size()[0] == left
        assert before * left / 2002 < 1.2 * 1024**2


def test_workers_write_at_once_and_nothing_is_lost(service: Service, guard: Guard, place: str) -> None:
    now = time.time()
    batch = [event(service, guard, text, now, number=f"n{i}") for i, text in enumerate(TEXTS * 5)]
    wrong: list[BaseException] = []

    def work() -> None:
        try:
            with closing(open_store(place)) as store:
                for i in range(10):
                    store.write(batch if i % 2 else batch[::-1])
                    store.retain(now)
        except BaseException as problem:
            wrong.append(problem)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with closing(open_reader(place)) as reader:
        assert reader.size()[0] == 4 * 10 * 20
        assert reader.overview(now - 3600, now + 3600).judged == 4 * 10 * 20
    with closing(open_store(place)) as one, closing(open_store(place)) as other:
        assert one.salt == other.salt


def test_a_search_that_takes_long_is_cut_and_says_so(
    service: Service, guard: Guard, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_store(place)) as store, closing(store.reader()) as reader:
        store.write([event(service, guard, "Hello", time.time())] * 3000)
        store.write([event(service, guard, ATTACK, time.time(), route="chat")] * 3000)
        assert not reader.page({"verdict": "allow", "route": "chat"}).cut
        monkeypatch.setattr("fastguard.server.reader.SECONDS", -1.0)
        assert reader.page({"verdict": "allow", "route": "chat"}).cut
        monkeypatch.undo()
        assert len(reader.page({"verdict": "allow"}).rows) == 50  # the connection is as good as before


def test_a_batch_is_written_whole_or_not_at_all(
    service: Service, guard: Guard, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = event(service, guard, ATTACK, time.time())
    with closing(open_store(place)) as store, closing(store.reader()) as reader:
        store.write([one])
        append: Callable[..., None] = store._append
        monkeypatch.setattr(store, "_append", lambda rows, counts: append(rows, {(60, 0, "verdict", None): 1}))
        with pytest.raises(Exception, match=re.compile("null", re.IGNORECASE)):
            store.write([one] * 5)
        monkeypatch.undo()
        assert reader.size()[0] == 1
        store.write([one])
        assert [len(reader.page({}).rows), reader.overview(one.ts - 3600, one.ts + 3600).judged] == [2, 2]


# ---------------------------------------------------------------- what only a server can do


def test_a_server_that_was_started_again_is_written_again(service: Service, guard: Guard, postgres: Cluster) -> None:
    place = postgres.database("again")
    one = event(service, guard, ATTACK, time.time())
    with closing(open_store(place)) as store:
        store.write([one])
        postgres.stop()
        with pytest.raises(Exception, match="does not answer"):
            store.write([one])
        with pytest.raises(Exception, match="does not answer"):
            store.find("r")
        postgres.start()
        postgres.database("awake")
        store.write([one])
        with closing(store.reader()) as reader:
            assert reader.size()[0] == 2


def test_a_search_inside_the_server_is_cancelled(postgres: Cluster) -> None:
    place = postgres.database("slow")
    with closing(open_store(place)) as store, closing(store.reader()) as reader:
        begin = time.monotonic()
        rows, cut = reader._bounded("SELECT n, pg_sleep(n * 0.05) FROM generate_series(0, 1000) AS n WHERE n >= ?", [0])
        assert cut
        assert 1 <= len(rows) < 10
        assert time.monotonic() - begin < 2
        with pytest.raises(Exception, match="read-only"):
            list(reader._rows("DELETE FROM events"))


def test_the_server_serves_its_pages_from_it(
    serve: Callable[..., Running], postgres: Cluster, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = postgres.database("served")
    running = serve("--store", place, "--workers", "2", environment={"FASTGUARD_EVENTS_EXCERPT": "true"})
    numbers = [running.post("/v1/check", {"text": text}).json()["request_id"] for text in TEXTS for _ in range(3)]
    end = time.monotonic() + 10
    while running.get("/ui/requests").body.decode().count('href="/ui/requests/') < 12:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert "3" in running.get("/ui/").body.decode().split("<dt>Blocked</dt>")[1][:20]
    row = re.findall(r"/ui/requests/(\d+)", running.get("/ui/requests?verdict=block").body.decode())[0]
    assert '<mark class="c-prompt_injection"' in running.get(f"/ui/requests/{row}").body.decode()
    assert running.get("/ui/packs").status == 200
    assert running.post("/v1/feedback", {"request_id": numbers[3], "mark": "right"}).status == 200
    for wrong in ("\0", "nothing"):
        assert running.post("/v1/feedback", {"request_id": wrong, "mark": "right"}).status == 404
    assert running.post("/v1/feedback", {"event": 2**63, "mark": "right"}).status == 404
    assert "Nothing fits" in running.get("/ui/requests?request_id=%00").body.decode()
    assert stop(running) == 0
    assert main(["feedback", "export", "--store", place, "-o", str(tmp_path / "out.jsonl")]) == 0
    assert capsys.readouterr().err == "1 lines\n"
    assert json.loads((tmp_path / "out.jsonl").read_text())["text"] == ATTACK


def test_pages_say_that_the_store_is_away(serve: Callable[..., Running], postgres: Cluster) -> None:
    running = serve("--store", postgres.database("away"))
    postgres.stop()
    try:
        answer = running.get("/ui/requests")
        assert answer.status == 503
        assert "does not answer" in answer.body.decode()
        assert running.post("/v1/feedback", {"request_id": "x", "mark": "right"}).status == 503
        assert running.post("/v1/check", {"text": ATTACK}).json()["action"] == "block"
        end = time.monotonic() + 10
        while 'fastguard_events_dropped_total{sink="store"} 1\n' not in running.get("/metrics").body.decode():
            assert time.monotonic() < end, running.get("/metrics").body.decode()
            time.sleep(0.1)
    finally:
        postgres.start()
        postgres.database("back")


def test_a_database_that_cannot_be_used_is_an_error_of_the_configuration(postgres: Cluster, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'events.store: database "nothing" does not exist; expected'):
        open_store(postgres.url("nothing"))
    with pytest.raises(ConfigError, match="No such file"):
        open_store(f"postgresql://guard@/x?host={tmp_path}")


def test_over_tcp_the_password_counts(
    service: Service, guard: Guard, postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = Address.of(postgres.database("tcp"))
    local = connect(address, {}, timeout=10)
    local.execute_simple("ALTER ROLE guard PASSWORD 'p/w@d'")
    local.close()
    place = f"127.0.0.1:{postgres.port}/tcp"
    with closing(open_store(f"postgresql://guard:p%2Fw%40d@{place}")) as store, closing(store.reader()) as reader:
        store.write([event(service, guard, ATTACK, time.time())])
        assert reader.size()[0] == 1
    monkeypatch.setenv("PGPASSWORD", "p/w@d")
    with closing(open_reader(f"postgresql://guard@{place}")) as reader:
        assert reader.find("r") == 1
    with pytest.raises(ConfigError, match=f"postgresql://guard@{place}: events.store: password authentication failed"):
        open_store(f"postgresql://guard:hunter2@{place}")
    with pytest.raises(ConfigError, match="refuses SSL"):
        open_store(f"postgresql://guard:p%2Fw%40d@{place}?sslmode=require")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://guard:hunter2@db", "incomplete; expected postgresql://USER"),
        ("postgresql://db/events", "incomplete"),
        ("postgresql://guard:hunter2@db:port/events", "not an address"),
        ("postgresql://guard:hunter2@db/events?sslmode=maybe", 'sslmode is "maybe"; expected one of disable'),
        ("postgresql://guard:hunter2@db/events?ssl=1", 'unknown parameter "ssl"; expected one of host, sslmode'),
        ("postgresql://guard:hunter2@db/events#x", "incomplete"),
    ],
)
def test_addresses_that_are_wrong_say_so_without_the_password(url: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(environment={"FASTGUARD_EVENTS_STORE": url})
    assert said in str(caught.value)
    assert "events.store" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_addresses_that_are_right() -> None:
    import ssl

    found = Address.of("postgresql://us%40er:p%2Fw@[::1]:6432/my%20events?sslmode=verify-full")
    assert (found.host, found.port, found.user, found.password) == ("::1", 6432, "us@er", "p/w")
    assert (found.database, found.socket) == ("my events", "")
    context = found.tls()
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert "p/w" not in repr(found)
    loose = Address.of("postgres://u@db/e?sslmode=require").tls()
    assert isinstance(loose, ssl.SSLContext)
    assert not loose.check_hostname
    assert Address.of("postgres://u@db/e").tls() is None
    assert Address.of("postgres://u@/e?host=/run").tls() is False
