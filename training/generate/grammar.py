"""Expands frames: `(a|b|c)` is a choice, `{slot}` a line of that list, everything else stands for itself."""

from __future__ import annotations

import random
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

PHRASES: Final = Path(__file__).parent / "phrases"
_CHOICE: Final = re.compile(r"\(([^()]*\|[^()]*)\)")
_SLOT: Final = re.compile(r"\{([a-z_]+)\}")
_DEPTH: Final = 8


class FrameError(Exception):
    """A frame names a list that is not there, or never ends."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """The lists of one language."""

    lang: str
    lists: dict[str, tuple[str, ...]]

    def __getitem__(self, name: str) -> tuple[str, ...]:
        try:
            return self.lists[name]
        except KeyError:
            raise FrameError(f"{self.lang}: no list {name!r}") from None

    def expand(self, frame: str, rng: random.Random, **slots: str) -> str:
        """One text of a frame; `slots` come before the lists."""
        for _ in range(_DEPTH):
            before = frame
            while choice := _CHOICE.search(frame):
                frame = frame[: choice.start()] + rng.choice(choice[1].split("|")) + frame[choice.end() :]
            frame = _SLOT.sub(lambda slot: slots.get(slot[1]) or rng.choice(self[slot[1]]), frame)
            if frame == before:
                return frame
        raise FrameError(f"{self.lang}: frame nests too deep: {frame!r}")

    def pick(self, name: str, rng: random.Random, **slots: str) -> str:
        """One text of a random frame of a list."""
        return self.expand(rng.choice(self[name]), rng, **slots)

    def framed(self, name: str, rng: random.Random, **slots: str) -> tuple[str, str]:
        """(One text of a random frame, name of the frame): texts of one frame belong together."""
        number = rng.randrange(len(self[name]))
        return self.expand(self[name][number], rng, **slots), f"{self.lang}/{name}/{number}"


@cache
def languages() -> tuple[str, ...]:
    """Languages that have phrases, English first."""
    found = sorted(path.stem for path in PHRASES.glob("??.toml"))
    return tuple(sorted(found, key=lambda lang: (lang != "en", lang)))


@cache
def phrases(lang: str) -> Phrases:
    """The lists of a language: `<lang>.toml` and, where they exist, `<lang>_*.toml`."""
    lists: dict[str, tuple[str, ...]] = {}
    for path in (PHRASES / f"{lang}.toml", *sorted(PHRASES.glob(f"{lang}_*.toml"))):
        for name, frames in tomllib.loads(path.read_text("utf-8")).items():
            lists[name] = lists.get(name, ()) + tuple(frames)
    if lang != "en":  # names, addresses and commands are the same everywhere
        lists |= {name: frames for name, frames in phrases("en").lists.items() if name not in lists}
    return Phrases(lang, lists)
