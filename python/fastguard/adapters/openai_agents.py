"""OpenAI Agents SDK: guardrails for what goes in, what comes out, and what tools are given and give back.

from agents import Agent
from fastguard.adapters.openai_agents import input_guardrail, output_guardrail
agent = Agent(name="a", input_guardrails=[input_guardrail()], output_guardrails=[output_guardrail()])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents import (
    GuardrailFunctionOutput,
    InputGuardrail,
    OutputGuardrail,
    ToolGuardrailFunctionOutput,
    ToolInputGuardrail,
    ToolInputGuardrailData,
    ToolOutputGuardrail,
    ToolOutputGuardrailData,
)

from fastguard import Verdict
from fastguard.adapters.common import Screen, as_chat, as_text, reason


def input_guardrail(screen: Screen | None = None) -> InputGuardrail[Any]:
    """Return a guardrail on everything that a run begins with; it runs before the model, as it takes microseconds."""
    using = screen if screen is not None else Screen()

    def fastguard_input(context: Any, agent: Any, given: Any) -> GuardrailFunctionOutput:
        del context, agent
        items = [{"role": "user", "content": given}] if isinstance(given, str) else given
        return _output(using, using.judge_messages([_item(item) for item in items]))

    return InputGuardrail(fastguard_input, name="fastguard", run_in_parallel=False)


def output_guardrail(screen: Screen | None = None) -> OutputGuardrail[Any]:
    """Return a guardrail on the last answer of a run, also where it is a structure."""
    using = screen if screen is not None else Screen()

    def fastguard_output(context: Any, agent: Any, answer: Any) -> GuardrailFunctionOutput:
        del context, agent
        return _output(using, using.judge(_plain(answer), "assistant"))

    return OutputGuardrail(fastguard_output, name="fastguard")


def tool_input_guardrail(screen: Screen | None = None) -> ToolInputGuardrail[Any]:
    """Return a guardrail on the arguments that the model gives a tool; a block is told to the model in place of a result."""
    using = screen if screen is not None else Screen()

    def fastguard_tool_input(data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
        return _tool(using, using.judge(as_text(data.context.tool_arguments), "assistant"))

    return ToolInputGuardrail(fastguard_tool_input, name="fastguard")


def tool_output_guardrail(screen: Screen | None = None) -> ToolOutputGuardrail[Any]:
    """Return a guardrail on what a tool gives back; a block is told to the model in place of the result."""
    using = screen if screen is not None else Screen()

    def fastguard_tool_output(data: ToolOutputGuardrailData) -> ToolGuardrailFunctionOutput:
        return _tool(using, using.judge(_plain(data.output), "tool_result"))

    return ToolOutputGuardrail(fastguard_tool_output, name="fastguard")


def _output(screen: Screen, verdict: Verdict) -> GuardrailFunctionOutput:
    return GuardrailFunctionOutput(output_info=verdict, tripwire_triggered=screen.blocks(verdict))


def _tool(screen: Screen, verdict: Verdict) -> ToolGuardrailFunctionOutput:
    if screen.blocks(verdict):
        return ToolGuardrailFunctionOutput.reject_content(reason(verdict), verdict)
    return ToolGuardrailFunctionOutput.allow(verdict)


def _plain(value: Any) -> str:
    dump = getattr(value, "model_dump", None)
    return as_text(dump(mode="json") if dump is not None else value)


def _item(item: Any) -> dict[str, Any]:
    """Return an item of the Responses API in the form of chat APIs."""
    if not isinstance(item, Mapping):
        return as_chat("tool", _plain(item))
    if "role" in item:
        return as_chat(item["role"], item.get("content"))
    kind = str(item.get("type", ""))
    if kind.endswith("_output"):
        return as_chat("tool", item.get("output"))
    if kind.endswith("_call") or kind == "reasoning":
        return as_chat("assistant", None, [{key: value for key, value in item.items() if key not in _SETTINGS}])
    return as_chat("tool", as_text(dict(item)))


_SETTINGS = frozenset({"id", "call_id", "type", "status", "encrypted_content"})
