"""Redaction as hash, mask and partial mask: per entity, the same for the same value, and nothing to be found again."""

from __future__ import annotations

import re

import pytest
from fastguard import Guard, Policy
from fastguard.redaction import MODES, Mode
from hypothesis import given, settings
from hypothesis import strategies as st

GUARD = Guard(model=None, policy=Policy(detectors={"*": False, "pii/*": True, "secret/*": True}))
VALUES = {
    "ann.miller@mail.example.org": "EMAIL",
    "+49 30 901820": "PHONE_INTERNATIONAL",
    "4111 1111 1111 1111": "PAYMENT_CARD",
    "DE89 3704 0044 0532 0130 00": "IBAN",
    "AKIA2E0A8F3B244C9986": "AWS_ACCESS_KEY_ID",
}


@pytest.mark.parametrize(("value", "entity"), VALUES.items())
def test_each_mode_shows_what_it_says(value: str, entity: str) -> None:
    text = f"Here: {value}, thanks"
    assert GUARD.redact_as(text, "placeholder") == GUARD.redact(text)
    masked, left = GUARD.redact_as(text, "mask")
    assert masked == f"Here: {re.sub('[A-Za-z0-9]', '*', value)}, thanks"
    assert left == {}
    partial, _ = GUARD.redact_as(text, {entity: "partial"})
    shown = [c for c in partial[len("Here: ") : -len(", thanks")] if c.isalnum()]
    assert "".join(shown) == "".join(c for c in value if c.isalnum())[-4:]
    hashed, _ = GUARD.redact_as(text, "hash", key=b"k")
    assert re.fullmatch(rf"Here: <{entity}:[0-9a-f]{{16}}>, thanks", hashed)
    assert hashed == GUARD.redact_as(text, "hash", key=b"k")[0] != GUARD.redact_as(text, "hash", key=b"other")[0]


def test_entities_without_a_mode_of_their_own_are_placeholders_that_come_back() -> None:
    text = "ann@mail.example.org, +49 30 901820 and <EMAIL_1>"
    out, left = GUARD.redact_as(text, {"PHONE_INTERNATIONAL": "mask"})
    assert out == "<EMAIL_2>, +** ** ****** and <EMAIL_1>"
    assert left == {"<EMAIL_2>": "ann@mail.example.org"}
    assert GUARD.redact_as(text, {"*": "mask", "EMAIL": "placeholder"})[1] == left


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*VALUES, "call", "and", "<EMAIL_1>", "*** 1111", "x@y.z"]), max_size=8),
    st.dictionaries(st.sampled_from([*VALUES.values(), "*"]), st.sampled_from(MODES), max_size=4),
    st.sampled_from([" ", ", ", "\n", "/"]),
)
def test_nothing_that_was_redacted_is_found_again(words: list[str], how: dict[str, Mode], between: str) -> None:
    out, left = GUARD.redact_as(between.join(words), how, key=b"k")
    assert GUARD.redact(out)[1] == {}
    for value in VALUES:
        assert value not in out or value in GUARD.redact(between.join(words))[0]  # one of a row of numbers is no card
    assert all(placeholder in out for placeholder in left)


def test_errors_say_what_was_expected() -> None:
    with pytest.raises(ValueError, match=r"how\[\"EMAIL\"\]: got \"masked\".*mask"):
        GUARD.redact_as("x", {"EMAIL": "masked"})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="key: missing"):
        GUARD.redact_as("x", "hash")
    with pytest.raises(TypeError):
        GUARD.redact_as(5, "mask")  # type: ignore[arg-type]
