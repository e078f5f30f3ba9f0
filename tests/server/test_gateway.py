"""The gateway: what goes in, what comes out whole, and what is done where something is wrong."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastguard.server.gateway.texts import read_answer, read_request
from fastguard.server.keys import hash_key
from model_api import ModelApi, running
from serving import ATTACK, Running, start, stop

SECRET = "AKIA2E0A8F3B244C9986"
CHAT = "/v1/chat/completions"
KINDS = (CHAT, "/v1/responses", "/v1/messages")


def settings(api: ModelApi, more: str = "") -> str:
    return (
        f'[upstreams.model]\nurl = "{api.url}/v1"\n[upstreams.dead]\nurl = "http://127.0.0.1:9/v1"\n'
        f'[projects.quiet]\nmode = "detect"\n[gateway]\nread_seconds = 3\nanswer_bytes = 1000000\n{more}'
    )


@pytest.fixture(scope="module")
def upstream() -> Iterator[ModelApi]:
    with running() as api:
        yield api


@pytest.fixture
def api(upstream: ModelApi) -> ModelApi:
    """The upstream as it is at first."""
    fresh = ModelApi()
    upstream.pieces, upstream.call, upstream.fault, upstream.seen = fresh.pieces, None, "", []
    upstream.gone.clear()
    return upstream


@pytest.fixture(scope="module")
def gateway(upstream: ModelApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("gateway")
    (folder / "server.toml").write_text(settings(upstream))
    started = start(folder, "--config", "server.toml")
    yield started
    stop(started)


@pytest.fixture(scope="module")
def lenient(upstream: ModelApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One that fails open, redacts requests and refuses images."""
    folder = tmp_path_factory.mktemp("lenient")
    more = 'fail = "open"\nrequests = "redact"\nunscanned = "block"\nanswers = "block"\n'
    (folder / "server.toml").write_text(settings(upstream, more))
    started = start(folder, "--config", "server.toml", "--store", "")
    yield started
    stop(started)


