"""What the gateway adds to a stream, beside what else may stand in between; part of bench_server."""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from bench.server_process import on_cpu, process

SPARSE = 25  # chunks of five bytes for each that leaves the gateway, which releases text in steps of 128


def stream(port: int, chunks: int) -> tuple[float, list[float], int]:
    """Ask for one streamed answer: ms to the first event, us from sending to arrival of each, events."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    body = json.dumps(
        {
            "model": "m",
            "stream": True,
            "chunks": chunks,
            "messages": [{"role": "user", "content": "How does compound interest work?"}],
        }
    )
    start = time.perf_counter_ns()
    connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
    answer = connection.getresponse()
    first, late = 0.0, []
    while line := answer.readline():
        now = time.perf_counter_ns()
        if line.startswith(b"data: {"):
            first = first or (now - start) / 1e6
            late.append((now - json.loads(line[6:])["created"]) / 1000)
    connection.close()
    return first, late[1:], len(late)


def measure_gateway(folder: Path, rounds: int) -> dict[str, float]:
    """The same stream by turns from the model API and through what may stand in between.

    `through` is the gateway; `relay` its server and client with nothing between them, `sparse` the same sending as seldom
    as the gateway does, `hop` sockets alone: the least that any process in between adds.
    """
    subject = "bench.server_subject"
    with ExitStack() as stack:

        def begin(name: str, *arguments: str) -> tuple[int, subprocess.Popen[bytes]]:
            return stack.enter_context(
                process(folder, *arguments, *([] if name == "through" else [str(folder / name)]))
            )

        direct = begin("direct", subject, "model")
        url = f"http://127.0.0.1:{direct[0]}"
        (folder / "gateway.toml").write_text(f'[upstreams.m]\nurl = "{url}/v1"\n', encoding="utf-8")
        serve = ("fastguard", "serve", "--port", "0", "--store", "", "--config", str(folder / "gateway.toml"))
        subjects = {
            "direct": direct,
            "through": begin("through", *serve),
            "relay": begin("relay", subject, "relay", url, "1"),
            "sparse": begin("sparse", subject, "relay", url, str(SPARSE)),
            "hop": begin("hop", subject, "hop", str(direct[0])),
        }
        firsts: dict[str, list[float]] = {name: [] for name in subjects}
        lates: dict[str, list[float]] = {name: [] for name in subjects}
        ran = dict.fromkeys(subjects, 0.0)
        for turn in range(rounds + 2):
            for name, (port, _) in subjects.items():
                first = stream(port, 1)[0]
                if turn >= 2:
                    firsts[name].append(first)
        streams = max(2, rounds // 8)
        for _ in range(streams):
            for name, (port, server) in subjects.items():
                before = on_cpu(server.pid)
                lates[name] += stream(port, 400)[1]
                ran[name] += (on_cpu(server.pid) - before) / (400 * streams)
    found = {f"gateway_first_{name}_ms": statistics.median(values) for name, values in firsts.items()}
    found |= {f"gateway_chunk_{name}_us": statistics.median(values) for name, values in lates.items()}
    found |= {f"gateway_chunk_cpu_{name}_us": ran[name] for name in ("through", "relay")}
    for what, unit in (("first", "ms"), ("chunk", "us")):
        values = {name: found[f"gateway_{what}_{name}_{unit}"] for name in subjects}
        found[f"gateway_{what}_{unit}"] = values["through"] - values["direct"]
        for name in ("hop", "relay", "sparse"):
            found[f"gateway_{what}_over_{name}_{unit}"] = values["through"] - values[name]
    return found
