"""Packs: signatures and concepts read from TOML files, checked strictly, compiled once and cached."""

# pathlib alone takes a quarter of the time that `import fastguard` may take.
# ruff: noqa: PTH100, PTH110, PTH112, PTH118, PTH119, PTH120, PTH208
from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from fastguard import _core, cache
from fastguard import signature as reader
from fastguard.errors import PackError
from fastguard.fields import Fields, did_you_mean, parse_toml, read_bytes, show
from fastguard.frozen import FrozenMap
from fastguard.signature import Concept, Signature, concept_of_slot, read_concepts, read_detector

PathArgument = str | os.PathLike[str]

MENTION_CONCEPTS = ("@quoting", "@reporting", "@judging", "@obeying")
"""What the engine tells by that a match is talked about and not said (cpp/include/fastguard/mention.h)."""
FRAME_CONCEPTS = ("discussing", "commanding")
"""Further ones, of which a pack may have some or none."""

_FORMAT = 6  # of the cached form; a change makes old cache files unknown
_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.join(_HERE, "packs")

# Packs that ship with fastguard and are loaded where they are named: they double the time of a check.
SHIPPED = {"@output": os.path.join(_HERE, "output_packs")}


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a pack and the place that its path gives it: (category, detector), or none for concepts."""

    path: str
    content: bytes
    category: str = ""
    detector: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """Signatures and concepts as their authors wrote them; immutable.

    >>> pack = Pack.default()
    >>> pack["prompt_injection.override.ignore_previous"].severity
    'high'
    """

    signatures: tuple[Signature, ...]
    concepts: FrozenMap[str, Concept] = field(repr=False)
    digest: str = field(repr=False)

    @staticmethod
    def default() -> Pack:
        """Return the pack that ships with fastguard."""
        return Pack.load(())

    @staticmethod
    def load(paths: Iterable[PathArgument], *, default: bool = True) -> Pack:
        """Return the pack of these files and folders, beside the default one unless `default` is false.

        ``"@output"`` names the pack for what an application executes or renders, which ships beside the default one.
        A folder holds ``<category>/<detector>.toml`` files and may hold a ``concepts.toml``; a single file counts to
        the category that its folder is named after, else to ``custom``. Raises `PackError`.
        """
        return _read(_find(paths, default))

    def __getitem__(self, id: str) -> Signature:  # noqa: A002
        for signature in self.signatures:
            if signature.id == id:
                return signature
        raise KeyError(id)

    def __iter__(self) -> Iterator[Signature]:
        return iter(self.signatures)

    def __len__(self) -> int:
        return len(self.signatures)

    def entries(self, slot: str) -> tuple[str, ...]:
        """Return the words that a slot of a phrase stands for: those of its concept, or the literal itself."""
        return self.concepts[slot[1:]].entries if slot.startswith("@") else (slot,)


@dataclass(frozen=True)
class CompiledPack:
    """A pack in the engine, with what a policy needs to know of its signatures."""

    core: _core.Pack
    specs: tuple[Mapping[str, Any], ...]
    digest: str
    from_cache: bool

    @cached_property
    def detectors(self) -> Mapping[str, str]:
        """The detector of each signature, in the order of the pack."""
        return {spec["id"]: "/".join(spec["id"].split(".")[:2]) for spec in self.specs}

    @cached_property
    def off(self) -> frozenset[str]:
        """The signatures that are off unless the policy switches them on."""
        return frozenset(spec["id"] for spec in self.specs if not spec["enabled"])


def compile_pack(packs: Pack | Iterable[PathArgument] = (), *, use_cache: bool = True) -> CompiledPack:
    """Return a pack ready for the engine, from the cache where it holds just this one.

    The cache is keyed by the bytes of all files, the version of fastguard and of the pattern engine, and the module that
    reads signatures, whose defaults are part of what is cached. Files found in it
    were checked when it was written, so they are not parsed again. Raises `PackError`.
    """
    files = [] if isinstance(packs, Pack) else _find(packs, default=True)
    digest = _digest_of(packs) if isinstance(packs, Pack) else _digest(files)
    versions = f"{_FORMAT} {_core.__version__} {_core.engine_version()} {_reader_digest()}"
    key = hashlib.sha256(f"{versions} {digest}".encode()).hexdigest()
    if use_cache:
        found = cache.load(key)
        compiled = _from_cache(found, digest) if found is not None else None
        if compiled is not None:
            return compiled
    pack = packs if isinstance(packs, Pack) else _read(files)
    specs = tuple(signature.spec() for signature in pack.signatures)
    concepts = _concept_entries(pack)
    core_specs = [_core.SignatureSpec(**cast("Any", spec)) for spec in specs]
    try:
        core = _core.Pack.build(core_specs, concepts)
    except _core.PackBuildError as problem:
        raise _explained(problem, pack) from None
    if use_cache:
        head = {"key": _core.pack_cache_key(core_specs), "signatures": specs, "concepts": concepts}
        text = json.dumps(head, ensure_ascii=True, separators=(",", ":")).encode()
        cache.store(key, len(text).to_bytes(8, "little"), text, core.databases())
    return CompiledPack(core, specs, digest, from_cache=False)


def _from_cache(payload: memoryview, digest: str) -> CompiledPack | None:
    """Return the pack of a cached payload, or None where this engine cannot use it."""
    size = int.from_bytes(payload[:8], "little")
    try:
        head = json.loads(bytes(payload[8 : 8 + size]))
        specs = tuple(head["signatures"])
        core_specs = [_core.SignatureSpec(**spec) for spec in specs]
        if head["key"] != _core.pack_cache_key(core_specs):
            return None
        core = _core.Pack.build(core_specs, head["concepts"], payload[8 + size :])
    except (ValueError, KeyError, TypeError):  # DatabaseError and PackBuildError are ValueErrors
        return None
    return CompiledPack(core, specs, digest, from_cache=True)


def _explained(problem: _core.PackBuildError, pack: Pack) -> PackError:
    """Return what the engine refused as an error that names the file."""
    message, name, key = (*map(str, problem.args), "", "", "")[:3]
    concept = pack.concepts.get(name)
    signature = next((item for item in pack if item.id == name), None)
    if signature is not None and signature.kind == "pattern" and key == "pattern":
        # Said of the pattern alone, so that a position in the message is one in the file.
        message = _core.pattern_info(signature.pattern, "folded" in signature.views)["error"] or message
    file = concept.file if concept else signature.file if signature else ""
    return PackError(message, file=file, id=name, field=key)


def _concept_entries(pack: Pack) -> dict[str, list[str]]:
    """Return the words of all concepts that the engine needs, literal slots as concepts of one entry."""
    entries: dict[str, list[str]] = {}
    for signature in pack.signatures:
        mention = MENTION_CONCEPTS if signature.mention else ()
        for slot in (*signature.phrase, *signature.unless, *mention):
            entries.setdefault(concept_of_slot(slot), list(pack.entries(slot)))
        for name in FRAME_CONCEPTS if signature.mention else ():
            if name in pack.concepts:
                entries.setdefault(name, list(pack.entries(f"@{name}")))
    return entries


def _find(paths: Iterable[PathArgument], default: bool) -> list[_File]:
    """Return the files of a pack with their contents: the default ones first, each path's in the order of names.

    A file that several paths lead to is read once: a default one may be named for `lint`.
    """
    files: dict[str, _File] = {}
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    for path in (*((_ROOT,) if default else ()), *(os.fspath(path) for path in given)):
        if not isinstance(path, str):
            raise TypeError(f"packs: expected paths as str or os.PathLike[str], got {type(path).__name__}")
        place = SHIPPED.get(path, path)
        for file in _find_in_folder(place) if os.path.isdir(place) else (_place(place),):
            files.setdefault(os.path.realpath(file.path), file)
    return list(files.values())


def real_files(paths: Iterable[PathArgument]) -> frozenset[str]:
    """Return the real paths of the files that these paths lead to, without the default pack's."""
    return frozenset(os.path.realpath(file.path) for file in _find(paths, default=False))


