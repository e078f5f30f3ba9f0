"""Expands frames: `(a|b|c)` is a choice, `{slot}` a line of that list, everything else stands for itself."""

from __future__ import annotations

import random
import re
import tomllib
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from training.rows import SEED, Split

PHRASES: Final = Path(__file__).parent / "phrases"
_CHOICE: Final = re.compile(r"\(([^()]*\|[^()]*)\)")
_SLOT: Final = re.compile(r"\{([a-z_]+)\}")
_DEPTH: Final = 8


class FrameError(Exception):
    """A frame names a list that is not there, never ends, or stands in no list."""


# What stands for an escaped character until the frame is expanded.
_ESCAPED: Final = {
    "\\[": "\ue000",
    "\\]": "\ue001",
    "\\{": "\ue002",
    "\\}": "\ue003",
    "\\|": "\ue004",
    "\\\\": "\ue005",
}
_PLAIN: Final = {ord(mark): pair[1] for pair, mark in _ESCAPED.items()}


def read_frames(text: str, name: str) -> dict[str, tuple[str, ...]]:
    """The lists of a `.txt` file; FrameError names the line that stands in no list."""
    lists: dict[str, list[str]] = {}
    here: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("[") and line.rstrip().endswith("]") and line.strip("[] ").replace("_", "").isalpha():
            here = lists.setdefault(line.strip("[] "), [])
            continue
        if here is None:
            raise FrameError(f"{name}:{number}: a frame before the first [list]")
        frame = line
        for pair, mark in _ESCAPED.items():
            frame = frame.replace(pair, mark)
        here.append(frame.replace("\\n", "\n").replace('\\"', '"'))
    return {key: tuple(frames) for key, frames in lists.items()}


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
                return frame.translate(_PLAIN)
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
    """The lists of a language: `<lang>.toml` and, where they exist, `<lang>_*.toml` and `<lang>_*.txt`."""
    lists: dict[str, tuple[str, ...]] = {}
    for path in (
        PHRASES / f"{lang}.toml",
        *sorted(PHRASES.glob(f"{lang}_*.toml")),
        *sorted(PHRASES.glob(f"{lang}_*.txt")),
    ):
        text = path.read_text("utf-8")
        found = read_frames(text, path.name) if path.suffix == ".txt" else tomllib.loads(text)
        for name, frames in found.items():
            lists[name] = lists.get(name, ()) + tuple(frames)
    if lang != "en":  # names, addresses and commands are the same everywhere
        lists |= {name: frames for name, frames in phrases("en").lists.items() if name not in lists}
    return Phrases(lang, lists)


def frame_split(frame: str) -> Split:
    """The split of a frame `lang/list/number`: every list of five frames or more has some in each split."""
    name, _, number = frame.rpartition("/")
    cycle = 5 if name.endswith("/jailbreak") else 7
    place = (int(number) + zlib.crc32(f"{SEED}/{name}".encode())) % cycle
    return "test" if place == 0 else "calibration" if place == 1 else "train"
