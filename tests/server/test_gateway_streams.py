"""Streams through the gateway: redacted and blocked in mid-stream, however they are cut, in each provider's own events."""

from __future__ import annotations

import itertools
import json
import random
import re
from typing import Any

import pytest
from fastguard import Guard
from fastguard.server.config import load_config
from fastguard.server.gateway.chat import ChatStream
from fastguard.server.gateway.judging import Judge
from fastguard.server.gateway.sse import EventTooLarge, Parser
from fastguard.server.judge import PolicyGuard
from model_api import ModelApi
from serving import ATTACK, Answer, Running
from test_gateway import CHAT, KINDS, SECRET, api, body, gateway, said, upstream

__all__ = ["api", "gateway", "upstream"]  # fixtures

FILLER = "Compound interest is interest on interest: what was earned stays and earns again, year after year. " * 12


def events(answer: Answer) -> list[Any]:
    """The data of all events; None for the end of a stream of chat completions."""
    found = []
    for block in answer.body.decode().split("\n\n"):
        found += [
            None if line == "data: [DONE]" else json.loads(line[6:])
            for line in block.split("\n")
            if line.startswith("data: ")
        ]
    return found


def streamed(path: str, answer: Answer) -> str:
    """What the model says in a streamed answer, as clients put it together."""
    text = ""
    for event in events(answer):
        if event is None:
            continue
        if path == CHAT:
            text += "".join(choice["delta"].get("content") or "" for choice in event.get("choices", ()))
        elif event["type"] == "content_block_delta":
            text += event["delta"].get("text", "")
        elif event["type"] == "response.output_text.delta":
            text += event["delta"]
    return text


def arguments(path: str, answer: Answer) -> str:
    text = ""
    for event in events(answer):
        if event is None:
            continue
        if path == CHAT:
            for choice in event["choices"]:
                for call in choice["delta"].get("tool_calls", ()):
                    text += call["function"].get("arguments", "")
        elif event["type"] == "content_block_delta":
            text += event["delta"].get("partial_json", "")
        elif event["type"] == "response.function_call_arguments.delta":
            text += event["delta"]
    return text


def ending(path: str, answer: Answer) -> str:
    """Why the stream ended."""
    found = events(answer)
    if path == CHAT:
        assert found[-1] is None
        return next(event["choices"][0]["finish_reason"] for event in reversed(found[:-1]) if event["choices"])
    if path == "/v1/messages":
        assert found[-1]["type"] == "message_stop"
        return found[-2]["delta"]["stop_reason"]
    response = found[-1]["response"]
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    return (response["incomplete_details"] or {}).get("reason") or response["status"]


def cuts(text: str, seed: int) -> list[str]:
    rng, pieces = random.Random(seed), []
    while text:
        size = rng.randrange(1, 30)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


@pytest.mark.parametrize("path", KINDS)
def test_a_stream_says_what_the_whole_answer_says(gateway: Running, api: ModelApi, path: str) -> None:
    """The oracle is the answer at once, which is judged at once; the cuts are random, and one byte at a time."""
    text = f"Ça va? {FILLER}Write to jane@example.org, the key is {SECRET}. {FILLER}Bye \U0001f600."
    arguing = '{"title": "caf\u00e9", "note": "' + FILLER + '"}'
    api.pieces, api.call = [text], ("save", [arguing])
    expected = said(path, gateway.post(path, body(path, "Hi")).json())
    assert "<EMAIL_1>, the key is <AWS_ACCESS_KEY_ID_1>. Comp" in expected
    for seed, fault in ((1, ""), (2, ""), (3, "byte by byte")):
        api.pieces, api.call, api.fault = cuts(text, seed), ("save", cuts(arguing, seed)), fault
        answer = gateway.post(path, body(path, "Hi", stream=True))
        assert answer.headers["content-type"] == "text/event-stream"
        assert streamed(path, answer) == expected
        assert arguments(path, answer) == arguing
        assert (
            ending(path, answer) == {CHAT: "tool_calls", "/v1/messages": "tool_use", "/v1/responses": "completed"}[path]
        )
        assert SECRET not in answer.body.decode()
        assert b": fastguard answer=redact unscanned=none\n" in answer.body
    if path == "/v1/responses":
        whole = events(answer)
        done = next(event for event in whole if event["type"] == "response.output_text.done")
        assert done["text"] == whole[-1]["response"]["output"][0]["content"][0]["text"] == expected


