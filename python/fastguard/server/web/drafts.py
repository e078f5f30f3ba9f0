"""Drafts of policies: tried on texts of one's own and on those that the store keeps, compared, and applied."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from fastguard import Guard, Policy, _core
from fastguard.errors import FastguardError, PolicyError
from fastguard.fields import parse_toml
from fastguard.server.body import parse_json
from fastguard.server.errors import RequestError
from fastguard.server.judge import PolicyGuard, field, optional, require_object
from fastguard.server.service import Call, Reply, json_reply
from fastguard.server.state import State
from fastguard.server.store import whole_excerpt

_MOST_TRIED: Final = 200
_SHOWN: Final = 300
_applying = threading.Lock()


def attempt(call: Call, body: bytes) -> Reply:
    """Judge texts under a policy in force and under a draft; nothing is applied."""
    data = require_object(parse_json(body, call.state.config.limits))
    guard = call.state.guard(optional(data, "policy", str, "a string"))
    source = optional(data, "source", str, "a string") or "user"
    if source not in _core.SOURCES:
        raise RequestError(400, f"source: expected one of {', '.join(_core.SOURCES)}", param="source")
    given = [text for text in field(data, "texts", list, "a list of strings") if isinstance(text, str) and text.strip()]
    other = _guard(call.state, guard, field(data, "draft", str, "a string"))
    tried = [(text, source) for text in given[:_MOST_TRIED]]
    if optional(data, "stored", bool, "a boolean"):
        tried += _stored(call)
    rows = []
    for text, where in tried:
        before, after = (str(one.check(text, source=where).action) for one in (guard.guard, other))
        rows.append({"text": _shown(text), "source": where, "before": before, "after": after})
    return json_reply({"rows": rows, "left": max(0, len(given) - _MOST_TRIED)})


def apply(call: Call, body: bytes) -> Reply:
    """Write a draft to the file of its policy and load it everywhere; where that fails, all is as it was.

    `known` is the digest of the file that the draft was made from: a file that was changed meanwhile is left alone.
    """
    data = require_object(parse_json(body, call.state.config.limits))
    state = call.state
    guard = state.guard(optional(data, "policy", str, "a string"))
    draft = field(data, "draft", str, "a string")
    known = field(data, "known", str, "a string")
    refused = why_not(state, guard.name)
    if refused:
        raise RequestError(403, refused)
    _guard(state, guard, draft)
    path = Path(state.config.policies[guard.name].file)
    with _applying:
        before = _read(path)
        if digest(before) != known:
            raise RequestError(409, "the file has changed since this page was loaded; load it again", error="Conflict")
        _replace(path, draft.encode())
        try:
            loaded = call.service.reload(forward=True)
        except FastguardError as problem:
            _replace(path, before)
            raise RequestError(409, f"nothing was applied: {problem}", error="Reload Failed") from None
    return json_reply({"revision": loaded.revision, "known": digest(draft.encode())})


def why_not(state: State, name: str) -> str:
    """Return why a draft of a policy cannot be applied here, an empty string where it can."""
    if not state.config.policies[name].file:
        return "the policy is built in: name a file in the configuration to change it"
    if not len(state.config.keys):
        return "without a key anyone on this machine could: set one to apply drafts"
    return ""


def current(state: State, name: str) -> bytes:
    """Return the file of a policy; empty where it is built in or cannot be read."""
    file = state.config.policies[name].file
    with suppress(OSError):
        return Path(file).read_bytes() if file else b""
    return b""


def digest(content: bytes) -> str:
    """Return what tells one content of a file from another."""
    return hashlib.sha256(content).hexdigest()


def _guard(state: State, guard: PolicyGuard, draft: str) -> Guard:
    config = state.config
    try:
        return Guard(
            policy=Policy.from_dict(parse_toml(draft.encode(), "draft", PolicyError), file="draft"),
            depth=config.policies[guard.name].depth,
            packs=config.packs,
            model=None if config.model == "none" else config.model,
        )
    except FastguardError as problem:
        raise RequestError(400, str(problem), param="draft") from None


def _stored(call: Call) -> Iterator[tuple[str, str]]:
    """Yield the newest texts that the store keeps whole, with their sources."""
    store = call.service.store
    if store is None:
        return
    with closing(store.reader()) as reader:
        for row in reader.page({}, limit=_MOST_TRIED).rows:
            event = reader.event(row.id)
            text = whole_excerpt(event) if event else ""
            if event and text:
                yield text, _source(event)


def _source(event: Mapping[str, Any]) -> str:
    found = event["findings"]
    return str(found[0]["source"]) if found else "assistant" if event["direction"] == "output" else "user"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise RequestError(409, f"{path}: {problem.strerror}", error="Conflict") from None


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; its mode stays."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as problem:
        raise RequestError(409, f"{path}: {problem.strerror}", error="Conflict") from None


def _shown(text: str) -> str:
    return text[:_SHOWN].encode("utf-8", "replace").decode()
