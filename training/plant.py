"""Plants generated attacks in natural texts of the data sets, so that the place and not the context is the signal."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from training.generate.attacks import override
from training.generate.grammar import languages, phrases
from training.generate.indirect import planted_instruction
from training.rows import INDIRECT, SEED, Row, marks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DOCUMENTS: Final = 9000
_PROMPTS: Final = 5000
_GLUE: Final = ("\n\n", "\n", " ", " ")
_TRIES: Final = 12


def planted(rows: Sequence[Row], frame_split: dict[str, str]) -> Iterator[Row]:
    """Natural hosts with an attack of a frame of the same split; `frame_split` says where each frame belongs."""
    rng = random.Random(f"{SEED}/plant")
    hosts = [
        row for row in rows if not row.generated and not row.attack and row.split != "measure" and row.weight == 1.0
    ]
    documents = [
        row for row in hosts if row.kind == "document" and row.marks[INDIRECT] == 0 and 60 <= len(row.text) <= 6000
    ]
    prompts = [row for row in hosts if row.kind == "prompt" and len(row.text) <= 1500]
    for host in rng.sample(documents, min(_DOCUMENTS, len(documents))):
        attack = attack_for(host, rng, frame_split, direct=False)
        if attack is not None:
            text, direct = attack
            meant = marks(injection=1, jailbreak=0, indirect=1) if direct else marks(jailbreak=0, indirect=1)
            yield _row(host, _insert(host.text, text, rng), meant, "planted")
    for host in rng.sample(prompts, min(_PROMPTS, len(prompts))):
        attack = attack_for(host, rng, frame_split, direct=True)
        if attack is not None:
            text = host.text + rng.choice(_GLUE) + attack[0] if rng.random() < 0.8 else attack[0] + "\n" + host.text
            yield _row(host, text, marks(injection=1, jailbreak=0, indirect=1), "appended")


def attack_for(host: Row, rng: random.Random, frame_split: dict[str, str], *, direct: bool) -> tuple[str, bool] | None:
    """(An attack of a frame of the host's split, in its language or English; whether it is an override), None where none is found."""
    lang = host.lang if host.lang in languages() and rng.random() < 0.8 else "en"
    words = phrases(lang)
    for _ in range(_TRIES):
        plain = direct or rng.random() < 0.15
        text, frame = override(words, rng) if plain else planted_instruction(words, rng)
        if frame_split.get(frame) == host.split:
            return text, plain
    return None


def _insert(host: str, attack: str, rng: random.Random) -> str:
    """At the head, at the end or between two lines or sentences."""
    place = rng.random()
    if place < 0.2:
        return attack + rng.choice(_GLUE) + host
    if place < 0.6:
        return host + rng.choice(_GLUE) + attack
    separator = "\n" if host.count("\n") > 2 else ". "
    parts = host.split(separator)
    parts.insert(rng.randrange(len(parts) + 1), attack.rstrip(".") if separator == ". " else attack)
    return separator.join(parts)


def _row(host: Row, text: str, meant: tuple[int, ...], family: str) -> Row:
    return Row(
        text,
        meant,
        f"generated_{family}",
        host.lang,
        host.kind,
        f"{family}/{host.source}",
        generated=True,
        split=host.split,
    )