def _find_in_folder(root: str) -> Iterator[_File]:
    found = 0
    concepts = os.path.join(root, "concepts.toml")
    if os.path.exists(concepts):
        yield _File(concepts, read_bytes(concepts, PackError, "a TOML file of concepts"))
    for category in _names(root):
        folder = os.path.join(root, category)
        if not os.path.isdir(folder) or category.startswith((".", "_")):
            continue
        for name in _names(folder):
            if not name.endswith(".toml") or name.startswith("."):
                continue
            path = os.path.join(folder, name)
            if category not in _core.CATEGORIES:
                hint = did_you_mean(category, _core.CATEGORIES)
                raise PackError(
                    f"the folder {show(category)} is no category{hint}",
                    file=path,
                    expected="one of " + ", ".join(_core.CATEGORIES),
                )
            found += 1
            yield _File(path, read_bytes(path, PackError, "a TOML file of signatures"), category, name[:-5])
    if not found:
        raise PackError("no signatures", file=root, expected="files <category>/<detector>.toml")


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError as problem:
        raise PackError(problem.strerror or str(problem), file=folder, expected="a folder that can be read") from None


def _place(path: str) -> _File:
    """Return a single file with the category and detector that its path gives it."""
    folder, name = os.path.split(os.path.abspath(path))
    content = read_bytes(path, PackError, "a TOML file of signatures")
    if name == "concepts.toml":
        return _File(path, content)
    if not name.endswith(".toml"):
        raise PackError("not a TOML file by its name", file=path, expected="<detector>.toml")
    category = os.path.basename(folder)
    return _File(path, content, category if category in _core.CATEGORIES else "custom", name[:-5])


