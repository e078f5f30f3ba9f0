"""The OpenAPI 3.1 document of what is served, made from tables so that a route is described once."""

from __future__ import annotations

from typing import Any, Final

from fastguard import __version__, _core
from fastguard.server.gateway.endpoints import ENDPOINTS, Endpoint
from fastguard.server.judge import ACTIONS

Schema = dict[str, Any]

_STRING: Final[Schema] = {"type": "string"}
_BOOLEAN: Final[Schema] = {"type": "boolean"}
_INTEGER: Final[Schema] = {"type": "integer", "minimum": 0}
_NUMBER: Final[Schema] = {"type": "number"}
_SHARE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}
_FREE: Final[Schema] = {"type": "object"}


def _array(items: Schema, **more: object) -> Schema:
    return {"type": "array", "items": items, **more}


def _object(required: str = "", **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required.split()
    return schema


def _null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_MESSAGE = {
    **_object(
        "role",
        role={"enum": ["system", "developer", "user", "assistant", "tool", "function"]},
        content={"anyOf": [_STRING, _array(_FREE), {"type": "null"}]},
        tool_calls=_null(_array(_FREE)),
    ),
    "description": "A message in the form of chat APIs; other keys are ignored.",
}
_GUARD_REQUEST = _object(
    "messages",
    messages=_array(_ref("Message"), minItems=1),
    project_id=_null(_STRING),
    payload=_null(_BOOLEAN),
    breakdown=_null(_BOOLEAN),
    dev_info=_null(_BOOLEAN),
    metadata=_null(_FREE),
)
_DETECTOR = {
    "project_id": _STRING,
    "policy_id": _STRING,
    "detector_id": _STRING,
    "detector_type": _STRING,
    "message_id": _null(_INTEGER),
}
_DEV_INFO = _object(
    "git_revision git_timestamp model_version version",
    git_revision=_STRING,
    git_timestamp=_STRING,
    model_version=_STRING,
    version=_STRING,
)
_GUARD_ANSWER = _object(
    "flagged payload metadata",
    flagged=_BOOLEAN,
    payload=_array(
        _object(
            "start end text detector_type labels message_id",
            start=_INTEGER,
            end=_INTEGER,
            text=_STRING,
            detector_type=_STRING,
            labels=_array(_STRING),
            message_id=_INTEGER,
        )
    ),
    breakdown=_array(_object(" ".join([*_DETECTOR, "detected"]), detected=_BOOLEAN, **_DETECTOR)),
    dev_info=_DEV_INFO,
    metadata=_object("request_uuid", request_uuid={"type": "string", "format": "uuid"}),
)
_LEVELS = ["l1_confident", "l2_very_likely", "l3_likely", "l4_less_likely", "l5_unlikely", "no_level"]
_RESULTS_ANSWER = _object(
    "results",
    results=_array(
        _object(
            " ".join([*_DETECTOR, "result", "custom_matched"]),
            result={"enum": _LEVELS},
            custom_matched=_BOOLEAN,
            **_DETECTOR,
        )
    ),
)
# What Lakera's first version and OpenAI's moderations say of each text.
_SCORED = {
    "flagged": _BOOLEAN,
    "categories": {"type": "object", "additionalProperties": _BOOLEAN},
    "category_scores": {"type": "object", "additionalProperties": _SHARE},
}
_V1_ANSWER = _object(
    "model results dev_info",
    model=_STRING,
    results=_array(_object("flagged categories category_scores payload", **_SCORED, payload=_FREE)),
    dev_info=_DEV_INFO,
)
_LITELLM_REQUEST = _object(
    "input_type",
    input_type={"enum": ["request", "response"]},
    texts=_null(_array(_STRING)),
    structured_messages=_null(_array(_FREE)),
    tools=_null(_array(_FREE)),
    tool_calls=_null(_array(_FREE)),
    additional_provider_specific_params=_null(_FREE),
)
_LITELLM_ANSWER = _object(
    "action",
    action={"enum": ["NONE", "GUARDRAIL_INTERVENED", "BLOCKED"]},
    texts=_array(_STRING),
    blocked_reason=_STRING,
)
_MODERATION_ANSWER = _object(
    "id model results",
    id=_STRING,
    model=_STRING,
    results=_array(
        _object(
            "flagged categories category_scores category_applied_input_types",
            **_SCORED,
            category_applied_input_types=_FREE,
        )
    ),
)
_ENTITY = _object("start end entity_type score", start=_INTEGER, end=_INTEGER, entity_type=_STRING, score=_NUMBER)
_FINDING = _object(
    "signature category start end text",
    signature=_STRING,
    detector=_STRING,
    category={"enum": list(_core.CATEGORIES)},
    summary=_STRING,
    severity={"enum": list(_core.SEVERITIES)},
    score=_SHARE,
    view=_STRING,
    start=_INTEGER,
    end=_INTEGER,
    byte_start=_INTEGER,
    byte_end=_INTEGER,
    utf16_start=_INTEGER,
    utf16_end=_INTEGER,
    text=_STRING,
    decoded=_null(_STRING),
    message=_null(_INTEGER),
)
_VERDICT = _object(
    "flagged action score level categories findings truncated degraded",
    flagged=_BOOLEAN,
    action={"enum": list(ACTIONS)},
    score=_SHARE,
    level={"type": "integer", "minimum": 1, "maximum": 5},
    categories={
        "type": "object",
        "additionalProperties": _object("score level", score=_SHARE, level=_INTEGER),
    },
    findings=_array(_ref("Finding")),
    truncated=_array(_STRING),
    degraded=_array(_STRING),
    tier=_STRING,
    policy=_STRING,
    request_id=_STRING,
    revision=_STRING,
    microseconds=_NUMBER,
)
_CHECK_REQUEST = {
    **_object(
        text=_STRING,
        texts=_array(_STRING),
        messages=_array(_ref("Message")),
        source=_null({"enum": list(_core.SOURCES)}),
        policy=_null(_STRING),
        project=_null(_STRING),
        metadata=_null(_FREE),
    ),
    "description": "Exactly one of text, texts and messages.",
}

# Path: (summary, tag, request, answer)
_OPERATIONS: Final[dict[str, tuple[str, str, Schema, Schema]]] = {
    "/v2/guard": ("Screen a conversation", "Lakera", _GUARD_REQUEST, _GUARD_ANSWER),
    "/v2/guard/results": ("Levels of each detector", "Lakera", _GUARD_REQUEST, _RESULTS_ANSWER),
    "/v1/prompt_injection": (
        "Screen a text or a conversation, the older form",
        "Lakera",
        _object("input", input={"anyOf": [_STRING, _array(_ref("Message"))]}),
        _V1_ANSWER,
    ),
    "/beta/litellm_basic_guardrail_api": ("LiteLLM's generic guardrail", "LiteLLM", _LITELLM_REQUEST, _LITELLM_ANSWER),
    "/v1/moderations": (
        "OpenAI's moderations",
        "OpenAI",
        _object("input", input={"anyOf": [_STRING, _array(_STRING), _array(_FREE)]}, model=_null(_STRING)),
        _MODERATION_ANSWER,
    ),
    "/analyze": (
        "Presidio's analyzer",
        "Presidio",
        _object(
            "text language",
            text={"anyOf": [_STRING, _array(_STRING)]},
            language=_STRING,
            entities=_null(_array(_STRING)),
            score_threshold=_null(_NUMBER),
        ),
        {"anyOf": [_array(_ENTITY), _array(_array(_ENTITY))]},
    ),
    "/anonymize": (
        "Presidio's anonymizer",
        "Presidio",
        _object("text analyzer_results", text=_STRING, analyzer_results=_array(_ENTITY), anonymizers=_null(_FREE)),
        _object("text items", text=_STRING, items=_array(_FREE)),
    ),
    "/analyze/prompt": (
        "LLM Guard: a prompt",
        "LLM Guard",
        _object("prompt", prompt=_STRING),
        _object("is_valid scanners sanitized_prompt", is_valid=_BOOLEAN, scanners=_FREE, sanitized_prompt=_STRING),
    ),
    "/analyze/output": (
        "LLM Guard: an answer",
        "LLM Guard",
        _object("prompt output", prompt=_STRING, output=_STRING),
        _object("is_valid scanners sanitized_output", is_valid=_BOOLEAN, scanners=_FREE, sanitized_output=_STRING),
    ),
    "/v1/check": (
        "Judge a text, texts or a conversation",
        "fastguard",
        _CHECK_REQUEST,
        {"anyOf": [_ref("Verdict"), _object("results", results=_array(_ref("Verdict")))]},
    ),
    "/v1/redact": (
        "Replace secrets and personal data",
        "fastguard",
        _object("text", text=_STRING, policy=_null(_STRING), mapping=_null(_BOOLEAN)),
        _object("text", text=_STRING, mapping={"type": "object", "additionalProperties": _STRING}),
    ),
    "/v1/feedback": (
        "Mark a verdict as wrong or right",
        "fastguard",
        _object(
            "mark",
            mark={"enum": ["wrong", "right"]},
            request_id=_STRING,
            event=_null(_INTEGER),
            label=_null(_STRING),
            note=_null(_STRING),
            text=_null(_STRING),
            source=_null({"enum": list(_core.SOURCES)}),
        ),
        _object("event mark", event=_INTEGER, mark=_STRING, request_id=_STRING),
    ),
}
_PLAIN: Final = {
    "/v1/version": ("What is in force", "application/json"),
    "/livez": ("Whether the process runs", "application/json"),
    "/readyz": ("Whether requests are answered", "application/json"),
    "/metrics": ("Counters in the text format of Prometheus", "text/plain"),
}
_ERRORS: Final = {
    "400": "The body is not what the route takes; the message names the place.",
    "401": "The key is missing or wrong.",
    "403": "The key has no right to this, or another site sent the request.",
    "404": "What the request names is not here: a project, an event.",
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "415": "The body is encoded in a way that is not taken.",
    "422": "The body is of the right form, and its parts do not fit each other.",
}


def document() -> Schema:
    """Return the document.

    >>> document()["openapi"]
    '3.1.0'
    """
    paths: Schema = {}
    for path, (summary, tag, request, answer) in _OPERATIONS.items():
        paths[path] = {"post": _operation(path, summary, tag, answer, request)}
    for path, (summary, kind) in _PLAIN.items():
        content = {kind: {"schema": _FREE if kind.endswith("json") else _STRING}}
        paths[path] = {
            "get": {
                "operationId": path.strip("/").replace("/", "_"),
                "summary": summary,
                "tags": ["Server"],
                "responses": {"200": {"description": summary, "content": content}},
            }
        }
    paths["/v1/check/stream"] = {"post": _streamed()}
    for endpoint in ENDPOINTS:
        if endpoint.method == "POST":
            paths[f"/v1{endpoint.path}"] = {"post": _passed(endpoint)}
        else:
            paths[f"/v1{endpoint.path}"] = {"get": _passed(endpoint)}
    paths["/admin/reload"] = {
        "post": _operation("/admin/reload", "Load packs, policies and keys anew", "Server", _FREE)
    }
    schemas = {"Message": _MESSAGE, "Finding": _FINDING, "Verdict": _VERDICT, "Error": _ERROR}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "fastguard",
            "version": __version__,
            "summary": "Judges what goes into and comes out of language models.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"bearer": []}, {"header": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
    }


