"""Marks on events: what people say of a verdict, and lines for training made of them.

A mark outlives its event. Its text is what the marker gave, else the event's excerpt where one was kept whole; without
either there is nothing to learn from, and the export says how many such marks it left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fastguard import _core
from fastguard.server.errors import RequestError
from fastguard.server.judge import field, optional, require_object
from fastguard.server.service import Call, Reply, json_reply

MARKS: Final = ("wrong", "right")
INNOCENT: Final = "innocent"
MOST_NOTE: Final = 2000


def mark(call: Call) -> Reply:
    """``POST /v1/feedback``: mark the event of ``request_id`` (or ``event``, its number) as wrong or right."""
    data = require_object(call.data)
    what = field(data, "mark", str, '"wrong" or "right"')
    if what not in MARKS:
        raise RequestError(400, 'mark: expected "wrong" or "right"', param="mark")
    note = optional(data, "note", str, "a string") or ""
    if len(note) > MOST_NOTE:
        raise RequestError(400, f"note: longer than {MOST_NOTE} characters", param="note")
    label = optional(data, "label", str, "a string") or ""
    if label and label not in labels(call):
        raise RequestError(400, f"label: expected one of {', '.join(labels(call))}", param="label")
    source = optional(data, "source", str, "a string")
    if source is not None and source not in _core.SOURCES:
        raise RequestError(400, f"source: expected one of {', '.join(_core.SOURCES)}", param="source")
    store = call.service.store
    if store is None:
        raise RequestError(409, "no store is set (events.store), so nothing can be marked")
    number = optional(data, "event", int, "an integer")
    if number is None:
        number = store.find(field(data, "request_id", str, "a string"))
    text = optional(data, "text", str, "a string")
    known = store.mark(number, what, label=label, note=note, text=text, source=source) if number is not None else False
    if not known:
        raise RequestError(404, "there is no such event (it may not be written yet, or was dropped)")
    return json_reply({"event": number, "mark": what, "request_id": call.request_id})


def labels(call: Call) -> tuple[str, ...]:
    """Return the labels that a mark may have: those of the model, and ``innocent``."""
    guard = call.state.guards["default"].guard
    model = guard._model  # noqa: SLF001  (the server's own guards)
    return (INNOCENT, *(label.name for label in model.manifest.labels)) if model else (INNOCENT, *_core.CATEGORIES)


def label_of(entry: Mapping[str, Any], known: Sequence[str]) -> str:
    """Return the label that a mark comes to; empty where it says too little.

    What was let pass rightly or flagged wrongly is innocent; what was flagged rightly is its category.

    >>> label_of({"mark": "wrong", "verdict": "block", "label": "", "category": "jailbreak"}, ["jailbreak"])
    'innocent'
    >>> label_of({"mark": "wrong", "verdict": "allow", "label": "", "category": ""}, ["jailbreak"])
    ''
    """
    if entry["label"]:
        return str(entry["label"])
    if (entry["verdict"] == "allow") == (entry["mark"] == "right"):
        return INNOCENT
    return entry["category"] if entry["mark"] == "right" and entry["category"] in known else ""


def lines(entries: Iterable[Mapping[str, Any]], known: Sequence[str]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return lines for ``fastguard learn --from`` and how many marks were left out, by why.

    Of several marks of one text the last counts.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    left = {"no text": 0, "no label": 0, "marked again later": 0}
    for entry in entries:
        label = label_of(entry, known)
        if not entry["text"]:
            left["no text"] += 1
        elif not label:
            left["no label"] += 1
        else:
            key = (entry["text"], entry["source"])
            left["marked again later"] += key in found
            found.pop(key, None)
            found[key] = {"text": key[0], "label": label, "source": key[1]}
            found[key] |= {name: entry[name] for name in ("mark", "note", "request_id", "verdict")}
    return list(found.values()), {why: count for why, count in left.items() if count}
