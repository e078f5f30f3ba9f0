"""Which strings of a request or an answer are text for the guard, and which parts nobody can read.

Nothing is skipped in silence: of what is known, settings (ids, names of types, sampling) are left out; images, audio, files
and what lies at the provider are listed as unscanned; every other string is text, also under keys that are not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

_MOST_DEPTH: Final = 200

# Keys whose strings say nothing to a model.
_SETTINGS: Final = frozenset(
    """id type role model index object created created_at status finish_reason stop_reason stop_sequence native_finish_reason
    tool_call_id call_id tool_use_id item_id response_id msg_id container_id server_label approval_request_id detail format
    media_type mime_type voice cache_control signature logprobs usage system_fingerprint service_tier syntax strict phase
    caller provider obfuscation""".split()  # noqa: SIM905
)  # fmt: skip
# Objects of administration, which no model is shown.
_ADMINISTRATION: Final = frozenset({"usage", "logprobs", "cache_control", "caller"})
# Settings of the outermost object of a request.
_REQUEST_SETTINGS: Final = frozenset(
    """model user metadata stop stop_sequences service_tier reasoning_effort verbosity modalities tool_choice store stream
    stream_options prompt_cache_key prompt_cache_retention safety_identifier include truncation background encoding_format
    betas inference_geo speed audio cache_control logit_bias provider""".split()  # noqa: SIM905
)  # fmt: skip
# What an answer repeats of its request, and its own administration.
_ECHO: Final = frozenset(
    """instructions tools tool_choice text prompt metadata user reasoning truncation service_tier previous_response_id
    safety_identifier prompt_cache_key prompt_cache_retention model id object usage conversation background
    incomplete_details context_management container billing""".split()  # noqa: SIM905
)  # fmt: skip
# Content that is no text, or that lies elsewhere.
_OPAQUE: Final = frozenset(
    """image_url input_audio audio file_data file_id file_url video_url b64_json encrypted_content screenshot
    previous_response_id conversation audio_url partial_image_b64""".split()  # noqa: SIM905
)  # fmt: skip
# Objects whose keys are not the protocol's: judged as one text in JSON.
_FREE: Final = frozenset(
    {"input", "parameters", "input_schema", "schema", "arguments", "variables", "action", "json_schema"}
)
_ROLES: Final = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "model": "assistant",
    "tool": "tool_result",
    "function": "tool_result",
}
_KEY_SOURCES: Final = {
    "instructions": "system",
    "system": "system",
    "tool_calls": "assistant",
    "function_call": "assistant",
    "results": "retrieved",
    "tools": "tool_definition",
    "functions": "tool_definition",
}
# Keys of a tool's definition that go to its server alone.
_CREDENTIALS: Final = frozenset({"authorization", "headers"})
# Texts that lose their meaning, or their signature, where a part of them is replaced.
_FIXED_KEYS: Final = frozenset({"arguments", "thinking", "name", "partial_json", "code"})


@dataclass(slots=True)
class Found:
    """A text and where it stands: `holder[key]` is it. `prose` says that parts of it may be replaced."""

    text: str
    source: str
    message: int
    holder: Any
    key: Any
    prose: bool


@dataclass(slots=True)
class Texts:
    """The texts of a document in its order, and the places that were not scanned."""

    found: list[Found] = field(default_factory=list)
    unscanned: list[str] = field(default_factory=list)


def read_request(data: Mapping[str, Any]) -> Texts:
    """Return the texts of a request of any of the protocols.

    >>> texts = read_request({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "tools": [{"name": "f"}]})
    >>> [(item.text, item.source) for item in texts.found]
    [('Hi', 'user'), ('{"name":"f"}', 'tool_definition')]
    """
    reader = _Reader()
    for key, value in data.items():
        if key in _REQUEST_SETTINGS:
            continue
        if key in {"messages", "input"} and isinstance(value, list):
            reader.items(key, value)
        elif key in {"tools", "functions"} and isinstance(value, list):
            for i, tool in enumerate(value):
                reader.tool(f"{key}[{i}]", tool)
        elif key == "prompt" and isinstance(value, dict):
            reader.texts.unscanned.append("prompt (stored at the provider)")
            reader.visit("prompt", value, _At("user", 0))
        else:
            reader.member(data, key, value, key, _At(_KEY_SOURCES.get(key, "user"), 0))
    return reader.texts


def read_answer(data: Mapping[str, Any], *, echo: bool = False) -> Texts:
    """Return the texts of an answer, or of one event of a stream of OpenAI's responses; all are the model's own.

    `Found.message` is the number of the choice, output item or content block. With `echo` it is a whole response of
    OpenAI's, which repeats its request; that is left out.
    """
    reader = _Reader()
    for key, value in data.items():
        if (key in _SETTINGS and (isinstance(value, str) or key in _ADMINISTRATION)) or (echo and key in _ECHO):
            continue
        if key in {"choices", "content", "output"} and isinstance(value, list):
            reader.items(key, value, "assistant")
        elif key == "response" and isinstance(value, dict):
            inner = read_answer(value, echo=True)
            reader.texts.found += inner.found
            reader.texts.unscanned += [f"response.{place}" for place in inner.unscanned]
        else:
            reader.member(data, key, value, key, _At("assistant", 0))
    return reader.texts


def read_part(value: object, place: str) -> Texts:
    """Return the texts of one part of an answer."""
    reader = _Reader()
    reader.visit(place, value, _At("assistant", 0))
    return reader.texts


@dataclass(frozen=True, slots=True)
class _At:
    """What is known of where a value stands."""

    source: str
    message: int
    signed: bool = False
    depth: int = 0


class _Reader:
    """Collects texts; recursion is as deep as the document, which is bounded."""

    def __init__(self) -> None:
        self.texts = Texts()

    def items(self, place: str, items: list[Any], source: str = "user") -> None:
        """Read messages, input items, choices or content blocks; each is a message of its own."""
        if items and place == "input" and all(type(item) is int or _is_tokens(item) for item in items):
            self.texts.unscanned.append("input (tokens)")
            return
        for i, item in enumerate(items):
            if isinstance(item, str):
                self._add(items, i, item, _At(source, i), prose=True)
            elif isinstance(item, int):
                self.texts.unscanned.append(f"{place}[{i}] (a number)")
            elif _is_tokens(item):
                self.texts.unscanned.append(f"{place}[{i}] (tokens)")
            else:
                self.visit(f"{place}[{i}]", item, _At(source, i))

    def tool(self, place: str, tool: object) -> None:
        """Read the definition of a tool as one text."""
        if isinstance(tool, dict):
            hidden = sorted(_CREDENTIALS & tool.keys())
            self.texts.unscanned += [f"{place}.{key} (credentials)" for key in hidden]
            tool = {key: value for key, value in tool.items() if key not in _CREDENTIALS}
        self._free(tool, _At("tool_definition", 0))

    def visit(self, place: str, value: object, at: _At) -> None:
        """Read a value whose keys are the protocol's."""
        if at.depth > _MOST_DEPTH:
            raise ValueError(f"{place[:100]}: nested deeper than {_MOST_DEPTH} levels")
        if isinstance(value, dict):
            at = _At(_source(value, at.source), at.message, at.signed or "signature" in value, at.depth + 1)
            if value.get("type") == "item_reference":
                self.texts.unscanned.append(f"{place} (stored at the provider)")
            if value.get("type") == "redacted_thinking":
                self.texts.unscanned.append(f"{place} (redacted_thinking)")
                return
            for key, inner in value.items():
                self.member(value, key, inner, f"{place}.{key}", at)
        elif isinstance(value, list):
            at = _At(at.source, at.message, at.signed, at.depth + 1)
            for i, inner in enumerate(value):
                if isinstance(inner, str):
                    self._add(value, i, inner, at, prose=True)
                else:
                    self.visit(f"{place}[{i}]", inner, at)

    def member(self, holder: Any, key: str, value: object, place: str, at: _At) -> None:
        """Read one member of an object."""
        if value is None or isinstance(value, (bool, int, float)):
            return
        if key in _OPAQUE:
            self.texts.unscanned.append(f"{place} ({holder.get('type', 'not text')})")
            if isinstance(value, dict) and isinstance(value.get("transcript"), str):
                self._add(value, "transcript", value["transcript"], at, prose=True)
            return
        if key == "source" and isinstance(value, dict) and value.get("type") in {"base64", "url", "file"}:
            self.texts.unscanned.append(f"{place} ({holder.get('type', 'not text')})")
            return
        if key in _SETTINGS:
            if not isinstance(value, str) and key not in _ADMINISTRATION:
                self.visit(place, value, at)
            return
        if isinstance(value, str):
            if key == "name" and at.source not in {"assistant", "tool_definition"} and len(value) <= 64:
                prose = False
            else:
                prose = key not in _FIXED_KEYS and not at.signed and not (key == "input" and _is_call(holder))
            self._add(holder, key, value, at, prose=prose)
        elif key in _FREE and isinstance(value, dict):
            self._free(value, at)
        else:
            source = _KEY_SOURCES.get(key, at.source)
            if key == "output" and isinstance(holder, dict) and "type" in holder:
                source = "tool_result"
            self.visit(place, value, _At(source, at.message, at.signed, at.depth))

    def _add(self, holder: Any, key: Any, text: str, at: _At, *, prose: bool) -> None:
        if text:
            self.texts.found.append(Found(text, at.source, at.message, holder, key, prose))

    def _free(self, value: object, at: _At) -> None:
        if value:
            self._add(None, None, orjson.dumps(value).decode(), at, prose=False)


def _is_tokens(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(type(item) is int for item in value)


def _is_call(holder: object) -> bool:
    kind = str(holder.get("type", "")) if isinstance(holder, dict) else ""
    return "_call" in kind or "tool_use" in kind


def _source(value: Mapping[str, Any], before: str) -> str:
    """Return where the texts of an object come from: by its role, else by its type, else as around it."""
    role = value.get("role")
    if isinstance(role, str):
        return _ROLES.get(role, "user")
    kind = value.get("type")
    if not isinstance(kind, str):
        return before
    if kind.endswith(("_result", "_output")) and kind != "computer_output" and not kind.startswith("web_search_result"):
        return "tool_result"
    if kind in {"document", "search_result", "web_search_result", "file_search_call"}:
        return "retrieved"
    if kind.endswith(("_call", "tool_use")) or kind in {"reasoning", "thinking", "output_text", "refusal"}:
        return "assistant"
    return before
