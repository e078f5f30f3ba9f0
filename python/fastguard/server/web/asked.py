"""What the scripts of pages ask: a verdict as one types, a mark."""

from __future__ import annotations

from typing import Any, Final

from fastguard import _core
from fastguard.server import feedback
from fastguard.server.body import parse_json
from fastguard.server.errors import RequestError
from fastguard.server.judge import field, optional, require_object
from fastguard.server.service import Call, Reply, json_reply
from fastguard.server.wire.native import verdict_dict
from fastguard.timings import stage_times

_MOST_VIEWED: Final = 4000


def check(call: Call, body: bytes) -> Reply:
    """Judge a text or a conversation for the playground; makes no event."""
    data = require_object(parse_json(body, call.state.config.limits))
    guard = call.state.guard(optional(data, "policy", str, "a string"))
    source = optional(data, "source", str, "a string") or "user"
    if source not in _core.SOURCES:
        raise RequestError(400, f"source: expected one of {', '.join(_core.SOURCES)}", param="source")
    if data.get("messages") is not None:
        judged = guard.judge_messages(data["messages"], source)
    else:
        judged = guard.judge_text(field(data, "text", str, "a string"), source)
    again = guard.judge(judged.texts, judged.sources, judged.messages)  # the first one warms caches
    texts = [_plain(text) for text in judged.texts]
    answer: dict[str, Any] = {
        "action": str(judged.action),
        "microseconds": again.nanoseconds / 1000,
        "unscanned": list(judged.unscanned),
        "texts": [
            {
                "text": text,
                "source": where,
                "verdict": verdict_dict(verdict),
                "actions": guard.actions(verdict, where),
            }
            for text, where, verdict in zip(texts, judged.sources, judged.verdicts, strict=True)
        ],
    }
    if len(texts) == 1 and len(texts[0]) <= _MOST_VIEWED:
        answer["views"] = {
            name: _plain(view) for name, view in guard.guard.explain(texts[0], source=source)["views"].items()
        }
        answer["stages"] = {
            name: round(spent, 2) for name, spent in stage_times(guard.guard, judged.texts[0], source=source).items()
        }
        answer["redacted"] = _plain(guard.guard.redact(texts[0], source=source)[0])
    return json_reply(answer)


def mark(call: Call, body: bytes) -> Reply:
    """Keep a mark that was made on a page."""
    call.data = parse_json(body, call.state.config.limits)
    return feedback.mark(call)


def _plain(text: str | bytes) -> str:
    """Return a text that JSON can hold."""
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return plain.encode("utf-8", "replace").decode()
