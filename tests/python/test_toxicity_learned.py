"""The learnt score of toxicity: the formula step by step, what it flags, and that whom a text names does not matter."""

from __future__ import annotations

import hashlib
import json
import math
import random
import re
from pathlib import Path

import pytest
from fastguard import Action, Guard, _core

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "cpp" / "src" / "toxicity_weights.cpp"
AT_CUT = math.log(0.85 / 0.15)
INSULTS = [
    "you are a stupid bitch and nobody likes you",
    "shut up you retarded piece of trash, all of you hoes are trash",
    "these niggas and bitches ain't shit",
]
INNOCENT = [
    "Could you check whether the 7.40 train to Graz still has a dining car?",
    "My neighbour is gay and bakes the best bread in town.",
    "The black cat and the white dog share a basket.",
    "Wie komme ich am schnellsten zum Bahnhof?",
    "Nos voisines musulmanes nous ont invités à dîner.",
    "我的邻居是河南人，他开了一家面包店。",
    "우리 옆집에 외국인 가족이 살아요.",
    "ok thanks",
    "SELECT name FROM users WHERE id = 7;",
]


def numbers() -> tuple[list[int], list[float]]:
    """(Weights; scale, bias and cut) as the C++ file has them."""
    text = WEIGHTS.read_text("utf-8")
    listed = re.search(r"kToxicityWeights\[kGateBuckets\] = \{([^}]*)\}", text)
    assert listed
    named = [float(value) for value in re.findall(r"kToxicity(?:Scale|Bias|Cut) = ([-\d.e+]+)F", text)]
    return [int(value) for value in listed[1].replace("\n", " ").split(",") if value.strip()], named


def score_step_by_step(text: str) -> float:
    """The written formula over the features of a text without disguises."""
    weights, (scale, bias, cut) = numbers()
    ids, _, windows = _core.features(text)
    width = _core.FEATURE_WINDOW * _core.FEATURE_SLOTS
    values = memoryview(ids).cast("i")
    best = -math.inf
    for window in range(windows):
        used = [value for value in values[window * width : (window + 1) * width] if value]
        total = sum(weights[value & (_core.FEATURE_BUCKETS - 1)] for value in used)
        best = max(best, scale * total / math.sqrt(max(1, len(used))) + bias)
    return min(0.94, 1 / (1 + math.exp(cut - AT_CUT - best)))


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard()


def learned(guard: Guard, text: str) -> float:
    found = guard.check(text).categories.get("toxicity")
    return found.score if found is not None else 0.0


def test_the_weights_are_those_of_the_manifest() -> None:
    manifest = json.loads((ROOT / "cpp" / "src" / "toxicity_manifest.json").read_text("utf-8"))
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() == manifest["weights_sha256"]
    weights, _ = numbers()
    assert len(weights) == _core.FEATURE_BUCKETS
    assert weights[0] == 0
    assert manifest["figures"]["innocent_all"] <= 0.005
    assert manifest["figures"]["identities_held_out"] == 0.0


def test_the_score_is_the_written_formula(guard: Guard) -> None:
    rng = random.Random(4)
    words = " ".join(INSULTS + INNOCENT[:4]).split()
    compared = 0
    for length in (3, 4, 5, 30, 127, 128, 129, 300, 700):
        for _ in range(12):
            text = " ".join(rng.choice(words) for _ in range(length))
            verdict = guard.check(text)
            expected = score_step_by_step(text)
            if verdict.findings or 0.349 < expected < 0.351:
                continue
            found = verdict.categories.get("toxicity")
            assert (found.score if found else 0.0) == pytest.approx(expected if expected >= 0.35 else 0.0, abs=2e-4), (
                text
            )
            compared += 1
    assert compared >= 30


@pytest.mark.parametrize("text", INSULTS)
def test_insults_are_flagged_and_never_blocked_by_the_score_alone(guard: Guard, text: str) -> None:
    verdict = guard.check(text)
    assert verdict.categories["toxicity"].level == 2
    assert verdict.action is Action.FLAG


@pytest.mark.parametrize("text", INNOCENT)
def test_innocent_texts_are_not_flagged(guard: Guard, text: str) -> None:
    found = guard.check(text).categories.get("toxicity")
    assert found is None or found.level > 2


def test_who_is_named_makes_no_flag(guard: Guard) -> None:
    named = (
        "gay",
        "straight",
        "Muslim",
        "Christian",
        "Jewish",
        "black",
        "white",
        "Mexican",
        "disabled",
        "old",
        "trans",
    )
    frames = ("Our {} neighbours sing in a choir.", "He is a {} man from Ohio.", "Is the {} bakery open today?")
    flagged = [
        text
        for frame in frames
        for word in named
        if (found := guard.check(text := frame.format(word)).categories.get("toxicity")) and found.level <= 2
    ]
    assert flagged == []


def test_without_a_model_nothing_is_learned() -> None:
    text = "你们河南人都是骗子"
    verdict = Guard(model=None).check(text)
    assert not verdict.findings
    assert "toxicity" not in verdict.categories
    assert Guard().check(text).categories["toxicity"].level == 2
