"""The protocols of others: what their clients send, and the answers that these clients need."""

from __future__ import annotations

import uuid

import pytest
from fastguard import Guard
from fastguard.pack import Pack
from fastguard.server.wire import presidio
from fastguard.server.wire.entities import LAKERA, PRESIDIO
from serving import ATTACK, Running

LITELLM = {"project_id": None, "payload": True, "breakdown": True, "metadata": None, "dev_info": True}


def test_lakera_answers_what_litellm_sends(server: Running) -> None:
    messages = [{"role": "system", "content": "be nice"}, {"role": "user", "content": "mail me bob@example.com now"}]
    answer = server.post("/v2/guard", {"messages": messages, **LITELLM}).json()
    assert answer["flagged"] is True
    (place,) = answer["payload"]
    assert place == {
        "start": 8,
        "end": 23,
        "text": "bob@example.com",
        "detector_type": "pii/email",
        "labels": ["pii.contact.email"],
        "message_id": 1,
    }
    uuid.UUID(answer["metadata"]["request_uuid"])
    assert set(answer["dev_info"]) == {"git_revision", "git_timestamp", "model_version", "version"}
    # A client masks instead of blocking only where all that is detected is personal data.
    assert {item["detector_type"] for item in answer["breakdown"] if item["detected"]} == {"pii/email"}
    assert {"project_id", "policy_id", "detector_id", "detector_type", "detected", "message_id"} == set(
        answer["breakdown"][0]
    )


def test_lakera_payload_is_there_even_when_nobody_asks(server: Running) -> None:
    answer = server.post("/v2/guard", {"messages": [{"role": "user", "content": "mail bob@example.com"}]}).json()
    assert answer["payload"] == []
    assert "breakdown" not in answer
    assert "dev_info" not in answer


def test_lakera_attack_is_flagged_and_the_rest_is_not(server: Running) -> None:
    messages = [{"role": "user", "content": "Hello there!"}, {"role": "tool", "content": ATTACK, "tool_call_id": "1"}]
    answer = server.post("/v2/guard", {"messages": messages, "breakdown": True}).json()
    assert answer["flagged"] is True
    assert [(item["detector_type"], item["message_id"]) for item in answer["breakdown"] if item["detected"]] == [
        ("prompt_attack", 1)
    ]
    assert server.post("/v2/guard", {"messages": messages[:1]}).json()["flagged"] is False


def test_lakera_offsets_are_code_points_unless_asked_for_others(server: Running) -> None:
    text = "😀 grüß dich, mail bob@example.com"
    request = {"messages": [{"role": "user", "content": [{"type": "text", "text": text}]}], "payload": True}
    for query, units in (("", text), ("?offsets=utf8", text.encode()), ("?offsets=utf16", text.encode("utf-16-le"))):
        (place,) = server.post(f"/v2/guard{query}", request).json()["payload"]
        width = 2 if "utf16" in query else 1
        found = units[place["start"] * width : place["end"] * width]
        decoded = found if isinstance(found, str) else found.decode("utf-16-le" if width == 2 else "utf-8")
        assert decoded == place["text"] == "bob@example.com"
    assert server.post("/v2/guard?offsets=bytes", request).status == 400


def test_lakera_results_give_levels_and_no_decision(server: Running) -> None:
    answer = server.post("/v2/guard/results", {"messages": [{"role": "user", "content": ATTACK}]}).json()
    assert "flagged" not in answer
    levels = {item["detector_type"]: item["result"] for item in answer["results"]}
    assert levels["prompt_attack"] == "l1_confident"
    assert levels["pii/email"] == "no_level"
    assert all(set(item) >= {"project_id", "policy_id", "detector_id", "custom_matched"} for item in answer["results"])


@pytest.mark.parametrize("given", [ATTACK, [{"role": "user", "content": ATTACK}]])
def test_lakera_v1(server: Running, given: object) -> None:
    answer = server.post("/v1/prompt_injection", {"input": given}).json()
    (result,) = answer["results"]
    assert result["flagged"] is True
    assert result["categories"]["prompt_injection"] is True
    assert result["category_scores"]["prompt_injection"] > 0.9
    assert set(result["category_scores"]) == {"prompt_injection", "jailbreak"}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "x"}, "messages"),
        ({"messages": [{"role": "pirate", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "x"}], "breakdown": "yes"}, "breakdown"),
        ([], "the body"),
    ],
)
def test_lakera_errors_name_the_place(server: Running, body: object, place: str) -> None:
    answer = server.post("/v2/guard", body)
    assert answer.status == 400
    assert set(answer.json()) == {"error", "message", "request_id"}
    assert answer.json()["error"] == "Invalid Request"
    assert place in answer.json()["message"]