def body(path: str, text: str, **more: Any) -> dict[str, Any]:
    if path.endswith("/responses"):
        return {"model": "m", "input": text, **more}
    return {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": text}], **more}


def said(path: str, answer: Any) -> str:
    """What the model says in a whole answer."""
    if path.endswith("/responses"):
        return "".join(part["text"] for item in answer["output"] for part in item.get("content", ()))
    if path.endswith("/messages"):
        return "".join(part.get("text", "") for part in answer["content"])
    return answer["choices"][0]["message"]["content"] or ""


@pytest.mark.parametrize("path", KINDS)
def test_what_is_innocent_passes_as_it_is(gateway: Running, api: ModelApi, path: str) -> None:
    sent = json.dumps(body(path, "What is compound interest?"), indent=3).encode()
    answer = gateway.post(path, sent, authorization="Bearer sk-client", x_api_key="sk-client", cookie="a=b")
    assert answer.status == 200
    assert said(path, answer.json()) == "Hello there."
    assert answer.headers["x-fastguard-request"] == answer.headers["x-fastguard-answer"] == "allow"
    assert answer.headers["x-request-id"] == "req_upstream"
    assert "set-cookie" not in answer.headers
    got, headers, data = api.seen[0]
    assert (got, data) == (path, json.loads(sent))
    assert headers["authorization"] == "Bearer sk-client"
    assert headers["content-length"] == str(len(sent))
    assert "cookie" not in headers
    assert "sk-client" not in gateway.log.read_text()


def place(path: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return path, body(path, "Hi", **more)


def chat(*messages: Any) -> tuple[str, dict[str, Any]]:
    return CHAT, {"model": "m", "messages": [{"role": "user", "content": "Hi"}, *messages]}


def claude(*content: Any) -> tuple[str, dict[str, Any]]:
    return "/v1/messages", {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": list(content)}]}


KEY = f"the key is {SECRET}"
TOOL = {
    "name": "f",
    "description": "finds",
    "parameters": {"type": "object", "properties": {"q": {"description": ATTACK}}},
}
PLACES = {
    "user": place(CHAT, messages=[{"role": "user", "content": ATTACK}]),
    "an earlier message": chat({"role": "user", "content": ATTACK}, {"role": "user", "content": "Thanks"}),
    "text part": chat({"role": "user", "content": [{"type": "text", "text": ATTACK}]}),
    "tool result": chat({"role": "tool", "tool_call_id": "1", "content": ATTACK}),
    "tool definition": place(CHAT, tools=[{"type": "function", "function": TOOL}]),
    "function definition": place(CHAT, functions=[TOOL]),
    "tool call": chat({"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": KEY}}]}),
    "system": chat({"role": "system", "content": KEY}),
    "prediction": place(CHAT, prediction={"type": "content", "content": KEY}),
    "an unknown key": place(CHAT, something={"new": [ATTACK]}),
    "an unknown part": chat({"role": "user", "content": [{"type": "hologram", "caption": ATTACK}]}),
    "responses: input": place("/v1/responses", input=ATTACK),
    "responses: message": place("/v1/responses", input=[{"role": "user", "content": [{"type": "input_text", "text": ATTACK}]}]),
    "responses: result": place("/v1/responses", input=[{"type": "function_call_output", "call_id": "1", "output": ATTACK}]),
    "responses: instructions": place("/v1/responses", instructions=KEY),
    "responses: tool": place("/v1/responses", tools=[{"type": "function", **TOOL}]),
    "responses: variables": place("/v1/responses", prompt={"id": "p", "variables": {"q": ATTACK}}),
    "anthropic: text": claude({"type": "text", "text": ATTACK}),
    "anthropic: tool result": claude({"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": ATTACK}]}),
    "anthropic: document": claude({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": ATTACK}}),
    "anthropic: search result": claude({"type": "search_result", "source": "x", "title": "t", "content": [{"type": "text", "text": ATTACK}]}),
    "anthropic: system": place("/v1/messages", system=[{"type": "text", "text": KEY}]),
    "anthropic: tool": place("/v1/messages", tools=[{"name": "f", "description": ATTACK, "input_schema": {"type": "object"}}]),
    "anthropic: tool use": claude({"type": "tool_use", "id": "1", "name": "f", "input": {"q": KEY}}),
    "embeddings": ("/v1/embeddings", {"model": "m", "input": ["Hi", ATTACK]}),
    "count tokens": ("/v1/messages/count_tokens", body("/v1/messages", ATTACK)),
}  # fmt: skip


@pytest.mark.parametrize("where", PLACES)
def test_whatever_place_an_attack_is_in_the_request_is_refused(gateway: Running, api: ModelApi, where: str) -> None:
    path, data = PLACES[where]
    answer = gateway.post(path, data)
    assert answer.status == 400
    assert not api.seen
    error = answer.json()["error"]
    assert error["code"] == "content_filter"
    assert error["type"] == "invalid_request_error"
    assert ATTACK not in error["message"]
    assert (answer.json().get("type") == "error") == ("/messages" in path)
    assert gateway.post(path, data, x_fastguard_project="quiet").headers["x-fastguard-request"] == "flag"


def test_parts_that_are_no_text_are_named(gateway: Running, lenient: Running, api: ModelApi) -> None:
    path, data = chat(
        {"role": "user", "content": [
            {"type": "text", "text": "Look"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
            {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
            {"type": "file", "file": {"file_id": "f1"}},
        ]}
    )  # fmt: skip
    answer = gateway.post(path, data)
    assert answer.headers["x-fastguard-unscanned"] == (
        "messages[1].content[1].image_url (image_url), messages[1].content[2].input_audio (input_audio), "
        "messages[1].content[3].file.file_id (not text)"
    )
    assert lenient.post(path, data).status == 400
    kinds = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}},
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
        {"type": "redacted_thinking", "data": "AA"},
    ]
    found = read_request(claude(*kinds)[1])
    assert not found.found
    assert [item.rpartition(" ")[2] for item in found.unscanned] == ["(image)", "(document)", "(redacted_thinking)"]
    stored = read_request({"input": [{"type": "item_reference", "id": "x"}], "previous_response_id": "r"})
    assert len(stored.unscanned) == 2
    assert read_request({"input": [[1, 2], [3]]}).unscanned == ["input (tokens)"]
    secret = {"type": "mcp", "server_url": "https://x.example", "authorization": SECRET}
    assert SECRET not in repr(read_request({"tools": [secret]}).found)


