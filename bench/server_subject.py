"""The processes that bench_server measures: a server with an empty verdict, and a model API that says when it spoke.

python -m bench.server_subject empty|model|relay URL EVERY|hop PORT PORT_FILE
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from fastguard.server.config import load_config
from fastguard.server.run import uvicorn_config

CHUNKS = 400
PIECE = "word "  # a token


def empty_application() -> Any:
    """The server as it is, events and answers included, but every text gets the verdict that was made at the start."""
    from fastguard.server.app import Application
    from fastguard.server.judge import Judged, PolicyGuard
    from fastguard.server.run import settle
    from fastguard.server.service import Service

    service = Service(load_config(environment={}, options={"events": {"store": ""}}))
    settle()
    verdict = service.state.guards["default"].guard.check("")

    def judge(
        self: PolicyGuard,
        texts: Sequence[str | bytes],
        sources: Sequence[str],
        messages: Sequence[int],
        unscanned: Sequence[str] = (),
    ) -> Judged:
        start = time.perf_counter_ns()
        return Judged(texts, messages, sources, [verdict] * len(texts), unscanned, time.perf_counter_ns() - start)

    PolicyGuard.judge = judge  # type: ignore[method-assign]
    return Application(service)


async def model_application(scope: Any, receive: Any, send: Any) -> None:
    """Stream a chat completion, a chunk a millisecond, each with the time at which it was sent."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    count = int(json.loads(body).get("chunks", CHUNKS))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})

    async def say(delta: Any, finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        data = {
            "id": "c",
            "object": "chat.completion.chunk",
            "model": "m",
            "created": time.perf_counter_ns(),
            "choices": [choice],
        }
        part = b"data: " + json.dumps(data).encode() + b"\n\n"
        await send({"type": "http.response.body", "body": part, "more_body": True})

    await say({"role": "assistant", "content": ""})
    for _ in range(count):
        await asyncio.sleep(0.001)
        await say({"content": PIECE})
    await say({}, "stop")
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


class Relay:
    """What any reverse proxy of this make costs: the gateway's server and client, and nothing in between.

    With `every` only one piece of so many goes on, as the gateway sends text on in steps: a client that is seldom woken
    wakes later.
    """

    def __init__(self, url: str, every: str) -> None:
        self._url = url
        self._every = int(every)
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._session = self._session or aiohttp.ClientSession()
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        async with self._session.post(self._url + scope["path"], data=body) as answer:
            head = {"type": "http.response.start", "status": answer.status}
            await send({**head, "headers": [(b"content-type", b"text/event-stream")]})
            number = 0
            while chunk := await answer.content.readany():
                number += 1
                if number % self._every == 0 or b'"finish_reason": null' not in chunk:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def hop(upstream: str, port_file: str) -> None:
    """Pass bytes on between sockets, a thread for each: the least that a process in between costs here, in any language."""
    bound = socket.create_server(("127.0.0.1", 0))
    Path(port_file).write_text(str(bound.getsockname()[1]), encoding="ascii")

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    while True:
        client = bound.accept()[0]
        there = socket.create_connection(("127.0.0.1", int(upstream)))
        for end in (client, there):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for pair in ((client, there), (there, client)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


def main() -> None:
    what, *rest, port_file = sys.argv[1:]
    if what == "hop":
        hop(*rest, port_file)
    application = {"empty": empty_application, "model": lambda: model_application, "relay": lambda: Relay(*rest)}[
        what
    ]()
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    Path(port_file).write_text(str(bound.getsockname()[1]), encoding="ascii")
    settings = uvicorn_config(application, load_config(environment={}).listen)
    uvicorn.Server(settings).run(sockets=[bound])


if __name__ == "__main__":
    main()
