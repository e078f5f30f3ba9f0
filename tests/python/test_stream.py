"""A stream gives the answers of one check of the whole text, for every way to cut it, and releases nothing too early."""

from __future__ import annotations

import asyncio
import pickle
import random
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastguard import StreamBlocked, _core
from fastguard.stream import RaisingStream, Stream
from hypothesis import example, given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from strategies import CARD, EMAIL, ENGLISH, KEY, TURN, any_bytes, build, examples, signature, small_guard, texts
from stream_texts import cut, documents, random_cuts, run

GUARD = small_guard()
# Nothing blocks: what is released is the text, or its redaction.
MILD = small_guard(actions=[("*", category, 0, 4) for category in _core.CATEGORIES if category != "toxicity"])
# Something may block, so that text is held back.
WARY = small_guard(
    actions=[("*", category, 0 if category in ("pii", "secret") else 2, 4) for category in _core.CATEGORIES]
)


def stream(guard: _core.GuardBase, mode: str = "block", **options: int) -> Stream:
    return Stream(guard, mode=mode, **options)  # type: ignore[arg-type]


pieces = st.one_of(
    texts(20),
    st.sampled_from(
        [f" {EMAIL} ", f" {KEY} ", f" {CARD} ", "caf\u00e9 ", "e\u0301\u0302 ", "\U0001f468\u200d\U0001f469 "]
    ),
    st.integers(1, 300).map(lambda count: "word " * count),
)
attacks = st.sampled_from([f" {ENGLISH}. ", f" {TURN} ", "\ufeff"])
streamed = st.lists(st.one_of(pieces, attacks), max_size=8).map("".join)
unharmed = st.lists(pieces, max_size=8).map("".join)


@given(streamed, st.lists(st.integers(0, 4000), max_size=12))
@examples(150)
@example("\ud83d\ude00 " + EMAIL, [1])
def test_the_verdict_is_that_of_one_check_however_the_text_was_cut(text: str, cuts: list[int]) -> None:
    for mode in ("block", "redact"):
        made = stream(GUARD, mode)
        run(made, cut(text, cuts))
        assert made.verdict == GUARD.check(text)


@given(streamed, st.randoms(use_true_random=False))
@examples(100)
def test_what_is_released_depends_on_the_text_alone(text: str, random: random.Random) -> None:
    for mode in ("block", "redact"):
        once, whole = stream(GUARD, mode), run(stream(GUARD, mode), [text])
        assert run(stream(GUARD, mode), cut(text, random_cuts(random, len(text)))) == whole
        assert run(once, list(text)) == whole
        assert once.verdict == GUARD.check(text)


@given(any_bytes(120), st.lists(st.integers(0, 400), max_size=8))
@examples(150)
def test_bytes_may_be_cut_inside_a_character(data: bytes, cuts: list[int]) -> None:
    data = data * 8
    made = stream(WARY)
    released = run(made, cut(data, cuts))
    assert made.verdict == WARY.check(data)
    assert data.startswith(released)
    assert released == data or made.blocked
    once = stream(WARY)
    assert run(once, cut(data, range(len(data)))) == released
    assert once.verdict == made.verdict


@given(unharmed, st.lists(st.integers(0, 4000), max_size=12))
@examples(150)
@example(f"{EMAIL} {EMAIL} {KEY} {CARD}", [5])
@example(f"<EMAIL_1> {EMAIL} <EMAIL_2> " + "word " * 200 + EMAIL, [5])
def test_a_redacting_stream_releases_what_redact_returns(text: str, cuts: list[int]) -> None:
    made = stream(WARY, "redact")
    released = run(made, cut(text, cuts))
    expected, mapping = WARY.redact(text)
    if made.verdict.truncated == () and expected == _redacted_once(text):
        assert released == expected
        assert made.mapping == mapping


def _redacted_once(text: str) -> str:
    """What one round makes of a text; `redact` looks again at what it made, a stream does not."""
    found = [f for f in WARY.check(text).findings if f.category in ("pii", "secret")]
    _, mapping = WARY.redact(text)
    names = {value: name for name, value in mapping.items()}
    out, at = "", 0
    for finding in found:
        if finding.start < at or finding.text not in names:
            return ""
        out += text[at : finding.start] + names[finding.text]
        at = finding.end
    return out + text[at:]