@pytest.mark.parametrize("path", KINDS)
def test_answers_are_redacted_or_withheld(gateway: Running, lenient: Running, api: ModelApi, path: str) -> None:
    api.pieces = [f"Write to jane@example.org, {KEY}."]
    answer = gateway.post(path, body(path, "Hi"))
    assert said(path, answer.json()) == "Write to <EMAIL_1>, the key is <AWS_ACCESS_KEY_ID_1>."
    assert answer.headers["x-fastguard-answer"] == "redact"
    withheld = lenient.post(path, body(path, "Hi"))
    assert withheld.status == 200
    assert withheld.headers["x-fastguard-answer"] == "block"
    assert SECRET not in withheld.body.decode()
    assert said(path, withheld.json()) == ""
    quiet = gateway.post(path, body(path, "Hi"), x_fastguard_project="quiet")
    assert SECRET in said(path, quiet.json())
    assert quiet.headers["x-fastguard-answer"] == "flag"


@pytest.mark.parametrize("path", KINDS)
def test_a_tool_call_with_a_secret_is_withheld(gateway: Running, api: ModelApi, path: str) -> None:
    api.call = ("send", [f'{{"to": "{SECRET}"}}'])
    answer = gateway.post(path, body(path, "Hi"))
    assert answer.headers["x-fastguard-answer"] == "block"
    assert SECRET not in answer.body.decode()
    finish = {CHAT: '"finish_reason":"content_filter"', "/v1/responses": '"incomplete_details":{"reason":"content_filter"}',
              "/v1/messages": '"stop_reason":"refusal"'}  # fmt: skip
    assert finish[path] in answer.body.decode()


def test_logprobs_do_not_spell_out_what_was_replaced(gateway: Running, api: ModelApi) -> None:
    api.pieces = ["jane@example.org"]
    whole = api.chat()
    whole["choices"][0]["logprobs"] = {"content": [{"token": "jane@example.org", "logprob": 0}]}
    api.chat = lambda: whole  # type: ignore[method-assign]
    try:
        answer = gateway.post(CHAT, body(CHAT, "Hi", logprobs=True))
    finally:
        del api.chat
    assert "jane" not in answer.body.decode()
    assert "logprobs (withheld)" in answer.headers["x-fastguard-unscanned"]


def test_requests_are_redacted_where_that_is_asked_for(lenient: Running, api: ModelApi) -> None:
    part = {"type": "text", "text": f"Mail jane@example.org, {KEY}"}
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"to": "jane@example.org"}'}}
    path, data = chat({"role": "user", "content": [part]}, {"role": "assistant", "content": None, "tool_calls": [call]})
    answer = lenient.post(path, data)
    assert answer.headers["x-fastguard-request"] == "redact"
    sent = api.seen[0][2]["messages"]
    assert sent[1]["content"][0]["text"] == "Mail <EMAIL_1>, the key is <AWS_ACCESS_KEY_ID_1>"
    assert sent[2] == data["messages"][2]  # arguments are judged, never altered
    assert lenient.post(CHAT, body(CHAT, ATTACK)).status == 400


