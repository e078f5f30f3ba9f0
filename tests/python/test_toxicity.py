"""Toxicity by wording: names and identities are no insult, quotations count less, disguises are seen through."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastguard import Action, Guard, Policy

NAMES = [
    line
    for line in (Path(__file__).parents[1] / "corpus" / "names_with_slurs_in_them.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
# Names that are spelt like a swear word: reported as one, which by itself flags nothing.
SPELT_ALIKE = {"Fucking, Austria", "Pussy, Savoie"}
IDENTITIES = [
    "I am a gay Muslim woman.",
    "My wife is black and Jewish.",
    "He is a proud transgender man.",
    "Our disabled neighbours need a ramp.",
    "Lesbian couples can adopt here.",
    "The deaf community has its own theatre.",
    "Mexican immigrants built this railway.",
    "Are Asian women paid less than white men?",
    "Ich bin ein schwuler Muslim.",
    "Meine Nachbarin ist eine schwarze Jüdin.",
    "Behinderte Menschen haben dieselben Rechte.",
    "Ausländer und Deutsche spielen zusammen Fußball.",
    "Je suis une femme noire et lesbienne.",
    "Les juifs et les musulmans partagent ce quartier.",
    "Soy un hombre gay y católico.",
    "Las mujeres gitanas cantan esta noche.",
    "Sou uma mulher negra e evangélica.",
    "Sono una donna ebrea e omosessuale.",
    "Я еврей и гей.",
    "Мигранты учат русский язык.",
    "我是一个同性恋穆斯林女人",
    "残疾人有同样的权利",
    "私は同性愛者のイスラム教徒です",
    "나는 게이 무슬림입니다",
    "أنا امرأة مسلمة سوداء",
    "मैं एक समलैंगिक मुसलमान औरत हूँ",
    "Ik ben een homoseksuele moslim.",
    "Jestem żydówką i lesbijką.",
    "Ben Kürt bir kadınım.",
]


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard(model=None, policy=Policy(name="toxic", detectors={"*": False, "toxicity/*": True}))


def test_there_are_as_many_names_as_promised() -> None:
    assert len(set(NAMES) - SPELT_ALIKE) >= 200


@pytest.mark.parametrize("frame", ["{}", "We drive to {} tomorrow.", "Mr {} wrote about {} in 1998."])
def test_names_that_hold_a_slur_are_no_finding(guard: Guard, frame: str) -> None:
    texts = [frame.replace("{}", name) for name in NAMES if name not in SPELT_ALIKE]
    found = [(text, f.signature) for text in texts for f in guard.check(text).findings]
    assert found == []


@pytest.mark.parametrize("name", sorted(SPELT_ALIKE))
def test_names_spelt_like_a_swear_word_are_not_flagged(guard: Guard, name: str) -> None:
    assert guard.check(f"We drive to {name} tomorrow.").action in {Action.ALLOW, Action.ESCALATE}


@pytest.mark.parametrize("text", IDENTITIES)
def test_who_somebody_is_is_no_finding(guard: Guard, text: str) -> None:
    assert [f.signature for f in guard.check(text).findings] == []


@pytest.mark.parametrize(
    "text",
    [
        "1 w1ll k1ll y0u",
        "I will k\u200bill you",
        "I wіll kill yоu",  # Cyrillic letters
        "g o  k i l l  y o u r s e l f, go k.i.l.l yourself, go kill yourself",
        "**go** kill<b></b> yourself",
        "Ｉ ｗｉｌｌ ｋｉｌｌ ｙｏｕ",
    ],
)
def test_disguises_are_seen_through(guard: Guard, text: str) -> None:
    assert guard.check(text).flagged


@pytest.mark.parametrize(
    "text",
    [
        'Attackers may write "I will kill you" to scare people; how do I detect that?',
        'The phrase "kill yourself" is blocked by our filter.',
    ],
)
def test_what_is_quoted_is_reported_and_not_flagged(guard: Guard, text: str) -> None:
    verdict = guard.check(text)
    assert verdict.findings
    assert all(finding.mention for finding in verdict.findings)
    assert not verdict.flagged


def test_what_is_denied_is_no_threat(guard: Guard) -> None:
    for text in ("I will not kill you.", "I would never kill you.", "Ich bringe dich nicht um.", "Я тебя не убью."):
        assert not guard.check(text).findings


def test_one_word_repeated_without_end_is_judged_in_time(guard: Guard) -> None:
    verdict = guard.check("fuck " * 200_000)
    assert verdict.truncated
    assert {finding.signature for finding in verdict.findings} == {"toxicity.profanity.swearing"}