def _streamed() -> Schema:
    """Return the operation of the stream."""
    operation = _operation("/v1/check/stream", "Judge a text while it arrives", "fastguard", _FREE)
    operation["requestBody"] = {"required": True, "content": {"text/plain": {"schema": _STRING}}}
    operation["parameters"] = [
        {"name": "source", "in": "query", "schema": {"enum": list(_core.SOURCES)}},
        {"name": "mode", "in": "query", "schema": {"enum": ["block", "redact"]}},
        *({"name": name, "in": "query", "schema": _STRING} for name in ("policy", "project")),
    ]
    operation["responses"]["200"] = {
        "description": "Server-sent events: text, then verdict or error.",
        "content": {"text/event-stream": {"schema": _STRING}},
    }
    return operation


def _passed(endpoint: Endpoint) -> Schema:
    """Return the operation of a path of the gateway; body and answer are the provider's."""
    content = {"application/json": {"schema": _FREE}}
    stream = {"text/event-stream": {"schema": _STRING}} if endpoint.answers else {}
    operation: Schema = {
        "operationId": f"gateway_{endpoint.name}",
        "summary": f"Gateway: {endpoint.path} of an upstream that speaks {endpoint.shape}'s protocol",
        "tags": ["Gateway"],
        "parameters": [
            {"name": "x-fastguard-project", "in": "header", "schema": _STRING},
            {"name": "x-fastguard-key", "in": "header", "schema": _STRING},
        ],
        "responses": {
            "200": {"description": "The provider's answer, guarded.", "content": {**content, **stream}},
            "400": {"description": "The request was blocked, or cannot be read.", "content": content},
            "404": {"description": "No upstream for this is set.", "content": content},
            "502": {"description": "The upstream gave no usable answer.", "content": content},
            "504": {"description": "The upstream was late.", "content": content},
        },
    }
    if endpoint.method == "POST":
        operation["requestBody"] = {"required": True, "content": content}
    return operation


_ERROR = {
    "description": "Lakera's form; OpenAI's routes answer in OpenAI's.",
    "anyOf": [
        _object("error message request_id", error=_STRING, message=_STRING, request_id=_STRING),
        _object("error", error=_object("message type", message=_STRING, type=_STRING)),
    ],
}


def _operation(path: str, summary: str, tag: str, answer: Schema, request: Schema | None = None) -> Schema:
    operation: Schema = {
        "operationId": path.strip("/").replace("/", "_"),
        "summary": summary,
        "tags": [tag],
        "responses": {
            "200": {"description": "The answer.", "content": {"application/json": {"schema": answer}}},
            **{
                status: {"description": meaning, "content": {"application/json": {"schema": _ref("Error")}}}
                for status, meaning in _ERRORS.items()
            },
        },
    }
    if request is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": request}}}
    return operation