def test_lakera_unknown_project_is_404_that_says_project(server: Running) -> None:
    answer = server.post("/v2/guard", {"messages": [{"role": "user", "content": "x"}], "project_id": "project-1"})
    assert answer.status == 404
    assert "project" in answer.json()["message"]


def litellm(texts: list[str], **more: object) -> dict[str, object]:
    body: dict[str, object] = {
        "input_type": "request",
        "litellm_call_id": "c1",
        "structured_messages": [{"role": "user", "content": texts[0]}],
        "images": None,
        "tools": None,
        "texts": texts,
        "request_data": {"user_api_key_user_id": "u1"},
        "additional_provider_specific_params": {},
        "tool_calls": None,
        "model": "gpt-x",
    }
    return body | more


def test_litellm_has_three_answers(server: Running) -> None:
    path = "/beta/litellm_basic_guardrail_api"
    assert server.post(path, litellm(["Hello!"])).json() == {"action": "NONE"}
    masked = server.post(path, litellm(["Hello!", "I am at bob@example.com today"])).json()
    assert masked == {"action": "GUARDRAIL_INTERVENED", "texts": ["Hello!", "I am at <EMAIL_1> today"]}
    blocked = server.post(path, litellm([ATTACK])).json()
    assert blocked["action"] == "BLOCKED"
    assert "prompt_injection" in blocked["blocked_reason"]


def test_litellm_tools_are_judged(server: Running) -> None:
    tool = {"type": "function", "function": {"name": "f", "description": ATTACK, "parameters": {}}}
    answer = server.post("/beta/litellm_basic_guardrail_api", litellm(["Hello!"], tools=[tool])).json()
    assert answer["action"] == "BLOCKED"


def test_litellm_system_prompt_may_give_orders(server: Running) -> None:
    body = litellm([ATTACK], structured_messages=[{"role": "system", "content": ATTACK}])
    assert server.post("/beta/litellm_basic_guardrail_api", body).json() == {"action": "NONE"}


def test_moderations_have_all_official_categories_and_one_result_an_input(server: Running) -> None:
    answer = server.post("/v1/moderations", {"input": ["Hello!", ATTACK], "model": "omni-moderation-latest"}).json()
    calm, bad = answer["results"]
    assert calm["flagged"] is False
    assert bad["flagged"] is True
    assert bad["categories"]["prompt_injection"] is True
    assert bad["category_scores"]["prompt_injection"] > 0.9
    official = {"hate", "harassment/threatening", "self-harm/intent", "sexual/minors", "violence/graphic", "illicit"}
    assert official < set(calm["categories"]) == set(calm["category_scores"])


