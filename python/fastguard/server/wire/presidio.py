"""Presidio's analyzer and anonymizer: ``POST /analyze`` and ``POST /anonymize``.

Names of persons and places are not looked for: an ``entities`` list with only those gives an empty answer.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from fastguard.server.errors import RequestError
from fastguard.server.judge import field, json_type, optional, require_object
from fastguard.server.service import Call, Reply, json_reply
from fastguard.server.wire.entities import PRESIDIO

_OPERATORS: Final = ("replace", "redact", "mask", "hash", "keep")


def entity_type(signature: str) -> str:
    """Return Presidio's name for a signature of personal data: its own last part where there is none.

    >>> entity_type("pii.contact.email"), entity_type("pii.national_id.nl_bsn"), entity_type("secret.cloud.x")
    ('EMAIL_ADDRESS', 'NL_BSN', 'SECRET')
    """
    if not signature.startswith("pii."):
        return "SECRET"
    return PRESIDIO.get(signature, signature.rsplit(".", 1)[-1].upper())


def analyze(call: Call) -> Reply:
    """Find personal data and secrets in a text, or a list of lists for a list of texts."""
    data = require_object(call.data)
    given = field(data, "text", (str, list), "a string or a list of strings")
    field(data, "language", str, "a string")
    entities = optional(data, "entities", list, "a list of strings")
    least = data.get("score_threshold") or 0.0
    if isinstance(least, bool) or not isinstance(least, (int, float)):
        raise RequestError(400, f"score_threshold: expected a number or null, got {json_type(least)}")
    texts = [given] if isinstance(given, str) else given
    answers = []
    policy = call.state.guard(None)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise RequestError(400, f"text[{i}]: expected a string, got {json_type(text)}", param="text")
        judged = policy.judge_text(text)
        answers.append(
            [
                {
                    "entity_type": kind,
                    "start": item.start,
                    "end": item.end,
                    "score": round(item.score, 4),
                    "analysis_explanation": None,
                    "recognition_metadata": {
                        "recognizer_name": item.signature,
                        "recognizer_identifier": item.signature,
                    },
                }
                for item in judged.verdicts[0].findings
                if item.category in {"pii", "secret"}
                and not item.mention
                and item.score >= least
                and (
                    (kind := entity_type(item.signature)) in entities
                    if entities
                    else (kind := entity_type(item.signature))
                )
            ]
        )
        call.record(judged, policy, action="allow")
    return json_reply(answers[0] if isinstance(given, str) else answers)


def anonymize(call: Call) -> Reply:
    """Replace the places that a client names; overlapping ones are one, under the name of the best score."""
    data = require_object(call.data)
    text = field(data, "text", str, "a string")
    places = _places(field(data, "analyzer_results", list, "a list"), len(text))
    operators = optional(data, "anonymizers", dict, "an object") or {}
    parts: list[str] = []
    items: list[dict[str, Any]] = []
    last = size = 0
    for start, end, kind in places:
        name, value = _operate(operators.get(kind, operators.get("DEFAULT")), kind, text[start:end])
        parts += (text[last:start], value)
        size += start - last
        items.append({"start": size, "end": size + len(value), "entity_type": kind, "text": value, "operator": name})
        size += len(value)
        last = end
    parts.append(text[last:])
    items.reverse()  # as Presidio lists them: last first
    return json_reply({"text": "".join(parts), "items": items})


def _places(given: list[Any], length: int) -> list[tuple[int, int, str]]:
    found = sorted((_place(item, i, length) for i, item in enumerate(given)), key=lambda place: place[:2])
    merged: list[tuple[int, int, str, float]] = []
    for start, end, kind, score in found:
        if merged and start < merged[-1][1]:
            before = merged.pop()
            best = kind if score > before[3] else before[2]
            merged.append((before[0], max(before[1], end), best, max(score, before[3])))
        else:
            merged.append((start, end, kind, score))
    return [(start, end, kind) for start, end, kind, _ in merged]


def _place(item: object, index: int, length: int) -> tuple[int, int, str, float]:
    name = f"analyzer_results[{index}]"
    if not isinstance(item, dict):
        raise RequestError(400, f"{name}: expected an object, got {json_type(item)}")
    start, end, kind, score = (item.get(key, 0.0) for key in ("start", "end", "entity_type", "score"))
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= length:
        raise RequestError(422, f"{name}: expected integers 0 <= start < end <= {length}")
    if not isinstance(kind, str) or isinstance(score, bool) or not isinstance(score, (int, float)):
        raise RequestError(422, f"{name}: expected entity_type as a string and score as a number")
    return start, end, kind, float(score)


def _operate(operator: object, kind: str, text: str) -> tuple[str, str]:
    """Return the name of an operator and what it makes of a text; without one the entity's name in brackets."""
    if operator is None:
        return "replace", f"<{kind}>"
    if not isinstance(operator, dict) or operator.get("type") not in _OPERATORS:
        raise RequestError(422, f"anonymizers.{kind}.type: expected one of {', '.join(_OPERATORS)}")
    name: str = operator["type"]
    if name == "replace":
        value = operator.get("new_value", f"<{kind}>")
        if not isinstance(value, str):
            raise RequestError(422, f"anonymizers.{kind}.new_value: expected a string, got {json_type(value)}")
        return name, value
    if name == "mask":
        char, count = operator.get("masking_char", "*"), operator.get("chars_to_mask", len(text))
        if not isinstance(char, str) or len(char) != 1 or type(count) is not int or count < 0:
            raise RequestError(422, f"anonymizers.{kind}: expected masking_char of one character, chars_to_mask from 0")
        count = min(count, len(text))
        from_end = operator.get("from_end", False) is True
        return name, text[: len(text) - count] + char * count if from_end else char * count + text[count:]
    if name == "hash":
        return name, hashlib.sha256(text.encode()).hexdigest()
    return name, "" if name == "redact" else text
