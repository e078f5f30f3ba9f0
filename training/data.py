"""Reads the public data sets and says what each row means for each label."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from training.rows import BENIGN_DOCUMENT, BENIGN_PROMPT, HARMFUL_REQUEST, SEED, Kind, Marks, Row, marks
from training.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class DataError(Exception):
    """The data folder is missing or holds something else than expected."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a task of the data sets says about the labels."""

    marks: Marks
    kind: Kind = "prompt"
    weight: float = 1.0


_DOCUMENT: Final = Meaning(BENIGN_DOCUMENT, "document")
_OTHER_TEXT: Final = Meaning(BENIGN_DOCUMENT, "document", 0.5)
# Toxicity, payloads, keys and links are other detectors' business: here they are texts that are no injection.
_MEANINGS: Final[dict[str, Meaning]] = {
    "injection": Meaning(marks(injection=1)),
    "jailbreak": Meaning(marks(jailbreak=1, leak=0)),
    "prompt_extraction": Meaning(marks(leak=1)),
    "indirect_injection": Meaning(marks(jailbreak=0, leak=0, indirect=1), "document"),
    "tool_abuse": Meaning(marks(indirect=1), "document", 0.5),
    "harmful_request": Meaning(HARMFUL_REQUEST),
    "unsafe_roleplay": Meaning(marks()),
    "benign": Meaning(BENIGN_PROMPT),
    "overdefense_benign": _DOCUMENT,
    "benign_doc": _DOCUMENT,
    "benign_output": _DOCUMENT,
    "benign_tool_output": _DOCUMENT,
    "data_poisoning": _DOCUMENT,
    "grounding": _DOCUMENT,
    "web_benign": _OTHER_TEXT,
    "benign_url": _OTHER_TEXT,
    "pii": _OTHER_TEXT,
    "secret": _OTHER_TEXT,
    "toxicity": _OTHER_TEXT,
    "toxicity_lexicon": _OTHER_TEXT,
    "phishing_url": _OTHER_TEXT,
    "shell": _OTHER_TEXT,
}
_PAYLOADS: Final = {"sqli", "xss", "ssti", "ssi", "xxe", "rfi", "crlf", "nosqli", "path_traversal", "ldap_injection"}
_PAYLOADS_CODE: Final = {"code_injection", "java_injection", "php_injection"}

# Rows kept per source (seeded choice); sources that are not named keep all.
_CAPS: Final = {
    "clinc150": 12000, "xsid": 9000, "httpparams_train": 4000, "jpcert_phishing": 1500, "phishing_database_links": 800,
    "payloadbox_xss": 800, "payloads_all_the_things": 1500, "libinjection": 1500, "davidson": 2500, "coldataset": 4000,
    "germeval2018": 3000, "korean_hate": 3000, "told_br": 4000, "mlma": 2500, "ldnoobw_lexicon": 800,
    "surge_profanity_lexicon": 400, "tldr_commands": 4000, "nl2bash": 14000, "xquad_grounding_derived": 3000,
    "docs_benign_urls": 1500, "atomic_red_team": 900, "gitleaks_synthetic": 900, "presidio_generated": 1200,
}  # fmt: skip
_PER_LANGUAGE: Final = {"xsid": 700, "xquad": 1500}
_WEIGHTS: Final = {"latent_jailbreak": 0.3, "cse_interpreter_abuse": 0.3, "bipia_train": 0.7}
_PER_ATTACK: Final = 16  # rows of one BIPIA attack sentence
_CLEAN_CONTEXT: Final = 4.0  # weight of a clean BIPIA context: there are that many attacked copies of it
_ATTACK: Final = 2.0  # weight of a public attack: generated ones are many more, and less like what people write
HELD_OUT: Final = ("cse_frr_benign",)  # over-defence set that no model of ours is trained on
ONE_GROUP: Final = ("deepset_train",)  # translations of each other that nothing in the file joins


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of one `.jsonl.gz` file; DataError names the line that is no JSON object with text and task."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DataError(f"{path.name}:{number}: not JSON: {error}") from None
            if not isinstance(row, dict) or not isinstance(row.get("text"), str) or "task" not in row:
                raise DataError(f"{path.name}:{number}: expected an object with `text`, `task`, `label`, `lang`")
            yield row


