"""OpenAI's moderations: ``POST /v1/moderations``. The official categories are all there, ours come beside them."""

from __future__ import annotations

from typing import Any, Final

from fastguard.server.errors import RequestError
from fastguard.server.judge import Judged, PolicyGuard, field, json_type, require_object
from fastguard.server.service import Call, Reply, json_reply

_OFFICIAL: Final = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
_OWN: Final = (
    "prompt_injection",
    "jailbreak",
    "system_prompt_leak",
    "pii",
    "secret",
    "malicious_link",
    "insecure_output",
    "tool_abuse",
    "hidden_text",
    "toxicity",
    "custom",
)


def moderate(call: Call) -> Reply:
    """Judge one or more texts as a user's; one result for each. A list of parts is one input, as it is there."""
    data = require_object(call.data)
    given = field(data, "input", (str, list), "a string, a list of strings or a list of parts")
    policy = call.state.guard(None)
    judgements = []
    for texts, unscanned in _inputs(given):
        count = max(len(texts), 1)
        judged = policy.judge(texts, ["user"] * len(texts), [0] * count, unscanned)
        judgements.append((judged, len(unscanned)))
    answer = []
    for judged, images in judgements:
        result = _result(policy, judged, images)
        call.record(judged, policy, action="block" if result["flagged"] else "allow")
        answer.append(result)
    return json_reply({"id": f"modr-{call.request_id}", "model": "fastguard-1", "results": answer})


def _inputs(given: str | list[Any]) -> list[tuple[list[str | bytes], list[str]]]:
    if isinstance(given, str):
        return [([given], [])]
    if not given:
        raise RequestError(400, "input: empty; expected at least one text", param="input")
    if all(isinstance(item, str) for item in given):
        return [([item], []) for item in given]
    texts: list[str | bytes] = []
    unscanned = []
    for i, part in enumerate(given):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind == "image_url":
            unscanned.append(f"unscanned: input[{i}] (image_url)")
        else:
            expected = 'all strings, or parts {"type": "text", "text": ...} and {"type": "image_url", ...}'
            raise RequestError(400, f"input[{i}]: expected {expected}, got {json_type(part)}", param="input")
    return [(texts, unscanned)]


def _result(policy: PolicyGuard, judged: Judged, images: int) -> dict[str, Any]:
    scores = dict.fromkeys((*_OFFICIAL, *_OWN), 0.0)
    found = dict.fromkeys(scores, False)
    for verdict, source in zip(judged.verdicts, judged.sources, strict=True):
        for name in policy.detected(verdict, source):
            found[name] = True
        for name, category in verdict.categories.items():
            scores[name] = max(scores.get(name, 0.0), category.score)
            found.setdefault(name, False)
    applied = {name: ["text"] if name in _OWN else [] for name in scores}
    result: dict[str, Any] = {
        "flagged": any(found.values()) or judged.action == "escalate",
        "categories": found,
        "category_scores": scores,
        "category_applied_input_types": applied,
    }
    if images:
        result["unscanned"] = list(judged.unscanned)
    return result
