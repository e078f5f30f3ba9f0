"""Verdicts, findings and categories are values: immutable, comparable, hashable, picklable, fit for JSON and for logs."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from fastguard import Action, _core
from hypothesis import given

sys.path.insert(0, str(Path(__file__).parent))
from strategies import (
    EMAIL,
    ENGLISH,
    KEY,
    MIXED_TEXTS,
    TURN,
    examples,
    model_spec,
    policy,
    small_guard,
    small_pack,
    texts,
)

GUARD = small_guard()
TEXT = f"é {KEY} 😀 {ENGLISH} {EMAIL} {TURN}"


def test_every_field_says_what_was_found() -> None:
    verdict = GUARD.check(f"é {KEY} 😀")
    assert (verdict.flagged, verdict.action, verdict.level, verdict.tier) == (True, Action.BLOCK, 1, "gate")
    assert (verdict.truncated, verdict.degraded) == ((), ())
    assert list(verdict.categories) == ["secret"]
    assert tuple(verdict.categories["secret"]) == (verdict.score, verdict.level)
    (finding,) = verdict.findings
    assert (finding.signature, finding.detector, finding.category) == ("secret.acme.key", "secret/acme", "secret")
    assert (finding.summary, finding.severity, finding.tier) == ("A key of Acme", "high", 1)
    assert (finding.view, finding.text, finding.message) == ("raw", KEY, None)
    assert (finding.start, finding.byte_start, finding.utf16_start) == (2, 3, 2)
    assert 0.9 < finding.score <= 1.0


def test_a_harmless_text_has_nothing_to_say() -> None:
    verdict = GUARD.check("What is the capital of France?")
    assert (verdict.flagged, verdict.action, verdict.score, verdict.level) == (False, Action.ALLOW, 0.0, 5)
    assert (verdict.categories, verdict.findings) == ({}, ())


@pytest.mark.parametrize("part", [GUARD.check(TEXT), GUARD.check(TEXT).findings[0], _core.Category((0.5, 2))])  # type: ignore[call-arg]
def test_nothing_can_be_changed(part: object) -> None:
    for name in [n for n in dir(part) if not n.startswith("_")] + ["new"]:
        with pytest.raises((AttributeError, TypeError)):
            setattr(part, name, 1)
        with pytest.raises((AttributeError, TypeError)):
            delattr(part, name)


@pytest.mark.parametrize("kind", [_core.Verdict, _core.Finding])
def test_the_types_cannot_be_changed(kind: type) -> None:
    with pytest.raises(TypeError):
        kind.text = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        type("Derived", (kind,), {})


def test_what_is_handed_out_does_not_lead_back() -> None:
    verdict = GUARD.check(TEXT)
    verdict.categories.clear()
    verdict.to_dict()["findings"].clear()
    assert len(verdict.categories) == 3
    assert len(verdict.to_dict()["findings"]) == 4


@given(texts())
@examples(100)
def test_equal_texts_have_equal_verdicts(text: str) -> None:
    text = f"{text} . {KEY} {text}"
    one, other = GUARD.check(text), GUARD.check("".join(text))
    assert one == other
    assert hash(one) == hash(other)
    assert one.findings == other.findings
    assert list(map(hash, one.findings)) == list(map(hash, other.findings))


def test_what_differs_is_unequal() -> None:
    verdicts = [GUARD.check(text) for text in MIXED_TEXTS]
    with_findings = [verdict for verdict in verdicts if verdict.findings]
    assert len(set(with_findings)) == len(with_findings)
    a, b = GUARD.check(f"{KEY} {KEY}").findings
    assert a != b
    others: list[object] = ["text", 1, None, ()]
    assert a not in others
    assert GUARD.check("") not in others
    assert len({a, b, GUARD.check(f"{KEY} ").findings[0]}) == 2
    with pytest.raises(TypeError):
        _ = a < b  # type: ignore[operator]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("text", MIXED_TEXTS, ids=range(len(MIXED_TEXTS)))
def test_a_verdict_survives_pickling(text: str | bytes, protocol: int) -> None:
    verdict = GUARD.check(text)
    again = pickle.loads(pickle.dumps(verdict, protocol))
    assert again == verdict
    assert hash(again) == hash(verdict)
    assert again.to_dict() == verdict.to_dict()
    assert repr(again) == repr(verdict)
    for finding in verdict.findings:
        assert pickle.loads(pickle.dumps(finding, protocol)) == finding
    assert copy.deepcopy(verdict) == copy.copy(verdict) == verdict


def test_a_pickle_holds_the_findings_and_not_the_text() -> None:
    verdict = GUARD.check("unrelated words " * 1000 + KEY)
    size = len(pickle.dumps(verdict))
    assert size < 2000
    assert KEY.encode() in pickle.dumps(verdict)


@pytest.mark.parametrize(
    "state", [(), (1,), ("a",) * 9, (9, 0, 5, 0, 0, 0.0, (), (), ()), (0, 0, 5, 0, 0, 0.0, (1,) * 14, (), ())]
)
def test_a_wrong_state_makes_no_verdict(state: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, ValueError, SystemError)):
        _core.Verdict(*state)
    with pytest.raises((TypeError, ValueError)):
        _core.Finding(*state)


@given(texts())
@examples(100)
def test_a_dictionary_of_a_verdict_is_plain_json(text: str) -> None:
    verdict = GUARD.check(f"{text} . {KEY}")
    plain = verdict.to_dict()
    assert json.loads(json.dumps(plain)) == {**plain, "truncated": list(verdict.truncated), "degraded": [], "findings": [
        {**finding, "atlas": list(finding["atlas"]), "owasp": list(finding["owasp"]), "cwe": list(finding["cwe"])} for finding in plain["findings"]
    ]}  # fmt: skip
    assert plain["action"] == "block"
    assert type(plain["action"]) is str
    assert plain["findings"][-1]["text"] == KEY
    names = {name for name in dir(verdict.findings[0]) if not name.startswith("_")} - {"to_dict"}
    assert set(plain["findings"][-1]) == names


def test_logs_show_no_text() -> None:
    verdict = GUARD.check(TEXT)
    shown = repr(verdict) + str(verdict) + repr(verdict.findings) + str(verdict.findings[0])
    for secret in (KEY, EMAIL, ENGLISH, "acme_"):
        assert secret not in shown
    assert repr(verdict.findings[0]) == "Finding(signature='secret.acme.key', start=2, end=23, view='raw')"
    assert repr(verdict).startswith("Verdict(action='block', score=0.")


def test_a_finding_of_bytes_shows_invalid_units_as_surrogates() -> None:
    (finding,) = small_guard().check(b"\xff<turn>\xff").findings
    assert (finding.start, finding.byte_start, finding.text) == (1, 1, TURN)


def test_verdicts_of_a_conversation_are_joined() -> None:
    verdicts = [GUARD.check("hello"), GUARD.check(f"x {KEY}"), GUARD.check(EMAIL)]
    joined = _core.merge_verdicts(verdicts, [0, 2, 2], ["image"])
    assert [(f.text, f.message) for f in joined.findings] == [(KEY, 2), (EMAIL, 2)]
    assert (joined.action, joined.level) == (Action.BLOCK, min(v.level for v in verdicts))
    assert joined.score == max(v.score for v in verdicts)
    assert set(joined.categories) == {"secret", "pii"}
    assert joined.degraded == ("image",)
    assert pickle.loads(pickle.dumps(joined)) == joined
    assert _core.merge_verdicts([], [], []).findings == ()
    with pytest.raises(ValueError, match="one message index per verdict"):
        _core.merge_verdicts(verdicts, [0])
    with pytest.raises(TypeError, match=r"verdicts\[0\] is not a Verdict"):
        _core.merge_verdicts(["no verdict"], [0])  # type: ignore[list-item]


def changed(state: tuple[Any, ...], index: int, value: object) -> tuple[Any, ...]:
    return (*state[:index], value, *state[index + 1 :])


@pytest.mark.parametrize(
    ("index", "values"),
    [
        (0, (-1, 4, "block", None, 2**40)),
        (1, (-1, 3)),
        (2, (0, 6, -1)),
        (3, (-1, 256)),
        (4, (-1, 256)),
        (5, (float("nan"), -0.1, 1.1, "0.5")),
        (6, ((), None, [], ((0.5, 2),) * 3)),
        (7, (None, [], ("finding",), (None,))),
        (8, (None, [], (1,), (b"model",))),
    ],
)
def test_a_malformed_state_is_no_verdict(index: int, values: tuple[object, ...]) -> None:
    state = GUARD.check(TEXT).__reduce__()[1]  # type: ignore[index]
    for value in values:
        with pytest.raises((ValueError, TypeError, OverflowError)):
            _core.Verdict(*changed(state, index, value))  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "pair",
    [None, 7, (), (0.5,), (0.5, 2, 3), [0.5, 2], ("0.5", 2), (0.5, 2.0), (0.5, 6), (0.5, -1), (1.5, 1), (0.5, 2**70)],
)
def test_a_malformed_category_is_no_verdict(pair: object) -> None:
    state = GUARD.check(TEXT).__reduce__()[1]  # type: ignore[index]
    with pytest.raises(ValueError, match="not the state of a Verdict"):
        _core.Verdict(*changed(state, 6, (pair, *state[6][1:])))  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("index", "value"),
    [(0, ()), (0, (1,) * 9), (0, ("a",) * 9), (1, b"bytes"), (1, None), (2, 99), (2, -1), (5, -1), (6, 2**40)],
)
def test_a_malformed_state_is_no_finding(index: int, value: object) -> None:
    state = GUARD.check(TEXT).findings[0].__reduce__()[1]  # type: ignore[index]
    assert _core.Finding(*state) == GUARD.check(TEXT).findings[0]  # type: ignore[call-arg]
    with pytest.raises((ValueError, TypeError, OverflowError)):
        _core.Finding(*changed(state, index, value))  # type: ignore[call-arg]


def test_the_tier_says_who_had_a_say() -> None:
    decided = _core.GuardBase(small_pack(), policy(), model_spec(low=0.5, high=0.5))
    assert decided.check("a text here").tier == "gate"
    unanswered = _core.GuardBase(small_pack(), policy(), model_spec())
    assert unanswered.check("a text here").degraded == ("model",)
    gate_only = _core.GuardBase(small_pack(), policy(depth="gate"), model_spec())
    verdict = gate_only.check("a text here")
    assert (verdict.tier, verdict.action, verdict.degraded) == ("gate", Action.ESCALATE, ())
