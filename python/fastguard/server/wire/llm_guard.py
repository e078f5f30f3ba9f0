"""LLM Guard's API: ``POST /analyze/prompt`` and ``POST /analyze/output``."""

from __future__ import annotations

from typing import Final

from fastguard.server.judge import Judged, PolicyGuard, field, require_object
from fastguard.server.service import Call, Reply, json_reply

_SCANNERS: Final = {
    "prompt_injection": "PromptInjection",
    "jailbreak": "PromptInjection",
    "system_prompt_leak": "PromptInjection",
    "pii": "Anonymize",
    "secret": "Secrets",
    "malicious_link": "MaliciousURLs",
    "hidden_text": "InvisibleText",
    "toxicity": "Toxicity",
}


def prompt(call: Call) -> Reply:
    """Judge a prompt; the sanitised one has no secrets and no personal data."""
    text = field(require_object(call.data), "prompt", str, "a string")
    policy = call.state.guard(None)
    judged = policy.judge_text(text)
    valid, scanners, clean = _answer(policy, judged, text)
    call.record(judged, policy, action="allow" if valid else "block")
    return json_reply({"is_valid": valid, "scanners": scanners, "sanitized_prompt": clean})


def output(call: Call) -> Reply:
    """Judge a model's answer; the prompt that led to it must be there, as LLM Guard wants it, and is not judged again."""
    data = require_object(call.data)
    field(data, "prompt", str, "a string")
    text = field(data, "output", str, "a string")
    policy = call.state.guard(None)
    judged = policy.judge_text(text, "assistant")
    valid, scanners, clean = _answer(policy, judged, text)
    call.record(judged, policy, direction="output", action="allow" if valid else "block")
    return json_reply({"is_valid": valid, "scanners": scanners, "sanitized_output": clean})


def _answer(policy: PolicyGuard, judged: Judged, text: str) -> tuple[bool, dict[str, float], str]:
    verdict = judged.verdicts[0]
    scanners: dict[str, float] = dict.fromkeys(_SCANNERS.values(), 0.0)
    for name, category in verdict.categories.items():
        scanner = _SCANNERS.get(name, "".join(word.capitalize() for word in name.split("_")))
        scanners[scanner] = round(max(scanners.get(scanner, 0.0), category.score), 4)
    clean = policy.guard.redact(text, source=judged.sources[0])[0] if verdict.findings else text
    return judged.action not in {"block", "escalate"}, scanners, clean
