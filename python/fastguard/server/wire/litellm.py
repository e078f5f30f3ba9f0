"""LiteLLM's generic guardrail: ``POST /beta/litellm_basic_guardrail_api``."""

from __future__ import annotations

from typing import Any

from fastguard.server.errors import RequestError
from fastguard.server.judge import PolicyGuard, field, json_type, optional, require_object
from fastguard.server.service import Call, Reply, json_reply


def guardrail(call: Call) -> Reply:
    """Answer NONE, GUARDRAIL_INTERVENED with the texts redacted, or BLOCKED with the reason.

    Texts, tool definitions and tool calls are judged. A request's texts count as the user's, a response's as the
    model's. ``additional_provider_specific_params.policy`` names a policy.
    """
    data = require_object(call.data)
    extra = optional(data, "additional_provider_specific_params", dict, "an object") or {}
    policy = call.state.guard(optional(extra, "policy", str, "a string"))
    direction = field(data, "input_type", str, '"request" or "response"')
    if direction not in {"request", "response"}:
        raise RequestError(400, 'input_type: expected "request" or "response"', param="input_type")
    given = optional(data, "texts", list, "a list of strings") or []
    for i, text in enumerate(given):
        if not isinstance(text, str):
            raise RequestError(400, f"texts[{i}]: expected a string, got {json_type(text)}", param="texts")
    texts: list[str | bytes] = list(given)
    sources = _sources(data, given, direction)
    for key, source in (("tools", "tool_definition"), ("tool_calls", "assistant")):
        for item in optional(data, key, list, "a list") or []:
            for inner in strings(item):
                texts.append(inner)
                sources.append(source)
    unscanned = ["unscanned: images"] if data.get("images") else []
    judged = policy.judge(texts, sources, range(max(len(texts), 1)), unscanned)
    reasons = _reasons(policy, judged.verdicts, judged.sources)
    answer: dict[str, Any] = {"action": "NONE"}
    action = "allow"
    if judged.action in {"block", "escalate"}:
        action = "block"
        answer = {"action": "BLOCKED", "blocked_reason": f"fastguard: {', '.join(reasons) or 'could not be judged'}"}
    elif judged.action == "flag":
        redacted = [policy.guard.redact(text)[0] for text in given]
        if redacted != given:
            action = "redact"
            answer = {"action": "GUARDRAIL_INTERVENED", "texts": redacted}
    headers = (
        {"user_id": data["request_data"].get("user_api_key_user_id")} if _is_dict(data.get("request_data")) else {}
    )
    call.record(
        judged, policy, direction="input" if direction == "request" else "output", action=action, metadata=headers
    )
    return json_reply(answer)


def _is_dict(value: object) -> bool:
    return isinstance(value, dict)


_ROLES = {"system": "system", "developer": "system", "assistant": "assistant", "tool": "tool_result"}


def _sources(data: Any, texts: list[str], direction: str) -> list[str]:
    """Return where each text comes from: the role of the message that holds it, where exactly one role does."""
    if direction == "response":
        return ["assistant"] * len(texts)
    roles: dict[str, set[str]] = {}
    for message in optional(data, "structured_messages", list, "a list") or []:
        if isinstance(message, dict):
            for text in strings(message.get("content")):
                roles.setdefault(text, set()).add(_ROLES.get(str(message.get("role")), "user"))
    return [next(iter(found)) if len(found := roles.get(text, {"user"})) == 1 else "user" for text in texts]


def strings(value: object) -> list[str]:
    """Return all strings inside a JSON value, keys of objects included, first to last.

    >>> strings({"name": "f", "parameters": {"q": ["a", 1]}})
    ['name', 'f', 'parameters', 'q', 'a']
    """
    found: list[str] = []
    stack: list[object] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            for key, inner in reversed(item.items()):
                stack += (inner, key)
        elif isinstance(item, list):
            stack += reversed(item)
    return found


def _reasons(policy: PolicyGuard, verdicts: Any, sources: Any) -> list[str]:
    blocked = {
        name
        for verdict, source in zip(verdicts, sources, strict=True)
        for name, action in policy.actions(verdict, source).items()
        if action == "block"
    }
    return sorted(blocked)