FAULTS = {
    "500": (500, None),
    "redirect": (502, "upstream_redirect"),
    "slow head": (504, "upstream_timeout"),
    "malformed": (502, "upstream_malformed"),
    "invalid utf-8": (502, "upstream_malformed"),
    "large": (502, "upstream_large"),
    "cut": (502, "upstream_cut"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_an_upstream_has_its_answer(gateway: Running, api: ModelApi, fault: str) -> None:
    api.fault = fault
    status, code = FAULTS[fault]
    for path in (CHAT, "/v1/messages"):
        answer = gateway.post(path, body(path, "Hi"))
        assert answer.status == status
        error = answer.json()["error"]
        if code is None:
            assert error == {"message": "broken", "type": "server_error"}
            assert answer.headers["x-fastguard-unscanned"] == "the upstream's error"
        else:
            assert error["code"] == code
        if fault == "slow head":
            break


def test_an_upstream_that_is_not_there(gateway: Running, api: ModelApi) -> None:
    answer = gateway.post("/u/dead/v1/messages", body("/v1/messages", "Hi"))
    assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_unreachable")
    assert gateway.post("/u/nobody/v1/messages", body("/v1/messages", "Hi")).status == 404
    assert gateway.get("/u/model/v1/models").json() == {"object": "list", "data": []}
    assert gateway.get(CHAT).status == 405
    assert [path for path, *_ in api.seen] == ["/v1/models"]


def test_open_what_cannot_be_read_passes_and_is_counted(lenient: Running, api: ModelApi) -> None:
    api.fault = "malformed"
    answer = lenient.post(CHAT, body(CHAT, "Hi"))
    assert (answer.status, answer.body) == (200, b'{"choices": [')
    assert answer.headers["x-fastguard-unscanned"] == "the answer (malformed)"
    counters = lenient.get("/metrics").body.decode()
    assert "fastguard_gateway_failed_open_total 1\n" in counters
    assert 'fastguard_gateway_answers_total{result="upstream_malformed"} 1\n' in counters


@pytest.mark.parametrize("wrong", [b"", b"[]", b"{", b'{"a":1,"a":2}', b'{"messages":"\\ud800"}', b"[" * 100_000])
def test_bodies_that_parsers_disagree_about_go_no_further(gateway: Running, api: ModelApi, wrong: bytes) -> None:
    answer = gateway.post(CHAT, wrong)
    assert answer.status == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert not api.seen


def test_a_client_that_leaves_ends_the_upstreams_work(gateway: Running, api: ModelApi) -> None:
    api.fault, api.pieces = "endless", ["word "] * 1000
    connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"), timeout=10)
    connection.request("POST", CHAT, json.dumps(body(CHAT, "Hi", stream=True)))
    connection.getresponse().read(10)
    connection.close()
    assert api.gone.wait(5)


def test_own_keys_and_those_of_upstreams(serve: Callable[..., Running], api: ModelApi, tmp_path: Path) -> None:
    (tmp_path / "up.key").write_text("sk-upstream\n")
    (tmp_path / "server.toml").write_text(
        f'[keys.a]\nhash = "{hash_key("fg-a")}"\n[upstreams.theirs]\nurl = "{api.url}/v1"\n'
        f'[upstreams.ours]\nurl = "{api.url}/v1"\nkey_file = "up.key"\n'
    )
    gateway = serve("--config", "server.toml", "--store", "")
    ours, theirs = "/u/ours" + CHAT, "/u/theirs" + CHAT
    hi = body(CHAT, "Hi")
    assert gateway.post(ours, hi).status == 401
    assert gateway.post(theirs, hi, authorization="Bearer fg-a").status == 401
    assert gateway.post(ours, hi, authorization="Bearer fg-a").status == 200
    assert api.seen[-1][1]["authorization"] == "Bearer sk-upstream"
    assert gateway.post("/u/ours/v1/messages", hi, x_api_key="fg-a").status == 200
    assert api.seen[-1][1]["x-api-key"] == "sk-upstream"
    assert gateway.post(theirs, hi, x_fastguard_key="fg-a", authorization="Bearer sk-client").status == 200
    assert api.seen[-1][1]["authorization"] == "Bearer sk-client"
    assert "fg-a" not in json.dumps(api.seen)
    assert not {"sk-", "fg-a"} & set(gateway.log.read_text().split())


def test_what_passed_is_an_event(gateway: Running, api: ModelApi) -> None:
    import sqlite3

    api.pieces = ["Write to jane@example.org"]
    number = gateway.post(CHAT, body(CHAT, "Hi")).headers["x-fastguard-request-id"]
    path = next(gateway.log.parent.rglob("events.db"))
    end = time.monotonic() + 5
    rows: list[Any] = []
    while len(rows) < 2 and time.monotonic() < end:
        time.sleep(0.05)
        db = sqlite3.connect(path)
        rows = db.execute("SELECT direction, action FROM events WHERE request_id = ? ORDER BY id", (number,)).fetchall()
        db.close()
    assert rows == [("input", "allow"), ("output", "redact")]


def test_every_string_of_an_unknown_shape_is_found() -> None:
    deep: Any = "the end"
    for i in range(40):
        deep = {f"k{i}": [deep]}
    assert [item.text for item in read_request({"x": deep}).found] == ["the end"]
    assert [item.text for item in read_answer({"x": deep, "id": "no"}).found] == ["the end"]
