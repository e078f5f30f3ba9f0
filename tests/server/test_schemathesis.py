"""The OpenAPI document against the server: requests made from it, right and wrong, get answers that it describes."""

from __future__ import annotations

from typing import Any

import pytest
from fastguard.server.openapi import document
from hypothesis import HealthCheck, Phase, given, settings
from serving import Running

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

# Judged here: what a client of the document meets. Streams, pages and what passes to an upstream have tests of their own.
_PATHS = sorted(
    path
    for path, operations in document()["paths"].items()
    if "post" in operations
    and not path.startswith("/admin")
    and "application/json" in operations["post"].get("requestBody", {"content": ()})["content"]
    and "502" not in operations["post"]["responses"]
)


def test_there_is_something_to_ask() -> None:
    assert "/v2/guard" in _PATHS
    assert len(_PATHS) > 8


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("path", _PATHS)
def test_answers_are_those_of_the_document(server: Running, path: str, mode: str) -> None:
    from schemathesis.core.failures import FailureGroup
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

    # A body of the right form may still name what is not here, and what a protocol's field holds that nobody reads is not
    # looked at: neither is a fault.
    excluded = [positive_data_acceptance, negative_data_rejection]
    schema = schemathesis.openapi.from_dict(document())
    operation = schema[path]["POST"]
    strategy = operation.as_strategy(generation_mode=GenerationMode(mode))

    @given(case=strategy)
    @settings(
        max_examples=12, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def ask(case: Any) -> None:
        response = case.call(base_url=server.url)
        try:
            case.validate_response(response, excluded_checks=excluded)
        except FailureGroup as problem:
            raise AssertionError(f"{case.as_curl_command()}\n{problem}") from None
        assert response.status_code < 500

    ask()