@given(unharmed)
@examples(60)
def test_without_a_block_everything_is_released(text: str) -> None:
    made = stream(WARY)
    assert run(made, list(text)) == text
    assert not made.blocked


@given(streamed, st.randoms(use_true_random=False))
@examples(100)
def test_nothing_is_released_that_is_redacted_or_blocked_later(text: str, random: random.Random) -> None:
    made = stream(GUARD)
    released = run(made, cut(text, random_cuts(random, len(text))))
    verdict = made.verdict
    if made.blocked:
        assert verdict.action.value == "block"
        first = min(finding.start for finding in verdict.findings if not finding.mention)
        assert len(released) <= first or "stream_window" in verdict.truncated
    made = stream(GUARD, "redact")
    released = run(made, cut(text, random_cuts(random, len(text))))
    for value in (EMAIL, KEY, CARD):
        hidden = [f for f in made.verdict.findings if f.text == value]
        assert "stream_window" in made.verdict.truncated or released.count(value) <= text.count(value) - len(hidden)


def test_an_attack_at_every_place_of_the_grid_is_withheld_whole() -> None:
    for before in range(300, 300 + 2 * 128 + 3):
        text = "a" * (before - 1) + " " + ENGLISH + " b" * 600
        made = stream(GUARD)
        assert run(made, [text[i : i + 5] for i in range(0, len(text), 5)]) == text[:before]
        assert made.blocked
        assert made.verdict == GUARD.check(text)


def test_after_a_block_the_text_is_still_judged() -> None:
    made = stream(GUARD)
    made.feed(f"{ENGLISH} " + "word " * 300)
    assert made.blocked
    assert made.feed(f"more {EMAIL} ") == ""
    assert made.close() == ""
    assert [finding.text for finding in made.verdict.findings] == [ENGLISH, EMAIL]


def test_in_a_redacting_stream_attacks_block_and_entities_do_not() -> None:
    made = stream(GUARD, "redact")
    text = f"mail {EMAIL}, key {KEY}. {'word ' * 200}{ENGLISH} now {'word ' * 200}"
    assert run(made, list(text)) == f"mail <EMAIL_1>, key <KEY_1>. {'word ' * 200}"
    assert made.blocked
    assert made.mapping == {"<EMAIL_1>": EMAIL, "<KEY_1>": KEY}


def test_a_literal_placeholder_is_not_given_to_a_value() -> None:
    made = stream(GUARD, "redact")
    assert run(made, [f"<EMAIL_1> is not {EMAIL}"]) == "<EMAIL_1> is not <EMAIL_2>"
    made = stream(GUARD, "redact")
    run(made, [EMAIL + " word" * 300 + " <EMAIL_1>"])
    assert made.verdict.truncated == ("stream_window",)


PEM = "-----BEGIN TEST KEY-----\n" + "QUJD" * 16 + "\n"
GROWING = build(
    [
        signature(
            "secret.test.pem",
            "pattern",
            ["raw"],
            pattern=r"-----BEGIN TEST KEY-----\s[A-Za-z0-9\s]{20,}(?:-----END TEST KEY-----)?",
        )
    ]
)


@pytest.mark.parametrize("lines", [1, 6, 20, 28])
def test_a_match_that_grows_is_held_until_it_ends(lines: int) -> None:
    secret = "-----BEGIN TEST KEY-----\n" + ("QUJD" * 16 + "\n") * lines + "-----END TEST KEY-----"
    text = "Here it is: " + secret + "; keep it. " + "word " * 100
    expected = GROWING.redact(text)[0]
    assert expected.startswith("Here it is: <PEM_1>; keep it.")
    for size in (1, 7, 64, 5000):
        made = stream(GROWING, "redact")
        assert run(made, [text[i : i + size] for i in range(0, len(text), size)]) == expected
        assert made.verdict == GROWING.check(text)


def test_a_limit_on_findings_lets_nothing_through() -> None:
    guard = small_guard(max_findings=1, actions=[("*", "toxicity", 1, 1)])
    text = f"{EMAIL} and {KEY} and alice@example.com " * 30
    made = stream(guard, "redact")
    assert run(made, list(text)) == "<EMAIL_1> and <KEY_1> and <EMAIL_2> " * 30
    assert made.verdict == guard.check(text)
    assert made.verdict.truncated == ("max_findings",)


