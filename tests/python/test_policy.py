"""Policies: defaults, files, code, precedence, and what the engine makes of them."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from fastguard import Action, Allow, Guard, Levels, Limits, Policy, PolicyError, _core
from fastguard.pack import Pack
from fastguard.policy import VIEWS
from hypothesis import given
from hypothesis import strategies as st

KEY = "acme_0123456789abcdef"


@pytest.fixture
def acme_guard(acme: Path):
    pack = Pack.load([acme], default=False)
    return lambda policy: Guard(packs=pack, policy=policy, model=None, cache=False)


def test_a_policy_is_a_value() -> None:
    one = Policy(detectors={"pii/*": False}, thresholds={"pii": {1: 0.9}})
    two = Policy(detectors={"pii/*": False}, thresholds={"pii": {1: 0.9}})
    assert one == two
    assert hash(one) == hash(two)
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(AttributeError):
        one.depth = "deep"  # type: ignore[misc]
    with pytest.raises(TypeError):
        one.detectors["pii/email"] = True  # type: ignore[index]


def test_what_the_caller_changes_later_does_not_change_the_policy() -> None:
    switches = {"pii/*": False}
    policy = Policy(detectors=switches)
    switches["pii/*"] = True
    assert not policy.is_on("pii.contact.email")


def test_a_file_and_the_same_in_code_are_equal(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(
        """
        schema = 1
        name = "strict"
        depth = "deep"
        views = ["unmarked", "skeleton"]
        [limits]
        max_bytes = 1000
        max_findings = 10
        budget_us = 5000
        max_children = 8
        max_decoded_bytes = 0
        max_depth = 2
        [detectors]
        "pii/*" = false
        "pii/contact" = true
        [signatures]
        "secret.generic.*" = false
        [actions.pii]
        block = 2
        flag = 3
        [thresholds.pii]
        1 = 0.97
        2 = 0.9
        [sources.retrieved.actions.pii]
        block = 1
        flag = 5
        [allow]
        phrases = ["ignore the typo"]
        hosts = ["Example.com"]
        """,
        encoding="utf-8",
    )
    policy = Policy(
        name="strict",
        depth="deep",
        limits=Limits(
            max_bytes=1000, max_findings=10, budget_us=5000, max_children=8, max_decoded_bytes=0, max_depth=2
        ),
        views=("skeleton", "unmarked"),
        detectors={"pii/*": False, "pii/contact": True},
        signatures={"secret.generic.*": False},
        actions={"pii": Levels(block=2, flag=3)},
        thresholds={"pii": {1: 0.97, 2: 0.9}},
        sources={"retrieved": {"pii": Levels(block=1, flag=5)}},
        allow=Allow(phrases=("ignore the typo",), hosts=("example.com",)),
    )
    assert Policy.load(path) == policy
    assert Policy.from_dict(policy.to_dict()) == policy


levels = st.integers(0, 5).flatmap(lambda block: st.builds(Levels, block=st.just(block), flag=st.integers(block, 5)))
actions = st.dictionaries(st.sampled_from(_core.CATEGORIES), levels)
policies = st.builds(
    Policy,
    name=st.sampled_from(["default", "strict"]),
    depth=st.sampled_from(["gate", "fast", "deep"]),
    limits=st.builds(
        Limits,
        max_bytes=st.integers(1, 2**31 - 1),
        max_findings=st.integers(1, 1000),
        budget_us=st.integers(0, _core.MAX_BUDGET_US),
        max_children=st.integers(0, 64),
        max_decoded_bytes=st.integers(0, 1 << 20),
        max_depth=st.integers(0, 3),
    ),
    views=st.lists(st.sampled_from(VIEWS), unique=True).map(tuple),
    detectors=st.dictionaries(st.sampled_from(["pii/*", "pii/contact", "*"]), st.booleans()),
    actions=actions,
    thresholds=st.dictionaries(
        st.sampled_from(_core.CATEGORIES),
        st.lists(st.floats(0, 1), min_size=5, max_size=5).map(
            lambda cuts: dict(enumerate(sorted(cuts, reverse=True), start=1))
        ),
    ),
    sources=st.dictionaries(st.sampled_from(_core.SOURCES), actions),
)


@given(policies)
def test_every_policy_survives_being_written_down(policy: Policy) -> None:
    assert Policy.from_dict(policy.to_dict()) == policy
    assert pickle.loads(pickle.dumps(policy)) == policy


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner),
    )
)
def test_any_table_is_a_policy_or_a_policy_error(data: object) -> None:
    refused = "policy: "
    try:
        Policy.from_dict(data)  # type: ignore[arg-type]
    except PolicyError as error:
        refused = str(error)
    assert refused.startswith("policy: ")


@pytest.mark.parametrize(
    ("switches", "signatures", "expected"),
    [
        ({}, {}, True),
        ({"pii/*": False}, {}, False),
        ({"pii/*": False, "pii/contact": True}, {}, True),
        ({"pii/contact": True, "pii/*": False}, {}, False),
        ({"pii/*": False}, {"pii.contact.email": True}, True),
        ({"*": True}, {"*": False}, False),
        ({"secret/*": False}, {}, True),
    ],
)
def test_later_switches_win_and_signatures_over_detectors(
    switches: dict[str, bool], signatures: dict[str, bool], expected: bool
) -> None:
    assert Policy(detectors=switches, signatures=signatures).is_on("pii.contact.email") is expected


def test_a_signature_that_is_off_stays_off_until_it_is_switched_on() -> None:
    assert not Policy().is_on("pii.contact.email", default=False)
    assert Policy(detectors={"pii/contact": True}).is_on("pii.contact.email", default=False)


def test_the_last_word_about_a_category_is_the_policys() -> None:
    assert Policy().levels("prompt_injection", source="retrieved").block > Policy().levels("prompt_injection").block
    never = Policy(actions={"prompt_injection": Levels()})
    assert {never.levels("prompt_injection", source=source) for source in _core.SOURCES} == {Levels()}
    some = Policy(actions={"pii": Levels(flag=1)}, sources={"memory": {"pii": Levels(block=4, flag=4)}})
    assert some.levels("pii", source="memory") == Levels(block=4, flag=4)
    assert some.levels("pii", source="user") == Levels(flag=1)


def test_an_order_in_the_system_prompt_is_no_attack() -> None:
    assert Policy().levels("prompt_injection", source="system") == Levels()


def test_actions_decide_what_a_finding_leads_to(acme_guard) -> None:
    level = acme_guard(None).check(KEY).level
    for block, flag, expected in ((level, level, Action.BLOCK), (0, level, Action.FLAG), (0, 0, Action.ALLOW)):
        verdict = acme_guard(Policy(actions={"custom": Levels(block=block, flag=flag)})).check(KEY)
        assert verdict.action is expected
        assert [finding.text for finding in verdict.findings] == [KEY]


def test_a_source_may_have_its_own_actions(acme_guard) -> None:
    guard = acme_guard(Policy(sources={"memory": {"custom": Levels()}}))
    assert guard.check(KEY).action is Action.BLOCK
    assert guard.check(KEY, source="memory").action is Action.ALLOW


@pytest.mark.parametrize(
    "policy",
    [
        Policy(detectors={"custom/acme": False}),
        Policy(detectors={"custom/*": False}),
        Policy(signatures={"custom.acme.key": False}),
        Policy(allow=Allow(phrases=(KEY,))),
        Policy(allow=Allow(phrases=(f"the key {KEY.upper()} of the manual",))),
    ],
    ids=["detector", "glob", "signature", "phrase", "longer phrase"],
)
def test_what_is_switched_off_or_allowed_is_no_finding(acme_guard, policy: Policy) -> None:
    verdict = acme_guard(policy).check(f"Use the key {KEY} of the manual")
    assert verdict.findings == ()
    assert verdict.action is Action.ALLOW


def test_a_switch_that_names_nothing_is_an_error(acme_guard) -> None:
    with pytest.raises(
        PolicyError, match=r'strict: detectors: "custom/acne" names nothing.*did you mean "custom/acme"'
    ):
        acme_guard(Policy(name="strict", detectors={"custom/acne": False}))
    with pytest.raises(PolicyError, match="signatures"):
        acme_guard(Policy(signatures={"custom.acme.other": True}))


def test_thresholds_that_cross_the_measured_cuts_are_an_error(acme_guard) -> None:
    with pytest.raises(PolicyError, match=r"thresholds\.custom"):
        acme_guard(Policy(thresholds={"custom": {5: 0.99}}))


def test_thresholds_move_levels(acme_guard) -> None:
    strict = acme_guard(Policy(thresholds={"custom": {1: 1.0, 2: 1.0, 3: 1.0, 4: 1.0, 5: 0.01}})).check(KEY)
    assert strict.level == 5
    assert strict.action is Action.ALLOW


def test_limits_are_reported_when_they_are_reached(acme_guard) -> None:
    few = acme_guard(Policy(limits=Limits(max_findings=2))).check(f"{KEY} {KEY} {KEY}")
    assert len(few.findings) == 2
    assert few.truncated == ("max_findings",)
    assert few.action is not Action.ESCALATE  # all was looked at
    short = acme_guard(Policy(limits=Limits(max_bytes=10))).check(f"{'x' * 20} {KEY}")
    assert short.findings == ()
    assert short.truncated == ("max_bytes",)
