"""Plants attacks in natural texts of the data sets, so that the place and not the context is the signal.

Attacks are generated ones and, as orders to a model stand in documents in any wording, requests that people made of
an assistant; innocent twins have a mail to people in the same places.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Final

from training.generate.attacks import override
from training.generate.daily import mail
from training.generate.grammar import languages, phrases
from training.generate.indirect import planted_instruction
from training.rows import BENIGN_DOCUMENT, INDIRECT, SEED, Row, marks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DOCUMENTS: Final = 9000
_PROMPTS: Final = 5000
_REQUESTS: Final = 3000
_MAILS: Final = 3000
_GLUE: Final = ("\n\n", "\n", " ", " ")
# What people asked of assistants: a request begins with one of the words and is no longer than that.
_ASKED: Final = ("halueval_general", "self_instruct", "gpteacher_codegen")
_ORDERS: Final = re.compile(
    "add|analyze|arrange|brainstorm|build|calculate|categorize|change|classify|come|compare|compile"
    "|compose|compute|construct|convert|count|create|define|delete|describe|design|detect|determine"
    "|develop|devise|discuss|draw|edit|estimate|evaluate|explain|find|formulate|generate|give|group|how"
    "|identify|insert|invent|list|make|name|outline|output|paraphrase|pick|predict|propose|provide|rank"
    "|recommend|remove|rephrase|replace|reverse|rewrite|rewriting|simplify|sort|suggest|summarize|tell"
    "|translate|transform|turn|use|what|why|write",
    re.IGNORECASE,
)
_LONGEST: Final = 160
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
    yield from _requested(rows, documents, rng)
    for host in rng.sample(documents, min(_MAILS, len(documents))):
        letter = _mail_for(host, rng, frame_split)
        if letter is not None:
            yield _row(host, _insert(host.text, letter, rng), BENIGN_DOCUMENT, "planted_mail")
    for host in rng.sample(prompts, min(_PROMPTS, len(prompts))):
        attack = attack_for(host, rng, frame_split, direct=True)
        if attack is not None:
            text = host.text + rng.choice(_GLUE) + attack[0] if rng.random() < 0.8 else attack[0] + "\n" + host.text
            yield _row(host, text, marks(injection=1, jailbreak=0, indirect=1), "appended")


def _requested(rows: Sequence[Row], documents: Sequence[Row], rng: random.Random) -> Iterator[Row]:
    """English documents with a request to an assistant in them that has nothing to do with the document."""
    asked: dict[str, list[str]] = {}
    for row in rows:
        if row.source in _ASKED and len(row.text) <= _LONGEST and _ORDERS.fullmatch(row.text.split(" ", 1)[0]):
            asked.setdefault(row.split, []).append(row.text)
    hosts = [row for row in documents if row.lang == "en" and row.split in asked]
    for host in rng.sample(hosts, min(_REQUESTS, len(hosts))):
        text = rng.choice(asked[host.split])
        yield _row(host, _insert(host.text, text, rng), marks(jailbreak=0, indirect=1), "requested")


def _mail_for(host: Row, rng: random.Random, frame_split: dict[str, str]) -> str | None:
    """A mail to people of a frame of the host's split, in its language or English; None where none is found."""
    words = phrases(host.lang if host.lang in languages() else "en")
    for _ in range(_TRIES):
        text, frame = mail(words, rng)
        if frame_split.get(frame) == host.split:
            return text
    return None


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