def test_a_match_longer_than_the_limit_is_said() -> None:
    secret = "-----BEGIN TEST KEY-----\n" + ("QUJD" * 16 + "\n") * 60 + "-----END TEST KEY-----"
    made = stream(GROWING, "redact", longest=1024)
    released = run(made, list("It is: " + secret + " end. " + "word " * 100))
    assert released.startswith("It is: <PEM_1>")
    assert made.verdict.truncated == ("stream_window",)
    assert made.verdict.action.value != "allow"


def test_a_long_token_is_held_until_it_ends() -> None:
    guard = build([signature("secret.test.token", "pattern", ["raw"], pattern=r"\btok_[a-z]{300,900}_end\b")])
    token = "tok_" + "x" * 800 + "_end"
    made = stream(guard, "redact")
    assert run(made, list(f"a {token} b {'word ' * 200}")) == f"a <TOKEN_1> b {'word ' * 200}"
    assert made.verdict.truncated == ()


def test_the_holdback_is_kept_and_as_small_as_the_policy_allows() -> None:
    text = "An ordinary sentence about nothing at all. " * 100
    made = stream(GUARD)
    assert made.holdback_bytes == 512
    out = 0
    for i, char in enumerate(text):
        out += len(made.feed(char))
        assert i + 1 - out <= made.holdback_bytes
    assert stream(GUARD, holdback=300).holdback_bytes == 300
    assert stream(MILD).holdback_bytes == 0
    free = stream(MILD)
    assert [free.feed(char) for char in "abc"] == ["a", "b", "c"]
    short = build([signature("secret.test.key", "pattern", ["raw"], pattern=r"\bacme_[0-9a-f]{16}\b")])
    assert 128 < stream(short).holdback_bytes < 256
    assert run(stream(short, "redact"), list(f"a {KEY} " * 40)) == "a <KEY_1> " * 40


def test_state_is_bounded_however_long_the_stream_is() -> None:
    made = stream(WARY, "redact")
    chunk = "word " * 2000 + EMAIL + " слово" * 500 + " "
    sizes = []
    for i in range(400):
        made.feed(chunk)
        if i % 50 == 49:
            sizes.append((made.buffer_bytes, _core.allocation_count()))
    assert len(set(sizes[1:])) == 1
    made.close()
    assert len(made.verdict.findings) == 400


def test_long_texts_of_every_kind_have_the_verdict_of_one_check() -> None:
    rng = random.Random(3)
    for text in documents(rng, 200_000):
        expected = GUARD.check(text)
        for _ in range(2):
            made = stream(GUARD, "redact")
            run(made, cut(text, random_cuts(rng, len(text))))
            assert made.verdict == expected
        as_bytes = text.encode("utf-8", "replace")
        made = stream(GUARD)
        run(made, cut(as_bytes, random_cuts(rng, len(as_bytes))))
        assert made.verdict == GUARD.check(as_bytes)


