"""What CI checks of a pack: that it loads, compiles within its budget, and that its examples come out as they say."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from fastguard import _core
from fastguard.errors import PackError
from fastguard.fields import show
from fastguard.guard import Guard
from fastguard.pack import Pack, PathArgument, real_files
from fastguard.policy import Allow, Limits, Policy
from fastguard.signature import PROTECTING, Signature

ALLOWED_HOST: Final = "allowed-host.com"
"""What the policy of lint allows, so that signatures about the caller's hosts can have examples."""
ALLOWED_TOKENS: Final = 600
"""Tokens that it allows a text, for the same reason."""
COMPILE_BUDGET: Final = 1.0
"""Seconds that a pattern may take to compile alone."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; reads ``file: id: field: text``."""

    file: str
    id: str
    field: str
    text: str

    def __str__(self) -> str:
        return "".join(f"{part}: " for part in (self.file, self.id, self.field) if part) + self.text


def lint(paths: Iterable[PathArgument], *, default: bool = True) -> list[Problem]:
    """Return all that is wrong with these files and folders; concepts of the default pack may be used.

    Without any path the default pack itself is checked.
    """
    paths = [os.fspath(path) for path in paths]
    try:
        pack = Pack.load(paths, default=default)
    except PackError as error:
        return [Problem(error.file, error.id, error.field, _without_place(error))]
    if paths:
        wanted = real_files(paths)
        pack = replace(pack, signatures=tuple(item for item in pack if os.path.realpath(item.file) in wanted))
    problems = [problem for signature in pack for problem in _check_pattern(signature)]
    if not problems:
        problems = list(_check_examples(pack))
    for signature in pack:
        problems.extend(_check_slots(signature, pack))
        problems.extend(_check_languages(signature, pack))
    return problems


def _without_place(error: PackError) -> str:
    return f"{error.problem}; expected {error.expected}" if error.expected else error.problem


def _check_pattern(signature: Signature) -> Iterator[Problem]:
    if signature.kind != "pattern":
        return
    start = time.thread_time()  # of this thread alone: other work on the machine is not the pattern's fault
    info = _core.pattern_info(signature.pattern, "folded" in signature.views)
    spent = time.thread_time() - start
    place = (signature.file, signature.id, "pattern")
    if info["error"] is not None:
        yield Problem(*place, f"does not compile: {info['error']}")
        return
    if info["matches_empty"]:
        yield Problem(*place, "matches empty text")
    if spent > COMPILE_BUDGET:
        yield Problem(*place, f"takes {spent:.1f} s to compile alone; expected at most {COMPILE_BUDGET:g} s")


def _check_examples(pack: Pack) -> Iterator[Problem]:
    """Run every example through the engine."""
    policy = Policy(
        name="lint",
        signatures={signature.id: True for signature in pack if not signature.default},
        limits=Limits(max_findings=100_000, max_tokens=ALLOWED_TOKENS),
        allow=Allow(hosts=(ALLOWED_HOST,)),
    )
    try:
        guard = Guard(packs=pack, policy=policy, model=None, cache=False)
    except PackError as error:
        yield Problem(error.file, error.id, error.field, _without_place(error))
        return
    for signature in pack:
        if signature.candidate == PROTECTING[0]:
            guard.protect(signature.id, signature.match[0])
        elif signature.candidate == PROTECTING[1]:
            guard.canary(signature.id, word=signature.match[0])
        source = signature.sources[0] if signature.sources else "user"
        for field, examples, expected in (("match", signature.match, True), ("no_match", signature.no_match, False)):
            for i, example in enumerate(examples):
                found = [
                    item for item in guard.check(example, source=source).findings if item.signature == signature.id
                ]
                place = (signature.file, signature.id, f"{field}[{i}]")
                if expected and not found:
                    yield Problem(*place, f"not found in {show(example, 100)}")
                elif found and not expected:
                    yield Problem(*place, f"found {show(found[0].text)} in {show(example, 100)}")
        if signature.kind == "pattern" and any(
            f.signature == signature.id for f in guard.check("", source=source).findings
        ):
            yield Problem(signature.file, signature.id, "pattern", "matches empty text")


def _check_slots(signature: Signature, pack: Pack) -> Iterator[Problem]:
    """Check that no word of a language could fill two slots, or fill one and veto the match."""
    filled: dict[tuple[str, str], str] = {}
    for field, slots in (("phrase", signature.phrase), ("unless", signature.unless)):
        for i, slot in enumerate(slots):
            words = pack.concepts[slot[1:]].words if slot.startswith("@") else {"": (slot,)}
            for language, entry in ((name, entry) for name, entries in words.items() for entry in entries):
                other = filled.setdefault((language, _core.fold(entry)), slot)
                if other != slot:
                    text = f"{show(entry)} is an entry of {show(slot)} and of {show(other)}; expected no shared entry"
                    yield Problem(signature.file, signature.id, f"{field}[{i}]", text)


def _check_languages(signature: Signature, pack: Pack) -> Iterator[Problem]:
    """Check that each language the signature has words for has an example with them."""
    concepts = [pack.concepts[slot[1:]] for slot in signature.phrase if slot.startswith("@")]
    if not concepts:
        return
    shared = set.intersection(*(set(concept.words) for concept in concepts))
    languages = [language for language in concepts[0].words if language in shared]
    if signature.languages:
        languages = [language for language in signature.languages if language in shared]
    texts = [[token for token, _, _ in _core.tokens(example)] for example in signature.match]
    missing = [
        language
        for language in languages
        if not any(all(_has_words(text, concept.words[language]) for concept in concepts) for text in texts)
    ]
    if missing:
        yield Problem(
            signature.file, signature.id, "match", f"no example in {', '.join(missing)}; expected one a language"
        )


def _has_words(text: list[str], entries: tuple[str, ...]) -> bool:
    """Whether one of a concept's entries occurs among the tokens of a text."""
    for entry in entries:
        words = [token for token, _, _ in _core.tokens(entry.rstrip("*"))]
        whole = words[:-1] if entry.endswith("*") else words
        for at in range(len(text) - len(words) + 1):
            if text[at : at + len(whole)] == whole and text[at + len(words) - 1].startswith(words[-1]):
                return True
    return False