def _reader_digest() -> str:
    """Return the digest of the module that says what a file leaves unsaid."""
    loader = cast("Any", reader.__spec__).loader
    return hashlib.sha256(loader.get_data(reader.__file__)).hexdigest()


def _digest(files: Iterable[_File]) -> str:
    total = hashlib.sha256()
    for file in files:
        name = f"{file.category}/{file.detector}/{len(file.content)}\n"
        total.update(name.encode("utf-8", "surrogateescape"))
        total.update(file.content)
    return total.hexdigest()


def _digest_of(pack: Pack) -> str:
    """Return the digest of a pack that came as an object, which need not be that of any files."""
    content = [[signature.spec() for signature in pack.signatures], _concept_entries(pack)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def tags_file() -> str:
    """Return the path of the closed lists."""
    return os.path.join(_ROOT, "tags.toml")


def read_tags() -> dict[str, frozenset[str]]:
    """Return the closed lists of ATLAS, OWASP and CWE ids."""
    path = tags_file()
    head = Fields(parse_toml(read_bytes(path, PackError, "the list of tags"), path, PackError), PackError, file=path)
    head.integer("schema", low=1, high=1)
    tags = {key: frozenset(head.table(key).keys()) for key in ("atlas", "owasp", "cwe")}
    head.close()
    return tags


def _read(files: list[_File]) -> Pack:
    tags = read_tags()
    concepts: dict[str, Concept] = {}
    signatures: dict[str, Signature] = {}
    for file in files:
        if not file.category:
            for concept in read_concepts(file.content, file=file.path):
                if concept.name in concepts:
                    raise PackError(
                        f"the concept is in {concepts[concept.name].file}, too",
                        file=file.path,
                        id=concept.name,
                        expected="each concept once",
                    )
                concepts[concept.name] = concept
            continue
        for signature in read_detector(
            file.content, file=file.path, category=file.category, detector=file.detector, tags=tags
        ):
            if signature.id in signatures:
                raise PackError(
                    f"the id is in {signatures[signature.id].file}, too",
                    file=file.path,
                    id=signature.id,
                    field="id",
                    expected="each id once",
                )
            signatures[signature.id] = signature
    for signature in signatures.values():
        _check_phrase(signature, concepts)
    return Pack(tuple(signatures.values()), FrozenMap(concepts), _digest(files))


def _check_phrase(signature: Signature, concepts: Mapping[str, Concept]) -> None:
    """Refuse slots that name no concept, and mentions where a pack has no words for them."""
    for slot in MENTION_CONCEPTS if signature.mention else ():
        if slot[1:] not in concepts:
            raise PackError(
                f"no concept {show(slot[1:])}",
                file=signature.file,
                id=signature.id,
                field="mention",
                expected="the concepts quoting, reporting, judging and obeying beside a signature that has mentions",
            )
    for key, slots in (("phrase", signature.phrase), ("unless", signature.unless)):
        for i, slot in enumerate(slots):
            if slot.startswith("@") and slot[1:] not in concepts:
                raise PackError(
                    f"unknown concept {show(slot)}{did_you_mean(slot[1:], concepts)}",
                    file=signature.file,
                    id=signature.id,
                    field=f"{key}[{i}]",
                    expected="a concept of concepts.toml",
                )
