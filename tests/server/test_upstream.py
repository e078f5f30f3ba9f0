"""The gateway's client: answers of every form, cut anywhere, and connections that are used again or must not be."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from fastguard.server.config import load_config
from fastguard.server.gateway.connection import UpstreamFault, head_of
from fastguard.server.gateway.settings import Gateway
from fastguard.server.gateway.upstream import Client, read_all

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
SETTINGS = {"gateway": {"read_seconds": 1, "connect_seconds": 2, "connections": 2, "answer_bytes": 100_000}}
BODY = b"".join(b"%d: some words\n" % i for i in range(50))
CHUNKED = b"HTTP/1.1 200 OK\r\nX-One: 1\r\ntransfer-encoding: chunked\r\n\r\n" + b"".join(
    b"%x\r\n%s\r\n" % (len(BODY[i : i + 100]), BODY[i : i + 100]) for i in range(0, len(BODY), 100)
)
PACKED = gzip.compress(BODY)
ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nX-One: 1\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY,
    "chunked": CHUNKED + b"0\r\n\r\n",
    "trailers": CHUNKED + b"0\r\nx-two: 2\r\n\r\n",
    "until closed": b"HTTP/1.1 200 OK\r\nX-One: 1\r\nconnection: close\r\n\r\n" + BODY,
    "after 100": b"HTTP/1.1 103 Early Hints\r\nx-none: 0\r\n\r\n" + CHUNKED + b"0\r\n\r\n",
    "packed": b"HTTP/1.1 200 OK\r\nX-One: 1\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(PACKED) + PACKED,
}  # fmt: skip
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@pytest.fixture(params=["native", "python"])
def native(request: pytest.FixtureRequest) -> bool:
    """As it is served, and without httptools and uvloop."""
    return bool(request.param == "native")


def gateway(**more: Any) -> Gateway:
    return load_config(environment={}, options={"gateway": {**SETTINGS["gateway"], **more}}).gateway


def talk(native: bool, speak: Talk, use: Callable[[Client, str], Coroutine[Any, Any, Any]], **how: Any) -> Any:
    """Let a client use a server that speaks so; return what comes of it."""

    async def run() -> Any:
        tasks: set[asyncio.Task[None]] = set()

        async def spoken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.current_task())  # type: ignore[arg-type]
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await speak(reader, writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

        server = await asyncio.start_server(spoken, "127.0.0.1", 0, **how)
        client = Client(native=native)
        scheme = "https" if how else "http"
        try:
            return await use(client, f"{scheme}://localhost:{server.sockets[0].getsockname()[1]}/v1/x?q=1")
        finally:
            await client.close()
            server.close()
            if tasks:
                assert not (await asyncio.wait(tasks, timeout=5))[1]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop if native else None) as runner:
        return runner.run(run())


async def heard(reader: asyncio.StreamReader) -> bytes:
    """A request with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
    return head + await reader.readexactly(size)


async def post(client: Client, url: str, settings: Gateway | None = None) -> tuple[int, bytes, bytes]:
    settings = settings or gateway()
    async with client.request(settings, "POST", url, [(b"x-a", b"1")], b"{}") as answer:
        return answer.status, answer.header(b"x-one"), await read_all(answer, settings.answer_bytes)


@pytest.mark.parametrize("form", ANSWERS)
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_an_answer_is_the_same_however_it_comes(native: bool, form: str, step: int) -> None:
    asked: list[bytes] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await heard(reader))
        whole = ANSWERS[form]
        for i in range(0, len(whole), step):
            writer.write(whole[i : i + step])
            if step < 100:
                await asyncio.sleep(0)

    assert talk(native, speak, post) == (200, b"1", BODY)
    host = asked[0].partition(b"\r\nhost: ")[2].partition(b"\r\n")[0]
    assert asked[0] == b"POST /v1/x?q=1 HTTP/1.1\r\nhost: %s\r\nx-a: 1\r\ncontent-length: 2\r\n\r\n{}" % host


