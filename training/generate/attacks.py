"""Direct attacks: overrides, forged turns, prompt extraction and jailbreaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from training.generate import obfuscate
from training.rows import Row, marks

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from training.generate.grammar import Phrases

_OBFUSCATED: Final = 0.14
_GLUE: Final = ("\n\n", "\n", " ", " ", " -- ", "\n---\n", " ... ", "\n\n\n\n")


def rows(words: Phrases, rng: random.Random, factor: float) -> Iterator[Row]:
    """Attacks of one language."""
    for _ in range(int(380 * factor)):
        text, frame = _override(words, rng)
        yield _row(words, rng, text, frame, "override", marks(injection=1, jailbreak=0, indirect=1))
    for _ in range(int(60 * factor)):
        text, frame = _turn(words, rng)
        yield _row(words, rng, text, frame, "turn", marks(injection=1, jailbreak=0, indirect=1))
    for _ in range(int(260 * factor)):
        text, frame = _extraction(words, rng)
        yield _row(words, rng, text, frame, "extraction", marks(leak=1, jailbreak=0))
    for _ in range(int(170 * factor)):
        text, frame = _jailbreak(words, rng)
        yield _row(words, rng, text, frame, "jailbreak", marks(jailbreak=1, leak=0))


def innocent(words: Phrases, rng: random.Random) -> str:
    """What an ordinary user writes: a task, a question, a statement or small talk."""
    return words.pick(rng.choice(("task", "task", "question", "question", "doc", "chat")), rng)


def override(words: Phrases, rng: random.Random) -> tuple[str, str]:
    """(An override of the instructions with its goal, name of its frame)."""
    goal = words.pick("goal", rng)
    return words.framed("override", rng, goal=goal, goal_cap=capital(goal))


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def _override(words: Phrases, rng: random.Random) -> tuple[str, str]:
    text, frame = override(words, rng)
    place = rng.random()
    if place < 0.3:
        text = innocent(words, rng) + rng.choice(_GLUE) + text
    elif place < 0.36:
        text = text + rng.choice(_GLUE) + innocent(words, rng)
    elif place < 0.45:
        text = " ".join(words.pick("doc", rng) for _ in range(rng.randint(2, 7))) + rng.choice(_GLUE) + text
    elif place < 0.53:
        text += rng.choice((" ", "\n")) + override(words, rng)[0]
    elif place < 0.6:
        text = innocent(words, rng) + " " + text + " " + innocent(words, rng)
    return text, frame


def _turn(words: Phrases, rng: random.Random) -> tuple[str, str]:
    text, frame = words.framed("turn", rng, goal=words.pick("goal", rng))
    lead = innocent(words, rng) if rng.random() < 0.7 else words.pick("doc", rng)
    return lead + text, f"{words.lang}/turn/{frame.rpartition('/')[2]}"


def _extraction(words: Phrases, rng: random.Random) -> tuple[str, str]:
    text, frame = words.framed("extract", rng)
    place = rng.random()
    if place < 0.15:
        text = innocent(words, rng) + rng.choice(_GLUE) + text
    elif place < 0.22:
        text = words.pick("chat", rng) + " " + text
    return text, frame


def _jailbreak(words: Phrases, rng: random.Random) -> tuple[str, str]:
    """Short, or as people pass them on: long, with many demands, repetitions and chatter between them."""
    text, frame = words.framed("jailbreak", rng)
    place = rng.random()
    if place < 0.2:
        text += rng.choice(_GLUE) + words.pick("jail_rule", rng)
    elif place < 0.6:
        lists = ("jail_rule", "jail_rule", "jail_rule", "jail_rule", "doc", "chat", "question", "task")
        parts = [words.pick(rng.choice(lists), rng) for _ in range(rng.randint(3, 28))]
        parts.insert(rng.choice((0, 0, len(parts) // 2)), text)
        text = rng.choice((" ", "\n", "\n\n")).join(parts)
    return text, frame


def _row(words: Phrases, rng: random.Random, text: str, frame: str, family: str, meant: tuple[int, ...]) -> Row:
    if rng.random() < _OBFUSCATED:
        text, family = obfuscate.attack(text, rng), family + "/obfuscated"
    elif rng.random() < 0.08:
        text = text.lower().rstrip(".!。")
    return Row(text, meant, f"generated_{family.split('/')[0]}", words.lang, "prompt", family, frame, generated=True)
