"""Every example of every signature of the default pack comes out as its author says, through the whole engine."""

from __future__ import annotations

import pytest
from fastguard import Allow, Guard, Limits, Policy
from fastguard.lint import ALLOWED_HOST, ALLOWED_TOKENS, lint
from fastguard.pack import Pack
from fastguard.signature import Signature

PACK = Pack.load(["@output"])


@pytest.fixture(scope="module")
def guard() -> Guard:
    off = {item.id: True for item in PACK if not item.default}
    made = Guard(
        packs=["@output"],
        model=None,
        policy=Policy(
            name="examples",
            signatures=off,
            limits=Limits(max_findings=100_000, max_tokens=ALLOWED_TOKENS),
            allow=Allow(hosts=(ALLOWED_HOST,)),
        ),
    )
    for signature in PACK:
        if signature.candidate == "protected":
            made.protect(signature.id, signature.match[0])
        elif signature.candidate == "canary":
            made.canary(signature.id, word=signature.match[0])
    return made


def found(guard: Guard, signature: Signature, text: str) -> list[str]:
    source = signature.sources[0] if signature.sources else "user"
    verdict = guard.check(text, source=source)
    assert verdict.truncated == verdict.degraded == ()
    for finding in verdict.findings:
        assert text[finding.start : finding.end] == finding.text
        assert text.encode("utf-8", "surrogatepass")[finding.byte_start : finding.byte_end] == finding.text.encode(
            "utf-8", "surrogatepass"
        )
    return [finding.text for finding in verdict.findings if finding.signature == signature.id]


@pytest.mark.parametrize("signature", PACK.signatures, ids=lambda signature: signature.id)
def test_examples_come_out_as_they_say(guard: Guard, signature: Signature) -> None:
    wrong = [f"not found: {text!r}" for text in signature.match if not found(guard, signature, text)]
    wrong += [f"found {places} in {text!r}" for text in signature.no_match if (places := found(guard, signature, text))]
    assert wrong == []


def test_examples_are_found_inside_longer_texts(guard: Guard) -> None:
    before, after = "Dear team,\n\nplease read this.\n", "\n\nBest regards\n"
    missing = [
        (signature.id, text)
        for signature in PACK
        for text in signature.match
        if not found(guard, signature, f"{before}{text}{after}")
        and "^" not in signature.pattern
        and "$" not in signature.pattern
    ]
    assert missing == []


@pytest.mark.slow
@pytest.mark.parametrize("packs", [[], ["@output"]], ids=["default", "output"])
def test_lint_finds_nothing_in_the_packs_that_ship(packs: list[str]) -> None:
    assert [str(problem) for problem in lint(packs)] == []
