"""HTTP beneath the routes: what is written at once, bodies that come in pieces, ids, and connections over workers."""

from __future__ import annotations

import asyncio
import dataclasses
import http.client
import os
import socket
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastguard.server import service
from fastguard.server.body import Disconnected, read_body
from fastguard.server.config import Limits
from fastguard.server.errors import RequestError
from fastguard.server.protocol import Joined
from serving import Running

LIMITS = Limits(body_bytes=100, depth=8, values=100, read_seconds=20)


class Transport:
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def test_head_and_body_are_one_write_and_a_head_alone_goes_with_the_next_turn() -> None:
    async def run() -> None:
        transport = Transport()
        joined = Joined(transport, asyncio.get_running_loop())  # type: ignore[arg-type]
        joined.write(b"HTTP/1.1 200 OK\r\n\r\n")
        joined.write(b"body")
        joined.write(b"more")
        assert transport.written == [b"HTTP/1.1 200 OK\r\n\r\nbody", b"more"]
        joined.write(b"HTTP/1.1 200 OK\r\n\r\n")
        assert len(transport.written) == 2
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        joined.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        joined.close()
        assert transport.written[2:] == [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"]
        assert joined.is_closing()

    asyncio.run(run())


def read(*messages: Any, slow: float = 0, headers: dict[bytes, bytes] | None = None, limits: Limits = LIMITS) -> bytes:
    left = list(messages)

    async def receive() -> Any:
        if slow or len(left) < len(messages):
            await asyncio.sleep(slow)
        return left.pop(0)

    return asyncio.run(read_body(receive, headers or {}, limits))


def part(body: bytes, *, more: bool = True) -> dict[str, object]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize("slow", [0, 0.001])
def test_a_body_is_the_same_however_it_comes(slow: float) -> None:
    assert read(part(b"abcdef", more=False), slow=slow) == b"abcdef"
    assert read(part(b"abc"), part(b""), part(b"def", more=False), slow=slow) == b"abcdef"
    for messages in ([part(b"x" * 101, more=False)], [part(b"x" * 60), part(b"x" * 60, more=False)]):
        with pytest.raises(RequestError) as caught:
            read(*messages, slow=slow)
        assert caught.value.status == 413
    with pytest.raises(RequestError) as caught:
        read(part(b"abc", more=False), slow=slow, headers={b"content-encoding": b"br"})
    assert caught.value.status == 415
    for before in ([], [part(b"abc")]):
        with pytest.raises(Disconnected):
            read(*before, {"type": "http.disconnect"}, slow=slow)


def test_a_body_that_waits_has_a_limit_and_can_be_given_up() -> None:
    with pytest.raises(RequestError) as caught:
        read(part(b"abc", more=False), slow=30, limits=dataclasses.replace(LIMITS, read_seconds=1))
    assert caught.value.status == 408

    async def give_up() -> bool:
        ended = []

        async def receive() -> Any:
            try:
                await asyncio.sleep(5)
            finally:
                ended.append(True)

        task = asyncio.create_task(read_body(receive, {}, LIMITS))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return bool(ended)

    assert asyncio.run(give_up())


def test_ids_are_uuids_and_no_worker_has_another_ones() -> None:
    mine = [service.request_id() for _ in range(500)]
    assert all(str(uuid.UUID(number)) == number and uuid.UUID(number).version == 4 for number in mine)
    assert {number[19] for number in mine} == set("89ab")
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, " ".join(service.request_id() for _ in range(100)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 100_000).decode().split()
    mine += [service.request_id() for _ in range(500)]
    assert len({*mine, *theirs}) == len(mine) + len(theirs) == 1100


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="this system deals no connections out")
def test_connections_are_dealt_out_over_workers_and_the_port_is_theirs_alone(serve: Any, tmp_path: Path) -> None:
    running: Running = serve("--workers", "2", "--store", "")
    place = urlsplit(running.url)
    connections = [http.client.HTTPConnection("127.0.0.1", place.port or 0, timeout=20) for _ in range(48)]
    for connection in connections:
        connection.connect()
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text(encoding="ascii")
    for connection in connections:
        connection.request("GET", "/livez")
        assert connection.getresponse().read() == b'{"status":"ok"}'
    held = [
        sum("socket:" in str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()) for pid in children.split()
    ]
    assert len(held) == 2
    assert min(held) > 6, "one worker has (nearly) all connections"  # by chance once in ten million times
    for connection in connections:
        connection.close()
    with pytest.raises(AssertionError, match=r"did not start.*in use"):
        serve("--port", str(place.port), "--workers", "2")
