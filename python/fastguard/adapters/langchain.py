"""LangChain 1.x: middleware for agents.

from langchain.agents import create_agent
from fastguard.adapters.langchain import GuardMiddleware
agent = create_agent(model, tools, middleware=[GuardMiddleware()])
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

from langchain.agents.middleware import AgentMiddleware, hook_config
from langchain_core.messages import AIMessage, ToolMessage

from fastguard.adapters.common import Blocked, Screen, as_chat, as_text, reason


class GuardMiddleware(AgentMiddleware[Any, Any]):
    """Judges the conversation as it begins, each answer of the model with its tool calls, and each result of a tool.

    A block of the conversation or of an answer ends the run with a message that says so, or raises `Blocked` where
    ``on_block="raise"``; a result of a tool that blocks is replaced, and the run goes on.
    """

    def __init__(self, screen: Screen | None = None, *, on_block: Literal["answer", "raise"] = "answer") -> None:
        super().__init__()
        if on_block not in ("answer", "raise"):
            raise ValueError(f"on_block: expected answer or raise, got {on_block!r}")
        self._screen = screen if screen is not None else Screen()
        self._raises = on_block == "raise"

    @hook_config(can_jump_to=["end"])
    def before_agent(self, state: Any, runtime: Any) -> dict[str, Any] | None:
        """Judge all messages that the run begins with."""
        del runtime
        return self._judge(state["messages"], None)

    @hook_config(can_jump_to=["end"])
    async def abefore_agent(self, state: Any, runtime: Any) -> dict[str, Any] | None:
        """Do the same: a verdict takes microseconds."""
        del runtime
        return self._judge(state["messages"], None)

    @hook_config(can_jump_to=["end"])
    def after_model(self, state: Any, runtime: Any) -> dict[str, Any] | None:
        """Judge the last message, which the model wrote; with a screen that redacts, replace its text."""
        del runtime
        return self._answer(state)

    @hook_config(can_jump_to=["end"])
    async def aafter_model(self, state: Any, runtime: Any) -> dict[str, Any] | None:
        """Do the same."""
        del runtime
        return self._answer(state)

    def _answer(self, state: Any) -> dict[str, Any] | None:
        last = state["messages"][-1]
        stopped = self._judge([last], last.id)
        if stopped is None and isinstance(last.content, str):
            clean = self._screen.passing(last.content, "assistant")
            if clean != last.content:
                return {"messages": [last.model_copy(update={"content": clean})]}
        return stopped

    def wrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        """Judge what a tool returns."""
        return self._result(handler(request))

    async def awrap_tool_call(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        """Do the same."""
        return self._result(await handler(request))

    def _judge(self, messages: Sequence[Any], replaced: str | None) -> dict[str, Any] | None:
        chat = [
            as_chat(item.type, item.content, (call["args"] for call in getattr(item, "tool_calls", ())))
            for item in messages
        ]
        verdict = self._screen.judge_messages(chat)
        if not self._screen.blocks(verdict):
            return None
        if self._raises:
            raise Blocked(verdict)
        return {"messages": [AIMessage(reason(verdict), id=replaced)], "jump_to": "end"}

    def _result(self, result: Any) -> Any:
        if not isinstance(result, ToolMessage):
            return result  # a command to the graph: what it adds to the conversation is judged when a run begins
        try:
            if isinstance(result.content, str):
                clean = self._screen.passing(result.content, "tool_result")
                return result if clean == result.content else result.model_copy(update={"content": clean})
            self._screen.let(self._screen.judge_messages([as_chat("tool", result.content)]))
            self._screen.require(as_text(result.artifact), "tool_result")
        except Blocked as blocked:
            return result.model_copy(update={"content": str(blocked), "status": "error", "artifact": None})
        return result