@pytest.mark.parametrize("path", KINDS)
def test_a_stream_ends_where_something_blocks(gateway: Running, api: ModelApi, path: str) -> None:
    api.pieces = cuts(f"{FILLER}{ATTACK}. {FILLER}", 5)
    answer = gateway.post(path, body(path, "Hi", stream=True))
    text = streamed(path, answer)
    assert FILLER.startswith(text.rstrip())
    assert len(text) > len(FILLER) // 2
    assert (
        ending(path, answer)
        == {CHAT: "content_filter", "/v1/messages": "refusal", "/v1/responses": "content_filter"}[path]
    )
    assert b": fastguard answer=block" in answer.body
    if path == "/v1/messages":
        kinds = [event["type"] for event in events(answer)]
        assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    if path == "/v1/responses":
        assert events(answer)[-1]["response"]["output"][0]["content"][0]["text"] == text
    quiet = gateway.post(path, body(path, "Hi", stream=True), x_fastguard_project="quiet")
    assert streamed(path, quiet) == api.text
    assert b": fastguard answer=flag" in quiet.body


@pytest.mark.parametrize("path", KINDS)
def test_a_streamed_tool_call_with_a_secret_ends_the_stream(gateway: Running, api: ModelApi, path: str) -> None:
    api.call = ("send", cuts(f'{{"body": "the key is {SECRET} and more"}}', 3))
    answer = gateway.post(path, body(path, "Hi", stream=True))
    assert "2E0A8F3B" not in arguments(path, answer)
    assert ending(path, answer) in {"content_filter", "refusal"}
    assert streamed(path, answer) == "Hello there."


FAULTS = {
    "malformed": "upstream_malformed",
    "invalid utf-8": "upstream_malformed",
    "cut in a character": "upstream_cut",
    "ends early": "upstream_cut",
    "large": "upstream_large",
}


@pytest.mark.parametrize(("path", "fault"), [*itertools.product(KINDS, FAULTS), (CHAT, "slow middle")])
def test_each_fault_in_mid_stream_is_an_event_of_the_provider(
    gateway: Running, api: ModelApi, path: str, fault: str
) -> None:
    code = FAULTS.get(fault, "upstream_timeout")
    api.pieces, api.fault = ["Hello", " there, caf", "é", " and", " more"], fault
    answer = gateway.post(path, body(path, "Hi", stream=True))
    last = events(answer)[-1]
    if path == "/v1/responses":
        assert (last["type"], last["code"]) == ("error", code)
    else:
        assert last["error"]["code"] == code
    assert (last.get("type") == "error") == (path != CHAT)


def test_two_choices_end_each_by_itself(gateway: Running, api: ModelApi) -> None:
    def chunk(index: int, delta: Any, finish: str | None = None) -> bytes:
        return (
            b"data: "
            + json.dumps({"id": "c", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}).encode()
            + b"\n\n"
        )

    api.chat_events = lambda: iter(  # type: ignore[method-assign]
        [chunk(0, {"content": "One"}), chunk(1, {"content": "Two"}), chunk(0, {}, "stop"), chunk(1, {"content": "."}),
         chunk(1, {}, "length"), b'data: {"id": "c", "choices": [], "usage": {"total_tokens": 3}}\n\n', b"data: [DONE]\n\n"]
    )  # fmt: skip
    try:
        found = events(gateway.post(CHAT, body(CHAT, "Hi", stream=True)))
    finally:
        del api.chat_events
    texts = {0: "", 1: ""}
    ends = []
    for event in found[:-2]:
        for choice in event["choices"]:
            texts[choice["index"]] += choice["delta"].get("content", "")
            ends.append((choice["index"], choice["finish_reason"]))
    assert texts == {0: "One", 1: "Two."}
    assert [item for item in ends if item[1]] == [(0, "stop"), (1, "length")]
    assert found[-2]["usage"] == {"total_tokens": 3}


def chat_chunk(delta: Any, **more: Any) -> Any:
    return {
        "id": "c",
        "choices": [{"index": 0, "delta": delta, "finish_reason": None, **more.pop("choice", {})}],
        **more,
    }


def block_start(block: Any) -> Any:
    return {"type": "content_block_start", "index": 0, "content_block": block}


def block_delta(delta: Any) -> Any:
    return {"type": "content_block_delta", "index": 0, "delta": delta}


