"""Lakera Guard: ``/v2/guard``, ``/v2/guard/results`` and the older ``/v1/prompt_injection``.

Offsets are code points of a message's content (of the part, where content is a list of parts), half-open;
``?offsets=utf16`` or ``utf8`` gives the other units. ``payload`` is always there: a client in wide use fails without.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from fastguard.server.config import Project
from fastguard.server.errors import RequestError
from fastguard.server.judge import Judged, PolicyGuard, field, optional, require_object
from fastguard.server.service import Call, Reply, json_reply
from fastguard.server.wire.entities import LAKERA
from fastguard.types import Finding

_CATEGORIES: Final = {
    "prompt_injection": "prompt_attack",
    "jailbreak": "prompt_attack",
    "system_prompt_leak": "prompt_attack",
    "tool_abuse": "prompt_attack",
    "hidden_text": "prompt_attack",
    "malicious_link": "unknown_links",
    "unknown_link": "unknown_links",
    "toxicity": "moderated_content/hate",
}
# What runs on every text and is listed also where it found nothing.
_ALWAYS: Final = (
    "prompt_attack",
    "unknown_links",
    "pii/credit_card",
    "pii/email",
    "pii/iban_code",
    "pii/ip_address",
    "pii/phone_number",
    "pii/us_social_security_number",
    "custom",
)
_LEVELS: Final = ("no_level", "l1_confident", "l2_very_likely", "l3_likely", "l4_less_likely", "l5_unlikely")
_UNITS: Final = {"": "", "codepoint": "", "utf8": "byte_", "utf16": "utf16_"}


def detector_type(category: str, signature: str = "") -> str:
    """Return Lakera's name for a category, or for a signature of it.

    >>> detector_type("pii", "pii.contact.email"), detector_type("jailbreak"), detector_type("secret")
    ('pii/email', 'prompt_attack', 'custom')
    """
    if category == "pii":
        return LAKERA.get(signature, "pii/custom")
    return _CATEGORIES.get(category, "custom")


def guard(call: Call) -> Reply:
    """``POST /v2/guard``."""
    data, project, policy, judged = _judge(call)
    detections = _detections(policy, judged)
    detected = bool(detections) and project.mode == "block"
    record = functools.partial(
        call.record,
        judged,
        policy,
        project=project.id,
        action="block" if detected else "allow",
        metadata=data.get("metadata"),
    )
    if not detections and not data.get("dev_info"):
        if data.get("payload"):
            _units(call)
        record()
        before, after = _quiet(project, bool(data.get("breakdown")))
        return Reply(200, before + call.request_id.encode() + after)
    answer: dict[str, Any] = {
        "payload": _payload(call, policy, judged) if data.get("payload") else [],
        "flagged": detected,
        "metadata": {"request_uuid": call.request_id},
    }
    if data.get("dev_info"):
        answer["dev_info"] = call.state.dev_info()
    if data.get("breakdown"):
        answer["breakdown"] = (
            [
                {**_detector(project, kind), "detected": found, "message_id": message}
                for kind, message, found in _listed(detections)
            ]
            if detections
            else _nothing(project)
        )
    record()
    return json_reply(answer)


def results(call: Call) -> Reply:
    """``POST /v2/guard/results``: the level of each detector, no decision and no event."""
    _, project, policy, judged = _judge(call)
    levels: dict[tuple[str, int | None], int] = {}
    for verdict, message in zip(judged.verdicts, judged.messages, strict=True):
        for name, category in verdict.categories.items():
            kinds = {detector_type(name, item.signature) for item in verdict.findings if item.category == name}
            for kind in kinds or ({detector_type(name)} if name != "pii" else set()):
                key = (kind, message)
                levels[key] = min(levels.get(key, 5), category.level)
    del policy
    listed = [(kind, message, level) for (kind, message), level in sorted(levels.items(), key=str)]
    listed += [(kind, None, 0) for kind in _ALWAYS if not any(kind == other for other, _ in levels)]
    answer = [
        {
            **_detector(project, kind),
            "result": _LEVELS[level],
            "custom_matched": kind == "custom" and 0 < level <= 3,
            "message_id": message,
        }
        for kind, message, level in listed
    ]
    return json_reply({"results": answer, "metadata": {"request_uuid": call.request_id}})


def prompt_injection(call: Call) -> Reply:
    """``POST /v1/prompt_injection``: the older form, whose clients cut the scores themselves."""
    data = require_object(call.data)
    given = field(data, "input", (str, list), "a string or a list of messages")
    policy = call.state.guard(None)
    judged = policy.judge_text(given) if isinstance(given, str) else policy.judge_messages(given)
    verdict = judged.merged()
    scores, found = {}, {}
    for name in ("prompt_injection", "jailbreak"):
        category = verdict.categories.get(name)
        scores[name] = category.score if category else 0.0
        found[name] = any(
            name in policy.detected(single, source)
            for single, source in zip(judged.verdicts, judged.sources, strict=True)
        )
    flagged = any(found.values())
    result = {"categories": found, "category_scores": scores, "flagged": flagged, "payload": {}}
    call.record(judged, policy, action="block" if flagged else "allow")
    info = call.state.dev_info()
    return json_reply({"model": "lakera-guard-1", "results": [result], "dev_info": info})


def _judge(call: Call) -> tuple[Mapping[str, Any], Project, PolicyGuard, Judged]:
    data = require_object(call.data)
    messages = field(data, "messages", list, "a list of messages")
    if not messages:
        raise RequestError(400, "messages: empty; expected at least one message", param="messages")
    for name in ("breakdown", "payload", "dev_info"):
        optional(data, name, bool, "a boolean")
    optional(data, "metadata", dict, "an object")
    project = call.state.project(optional(data, "project_id", str, "a string"))
    policy = call.state.guard(project.policy)
    return data, project, policy, policy.judge_messages(messages)


def _detector(project: Project, kind: str) -> dict[str, str]:
    return {
        "project_id": project.id,
        "policy_id": f"policy-{project.policy}",
        "detector_id": f"detector-{kind.replace('/', '-').replace('_', '-')}",
        "detector_type": kind,
    }


@functools.lru_cache(256)
def _nothing(project: Project) -> list[dict[str, Any]]:
    """Return the breakdown of what nothing was found in; shared, so never changed."""
    return [{**_detector(project, kind), "detected": False, "message_id": None} for kind in _ALWAYS]


@functools.lru_cache(256)
def _quiet(project: Project, breakdown: bool) -> tuple[bytes, bytes]:
    """Return what stands before and after the id in the answer to what nothing was found in."""
    answer: dict[str, Any] = {"payload": [], "flagged": False, "metadata": {"request_uuid": "?"}}
    if breakdown:
        answer["breakdown"] = _nothing(project)
    before, _, after = orjson.dumps(answer).partition(b"?")
    return before, after


def _detections(policy: PolicyGuard, judged: Judged) -> list[tuple[str, int]]:
    """Return what was detected, each detector once a message."""
    found: set[tuple[str, int]] = set()
    for verdict, source, message in zip(judged.verdicts, judged.sources, judged.messages, strict=True):
        if verdict.action == "allow":
            continue
        for name in policy.detected(verdict, source) if verdict.flagged else ():
            kinds = {detector_type(name, item.signature) for item in verdict.findings if item.category == name}
            found |= {(kind, message) for kind in kinds or {detector_type(name)}}
        if verdict.action == "escalate":
            found.add(("prompt_attack", message))  # nothing could decide: this protocol has no other way to say so
    return sorted(found)


def _listed(detections: list[tuple[str, int]]) -> Iterator[tuple[str, int | None, bool]]:
    for kind, message in detections:
        yield kind, message, True
    for kind in _ALWAYS:
        if not any(kind == other for other, _ in detections):
            yield kind, None, False


def _payload(call: Call, policy: PolicyGuard, judged: Judged) -> list[dict[str, Any]]:
    """Return the places of personal data, secrets and the signatures of one's own."""
    units = _units(call)
    found = []
    for verdict, source, message in zip(judged.verdicts, judged.sources, judged.messages, strict=True):
        if not verdict.flagged:
            continue
        detected = policy.detected(verdict, source)
        found += [
            {
                "start": getattr(item, f"{units}start"),
                "end": getattr(item, f"{units}end"),
                "text": item.text.encode("utf-8", "replace").decode("utf-8"),
                "detector_type": detector_type(item.category, item.signature),
                "labels": [item.signature],
                "message_id": message,
            }
            for item in verdict.findings
            if item.category in detected and _has_place(item)
        ]
    return found


def _units(call: Call) -> str:
    """Return the prefix of the offsets that the query asks for. Raises `RequestError`."""
    units = _UNITS.get(call.query("offsets"))
    if units is None:
        raise RequestError(400, "offsets: expected codepoint, utf16 or utf8", param="offsets")
    return units


def _has_place(item: Finding) -> bool:
    return item.category in {"pii", "secret", "custom"} and item.start < item.end and not item.mention