def test_a_limit_on_bytes_is_said_as_by_a_check() -> None:
    for limit in (1000, 66_000, 70_000):
        guard = small_guard(max_bytes=limit)
        for unit in ("word ", "слово ", "中文"):
            text = unit * (100_000 // len(unit))
            made = stream(guard)
            assert run(made, cut(text, [limit - 1, limit, limit + 1])) == text
            assert made.verdict == guard.check(text)
            assert made.verdict.truncated == ("max_bytes",)


def test_streams_may_be_interleaved() -> None:
    text = f"a {EMAIL} b {KEY} " * 40
    first, second = stream(WARY, "redact"), stream(WARY)
    out = ["", ""]
    for char in text:
        out[0] += first.feed(char)
        out[1] += second.feed(char)
        GUARD.check(ENGLISH)
    assert [out[0] + first.close(), out[1] + second.close()] == [WARY.redact(text)[0], text]


def test_threads_with_streams_of_one_guard_get_their_own_answers() -> None:
    def work(seed: int, found: list[bool]) -> None:
        text = f"{'word ' * seed}{EMAIL} {KEY} " * 30
        made = stream(WARY, "redact")
        found.append(run(made, cut(text, random_cuts(random.Random(seed), len(text)))) == WARY.redact(text)[0])

    found: list[bool] = []
    threads = [threading.Thread(target=work, args=(seed, found)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8


def test_a_piped_stream_ends_at_a_block() -> None:
    taken = []

    def chunks() -> Iterator[str]:
        for chunk in ["Sure. ", f"{ENGLISH} ", *["word " * 50] * 10]:
            taken.append(chunk)
            yield chunk

    made = stream(GUARD)
    assert "".join(made.pipe(chunks())) == "Sure. "
    assert made.blocked
    assert made.closed
    assert len(taken) < 12


def test_a_raising_stream_raises_once_with_what_was_safe() -> None:
    made = RaisingStream(GUARD)
    with pytest.raises(StreamBlocked, match=r"^the policy blocks the rest of this stream$") as caught:
        made.feed(f"Sure. {ENGLISH} " + "word " * 200)
    assert caught.value.text == "Sure. "
    assert pickle.loads(pickle.dumps(caught.value)).text == "Sure. "
    assert made.feed("more") == ""
    assert made.close() == ""
    assert made.verdict.action.value == "block"
    late = RaisingStream(GUARD)
    assert late.feed(f"Sure. {ENGLISH}") == ""
    with pytest.raises(StreamBlocked):
        late.close()
    assert late.verdict.action.value == "block"


def test_asynchronous_iterators_are_piped_too() -> None:
    async def chunks() -> AsyncIterator[str]:
        for char in f"mail {EMAIL} " + "word " * 150:
            await asyncio.sleep(0)
            yield char

    async def main() -> list[str]:
        async with stream(WARY, "redact") as made:
            return [piece async for piece in made.apipe(chunks())]

    assert "".join(asyncio.run(main())) == "mail <EMAIL_1> " + "word " * 150


def test_a_with_block_closes_and_an_exception_leaves() -> None:
    with stream(GUARD) as made:
        made.feed(ENGLISH)
    assert made.closed
    assert made.verdict == GUARD.check(ENGLISH)
    with pytest.raises(TypeError), stream(GUARD) as made:
        made.feed(7)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match=r"^no verdict: the stream was left or interrupted$"):
        _ = made.verdict


def message(call: Any) -> str:
    try:
        call()
    except (TypeError, ValueError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def test_misuse_is_an_error_that_says_what_came() -> None:
    closed, texts_fed, left = stream(GUARD), stream(GUARD), stream(GUARD)
    closed.close()
    texts_fed.feed("a")
    left.leave()
    said = [
        message(lambda: closed.feed("a")),
        message(closed.close),
        message(lambda: texts_fed.verdict),
        message(lambda: texts_fed.feed(b"a")),
        message(lambda: texts_fed.feed(7)),  # type: ignore[call-overload]
        message(lambda: texts_fed.feed(bytearray(b"a"))),  # type: ignore[call-overload]
        message(lambda: left.feed("a")),
        message(lambda: stream(GUARD, holdback=10)),
        message(lambda: stream(GUARD, "allow")),
        message(lambda: Stream(GUARD, source="nobody")),
        message(lambda: Stream(object())),  # type: ignore[arg-type]
        message(lambda: texts_fed.__init__(GUARD)),  # type: ignore[misc]
        message(lambda: Stream.__new__(Stream).feed("a")),
    ]
    golden = Path(__file__).parent / "golden" / "stream.expected"
    assert said == golden.read_text(encoding="utf-8").splitlines()
    assert texts_fed.feed("b") + texts_fed.close() == "ab"


def test_a_call_inside_a_call_is_an_error() -> None:
    from strategies import model_spec, policy, small_pack

    said: list[str] = []

    class Meddling(_core.GuardBase):
        def _score_windows(self, ids: bytes, dense: bytes, windows: int) -> bytes | None:
            said.append(message(lambda: made.feed("again")))
            return None

    made = stream(Meddling(small_pack(), policy(), model_spec()))
    made.feed("two words more")
    made.close()
    assert said == ["RuntimeError: feed() while another call on this stream is under way"]


def test_an_empty_stream_is_an_empty_text() -> None:
    made = stream(GUARD)
    assert made.feed("") == ""
    assert made.close() == ""
    assert made.verdict == GUARD.check("")
    assert repr(made) == "Stream(closed, holdback_bytes=512)"
