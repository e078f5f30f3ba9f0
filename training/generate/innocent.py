"""Innocent texts: everyday prompts, and twins of the attacks that share their words and not their purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from training.generate import obfuscate
from training.generate.attacks import innocent
from training.rows import BENIGN_DOCUMENT, BENIGN_PROMPT, Row

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from training.generate.grammar import Phrases

_OBFUSCATED: Final = 0.06
_TWIN: Final = 0.5  # weight: the words of attacks are rarer in innocent texts than there are twins here


def rows(words: Phrases, rng: random.Random, factor: float) -> Iterator[Row]:
    """Innocent texts of one language."""
    for _ in range(int(420 * factor)):
        text, frame = words.framed("over", rng)
        place = rng.random()
        if place < 0.2:
            text = innocent(words, rng) + rng.choice((" ", "\n", "\n\n")) + text
        elif place < 0.3:
            text += " " + words.pick("doc", rng)
        yield Row(
            _worn(text, rng),
            BENIGN_PROMPT,
            "generated_overdefense",
            words.lang,
            "prompt",
            "over",
            frame,
            weight=_TWIN,
            generated=True,
        )
    for _ in range(int(130 * factor)):
        # What asks an assistant for something is no attack in a prompt; in a document it is unknown.
        name = rng.choice(("over", "over_doc")) if words.lang == "en" else "over"
        first, frame = words.framed(name, rng)
        around = [words.pick("doc", rng) for _ in range(rng.randint(2, 9))]
        around.insert(rng.randrange(len(around) + 1), first)
        text = rng.choice((" ", "\n\n")).join(around)
        yield Row(
            text,
            BENIGN_DOCUMENT if name == "over_doc" else BENIGN_PROMPT,
            "generated_overdefense",
            words.lang,
            "document",
            "over/article",
            frame,
            weight=_TWIN,
            generated=True,
        )
    for _ in range(int(450 * factor)):
        name = rng.choice(("task", "task", "task", "question", "question", "chat"))
        text = words.pick(name, rng)
        # Nothing here is an attack's twin that must be kept apart: every frame is trained on, texts are split one by one.
        frame = f"{words.lang}/everyday/{rng.randrange(7000)}"
        place = rng.random()
        if place < 0.25:
            text += rng.choice((" ", "\n")) + innocent(words, rng)
        elif place < 0.35:
            text = words.pick("chat", rng) + " " + text
        yield Row(
            _worn(text, rng), BENIGN_PROMPT, "generated_everyday", words.lang, "prompt", name, frame, generated=True
        )


def _worn(text: str, rng: random.Random) -> str:
    """As people type it: sometimes mistyped, shouted or without capitals."""
    if rng.random() < _OBFUSCATED:
        return obfuscate.plain(text, rng)
    return text.lower().rstrip(".!?。") if rng.random() < 0.12 else text