def test_moderations_parts_are_one_input_and_images_are_named(server: Running) -> None:
    parts = [{"type": "text", "text": ATTACK}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    (result,) = server.post("/v1/moderations", {"input": parts}).json()["results"]
    assert result["flagged"] is True
    assert result["unscanned"] == ["unscanned: input[1] (image_url)"]
    error = server.post("/v1/moderations", {"input": [1]})
    assert error.status == 400
    assert set(error.json()["error"]) == {"message", "type", "param", "code"}


def test_the_openai_client_reads_moderations(server: Running) -> None:
    openai = pytest.importorskip("openai", reason="the client library openai is not installed")
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        result = client.moderations.create(input=ATTACK).results[0]
        assert result.flagged is True
        assert result.categories.hate is False
        assert result.categories.model_extra["prompt_injection"] is True
        with pytest.raises(openai.BadRequestError, match="input"):
            client.moderations.create(input=[])


def test_presidio_finds_and_replaces(server: Running) -> None:
    text = "Ana: ana@example.org, 4111 1111 1111 1111"
    answer = server.post("/analyze", {"text": text, "language": "en"})
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert {(item["entity_type"], text[item["start"] : item["end"]]) for item in found} == {
        ("EMAIL_ADDRESS", "ana@example.org"),
        ("CREDIT_CARD", "4111 1111 1111 1111"),
    }
    only = server.post("/analyze", {"text": text, "language": "en", "entities": ["CREDIT_CARD"]}).json()
    assert [item["entity_type"] for item in only] == ["CREDIT_CARD"]
    clean = server.post("/anonymize", {"text": text, "analyzer_results": found}).json()
    assert clean["text"] == "Ana: <EMAIL_ADDRESS>, <CREDIT_CARD>"
    for item in clean["items"]:
        assert clean["text"][item["start"] : item["end"]] == item["text"]
    masked = {"EMAIL_ADDRESS": {"type": "mask", "masking_char": "#", "chars_to_mask": 3, "from_end": False}}
    clean = server.post("/anonymize", {"text": text, "analyzer_results": found, "anonymizers": masked}).json()
    assert clean["text"] == "Ana: ###@example.org, <CREDIT_CARD>"


def test_presidio_overlapping_places_are_one(server: Running) -> None:
    places = [
        {"start": 0, "end": 4, "entity_type": "A", "score": 0.5},
        {"start": 2, "end": 6, "entity_type": "B", "score": 0.9},
    ]
    answer = server.post("/anonymize", {"text": "abcdefgh", "analyzer_results": places}).json()
    assert answer["text"] == "<B>gh"
    places[0]["end"] = 99
    assert server.post("/anonymize", {"text": "abcdefgh", "analyzer_results": places}).status == 422


def test_llm_guard_prompt_and_output(server: Running) -> None:
    answer = server.post("/analyze/prompt", {"prompt": "write to bob@example.com"}).json()
    assert answer["is_valid"] is True
    assert answer["sanitized_prompt"] == "write to <EMAIL_1>"
    bad = server.post("/analyze/prompt", {"prompt": ATTACK}).json()
    assert bad["is_valid"] is False
    assert bad["scanners"]["PromptInjection"] > 0.9
    secret = {"prompt": "my key?", "output": "It is AKIA2E0A8F3B244C9986"}
    output = server.post("/analyze/output", secret).json()
    assert output["is_valid"] is False
    assert "AKIA" not in output["sanitized_output"]


def test_native_check_says_what_the_guard_says(server: Running, guard: Guard) -> None:
    for text in ("Hello!", ATTACK, "mail bob@example.com 😀", ""):
        for source in ("user", "retrieved", "system"):
            answer = server.post("/v1/check", {"text": text, "source": source}).json()
            verdict = guard.check(text, source=source)
            assert (answer["action"], answer["level"], answer["score"]) == (
                verdict.action,
                verdict.level,
                verdict.score,
            )
            assert [item["signature"] for item in answer["findings"]] == [item.signature for item in verdict.findings]
    messages = [{"role": "user", "content": "Hi"}, {"role": "tool", "content": ATTACK}]
    answer = server.post("/v1/check", {"messages": messages}).json()
    assert {item["message"] for item in answer["findings"]} == {1}
    many = server.post("/v1/check", {"texts": ["Hello!", ATTACK]}).json()
    assert [item["action"] for item in many["results"]] == ["allow", "block"]


@pytest.mark.parametrize("body", [{}, {"text": "a", "texts": ["b"]}, {"text": 1}, {"text": "a", "source": "moon"}])
def test_native_check_refuses_what_it_does_not_know(server: Running, body: object) -> None:
    answer = server.post("/v1/check", body)
    assert answer.status == 400
    assert "expected" in answer.json()["message"]


def test_redact(server: Running) -> None:
    answer = server.post("/v1/redact", {"text": "bob@example.com"}).json()
    assert answer["text"] == "<EMAIL_1>"
    assert "mapping" not in answer
    assert server.post("/v1/redact", {"text": "bob@example.com", "mapping": True}).json()["mapping"] == {
        "<EMAIL_1>": "bob@example.com"
    }


def test_names_of_other_protocols_are_of_signatures_that_there_are() -> None:
    ids = {signature.id for signature in Pack.default()}
    assert set(PRESIDIO) <= ids
    assert set(LAKERA) <= ids
    assert all(value.startswith("pii/") for value in LAKERA.values())
    # What Presidio and our pack name alike needs no entry.
    for signature, entity in (
        ("pii.national_id.us_ssn_written", "US_SSN"),
        ("pii.company.sg_uen", "SG_UEN"),
        ("pii.national_id.nl_bsn", "NL_BSN"),
    ):
        assert presidio.entity_type(signature) == entity


def test_an_identifier_that_presidio_names_otherwise(server: Running) -> None:
    found = server.post("/analyze", {"text": "Henkil\u00f6tunnus 131052-308T", "language": "fi"}).json()
    assert [item["entity_type"] for item in found] == ["FI_PERSONAL_IDENTITY_CODE"]
    answer = server.post(
        "/v2/guard", {"messages": [{"role": "user", "content": "Call me: phone 0171 3456789"}], "payload": True}
    )
    assert {item["detector_type"] for item in answer.json()["payload"]} == {"pii/phone_number"}