def check_folder(folder: Path) -> None:
    """Raise DataError that lists what is missing."""
    missing = [source.file for source in SOURCES if not (folder / source.file).is_file()]
    if not missing:
        return
    listed = "\n".join(f"  {name}" for name in missing[:60])
    raise DataError(
        f"{folder} lacks {len(missing)} of the {len(SOURCES)} files that training reads:\n{listed}\n"
        "Each is gzip-compressed JSON lines with the keys `text`, `label` (1 risky, 0 benign), `task`, `lang`, `source`, `split`.\n"
        "training/README.md names the public repository, path, commit and licence of every one. Point --data at the folder."
    )


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load(folder: Path, *, limit: int | None = None) -> list[Row]:
    """All rows of all sources, marked; `limit` keeps that many of each source (for tests)."""
    check_folder(folder)
    rows: list[Row] = []
    for source in SOURCES:
        name = source.name
        raw = list(read_rows(folder / source.file))
        raw = _choose(name, raw, limit)
        rows.extend(row for entry in raw if (row := _row(name, entry, source.measure_only)) is not None)
    return rows


def _choose(name: str, raw: list[dict[str, Any]], limit: int | None) -> list[dict[str, Any]]:
    """A seeded choice within the caps of the source, of each language and of each attack sentence."""
    random.Random(f"{SEED}/{name}").shuffle(raw)
    kept: list[dict[str, Any]] = []
    count: defaultdict[str, int] = defaultdict(int)
    per_language = _PER_LANGUAGE.get(name)
    for row in raw:
        if per_language and count[row["lang"]] >= per_language:
            continue
        attack = row.get("attack")
        if attack and count[attack] >= _PER_ATTACK:
            continue
        count[row["lang"]] += 1
        if attack:
            count[attack] += 1
        kept.append(row)
    cap = _CAPS.get(name, len(kept))
    return kept[: min(cap, limit) if limit else cap]


def _row(name: str, entry: dict[str, Any], measure_only: bool) -> Row | None:
    task = entry["task"]
    meaning = _MEANINGS.get(task)
    if meaning is None:
        if task not in _PAYLOADS and task not in _PAYLOADS_CODE:
            raise DataError(f"{name}: unknown task {task!r}")
        meaning = _OTHER_TEXT
    text = entry["text"]
    if task == "grounding":  # the answer itself; its passage is already in the other sources
        text = entry.get("response") or text
    meant, kind = meaning.marks, meaning.kind
    category = str(entry.get("category") or "")
    group, balance = "", 1.0
    if name == "agentdojo" and task == "indirect_injection":
        # All but `direct` speak to the model in so many words: a direct override as well.
        meant = marks(injection=-1 if category.endswith("/direct") else 1, jailbreak=0, indirect=1)
    elif name == "cse_interpreter_abuse":
        meant, kind = HARMFUL_REQUEST, "prompt"
    elif name in HELD_OUT or name == "prompts_chat":
        meant, kind = BENIGN_PROMPT, "prompt"
    if name == "bipia_train":  # the clean context and all that was planted in it stay together
        context = text.replace(entry.get("attack") or "", "")
        balance = 1.0 if entry.get("attack") else _CLEAN_CONTEXT
        group = "context:" + hashlib.sha256("".join(context.split()).encode()).hexdigest()[:16]
    if not text.strip():
        return None
    return Row(
        text=text,
        marks=meant,
        source=name,
        lang=entry["lang"],
        kind=kind,
        family=category or task,
        group=group,
        translation=entry.get("en") or "",
        weight=meaning.weight * _WEIGHTS.get(name, 1.0) * balance * (_ATTACK if max(meant) > 0 else 1.0),
        split="measure" if measure_only or name in HELD_OUT else "train",
    )