FAULTS = {
    "nothing": (b"", "upstream_cut"),
    "half a head": (b"HTTP/1.1 200 OK\r\nx", "upstream_cut"),
    "half a length": (ANSWERS["length"][:-1], "upstream_cut"),
    "half a chunk": (CHUNKED[:-5], "upstream_cut"),
    "no last chunk": (CHUNKED, "upstream_cut"),
    "half a package": (ANSWERS["packed"].replace(b"content-length", b"x-length").replace(b"200 OK", b"200 OK\r\nconnection: close")[:-9], "upstream_cut"),
    "not HTTP": (b"SSH-2.0-server\r\n\r\n", "upstream_malformed"),
    "two lengths": (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc", "upstream_malformed"),
    "no package": (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd", "upstream_malformed"),
    "an unknown package": (b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 4\r\n\r\nabcd", "upstream_malformed"),
    "a bomb": (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n" + gzip.compress(bytes(50_000_000)), "upstream_large"),
    "large": (b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + bytes(200_000), "upstream_large"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_whole_answer_is_a_fault(native: bool, fault: str) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(FAULTS[fault][0])

    with pytest.raises(UpstreamFault) as found:
        talk(native, speak, post)
    assert found.value.code == FAULTS[fault][1]


def test_a_head_without_end_is_refused(native: bool) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: %s\r\n" % (i, b"y" * 1000) for i in range(200)) + b"\r\n"
        )

    with pytest.raises(UpstreamFault) as found:
        talk(native, speak, post)
    assert found.value.status == 502


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"])
def test_silence_is_a_timeout(native: bool, said: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(said)
        await reader.read()

    with pytest.raises(UpstreamFault) as found:
        talk(native, speak, post)
    assert (found.value.status, found.value.code) == (504, "upstream_timeout")


def count(native: bool, answer: bytes, **how: Any) -> int:
    seen: list[int] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(1)
        while True:
            await heard(reader)
            writer.write(answer)
            if not how.get("again", True):
                break

    async def use(client: Client, url: str) -> None:
        for _ in range(3):
            assert (await post(client, url))[2] == b"ok"
            await asyncio.sleep(how.get("gap", 0.02))

    talk(native, speak, use)
    return len(seen)


def test_a_connection_is_used_again_where_that_is_safe(native: bool) -> None:
    assert count(native, PLAIN) == 1
    assert count(native, PLAIN.replace(b"OK\r\n", b"OK\r\nconnection: close\r\n")) == 3
    assert count(native, b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok") == 3
    assert count(native, PLAIN + b"more") == 3  # what nobody asked for is of no later answer
    assert count(native, PLAIN + PLAIN) == 3
    assert count(native, PLAIN, again=False) == 3  # closed after each, whether the client has seen that or not
    assert count(native, PLAIN, again=False, gap=0) == 3


def test_an_answer_that_nobody_reads_closes_its_connection(native: bool) -> None:
    closed = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(CHUNKED)
        await reader.read()
        closed.set()

    async def use(client: Client, url: str) -> None:
        async with client.request(gateway(), "GET", url, [], None) as answer:
            assert await answer.read()
        await asyncio.wait_for(closed.wait(), 2)

    talk(native, speak, use)


def test_a_reader_that_is_slow_holds_the_upstream(native: bool) -> None:
    written = 0

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await heard(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
        while written < 100_000_000:
            writer.write(bytes(100_000))
            await writer.drain()
            written += 100_000

    async def use(client: Client, url: str) -> None:
        async with client.request(gateway(), "GET", url, [], None) as answer:
            await asyncio.sleep(0.2)
            before = written
            assert before < 50_000_000
            got = 0
            while got < 60_000_000:
                got += len(await answer.read())
            assert written > before

    talk(native, speak, use)


def test_no_more_requests_at_a_time_than_set(native: bool) -> None:
    now = most = 0

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        await heard(reader)
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        writer.write(PLAIN.replace(b"OK\r\n", b"OK\r\nconnection: close\r\n"))

    async def use(client: Client, url: str) -> None:
        await asyncio.gather(*(post(client, url) for _ in range(8)))

    talk(native, speak, use)
    assert most == 2


def test_certificates_are_checked(native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(PLAIN)
        await reader.read()

    with pytest.raises(UpstreamFault) as found:
        talk(native, speak, post, ssl=context)
    assert found.value.code == "upstream_unreachable"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert talk(native, speak, post, ssl=context) == (200, b"", b"ok")


@pytest.mark.parametrize("wrong", [b"/v1 HTTP/1.1\r\nx: ", b"/v1\r\nx: 1", b"/v1\n", b"/v1\r"])
def test_a_request_is_one_request(wrong: bytes) -> None:
    with pytest.raises(UpstreamFault):
        head_of("GET", wrong, b"h", [], None)
    with pytest.raises(UpstreamFault):
        head_of("GET", b"/v1", b"h", [(b"x", b"1\r\n" + wrong)], None)
