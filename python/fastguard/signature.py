"""One signature and one concept as pack files write them, and the strict reader of a detector's file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fastguard import _core
from fastguard.errors import PackError
from fastguard.fields import Fields, did_you_mean, one_of, parse_toml, show
from fastguard.frozen import FrozenMap
from fastguard.shape import LEAST_LITERAL, shape_of

Kind = Literal["pattern", "phrase", "candidate"]
KINDS: tuple[Kind, ...] = ("pattern", "phrase", "candidate")
MOST_SLOTS = 5
MOST_WITHIN = 24
LEAST_EXAMPLES = 2
PROTECTING = ("protected", "canary")
"""Candidates that `Guard.protect` and `Guard.canary` give something to look for; their first match is that."""

_DEFAULT_VIEWS: dict[Kind, tuple[str, ...]] = {
    "pattern": ("raw",),
    "phrase": ("folded", "skeleton", "decoded", "visual", "unmarked", "flipped"),
    "candidate": ("raw", "folded"),
}
LEAST_SQUEEZED_SLOTS = 2
_KEYS_OF_KIND: dict[Kind, tuple[str, ...]] = {
    "pattern": ("entropy", "keep"),
    "phrase": ("within", "order", "unless"),
    "candidate": ("formats", "traits", "context", "needs_context"),
}
_CANDIDATE_KEYS: dict[str, tuple[str, ...]] = {
    "format": ("formats", "context", "needs_context"),
    "link": ("traits", "context", "needs_context"),
    "load": ("traits",),
}
_SELF_CONTAINED = {"format", "link", "load", *PROTECTING}
"""Candidates that need no validator."""
_PART = re.compile(r"[a-z0-9_]+\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature of a pack: what it looks for, how sure it is, and the examples that prove it.

    `kind` says which of `pattern`, `phrase` and `candidate` is set. `file` is where it stands.
    """

    id: str
    summary: str
    severity: str
    tier: int
    kind: Kind
    views: tuple[str, ...]
    match: tuple[str, ...]
    no_match: tuple[str, ...]
    atlas: tuple[str, ...] = ()
    owasp: tuple[str, ...] = ()
    cwe: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    default: bool = True
    mention: bool = False
    fallback: bool = False
    pattern: str = ""
    validators: tuple[str, ...] = ()
    entropy: float = 0.0
    keep_value: bool = False
    phrase: tuple[str, ...] = ()
    within: int = 0
    ordered: bool = False
    unless: tuple[str, ...] = ()
    candidate: str = ""
    formats: tuple[str, ...] = ()
    """Of a candidate ``format`` how it is written, of a ``link`` or a ``load`` its traits."""
    context: tuple[str, ...] = ()
    needs_context: bool = False
    file: str = ""

    @property
    def category(self) -> str:
        """The first part of the id."""
        return self.id.split(".", 1)[0]

    @property
    def detector(self) -> str:
        """Category and file: ``prompt_injection/override``."""
        return "/".join(self.id.split(".")[:2])

    def spec(self) -> dict[str, object]:
        """Return what the engine is told: the arguments of `_core.SignatureSpec`, as plain JSON values."""
        return {
            "id": self.id,
            "category": self.category,
            "severity": self.severity,
            "tier": self.tier,
            "kind": self.kind,
            "views": list(self.views),
            "summary": self.summary,
            "atlas": list(self.atlas),
            "owasp": list(self.owasp),
            "cwe": list(self.cwe),
            "sources": list(self.sources),
            "enabled": self.default,
            "mention": self.mention,
            "fallback": self.fallback,
            "pattern": self.pattern,
            "validators": list(self.validators),
            "entropy": self.entropy,
            "keep_value": self.keep_value,
            "slots": [concept_of_slot(slot) for slot in self.phrase],
            "within": self.within,
            "ordered": self.ordered,
            "unless": [concept_of_slot(slot) for slot in self.unless],
            "candidate": self.candidate,
            "formats": list(self.formats),
            "context": list(self.context),
            "needs_context": self.needs_context,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """One idea with the words for it in each language; what `@name` in a phrase stands for."""

    name: str
    summary: str
    words: FrozenMap[str, tuple[str, ...]]
    file: str = ""

    @property
    def entries(self) -> tuple[str, ...]:
        """All words of all languages, each once."""
        return tuple(dict.fromkeys(entry for words in self.words.values() for entry in words))


def concept_of_slot(slot: str) -> str:
    """Return the name of the concept that a slot stands for; literal words become a concept of their own.

    >>> concept_of_slot("@override_verb"), concept_of_slot("act as")
    ('override_verb', '"act as"')
    """
    return slot[1:] if slot.startswith("@") else f'"{slot}"'


def read_detector(
    content: bytes, *, file: str, category: str, detector: str, tags: Mapping[str, frozenset[str]]
) -> list[Signature]:
    """Return the signatures of one detector's file, or raise the `PackError` that says what is wrong with it."""
    prefix = f"{category}.{detector}."
    head = Fields(parse_toml(content, file, PackError), PackError, file=file)
    head.integer("schema", low=1, high=1)
    head.string("title")
    atlas = _tags(head, "atlas", (), tags)
    owasp = _tags(head, "owasp", (), tags)
    cwe = _tags(head, "cwe", (), tags)
    mention = head.boolean("mention", False)
    fallback = head.boolean("fallback", False)
    signatures: list[Signature] = []
    for table in head.tables("signature", "at least one [[signature]]"):
        signature = _read_signature(table, prefix, (atlas, owasp, cwe), (mention, fallback), tags)
        if any(other.id == signature.id for other in signatures):
            raise PackError("the id stands twice", file=file, id=signature.id, field="id", expected="each id once")
        signatures.append(signature)
    head.close()
    if not signatures:
        head.fail("signature", "none", "at least one [[signature]]")
    return signatures


def _read_signature(
    table: Fields,
    prefix: str,
    of_file: tuple[tuple[str, ...], ...],
    marks: tuple[bool, bool],
    tags: Mapping[str, frozenset[str]],
) -> Signature:
    name = table.string("id", expected=f'"{prefix}<name>"')
    if not name.startswith(prefix) or not _PART.match(name[len(prefix) :]):
        table.fail("id", f"got {show(name)}", f'"{prefix}<name>" as the path says, of a-z, 0-9 and _')
    table.id = name
    table.rebase()
    kinds = [kind for kind in KINDS if kind in table]
    if len(kinds) != 1:
        got = " and ".join(kinds) or "none"
        raise PackError(f"got {got}", file=table.file, id=name, expected="exactly one of pattern, phrase, candidate")
    kind = kinds[0]
    for other in KINDS:
        for key in _KEYS_OF_KIND[other]:
            if key in table and other != kind:
                table.fail(key, f"not for a {kind}", f"this key in {other} signatures only")
    phrase, within, unless = _read_phrase(table) if kind == "phrase" else ((), 0, ())
    views = _read_views(table, kind, phrase)
    sources = table.strings("sources", ())
    _all_in(table, "sources", sources, _core.SOURCES)
    languages = table.strings("languages", ())
    for i, language in enumerate(languages):
        if not _LANGUAGE.match(language):
            table.fail(f"languages[{i}]", f"got {show(language)}", 'a language tag such as "de" or "pt-BR"')
    candidate, formats, context, needs_context = _read_candidate(table) if kind == "candidate" else ("", (), (), False)
    match = table.strings("match", least=LEAST_EXAMPLES, expected="texts that it finds")
    no_match = table.strings("no_match", least=LEAST_EXAMPLES, expected="near misses that it leaves alone")
    for i, example in enumerate(no_match):
        if example in match:
            table.fail(f"no_match[{i}]", f"{show(example)} is in match, too", "a text that it leaves alone")
    signature = Signature(
        id=name,
        summary=table.string("summary"),
        severity=table.string("severity", choices=_core.SEVERITIES),
        tier=table.integer("tier", low=1, high=3),
        kind=kind,
        views=views,
        match=match,
        no_match=no_match,
        atlas=_tags(table, "atlas", of_file[0], tags),
        owasp=_tags(table, "owasp", of_file[1], tags),
        cwe=_tags(table, "cwe", of_file[2], tags),
        languages=languages,
        sources=sources,
        default=table.boolean("default", True),
        mention=table.boolean("mention", marks[0]),
        fallback=table.boolean("fallback", marks[1]),
        pattern=_read_pattern(table) if kind == "pattern" else "",
        validators=()
        if kind == "phrase"
        else _read_validators(table, required=kind == "candidate" and candidate not in _SELF_CONTAINED),
        entropy=table.number("entropy", 0.0, low=0.0, high=8.0) if kind == "pattern" else 0.0,
        keep_value=kind == "pattern" and table.string("keep", "", choices=("value",)) == "value",
        phrase=phrase,
        within=within,
        ordered=kind == "phrase" and table.string("order", "any", choices=("any", "fixed")) == "fixed",
        unless=unless,
        candidate=candidate,
        formats=formats,
        context=context,
        needs_context=needs_context,
        file=table.file,
    )
    table.close()
    return signature


def _read_views(table: Fields, kind: Kind, phrase: tuple[str, ...]) -> tuple[str, ...]:
    """Return the views of a signature; what short words alone could match in a squeezed text is refused there."""
    safe = kind == "phrase" and len(phrase) >= LEAST_SQUEEZED_SLOTS
    views = table.strings("views", _DEFAULT_VIEWS[kind] + (("squeezed",) if safe else ()), least=1)
    _all_in(table, "views", views, _core.SIGNATURE_VIEWS)
    if "squeezed" in views and not safe:
        expected = f"other views: in squeezed text only phrases of {LEAST_SQUEEZED_SLOTS} slots and more may match"
        table.fail("views", 'got "squeezed"', expected)
    return views


def _read_pattern(table: Fields) -> str:
    pattern = table.string("pattern", expected="a regular expression")
    shape = shape_of(pattern)
    for problem in shape.problems:
        table.fail("pattern", f"has {problem}", "what can be matched in one linear pass")
    if len(shape.literal) < LEAST_LITERAL and not shape.opening:
        table.fail(
            "pattern",
            f"no literal to anchor it (longest: {show(shape.literal)})",
            f"at least {LEAST_LITERAL} characters that every match holds, or ^ before a match of limited length; "
            "shapes without either are candidates",
        )
    return pattern


def _read_candidate(table: Fields) -> tuple[str, tuple[str, ...], tuple[str, ...], bool]:
    candidate = table.string("candidate", choices=_core.CANDIDATES)
    keys = _CANDIDATE_KEYS.get(candidate, ())
    for key in _KEYS_OF_KIND["candidate"]:  # those of protected texts know what they look for from `Guard.protect`
        if key in table and key not in keys:
            wanted = " or ".join(f'candidate = "{name}"' for name, own in _CANDIDATE_KEYS.items() if key in own)
            table.fail(key, f"not for the candidate {show(candidate)}", f"this key beside {wanted} only")
    if not keys:
        return candidate, (), (), False
    if candidate == "link":
        traits = table.strings("traits", least=1, expected="what is wrong with the link")
        _all_in(table, "traits", traits, _core.LINK_TRAITS)
        return candidate, traits, *_read_context(table)
    if candidate == "load":
        traits = table.strings("traits", least=1, expected="what makes the text costly")
        _all_in(table, "traits", traits, _core.LOAD_TRAITS)
        return candidate, traits, (), False
    formats = table.strings("formats", least=1, expected='formats such as "9{3}-9{2}-9{4}"')
    context, needs_context = _read_context(table)
    if not needs_context and "validator" not in table and not context:
        table.fail("formats", "neither a validator nor a context", "one of them: a format alone is no evidence")
    return candidate, formats, context, needs_context


def _read_context(table: Fields) -> tuple[tuple[str, ...], bool]:
    context = table.strings("context", ())
    needs_context = table.boolean("needs_context", default=False)
    if needs_context and not context:
        table.fail("needs_context", "no words in `context`", "words that it needs")
    return context, needs_context


def _read_validators(table: Fields, *, required: bool) -> tuple[str, ...]:
    if "validator" not in table:
        if required:
            table.fail("validator", "missing", "the name of a validator, or a list of names")
        return ()
    value = table.value("validator", "")
    names = (table.string("validator"),) if isinstance(value, str) else table.strings("validator", least=1)
    known = _core.validator_names()
    for name in names:
        if name not in known:
            table.fail("validator", f"got {show(name)}{did_you_mean(name, known)}", one_of(known))
    return names


def _read_phrase(table: Fields) -> tuple[tuple[str, ...], int, tuple[str, ...]]:
    slots = table.strings("phrase", least=1, expected="slots")
    if len(slots) > MOST_SLOTS:
        table.fail("phrase", f"got {show(slots)}", f"1 to {MOST_SLOTS} slots")
    within = table.integer("within", 0 if len(slots) == 1 else None, low=len(slots), high=MOST_WITHIN)
    unless = table.strings("unless", ())
    for i, slot in enumerate(unless):
        if not slot.startswith("@"):
            table.fail(f"unless[{i}]", f"got {show(slot)}", f'a concept such as "@{slot}"')
    return slots, within, unless


def _tags(table: Fields, key: str, default: tuple[str, ...], tags: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    values = table.strings(key, default)
    known = tags.get(key, frozenset())
    for i, value in enumerate(values):
        if value not in known:
            hint = did_you_mean(value, sorted(known))
            table.fail(f"{key}[{i}]", f"unknown id {show(value)}{hint}", "an id of packs/tags.toml")
    return values


def _all_in(table: Fields, key: str, values: tuple[str, ...], known: tuple[str, ...]) -> None:
    for i, value in enumerate(values):
        if value not in known:
            table.fail(f"{key}[{i}]", f"got {show(value)}{did_you_mean(value, known)}", one_of(known))


def read_concepts(content: bytes, *, file: str) -> list[Concept]:
    """Return the concepts of a concepts.toml, or raise the `PackError` that says what is wrong with it."""
    head = Fields(parse_toml(content, file, PackError), PackError, file=file)
    head.integer("schema", low=1, high=1)
    concepts = []
    group = head.table("concept")
    for name in group.keys():  # noqa: SIM118
        if not _PART.match(name):
            raise PackError(f"got {show(name)}", file=file, field="concept", expected="a name of a-z, 0-9 and _")
        table = Fields(group.value(name, "a table"), PackError, file=file, id=name)
        summary = table.string("summary")
        words: dict[str, tuple[str, ...]] = {}
        for language in table.keys():  # noqa: SIM118
            if language == "summary":
                continue
            if not _LANGUAGE.match(language):
                table.fail(language, "unknown key", 'summary, or a language tag such as "de" with a list of words')
            words[language] = table.strings(language, least=1, expected="words")
            for i, entry in enumerate(words[language]):
                _check_entry(table, f"{language}[{i}]", entry)
        if not words:
            table.fail("", "no words", "at least one language with a list of words")
        concepts.append(Concept(name=name, summary=summary, words=FrozenMap(words), file=file))
    head.close()
    if not concepts:
        head.fail("concept", "none", "at least one [concept.<name>]")
    return concepts


def _check_entry(table: Fields, key: str, entry: str) -> None:
    stem, star, rest = entry.partition("*")
    if star and rest:
        table.fail(key, f"got {show(entry)}", 'words with "*" at the end only')
    if star and len(stem.split()) == 1 and len(stem.strip()) < 3:
        table.fail(key, f"got {show(entry)}", "a stem of at least 3 characters before the *")
    if not any(char.isalnum() for char in stem):
        table.fail(key, f"got {show(entry)}", "words")
