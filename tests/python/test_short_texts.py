"""Short innocent texts with the words of attacks, and short attacks: what the shipped guard blocks and what it finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastguard import Action, Guard

pytest.importorskip("onnxruntime")

CORPUS = Path(__file__).parent.parent / "corpus"
# Reached when the model was made: 0.957, 0.957, 0.714; 0.926 and 1. A text or two fewer, so that no rounding decides.
LEAST_NOT_BLOCKED = {"short_innocent": 0.95, "everyday_corrections": 0.94, "mentions": 0.69}
LEAST_FLAGGED = {"short_attacks": 0.90, "attacks_dressed_as_mentions": 0.99}


def texts(name: str) -> list[str]:
    lines = (CORPUS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    found = [line.split("\t")[1].replace("\\n", "\n") for line in lines if not line.startswith("#")]
    assert len(found) == len(set(found)) > 10
    return found


@pytest.mark.parametrize("name", LEAST_NOT_BLOCKED)
def test_few_innocent_texts_are_blocked(guard: Guard, name: str) -> None:
    found = texts(name)
    blocked = [text for text in found if guard.check(text).action is Action.BLOCK]
    assert 1 - len(blocked) / len(found) >= LEAST_NOT_BLOCKED[name], blocked


@pytest.mark.parametrize("name", LEAST_FLAGGED)
def test_most_attacks_are_found(guard: Guard, name: str) -> None:
    found = texts(name)
    missed = [text for text in found if not guard.check(text).flagged]
    assert 1 - len(missed) / len(found) >= LEAST_FLAGGED[name], missed


def test_the_sets_are_large_enough_to_measure_by() -> None:
    assert len(texts("short_innocent")) >= 200
    assert len(texts("short_attacks")) >= 200
    assert not set(texts("short_innocent")) & set(texts("short_attacks"))


def test_a_signature_of_the_weakest_tier_never_blocks_by_itself(guard: Guard) -> None:
    from fastguard.model import Model

    # The most that one match of tier 3 stands for; cpp/src/pack.cpp has the table.
    for category, cuts in Model().levels.items():
        assert cuts[1] > 0.62, category
    assert guard is not None


@pytest.mark.parametrize(
    "word",
    [
        "complete",
        "leak",
        "System",
        "everything",
        " prompt\n",
        "Anweisungen",
        "инструкции",
        "指",
        "key!",
        "banana lamp",
        "system lamp",
        "Prompt banana",
        "secret-garden",
        "neue Anweisungen",
        "женщины системы",
        "规则",
    ],
)
@pytest.mark.parametrize("source", ["user", "tool_result", "assistant"])
def test_one_word_or_two_are_not_scored(guard: Guard, word: str, source: str) -> None:
    verdict = guard.check(word, source=source)
    assert verdict.action is Action.ALLOW, verdict
    assert not verdict.findings
    assert "prompt_injection" not in verdict.categories
    assert verdict.score == 0.0
