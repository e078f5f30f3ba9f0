"""Rules of other tools made into signatures, with examples that the engine itself has confirmed."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

from fastguard import _core
from fastguard.fields import show
from fastguard.frozen import FrozenMap
from fastguard.guard import Guard
from fastguard.importing.expression import Expression
from fastguard.importing.rule import Outcome, Part, Rule, slug
from fastguard.lint import COMPILE_BUDGET
from fastguard.pack import Pack
from fastguard.policy import Limits, Policy
from fastguard.shape import LEAST_LITERAL, shape_of
from fastguard.signature import LEAST_EXAMPLES, Signature

MOST_NEAR = 3  # strings that may have to stand near each other: six orders
_DRAWS = 60  # texts that are made of an expression before it is given up
_AROUND = (("It says ", ""), ("", " stood there"), ("line 1\n", "\nline 3"))  # for what has one form alone
_ABOVE = 1e-6  # gitleaks asks for more entropy than the bound, a pack for as much


@dataclass(slots=True)
class Draft:
    """A signature on its way, with the expressions that texts of its shape are made of."""

    signature: Signature
    rule: Rule
    made_of: tuple[Expression, ...]
    capture: int | None
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Work:
    """A rule with what became of each of its groups."""

    rule: Rule
    drafts: list[Draft]
    reasons: list[str]


def build(
    rules: Sequence[Rule], *, detector: str, file: str, near: int = 0, approximate: bool = False, tier: int = 2
) -> tuple[list[Signature], list[Outcome]]:
    """Return the signatures and what became of each rule.

    `near` is how many bytes may part strings that must all occur (0: such groups are rejected); `approximate` takes
    rules of which something cannot be kept. The engine compiles every pattern alone (its reason is the rule's), then
    finds examples: the rule's own test cases first, then texts made of the expression.
    """
    works = []
    taken: set[str] = set()
    for rule in rules:
        work = _Work(rule, [], list(rule.reasons))
        if not approximate:
            work.reasons += [f"{text} (--approximate takes it all the same)" for text in rule.differs]
        if not work.reasons:
            _draft(work, detector, file, near, tier, taken)
        works.append(work)
    drafts = [draft for work in works for draft in work.drafts]
    if drafts:
        _find_examples(works, drafts)
    signatures = [draft.signature for work in works for draft in work.drafts]
    guard = _guard(signatures) if any(work.rule.cases and work.drafts for work in works) else None
    return signatures, [_outcome(work, guard) for work in works]


def _draft(work: _Work, detector: str, file: str, near: int, tier: int, taken: set[str]) -> None:
    rule = work.rule
    usable = []
    for group in rule.groups:
        pattern, reasons = _pattern(group, near)
        work.reasons += [reason for reason in reasons if reason not in work.reasons]
        if not reasons:
            usable.append((group, pattern))
    for i, (group, pattern) in enumerate(usable, 1):
        name = slug(rule.name) + (f"_{i}" if len(usable) > 1 else "")
        while f"{rule.category}.{detector}.{name}" in taken:
            name += "_"
        taken.add(f"{rule.category}.{detector}.{name}")
        sources = {source for part in group for source in rule.sources.get(part.label, ())}
        signature = Signature(
            id=f"{rule.category}.{detector}.{name}",
            summary=rule.title[:200],
            severity=rule.severity,
            tier=tier,
            kind="pattern",
            views=("raw", "decoded"),
            match=(),
            no_match=(),
            atlas=rule.atlas,
            owasp=rule.owasp,
            sources=tuple(sorted(sources)),
            pattern=pattern,
            entropy=rule.entropy + _ABOVE if rule.entropy else 0.0,
            file=file,
        )
        made_of = tuple(part.expression for part in group if part.expression is not None)
        notes = [note for expression in made_of for note in expression.notes]
        work.drafts.append(Draft(signature, rule, made_of, rule.capture, notes))


def _pattern(group: Sequence[Part], near: int) -> tuple[str, list[str]]:
    """Return the pattern of strings that must all occur, and why there is none."""
    names = " and ".join(part.label for part in group)
    reasons = [f"{part.label} ({part.place}): {part.reason}" for part in group if part.expression is None]
    if reasons:
        return "", reasons
    emitted = [part.expression.emitted for part in group if part.expression is not None]
    if len(group) > 1:
        if not near:
            return "", [f"{names}: a pattern has to say how far apart they may be (--near BYTES says it)"]
        if len(group) > MOST_NEAR:
            return "", [f"{names}: more than {MOST_NEAR} strings that must all occur"]
        gap = f"[\\s\\S]{{0,{near}}}"
        pattern = "(?:" + "|".join(gap.join(f"(?:{text})" for text in order) for order in permutations(emitted)) + ")"
    else:
        pattern = emitted[0]
    return pattern, [f"{names} ({group[0].place}): {reason}" for reason in _unfit(pattern)]


def _unfit(pattern: str) -> list[str]:
    """Return why a pattern cannot be in a pack: its shape, the engine's word, or the time that it takes to compile."""
    shape = shape_of(pattern)
    reasons = [f"has {problem}" for problem in shape.problems]
    if len(shape.literal) < LEAST_LITERAL:
        reasons.append(
            f"no literal of {LEAST_LITERAL} characters that every match holds: it would be tried at every byte of every text"
        )
    if reasons:
        return reasons
    start = time.thread_time()
    info = _core.pattern_info(pattern, False)
    spent = time.thread_time() - start
    if info["error"] is not None:
        return [f"does not compile: {info['error']}"]
    if info["matches_empty"]:
        return ["matches empty text"]
    if spent > COMPILE_BUDGET:
        return [f"takes {spent:.1f} s to compile alone; at most {COMPILE_BUDGET:g} s"]
    return []


def _guard(signatures: Sequence[Signature]) -> Guard:
    pack = Pack(tuple(signatures), FrozenMap({}), "")
    return Guard(packs=pack, policy=Policy(name="import", limits=Limits(max_findings=100_000)), model=None, cache=False)


def _spans(guard: Guard, signature: Signature, text: str) -> list[tuple[int, int]]:
    source = signature.sources[0] if signature.sources else "user"
    return [(f.start, f.end) for f in guard.check(text, source=source).findings if f.signature == signature.id]


def _find_examples(works: Sequence[_Work], drafts: Sequence[Draft]) -> None:
    """Give each signature its examples; those for which there are none go, with a reason."""
    kept = [replace(draft.signature, id=draft.signature.id + "_kept", keep_value=True) for draft in drafts if draft.capture]  # fmt: skip
    guard = _guard([*(draft.signature for draft in drafts), *kept])
    for work in works:
        for draft in list(work.drafts):
            texts = list(_texts_of(draft))
            if draft.capture:
                _choose_span(guard, draft, texts)
            signature = draft.signature
            probe = replace(signature, id=signature.id + "_kept") if signature.keep_value else signature
            own = [case.text for case in work.rule.cases if case.found]
            found = [text for text in _usable([*own, *(text for text, _ in texts)]) if _spans(guard, probe, text)]
            around = [f"{before}{text}{after}" for text in found[:2] for before, after in _AROUND]
            found += [text for text in _usable(around) if len(found) < LEAST_EXAMPLES and _spans(guard, probe, text)]
            near = [text for text in _usable(_near_misses(draft, texts)) if text not in found and not _spans(guard, probe, text)]  # fmt: skip
            if len(found) < LEAST_EXAMPLES or len(near) < LEAST_EXAMPLES:
                work.drafts.remove(draft)
                work.reasons.append(f"{signature.id.rsplit('.', 1)[-1]}: no {LEAST_EXAMPLES} texts that it finds could be made of it")  # fmt: skip
                continue
            draft.signature = replace(signature, match=tuple(found[:4]), no_match=tuple(near[:4]))


def _usable(texts: Sequence[str]) -> list[str]:
    """Return texts that may be examples: something to see, UTF-8, each once."""
    return [text for text in dict.fromkeys(texts) if text.strip() and text.isprintable() | ("\n" in text) and len(text) < 2000]  # fmt: skip


def _texts_of(draft: Draft) -> Iterator[tuple[str, tuple[int, int] | None]]:
    """Yield texts of a signature's shape and where the capture is."""
    source = random.Random(draft.signature.id)
    for _ in range(_DRAWS):
        texts, span = [], None
        for expression in draft.made_of:
            text, groups = expression.sample(source)
            span = groups.get(draft.capture) if draft.capture else None
            texts.append(text)
        yield " ".join(texts), span


def _choose_span(guard: Guard, draft: Draft, texts: Sequence[tuple[str, tuple[int, int] | None]]) -> None:
    """Report what the rule's capture holds where the engine can: the whole match, or the value that it assigns."""
    value = replace(draft.signature, id=draft.signature.id + "_kept", keep_value=True)
    captured = [(text, span) for text, span in texts if span is not None and span[0] < span[1]]
    whole_right = sum(span in _spans(guard, draft.signature, text) for text, span in captured)
    value_right = sum(span in _spans(guard, value, text) for text, span in captured)
    if value_right > whole_right:
        draft.signature = replace(draft.signature, keep_value=True)
        whole_right = value_right
    found = sum(bool(_spans(guard, value if draft.signature.keep_value else draft.signature, text)) for text, _ in captured)  # fmt: skip
    if whole_right < found:
        what = "the value assigned" if draft.signature.keep_value else "the whole match"
        entropy = ", and its entropy counts" if draft.signature.entropy else ""
        draft.notes.append(f"the finding is {what}{entropy}: the rule's group in {whole_right} of {found} texts made of it")  # fmt: skip


def _near_misses(draft: Draft, texts: Sequence[tuple[str, object]]) -> list[str]:
    """Return texts that look like matches and are none: the rule's own, its title, matches cut short or turned round."""
    own = [case.text for case in draft.rule.cases if not case.found]
    made = [text for text, _ in texts[:8]]
    cut = [piece for text in made for piece in (text[: len(text) // 2], text[len(text) // 2 :], text[1:], text[::-1])]
    return [*own, draft.rule.title, *cut, f"about {draft.rule.name}", f"{draft.rule.name}: see the manual"]


def _outcome(work: _Work, guard: Guard | None) -> Outcome:
    rule = work.rule
    signatures = [draft.signature for draft in work.drafts]
    confirm = []
    if any(signature.entropy for signature in signatures):
        confirm.append(f"entropy above {rule.entropy:g}")
    if any(signature.keep_value for signature in signatures):
        confirm.append("the value assigned alone")
    failed = []
    for case in rule.cases if signatures else ():
        assert guard is not None  # there are signatures
        found = any(_spans(guard, signature, case.text) for signature in signatures)
        if found != case.found:
            failed.append(f"{case.place}: {'not found' if case.found else 'found'} in {show(case.text, 80)}")
    notes = dict.fromkeys([*rule.notes, *(note for draft in work.drafts for note in draft.notes)])
    return Outcome(
        rule.name,
        rule.place,
        "confirmed" if confirm else "compiled" if signatures else "rejected",
        tuple(signature.id for signature in signatures),
        tuple(confirm),
        tuple(work.reasons) or (() if signatures else ("nothing to look for",)),
        tuple(rule.differs) if signatures else (),
        tuple(notes),
        len(rule.cases) if signatures else 0,
        tuple(failed),
    )
