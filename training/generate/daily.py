"""What people ask and write all day: requests, mails to people, briefs for an assistant's role; all of it innocent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from training.generate import obfuscate
from training.generate.grammar import frame_split
from training.rows import BENIGN_DOCUMENT, BENIGN_PROMPT, Row

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from training.generate.grammar import Phrases

_REQUESTS: Final = 420
_MAILS: Final = 200
_BRIEFS: Final = 160  # of English alone
_OBFUSCATED: Final = 0.05
_LOWER: Final = 0.2
_DOCUMENTS: Final = 0.6  # share of the mails that count as documents, the others as what a user pastes
_GLUE: Final = (" ", "\n", "\n\n")


def rows(words: Phrases, rng: random.Random, factor: float) -> Iterator[Row]:
    """Everyday texts of one language."""
    for _ in range(int(_REQUESTS * factor)):
        text, frame = words.framed("daily", rng)
        place = rng.random()
        if place < 0.15:
            text = f"{text} {_like(words, rng, 'daily', frame)}"
        elif place < 0.25:
            text = f"{text}{rng.choice(_GLUE)}{words.pick('doc', rng)}"
        elif place < 0.32:
            text = f"{words.pick('chat', rng)} {text}"
        yield _row(words, _typed(text, rng), "daily", frame)
    for _ in range(int(_MAILS * factor)):
        text, frame = mail(words, rng)
        yield _row(words, text, "mail", frame, document=rng.random() < _DOCUMENTS)
    if words.lang == "en":
        for _ in range(int(_BRIEFS * factor)):
            text, frame = _brief(words, rng)
            yield _row(words, text, "brief", frame)


def mail(words: Phrases, rng: random.Random) -> tuple[str, str]:
    """(A mail or a message to people, with their tasks in it; name of the frame of its first sentence)."""
    first, frame = words.framed("mail", rng)
    parts = [first, *(_like(words, rng, "mail", frame) for _ in range(rng.choice((0, 1, 1, 2, 3))))]
    if rng.random() < 0.4:
        parts.insert(rng.randrange(len(parts) + 1), words.pick("doc", rng))
    text = rng.choice((" ", " ", "\n")).join(part.strip() for part in parts)
    if rng.random() < 0.7:
        text = words.pick("mail_start", rng) + rng.choice(("\n", "\n\n", " ")) + text
    if rng.random() < 0.6:
        text += rng.choice(("\n", "\n\n")) + words.pick("mail_end", rng)
    return text, frame


def _like(words: Phrases, rng: random.Random, name: str, frame: str) -> str:
    """A text of another frame of the same list and split."""
    while True:
        text, other = words.framed(name, rng)
        if frame_split(other) == frame_split(frame):
            return text


def _brief(words: Phrases, rng: random.Random) -> tuple[str, str]:
    """(What tells an assistant which role to play, as people write and share it; name of the frame of its task)."""
    task, frame = words.framed("role_task", rng)
    lead = words.pick("role_lead", rng)
    rules = [words.pick("role_rule", rng) for _ in range(rng.randint(0, 7))]
    ends = [words.pick("role_format", rng) for _ in range(rng.randint(0, 2))]
    shape = rng.random()
    if shape < 0.45:
        return " ".join([lead, task, *rules, *ends]), frame
    mark = rng.choice(("- ", "* ", "1. ", "• "))
    listed = [mark + rule for rule in rules]
    if shape < 0.8:
        return "\n".join([lead, task, "", rng.choice(("Rules:", "Guidelines:", "Please note:")), *listed, *ends]), frame
    heads = ("# Role", "## Task", "## Rules", "## Output")
    parts = (heads[0], lead, heads[1], task, heads[2], *listed, heads[3], *ends)
    return "\n".join(parts), frame


def _typed(text: str, rng: random.Random) -> str:
    """As people type it: as written, without capitals and full stop, or mistyped."""
    text = text.strip()
    chance = rng.random()
    if chance < _OBFUSCATED:
        return obfuscate.plain(text, rng)
    if chance < _OBFUSCATED + _LOWER:
        return text.lower().rstrip(".!。")
    return text[:1].upper() + text[1:]


def _row(words: Phrases, text: str, family: str, frame: str, *, document: bool = False) -> Row:
    return Row(
        text,
        BENIGN_DOCUMENT if document else BENIGN_PROMPT,
        f"generated_{family}",
        words.lang,
        "document" if document else "prompt",
        family,
        frame,
        generated=True,
    )
