"""The OpenAPI document: valid, complete, and true of the answers."""

from __future__ import annotations

import pytest
from fastguard.server.app import ROUTES
from fastguard.server.gateway.endpoints import ENDPOINTS
from fastguard.server.openapi import document
from serving import ATTACK, Running

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")

EXAMPLES: dict[str, object] = {
    "/v2/guard": {"messages": [{"role": "user", "content": ATTACK + " bob@example.com"}], "payload": True, "breakdown": True, "dev_info": True},
    "/v2/guard/results": {"messages": [{"role": "user", "content": ATTACK}]},
    "/v1/prompt_injection": {"input": ATTACK},
    "/beta/litellm_basic_guardrail_api": {"input_type": "request", "texts": ["bob@example.com"]},
    "/v1/moderations": {"input": ATTACK},
    "/analyze": {"text": "bob@example.com", "language": "en"},
    "/anonymize": {"text": "abc", "analyzer_results": [{"start": 0, "end": 1, "entity_type": "A", "score": 1}]},
    "/analyze/prompt": {"prompt": ATTACK},
    "/analyze/output": {"prompt": "", "output": ATTACK},
    "/v1/check": {"text": ATTACK},
    "/v1/redact": {"text": "bob@example.com", "mapping": True},
}  # fmt: skip


def test_the_document_names_every_route(server: Running) -> None:
    served = server.get("/openapi.json").json()
    assert served == document()
    assert set(ROUTES) - {"/openapi.json"} <= set(served["paths"])
    assert {f"/v1{endpoint.path}" for endpoint in ENDPOINTS} <= set(served["paths"])


def test_the_document_is_openapi(server: Running) -> None:
    validator = pytest.importorskip("openapi_spec_validator", reason="openapi-spec-validator is not installed")
    validator.validate(document())


def schema_of(part: dict[str, object]) -> dict[str, object]:
    return {**part, "components": document()["components"]}


@pytest.mark.parametrize("path", EXAMPLES)
def test_requests_and_answers_are_as_described(server: Running, path: str) -> None:
    operation = document()["paths"][path]["post"]
    jsonschema.validate(EXAMPLES[path], schema_of(operation["requestBody"]["content"]["application/json"]["schema"]))
    answer = server.post(path, EXAMPLES[path])
    assert answer.status == 200
    jsonschema.validate(
        answer.json(), schema_of(operation["responses"]["200"]["content"]["application/json"]["schema"])
    )
    for wrong in (b"[]", b"{}", b"nonsense"):
        error = server.post(path, wrong)
        assert error.status == 400
        jsonschema.validate(
            error.json(), schema_of(operation["responses"]["400"]["content"]["application/json"]["schema"])
        )
