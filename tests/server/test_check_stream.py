"""A text that is judged while it arrives: what is safe comes back before the text is whole."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from fastguard import Guard
from serving import ATTACK, Running

FILLER = "Compound interest is interest on interest: what was earned stays and earns again. " * 20


class Client:
    """A connection that sends a body in chunks and reads events in between."""

    def __init__(self, running: Running, query: str = "") -> None:
        host, port = running.url.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.socket.sendall(
            f"POST /v1/check/stream{query} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n"
            f"connection: close\r\n\r\n".encode()
        )
        self.file = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        if data:
            self.socket.sendall(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        self.socket.sendall(b"0\r\n\r\n")

    def events(self) -> Iterator[tuple[str, Any]]:
        name = ""
        for line in self.file:
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                yield name, json.loads(line[6:])
        self.file.close()
        self.socket.close()


def test_text_is_released_before_the_text_is_whole(server: Running) -> None:
    client = Client(server)
    client.send(FILLER.encode())
    events = client.events()
    name, first = next(events)
    assert name == "text"
    assert FILLER.startswith(first["text"])
    client.send(b"The end.")
    client.end()
    rest = list(events)
    assert first["text"] + "".join(data["text"] for name, data in rest if name == "text") == FILLER + "The end."
    assert (rest[-1][0], rest[-1][1]["action"], rest[-1][1]["blocked"]) == ("verdict", "allow", False)


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_however_it_is_cut_it_says_what_the_check_says(server: Running, guard: Guard, size: int) -> None:
    text = f"Ça va \U0001f600? Write to jane@example.org. {FILLER[:300]} Bye."
    client = Client(server, "?mode=redact&source=assistant")
    raw = text.encode()
    for start in range(0, len(raw), size):
        client.send(raw[start : start + size])
    client.end()
    events = list(client.events())
    assert "".join(data["text"] for name, data in events if name == "text") == text.replace(
        "jane@example.org", "<EMAIL_1>"
    )
    verdict = events[-1][1]
    expected = guard.check(text, source="assistant").to_dict()
    assert {key: verdict[key] for key in expected} == json.loads(json.dumps(expected))


def test_a_block_ends_the_reading(server: Running) -> None:
    client = Client(server)
    client.send(f"{FILLER}{ATTACK}. {FILLER}".encode())
    events = list(client.events())  # the body has no end: the answer comes all the same
    assert FILLER.startswith("".join(data["text"] for name, data in events if name == "text").rstrip())
    assert (events[-1][0], events[-1][1]["blocked"], events[-1][1]["action"]) == ("verdict", True, "block")


def test_what_is_wrong_with_the_call_is_said_at_once(server: Running) -> None:
    for query in ("?source=nobody", "?mode=shout", "?policy=none", "?project=none"):
        answer = server.post(f"/v1/check/stream{query}", b"x")
        assert answer.status in {400, 404}
        assert query[1:].partition("=")[0] in answer.json()["message"]
    assert server.get("/v1/check/stream").status == 405
    assert server.post("/v1/check/stream", b"x", origin="https://evil.example").status == 403


def test_a_text_over_the_limit_ends_in_an_error(serve: Any) -> None:
    running = serve("--store", "", environment={"FASTGUARD_LIMITS_BODY_BYTES": "2000"})
    client = Client(running)
    client.send(FILLER.encode() * 2)
    name, data = list(client.events())[-1]
    assert (name, data["error"]) == ("error", "Payload Too Large")
    broken = Client(running)
    broken.send(b"a\xffb\xc3")
    broken.end()
    assert next(iter(list(broken.events())))[1]["text"] == "a\ufffdb\ufffd"
