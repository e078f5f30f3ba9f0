"""`limits.budget_us`: a check that takes longer than its policy allows stops, says so, and allows nothing."""

from __future__ import annotations

import base64
import struct
import sys
from pathlib import Path

import pytest
from fastguard import Action, Guard, Limits, Policy, _core
from fastguard.stream import Stream

sys.path.insert(0, str(Path(__file__).parent))
from strategies import KEY, MIXED_TEXTS, build, model_spec, policy, signature, small_guard, small_pack

LONG = "harmless words of a long text " * 350_000
HOUR = _core.MAX_BUDGET_US


class Asked(_core.GuardBase):
    """A guard that counts how often its model is asked."""

    calls: int = 0

    def _score_windows(self, ids: bytes, dense: bytes, windows: int) -> bytes | None:
        self.calls += 1
        return struct.pack(f"{2 * windows}f", *([-3.0] * (2 * windows)))


@pytest.mark.parametrize("text", [LONG, LONG.encode(), LONG + "\u4e2d"], ids=["str", "bytes", "wide"])
def test_what_the_time_was_too_short_for_is_said_and_not_allowed(text: str | bytes) -> None:
    assert len(text) > 10_000_000
    verdict = small_guard(budget_us=1).check(text)
    assert verdict.truncated == ("budget_us",)
    assert verdict.action is Action.ESCALATE


def test_what_was_seen_in_time_still_counts() -> None:
    verdict = small_guard(budget_us=1).check(f"{KEY} {LONG} {KEY}")
    assert [finding.start for finding in verdict.findings] == [0]
    assert verdict.action is Action.BLOCK
    assert verdict.truncated == ("budget_us",)


def test_there_is_no_budget_unless_one_is_set() -> None:
    assert Limits().budget_us == 0
    assert small_guard().check(LONG).truncated == ()
    assert Guard(model=None).check(LONG[:1_000_000]).truncated == ()


@pytest.mark.parametrize("text", MIXED_TEXTS, ids=range(len(MIXED_TEXTS)))
def test_a_budget_that_is_not_reached_changes_nothing(text: str | bytes) -> None:
    assert small_guard(budget_us=HOUR).check(text) == small_guard().check(text)


def test_what_is_decoded_is_not_looked_at_once_the_time_is_up() -> None:
    note = signature("custom.acme.note", "pattern", ["raw", "decoded"], pattern=r"\[\[[a-z ]{4,}\]\]")
    code = base64.b64encode(b"please read this, [[a note]] and go").decode()
    text = f"{'plain words come before it, ' * 2000}[[another]] {code}"  # one segment, and far more than 1 us
    assert [f.view for f in build([note]).check(text).findings] == ["raw", "base64"]
    verdict = build([note], budget_us=1).check(text)
    assert [f.view for f in verdict.findings] == ["raw"]
    assert verdict.truncated == ("budget_us",)
    # Where nothing is decoded, nothing of a single segment is left out.
    assert build([note], budget_us=1, max_depth=0).check(text).truncated == ()


def test_no_model_is_asked_once_the_time_is_up() -> None:
    in_time = Asked(small_pack(), policy(budget_us=HOUR), model_spec())
    assert in_time.check(LONG[:50_000]).tier == "fast"
    assert in_time.calls == 1
    late = Asked(small_pack(), policy(budget_us=1, max_depth=0), model_spec())
    verdict = late.check(LONG[:50_000])
    assert (late.calls, verdict.tier, verdict.truncated) == (0, "gate", ("budget_us",))
    assert verdict.action in (Action.ESCALATE, Action.BLOCK)


def test_each_text_of_a_batch_and_a_conversation_has_its_own_time() -> None:
    guard = small_guard(budget_us=1, max_depth=0)
    verdicts = guard.check_batch(["a word", LONG, "a word"])
    assert [verdict.truncated for verdict in verdicts] == [(), ("budget_us",), ()]


def test_the_judging_of_a_stream_has_a_budget() -> None:
    made = Stream(small_guard(budget_us=1))  # type: ignore[arg-type]
    released = "".join([made.feed(LONG[:1_000_000]), made.feed(f" {KEY} and more"), made.close()])
    assert "budget_us" in made.verdict.truncated
    assert made.verdict.action in (Action.ESCALATE, Action.BLOCK)
    assert KEY not in released  # the release is decided as the text comes, whatever time it takes
    long = Stream(small_guard(budget_us=HOUR))  # type: ignore[arg-type]
    long.feed(LONG[:1_000_000])
    long.close()
    assert long.verdict == small_guard().check(LONG[:1_000_000])


def test_what_must_see_all_of_a_text_takes_the_time_it_needs() -> None:
    guard = Guard(model=None, policy=Policy(limits=Limits(budget_us=1)))
    text = LONG[:200_000] + "jane.doe@example.org"
    assert guard.check(text).truncated == ("budget_us",)
    assert guard.redact(text)[1] == {"<EMAIL_1>": "jane.doe@example.org"}
    guard.protect("plan", "the harvest of the northern orchards begins on the ninth of september at dawn")
    leak = LONG[:200_000] + "the harvest of the northern orchards begins on the ninth of september at dawn"
    assert [name for name, _, _ in guard.leaks(leak)] == ["plan"]


def test_the_engine_refuses_a_budget_beyond_an_hour() -> None:
    with pytest.raises(_core.PackBuildError, match="more than an hour"):
        policy(budget_us=HOUR + 1)
