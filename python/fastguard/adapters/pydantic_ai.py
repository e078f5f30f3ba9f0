"""Pydantic AI: hooks around requests to the model and around tools.

from pydantic_ai import Agent
from fastguard.adapters.pydantic_ai import guard_hooks
agent = Agent("openai:gpt-5", capabilities=[guard_hooks()])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic_ai.capabilities import Hooks
from pydantic_ai.exceptions import SkipModelRequest
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, ThinkingPart

from fastguard import Verdict
from fastguard.adapters.common import Blocked, Screen, as_text, reason

_SOURCES = {
    "system-prompt": "system",
    "user-prompt": "user",
    "tool-return": "tool_result",
    "retry-prompt": "tool_result",
}


def guard_hooks(screen: Screen | None = None, *, on_block: Literal["answer", "raise"] = "answer") -> Hooks[Any]:
    """Return hooks that judge what the model is asked, what it answers and calls, and what tools return.

    A block answers with a text that says so in place of the model, or raises `Blocked` where ``on_block="raise"`` (the
    better choice where the output has a type); a result of a tool that blocks is replaced, and the run goes on. A first
    request is judged with all its history, a later one from the last answer on.
    """
    if on_block not in ("answer", "raise"):
        raise ValueError(f"on_block: expected answer or raise, got {on_block!r}")
    using = screen if screen is not None else Screen()
    hooks: Hooks[Any] = Hooks()

    def answer(verdict: Verdict) -> ModelResponse | None:
        if not using.blocks(verdict):
            return None
        if on_block == "raise":
            raise Blocked(verdict)
        return ModelResponse(parts=[TextPart(reason(verdict))])

    @hooks.on.before_model_request
    async def before(context: Any, request: Any) -> Any:
        messages = request.messages if context.run_step <= 1 else _since_answer(request.messages)
        stopped = answer(using.judge_texts(item for message in messages for item in _texts(message)))
        if stopped is not None:
            raise SkipModelRequest(stopped)
        return request

    @hooks.on.after_model_request
    async def after(context: Any, *, request_context: Any, response: ModelResponse) -> ModelResponse:
        del context, request_context
        return answer(using.judge_texts(_texts(response))) or _redacted(using, response)

    @hooks.on.after_tool_execute
    async def tool(context: Any, *, call: Any, tool_def: Any, args: Any, result: Any) -> Any:
        del context, call, tool_def, args
        try:
            clean = using.passing(as_text(result), "tool_result")
        except Blocked as blocked:
            return str(blocked)
        return clean if isinstance(result, str) else result

    return hooks


def _since_answer(messages: Sequence[Any]) -> Sequence[Any]:
    last = max((i for i, message in enumerate(messages) if isinstance(message, ModelResponse)), default=-1)
    return messages[last + 1 :]


def _texts(message: Any) -> list[tuple[str, str]]:
    """Return the texts of a message, each with its source."""
    if isinstance(message, ModelRequest):
        found = [(getattr(message, "instructions", None), "system")]
        found += [(part.content, _SOURCES.get(part.part_kind, "tool_result")) for part in message.parts]
        return [(text, source) for content, source in found for text in _strings(content)]
    contents = [getattr(part, "content", None) or getattr(part, "args", None) for part in message.parts]
    return [(text, "assistant") for content in contents for text in _strings(content)]


def _strings(content: Any) -> list[str]:
    if content is None:
        return []
    if isinstance(content, (list, tuple)):
        return [text for item in content for text in _strings(item)]
    kind = getattr(content, "kind", "")
    if kind in ("binary", "image-url", "audio-url", "video-url", "document-url"):
        return []
    return [as_text(getattr(content, "content", content) if kind else content)]


def _redacted(screen: Screen, response: ModelResponse) -> ModelResponse:
    """Replace secrets and personal data in what people read; what tools are called with stays."""
    for part in response.parts:
        if isinstance(part, (TextPart, ThinkingPart)) and part.content:
            part.content = screen.passing(part.content, "assistant")
    return response
