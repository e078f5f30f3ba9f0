"""Conversations of several turns, and harmful tasks inside harmless ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from training.generate.attacks import innocent, override
from training.rows import BENIGN_PROMPT, Marks, Row, marks

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from training.generate.grammar import Phrases

_ROLES: Final = (
    ("User", "Assistant"), ("user", "assistant"), ("Human", "AI"), ("Q", "A"), ("Customer", "Agent"), ("<user>", "<bot>"),
)  # fmt: skip


def rows(words: Phrases, rng: random.Random, factor: float) -> Iterator[Row]:
    """Attacked and innocent conversations of one language, and wrapped requests."""
    for _ in range(int(70 * factor)):
        text, frame, meant = _attacked(words, rng)
        yield _row(words, text, meant, "dialogue", frame)
    for number in range(int(80 * factor)):
        turns = [innocent(words, rng) for _ in range(rng.randint(2, 9))]
        frame = f"{words.lang}/dialogue/clean/{number // 8}"
        yield _row(words, _told(turns, rng), BENIGN_PROMPT, "clean", frame, "dialogue/clean")
    if words.lang == "en":
        for _ in range(int(60 * factor)):
            text, frame = words.framed("wrapped", rng)
            if rng.random() < 0.4:
                text = " ".join((words.pick("doc", rng), text))
            yield _row(words, text, marks(jailbreak=1, leak=0), "wrapped", frame)


def _attacked(words: Phrases, rng: random.Random) -> tuple[str, str, Marks]:
    """A conversation whose last or next to last turn attacks; English ones build up to it."""
    turns = [innocent(words, rng) for _ in range(rng.randint(1, 5))]
    if words.lang == "en":
        turns = [words.pick(rng.choice(("lead_in", "task", "question")), rng) for _ in range(rng.randint(1, 3))]
        turns += [words.pick("build_up", rng) for _ in range(rng.randint(0, 2))]
    kind = rng.random()
    if kind < 0.5:
        (attack, frame), meant = override(words, rng), marks(injection=1, jailbreak=0, indirect=1)
    elif kind < 0.75:
        (attack, frame), meant = words.framed("extract", rng), marks(leak=1, jailbreak=0)
    else:
        (attack, frame), meant = words.framed("jailbreak", rng), marks(jailbreak=1, leak=0)
    turns.append(attack)
    if rng.random() < 0.2:
        turns.append(innocent(words, rng))
    return _told(turns, rng), frame, meant


def _told(turns: list[str], rng: random.Random) -> str:
    """The turns with the names of two speakers, or as bare lines of one."""
    if rng.random() < 0.3:
        return "\n".join(turns)
    names = rng.choice(_ROLES)
    return rng.choice(("\n", "\n\n")).join(f"{names[i % 2]}: {turn}" for i, turn in enumerate(turns))


def _row(words: Phrases, text: str, meant: Marks, source: str, frame: str, family: str = "") -> Row:
    return Row(text, meant, f"generated_{source}", words.lang, "prompt", family or source, frame, generated=True)