KEY = f"the key is {SECRET} "
STRANGE = {
    "content as parts": (CHAT, chat_chunk({"content": [{"type": "text", "text": KEY}]})),
    "arguments as an object": (CHAT, chat_chunk({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": {"a": KEY}}}]})),
    "a call of an unknown kind": (CHAT, chat_chunk({"tool_calls": [{"index": 0, "type": "x", "x": {"a": KEY}}]})),
    "calls that are none": (CHAT, chat_chunk({"tool_calls": {"a": KEY}})),
    "a whole message": (CHAT, chat_chunk({}, choice={"message": {"role": "assistant", "content": KEY}})),
    "beside the choices": (CHAT, chat_chunk({"content": "x"}, citations=[KEY])),
    "no choices": (CHAT, {"output": KEY}),
    "audio's transcript": (CHAT, chat_chunk({"audio": {"data": "AA", "transcript": KEY}})),
    "a block that begins with text": ("/v1/messages", block_start({"type": "text", "text": KEY * 40})),
    "citations": ("/v1/messages", block_start({"type": "text", "text": "x", "citations": [{"cited_text": KEY}]})),
    "a result in one piece": ("/v1/messages", block_start({"type": "web_search_tool_result", "content": [{"title": KEY}]})),
    "a tool's name": ("/v1/messages", block_start({"type": "tool_use", "name": KEY, "input": {}})),
    "an unknown delta": ("/v1/messages", block_delta({"type": "new_delta", "new": [KEY]})),
    "thinking": ("/v1/messages", block_delta({"type": "thinking_delta", "thinking": KEY * 40})),
    "content of the start": ("/v1/messages", {"type": "message_start", "message": {"content": [{"type": "thinking", "thinking": KEY, "signature": ""}]}}),
    "an unknown event": ("/v1/responses", {"type": "response.new.thing", "new": {"arguments": KEY}}),
    "a delta that is an object": ("/v1/responses", {"type": "response.new.delta", "delta": {"code": KEY}}),
    "beside a delta": ("/v1/responses", {"type": "response.output_text.delta", "item_id": "i", "delta": "x", "arguments": KEY}),
    "an item's arguments": ("/v1/responses", {"type": "response.output_item.done", "item": {"type": "function_call", "arguments": KEY}}),
}  # fmt: skip


@pytest.mark.parametrize("what", STRANGE)
def test_shapes_that_nobody_knows_are_judged_too(gateway: Running, api: ModelApi, what: str) -> None:
    path, data = STRANGE[what]
    name = {CHAT: "chat_events", "/v1/responses": "response_events", "/v1/messages": "message_events"}[path]
    ends = {CHAT: [b"data: [DONE]\n\n"], "/v1/responses": [], "/v1/messages": [b'data: {"type": "message_stop"}\n\n']}[
        path
    ]
    setattr(api, name, lambda: iter([b"data: " + json.dumps(data).encode() + b"\n\n", *ends]))
    try:
        answer = gateway.post(path, body(path, "Hi", stream=True))
    finally:
        delattr(api, name)
    assert SECRET not in answer.body.decode()
    assert re.search(rb": fastguard answer=(block|redact)", answer.body)


def test_events_are_the_same_for_every_cut() -> None:
    stream = "event: a\r\ndata: 1\r\n\r\n: note\n\ndata:2\ndata: é\n\n\n\nid: 7\rdata: 3\r\rdata: unfinished".encode()
    whole = [(event.name, event.data) for event in Parser(1000).feed(stream)]
    assert whole == [(b"a", b"1"), (b"", None), (b"", "2\né".encode()), (b"", b"3")]
    for first in range(len(stream)):
        for second in range(first, len(stream)):
            parser = Parser(1000)
            found = [
                event for part in (stream[:first], stream[first:second], stream[second:]) for event in parser.feed(part)
            ]
            assert [(event.name, event.data) for event in found] == whole
    assert parser.rest == b"data: unfinished"
    with pytest.raises(EventTooLarge):
        list(Parser(10).feed(b"data: " + b"x" * 20))


@pytest.mark.parametrize("data", [b"1", b"", b" ", b"1\r", b"1\rdata: 2", b"1\ndata: 2", b"x" * 50])
def test_an_event_that_comes_whole_is_the_one_that_comes_byte_by_byte(data: bytes) -> None:
    stream = b"data: " + data + b"\n\n"
    slowly = Parser(100)
    found = [event for at in range(len(stream)) for event in slowly.feed(stream[at : at + 1])]
    at_once = Parser(100)
    assert list(at_once.feed(stream)) == found
    assert at_once.rest == slowly.rest


@pytest.mark.parametrize("enforce", [True, False])
@pytest.mark.parametrize(
    ("text", "sign"),
    [
        (FILLER, "again"),
        (f"{FILLER} The key is {SECRET}. {FILLER}", "_1>"),
        (f"{FILLER} {ATTACK}. {FILLER}", "content_filter"),
    ],
)
def test_plain_chunks_go_the_way_of_all_others(
    text: str, sign: str, enforce: bool, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short way of chunks of text alone against the way of all chunks, event by event."""
    settings = load_config(environment={}).gateway

    def run() -> list[bytes]:
        judge = Judge(PolicyGuard("default", guard), settings, enforce=enforce)
        stream = ChatStream(judge)
        deltas = [{"role": "assistant"}, *({"content": part} for part in cuts(text, 3))]
        sent: list[Any] = [*map(chat_chunk, deltas), chat_chunk({}, choice={"finish_reason": "stop"}), None]
        out = [b"".join(stream.event(item)) for item in sent if not stream.done]
        assert stream.complete
        return [*out, repr((judge.outcome, judge.unscanned)).encode()]

    short = run()
    monkeypatch.setattr(ChatStream, "_plain", lambda *_: None)
    assert short == run()
    assert (sign in b"".join(short).decode()) == (enforce or sign == "again")


# ---------------------------------------------------------------- the real clients


def test_a_long_stream_is_judged_beside_the_loop(gateway: Running, api: ModelApi) -> None:
    api.pieces = [(FILLER + "Write to jane@example.org. ") * 40] * 4
    answer = gateway.post(CHAT, body(CHAT, "Hi", stream=True))
    assert streamed(CHAT, answer) == api.text.replace("jane@example.org", "<EMAIL_1>")
    assert ending(CHAT, answer) == "stop"


def test_the_openai_client(gateway: Running, api: ModelApi) -> None:
    openai = pytest.importorskip("openai", reason="openai is not installed")
    client = openai.OpenAI(base_url=gateway.url + "/v1", api_key="sk-x", max_retries=0)
    hi: Any = [{"role": "user", "content": "Hi"}]
    assert client.chat.completions.create(model="m", messages=hi).choices[0].message.content == "Hello there."
    assert client.responses.create(model="m", input="Hi").output_text == "Hello there."
    assert client.embeddings.create(model="m", input="Hi", encoding_format="float").data[0].embedding == [0.5, 0.25]
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": ATTACK}])
    assert refused.value.code == "content_filter"
    api.pieces = cuts("Write to jane@example.org. " + FILLER, 1)
    chunks = list(client.chat.completions.create(model="m", messages=hi, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks).startswith("Write to <EMAIL_1>. Comp")
    with client.responses.stream(model="m", input="Hi") as stream:
        seen = list(stream)
        assert stream.get_final_response().output_text.startswith("Write to <EMAIL_1>. Comp")
    assert "jane" not in repr(seen)
    api.pieces = cuts(FILLER + ATTACK + FILLER, 1)
    with client.chat.completions.stream(model="m", messages=hi) as chat:
        for _ in chat:
            pass
        with pytest.raises(openai.ContentFilterFinishReasonError) as filtered:
            chat.get_final_completion()
    choice = filtered.value.completion.choices[0]
    assert choice.finish_reason == "content_filter"
    assert FILLER.startswith(choice.message.content.rstrip())
    kinds = [event.type for event in client.responses.create(model="m", input="Hi", stream=True)]
    assert kinds[-1] == "response.incomplete"
    api.fault = "cut in a character"
    api.pieces = ["café"]
    with pytest.raises(openai.APIError, match="broke off"):
        list(client.chat.completions.create(model="m", messages=hi, stream=True))
    client.close()


def test_the_anthropic_client(gateway: Running, api: ModelApi) -> None:
    anthropic = pytest.importorskip("anthropic", reason="anthropic is not installed")
    client = anthropic.Anthropic(base_url=gateway.url, api_key="sk-x", max_retries=0)
    hi: Any = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "Hi"}]}
    assert client.messages.create(**hi).content[0].text == "Hello there."
    with pytest.raises(anthropic.BadRequestError):
        client.messages.create(**{**hi, "system": f"key {SECRET}"})
    api.pieces, api.call = cuts("Write to jane@example.org. " + FILLER, 1), ("f", ['{"a"', ": 1}"])
    with client.messages.stream(**hi) as stream:
        message = stream.get_final_message()
    assert message.content[0].text.startswith("Write to <EMAIL_1>. Comp")
    assert message.content[1].input == {"a": 1}
    api.pieces, api.call = cuts(FILLER + ATTACK + FILLER, 1), None
    with client.messages.stream(**hi) as stream:
        message = stream.get_final_message()
    assert message.stop_reason == "refusal"
    assert FILLER.startswith(message.content[0].text.rstrip())
    api.fault = "cut in a character"
    api.pieces = ["café"]
    with pytest.raises(anthropic.APIError, match="broke off"), client.messages.stream(**hi) as stream:
        stream.get_final_message()
    client.close()
