"""Plain requests and notices: what people ask in a line, and short texts that tell other people what to do.

The orders inside attacks are everyday orders (a joke, a poem, one word, another language). Who has seen them mostly
inside attacks takes the order for the attack; so each stands here by itself, as what it then is: innocent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from training.generate import obfuscate
from training.rows import BENIGN_DOCUMENT, BENIGN_PROMPT, Row

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from training.generate.grammar import Phrases

_REQUESTS: Final = 1000
_NOTICES: Final = 350
_POLITE: Final = 0.12
_FOLLOWED: Final = 0.12  # share of the requests behind which some text stands
_LOWER: Final = 0.25
_OBFUSCATED: Final = 0.03
_SEVERAL: Final = 0.3  # share of the notices that go on with prose


def rows(words: Phrases, rng: random.Random, factor: float) -> Iterator[Row]:
    """Plain texts of one language; notices in those that have some."""
    for _ in range(int(_REQUESTS * factor)):
        text, frame = words.framed("plain", rng)
        if rng.random() < _POLITE and words.lang == "en":
            text = rng.choice(("please ", "hey, ", "hi! ", "quick question: ", "can you help? ", "ok, ")) + text
        if rng.random() < _FOLLOWED:
            text = f"{text}{rng.choice((' ', chr(10), chr(10) * 2))}{words.pick('doc', rng)}"
        yield _row(words, _typed(text, rng), "plain", frame)
    for _ in range(int(_NOTICES * factor) if words.lang == "en" else 0):
        text, frame = words.framed("notice", rng)
        if rng.random() < _SEVERAL:
            around = [words.pick("doc", rng) for _ in range(rng.randint(1, 4))]
            around.insert(rng.randrange(len(around) + 1), text)
            text = rng.choice((" ", "\n")).join(around)
        yield _row(words, text.strip(), "notice", frame, document=True)


def _typed(text: str, rng: random.Random) -> str:
    """As people type a line: as written, without capitals and full stop, or mistyped."""
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
