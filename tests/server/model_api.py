"""A model API on a thread of the test's own process: OpenAI's and Anthropic's protocols, with faults on demand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn


@dataclass
class ModelApi:
    """What it says next, what goes wrong, and what it was asked."""

    url: str = ""
    pieces: list[str] = field(default_factory=lambda: ["Hello", " there."])
    call: tuple[str, list[str]] | None = None
    fault: str = ""
    seen: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        data = json.loads(body) if body else None
        headers = {key.decode(): value.decode() for key, value in scope["headers"]}
        self.seen.append((scope["path"], headers, data))
        streaming = bool(data and data.get("stream"))
        await self._answer(scope["path"], data, streaming, receive, send)

    async def _answer(self, path: str, data: Any, streaming: bool, receive: Any, send: Any) -> None:
        status, kind, extra = 200, b"application/json", []
        if self.fault == "500":
            status = 500
            parts = [b'{"error": {"message": "broken", "type": "server_error"}}']
        elif self.fault == "redirect":
            status, extra, parts = 302, [(b"location", b"http://127.0.0.1:1/")], [b""]
        elif path.endswith("/embeddings"):
            parts = [json.dumps({"object": "list", "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1},
                                 "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}]}).encode()]  # fmt: skip
        elif path.endswith("/models"):
            parts = [b'{"object": "list", "data": []}']
        elif streaming:
            kind = b"text/event-stream"
            events = {
                "completions": self.chat_events,
                "responses": self.response_events,
                "messages": self.message_events,
            }
            parts = list(events[path.rsplit("/", 1)[-1]]())
        else:
            answers = {"completions": self.chat, "responses": self.response, "messages": self.message}
            parts = [json.dumps(answers[path.rsplit("/", 1)[-1]]()).encode()]
        await self._send(status, kind, extra, self._broken(parts, streaming), receive, send)

    def _broken(self, parts: list[bytes], streaming: bool) -> list[bytes]:
        if self.fault == "malformed":
            if not streaming:
                return [b'{"choices": [']
            return [*parts[:2], b'data: {"choices": [}\n\n', *parts[2:]]
        if self.fault == "invalid utf-8":
            return [part.replace(b"there", b"\xff\xfe") for part in parts]
        if self.fault == "cut in a character":
            whole = "".join(part.decode() for part in parts).encode()
            return [whole[: whole.index("é".encode()) + 1]]
        if self.fault == "ends early":
            return parts[:2]
        if self.fault == "large":
            return [b"x" * 100_000] * 20
        if self.fault == "byte by byte":
            return [bytes([byte]) for part in parts for byte in part]
        return parts

    async def _send(self, status: int, kind: bytes, extra: Any, parts: list[bytes], receive: Any, send: Any) -> None:
        if self.fault == "slow head":
            await asyncio.sleep(8)
        headers = [(b"content-type", kind), (b"x-request-id", b"req_upstream"), (b"set-cookie", b"a=b"), *extra]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, part in enumerate(parts):
            if self.fault == "slow middle" and number == len(parts) // 2:
                await asyncio.sleep(8)
            if self.fault == "endless":
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(receive(), 0.05)
                    self.gone.set()
                    return
            await send({"type": "http.response.body", "body": part, "more_body": True})
            if self.fault == "byte by byte":
                await asyncio.sleep(0)
        if self.fault in {"cut in a character", "cut"}:
            raise ConnectionAbortedError  # the server closes the connection with the body unfinished
        await send({"type": "http.response.body", "body": b""})

    # ------------------------------------------------------------ chat completions

    def chat(self) -> Any:
        message: dict[str, Any] = {"role": "assistant", "content": self.text, "refusal": None}
        if self.call:
            name, arguments = self.call
            message["tool_calls"] = [
                {"id": "call_1", "type": "function", "function": {"name": name, "arguments": "".join(arguments)}}
            ]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice],
                "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}  # fmt: skip

    def chat_events(self) -> Iterator[bytes]:
        def chunk(delta: Any, finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            data = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
            return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"

        yield chunk({"role": "assistant", "content": ""})
        for piece in self.pieces:
            yield chunk({"content": piece})
        if self.call:
            name, arguments = self.call
            function: dict[str, Any] = {"name": name, "arguments": ""}
            yield chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})
            for piece in arguments:
                yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        yield chunk({}, "tool_calls" if self.call else "stop")
        yield b"data: [DONE]\n\n"

    # ------------------------------------------------------------ responses

    def response(self, *, text: bool = True) -> Any:
        output: list[Any] = []
        if text:
            output.append(
                {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
                 "content": [{"type": "output_text", "text": self.text, "annotations": []}]}
            )  # fmt: skip
            if self.call:
                output.append(
                    {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": self.call[0],
                     "arguments": "".join(self.call[1]), "status": "completed"}
                )  # fmt: skip
        return {"id": "r1", "object": "response", "created_at": 1, "model": "m", "status": "completed", "output": output,
                "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "instructions": None, "error": None,
                "incomplete_details": None, "metadata": {}, "temperature": 1.0, "top_p": 1.0}  # fmt: skip

    def response_events(self) -> Iterator[bytes]:
        number = 0

        def event(kind: str, **more: Any) -> bytes:
            nonlocal number
            data = {"type": kind, "sequence_number": number, **more}
            number += 1
            return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()

        place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        begun = {**self.response(text=False), "status": "in_progress"}
        message = self.response()["output"][0]
        yield event("response.created", response=begun)
        yield event(
            "response.output_item.added", output_index=0, item={**message, "status": "in_progress", "content": []}
        )
        yield event("response.content_part.added", **place, part={"type": "output_text", "text": "", "annotations": []})
        for piece in self.pieces:
            yield event("response.output_text.delta", **place, delta=piece, logprobs=[])
        yield event("response.output_text.done", **place, text=self.text, logprobs=[])
        yield event("response.content_part.done", **place, part=message["content"][0])
        yield event("response.output_item.done", output_index=0, item=message)
        if self.call:
            call = self.response()["output"][1]
            yield event("response.output_item.added", output_index=1, item={**call, "arguments": ""})
            for piece in self.call[1]:
                yield event("response.function_call_arguments.delta", item_id="fc_1", output_index=1, delta=piece)
            yield event("response.function_call_arguments.done", item_id="fc_1", output_index=1, name=self.call[0], arguments=call["arguments"])  # fmt: skip
            yield event("response.output_item.done", output_index=1, item=call)
        yield event("response.completed", response=self.response())

    # ------------------------------------------------------------ messages

    def message(self) -> Any:
        content: list[Any] = [{"type": "text", "text": self.text}]
        if self.call:
            content.append(
                {"type": "tool_use", "id": "tu_1", "name": self.call[0], "input": json.loads("".join(self.call[1]))}
            )
        return {"id": "m1", "type": "message", "role": "assistant", "model": "m", "content": content,
                "stop_reason": "tool_use" if self.call else "end_turn", "stop_sequence": None,
                "usage": {"input_tokens": 1, "output_tokens": 2}}  # fmt: skip

    def message_events(self) -> Iterator[bytes]:
        def event(kind: str, **more: Any) -> bytes:
            return f"event: {kind}\ndata: {json.dumps({'type': kind, **more}, ensure_ascii=False)}\n\n".encode()

        yield event("message_start", message={**self.message(), "content": [], "stop_reason": None})
        yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        yield event("ping")
        for piece in self.pieces:
            yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
        yield event("content_block_stop", index=0)
        if self.call:
            block = {"type": "tool_use", "id": "tu_1", "name": self.call[0], "input": {}}
            yield event("content_block_start", index=1, content_block=block)
            for piece in self.call[1]:
                yield event("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": piece})
            yield event("content_block_stop", index=1)
        reason = "tool_use" if self.call else "end_turn"
        yield event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage={"output_tokens": 2})
        yield event("message_stop")


@contextmanager
def running() -> Iterator[ModelApi]:
    """Serve the API on a free port, on a thread."""
    api = ModelApi()
    server = uvicorn.Server(uvicorn.Config(api, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    api.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield api
    finally:
        server.should_exit = True
        thread.join(10)
