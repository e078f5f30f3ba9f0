"""The server's own protocol: ``POST /v1/check``, and ``POST /v1/redact``."""

from __future__ import annotations

from typing import Any

from fastguard import _core
from fastguard.server.errors import RequestError
from fastguard.server.judge import Judged, PolicyGuard, json_type, optional, require_object
from fastguard.server.service import Call, Reply, json_reply


def check(call: Call) -> Reply:
    """Judge ``text``, ``texts`` or ``messages``; the answer is `Verdict.to_dict`, a list of them for ``texts``."""
    data = require_object(call.data)
    given = [name for name in ("text", "texts", "messages") if data.get(name) is not None]
    if len(given) != 1:
        raise RequestError(400, "expected exactly one of text, texts and messages")
    source = optional(data, "source", str, "a string") or "user"
    if source not in _core.SOURCES:
        raise RequestError(400, f"source: expected one of {', '.join(_core.SOURCES)}", param="source")
    project = call.state.project(optional(data, "project", str, "a string"))
    policy = call.state.guard(optional(data, "policy", str, "a string") or project.policy)
    metadata = optional(data, "metadata", dict, "an object")
    judgements = []
    if given[0] == "messages":
        if not isinstance(data["messages"], list):
            raise RequestError(400, f"messages: expected an array, got {json_type(data['messages'])}", param="messages")
        judgements.append(policy.judge_messages(data["messages"], source))
    else:
        texts = data["texts"] if given[0] == "texts" else [data["text"]]
        if not isinstance(texts, list):
            raise RequestError(400, f"texts: expected an array, got {json_type(texts)}", param="texts")
        for i, text in enumerate(texts):
            if not isinstance(text, str):
                place = f"texts[{i}]" if given[0] == "texts" else "text"
                raise RequestError(400, f"{place}: expected a string, got {json_type(text)}", param=place)
            judgements.append(policy.judge_text(text, source))
    direction = "output" if source == "assistant" else "input"
    answers = []
    for judged in judgements:
        call.record(judged, policy, project=project.id, direction=direction, metadata=metadata)
        answers.append(_answer(call, policy, judged, messages=given[0] == "messages"))
    if given[0] == "texts":
        return json_reply({"results": answers, "request_id": call.request_id})
    return json_reply(answers[0])


def _answer(call: Call, policy: PolicyGuard, judged: Judged, *, messages: bool) -> dict[str, Any]:
    verdict = judged.merged() if messages else judged.verdicts[0]
    return {
        **verdict_dict(verdict),
        "policy": policy.name,
        "request_id": call.request_id,
        "revision": call.state.revision,
        "microseconds": judged.nanoseconds / 1000,
    }


def verdict_dict(verdict: Any) -> dict[str, Any]:
    """Return a verdict as JSON can hold it."""
    answer: dict[str, Any] = verdict.to_dict()
    for finding in answer["findings"]:
        # A finding may end inside a character that was written as two surrogates; JSON holds whole ones only.
        finding["text"] = finding["text"].encode("utf-8", "replace").decode("utf-8")
    return answer


def redact(call: Call) -> Reply:
    """Replace secrets and personal data; the originals come back only with ``mapping: true``."""
    data = require_object(call.data)
    text = data.get("text")
    if not isinstance(text, str):
        raise RequestError(400, f"text: expected a string, got {json_type(text)}", param="text")
    policy = call.state.guard(optional(data, "policy", str, "a string"))
    clean, mapping = policy.guard.redact(text)
    answer: dict[str, object] = {"text": clean, "request_id": call.request_id}
    if optional(data, "mapping", bool, "a boolean"):
        answer["mapping"] = mapping
    return json_reply(answer)
