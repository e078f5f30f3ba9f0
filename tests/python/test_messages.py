"""Conversations: every text is read with its source, every part that is none is named, malformed ones say where."""

from __future__ import annotations

from typing import Any

import pytest
from fastguard.messages import read_messages
from hypothesis import given
from hypothesis import strategies as st


def texts(*messages: object, source: str = "user") -> list[tuple[str | bytes, str, int]]:
    found = read_messages(list(messages), source)
    assert found.unscanned == []
    return list(zip(found.texts, found.sources, found.messages, strict=True))


def test_roles_become_sources() -> None:
    roles = ("system", "developer", "user", "assistant", "tool", "function")
    found = texts(*({"role": role, "content": role} for role in roles))
    assert [(text, source) for text, source, _ in found] == [
        ("system", "system"),
        ("developer", "system"),
        ("user", "user"),
        ("assistant", "assistant"),
        ("tool", "tool_result"),
        ("function", "tool_result"),
    ]
    assert [index for _, _, index in found] == [0, 1, 2, 3, 4, 5]


def test_the_callers_source_is_that_of_users() -> None:
    found = texts({"role": "user", "content": "a"}, {"role": "tool", "content": "b"}, source="retrieved")
    assert [source for _, source, _ in found] == ["retrieved", "tool_result"]


@pytest.mark.parametrize("content", [None, []])
def test_content_may_be_nothing(content: object) -> None:
    assert texts({"role": "assistant", "content": content}) == []
    assert texts({"role": "assistant"}) == []


def test_parts_of_every_client_are_read() -> None:
    parts = [
        "plain",
        {"type": "text", "text": "one"},
        {"type": "input_text", "text": "two"},
        {"type": "output_text", "text": "three"},
        {"type": "refusal", "refusal": "four"},
        {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "five"}]},
        {"type": "tool_result", "content": "six"},
        {"type": "tool_use", "input": {"path": "é"}},
    ]
    found = texts({"role": "user", "content": parts})
    assert [(text, source) for text, source, _ in found] == [
        ("plain", "user"),
        ("one", "user"),
        ("two", "user"),
        ("three", "user"),
        ("four", "user"),
        ("five", "tool_result"),
        ("six", "tool_result"),
        ('{"path": "é"}', "assistant"),
    ]


def test_tool_calls_count_with_their_arguments() -> None:
    calls = [
        {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
        {"type": "custom", "custom": {"name": "g", "input": "rm -rf /"}},
        {"function": {"name": "h", "arguments": {"already": "parsed"}}},
        {"function": {"name": "i"}},
    ]
    message = {"role": "assistant", "content": None, "tool_calls": calls, "function_call": {"arguments": "old"}}
    assert [(text, source) for text, source, _ in texts(message)] == [
        ('{"a": 1}', "assistant"),
        ("rm -rf /", "assistant"),
        ('{"already": "parsed"}', "assistant"),
        ("old", "assistant"),
    ]


def test_keys_that_nobody_knows_and_nulls_are_ignored() -> None:
    message = {
        "role": "assistant",
        "content": "a",
        "tool_calls": None,
        "refusal": None,
        "function_call": None,
        "x": {1},
    }
    assert texts(message) == [("a", "assistant", 0)]


def test_parts_that_are_no_text_are_named() -> None:
    found = read_messages(
        [
            {"role": "user", "content": "a"},
            {
                "role": "user",
                "content": [{"type": "text", "text": "b"}, {"type": "image_url", "image_url": {"url": "x"}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "content": [{"type": "image"}]}]},
            {"role": "assistant", "tool_calls": [{"type": "retrieval"}]},
        ],
        "user",
    )
    assert found.texts == ["a", "b"]
    assert found.unscanned == [
        "unscanned: messages[1].content[1] (image_url)",
        "unscanned: messages[2].content[0].content[0] (image)",
        "unscanned: messages[3].tool_calls[0] (retrieval)",
    ]


@pytest.mark.parametrize(
    ("messages", "error", "text"),
    [
        ("hi", TypeError, "messages: expected a sequence of messages, got str"),
        ({"role": "user"}, TypeError, "messages: expected a sequence of messages, got dict"),
        (None, TypeError, "messages: expected a sequence of messages, got NoneType"),
        ([7], TypeError, "messages[0]: expected a mapping with role and content, got int"),
        ([{"content": "a"}], TypeError, "messages[0].role: expected a string, got NoneType"),
        ([{"role": "usr", "content": "a"}], ValueError, "messages[0].role: got 'usr' (did you mean \"user\"?)"),
        (
            [{"role": "user", "content": 3}],
            TypeError,
            "messages[0].content: expected a string, None or a list of parts",
        ),
        ([{"role": "user", "content": [3]}], TypeError, "messages[0].content[0]: expected a mapping with a type"),
        ([{"role": "user", "content": [{}]}], TypeError, "messages[0].content[0].type: expected a string"),
        (
            [{"role": "user", "content": [{"type": "text"}]}],
            TypeError,
            "messages[0].content[0].text: expected a string",
        ),
        ([{"role": "assistant", "tool_calls": "x"}], TypeError, "messages[0].tool_calls: expected a list"),
        ([{"role": "assistant", "tool_calls": [1]}], TypeError, "messages[0].tool_calls[0]: expected a mapping"),
        (
            [{"role": "assistant", "tool_calls": [{"function": {"arguments": {1, 2}}}]}],
            TypeError,
            "messages[0].tool_calls[0].function.arguments: expected a string, or what JSON can hold, got set",
        ),
    ],
)
def test_what_is_malformed_is_named(messages: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        read_messages(messages, "user")
    assert text in str(caught.value)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "text", "tool_calls", "function", "user"]), inner)
    ),
    max_leaves=20,
)


@given(values)
def test_anything_is_read_or_refused_with_its_place(value: object) -> None:
    refused = ""
    try:
        found = read_messages(value, "user")
    except (TypeError, ValueError) as error:
        refused = str(error)
    else:
        assert len(found.texts) == len(found.messages) == len(found.sources)
    assert not refused or refused.startswith("messages")
