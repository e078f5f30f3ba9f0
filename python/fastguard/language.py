r"""The language and the script of a text: asked for, never part of a check.

>>> from fastguard.language import language, segments
>>> found = language("Können Sie mir sagen, wo der Bahnhof ist?")
>>> found.language, found.script
('de', 'Latin')
>>> [
...     (item.start, item.end, item.language)
...     for item in segments(
...         "The train leaves at nine in the morning.\nこの電車は朝九時に駅を出発しますので、どうか遅れないでください。"
...     )
... ]
[(0, 41, 'en'), (41, 73, 'ja')]
"""

from __future__ import annotations

from dataclasses import dataclass

from fastguard import _core

LANGUAGES: tuple[str, ...] = tuple(
    sorted((*_core.GROUPED_LANGUAGES, "ar", "el", "fa", "he", "hi", "ja", "ko", "th", "zh"))
)
"""The languages that are told; another one of the same script is taken for the nearest of these."""


@dataclass(frozen=True, slots=True)
class Language:
    """What a text is written in; both empty where it holds no letters or letters of no script known here.

    `confidence` is 0 to 1 and no calibrated probability. Texts of fewer than 40 characters are often told wrongly.
    """

    language: str
    script: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a text in one language; `start` and `end` in code points."""

    start: int
    end: int
    language: str
    script: str
    confidence: float


def language(text: str) -> Language:
    """Return the language of a text; linear, of a long text the first 2,000 letters decide. Any thread may ask."""
    return Language(*_core.language_of(_checked(text)))


def segments(text: str) -> list[Segment]:
    """Return the text as runs of one language, cut where sentences and lines end; they cover all of it."""
    return [Segment(*found) for found in _core.language_segments(_checked(text))]


def _checked(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"text: expected a str, got {type(text).__name__}")
    return text
