"""Two disguises, one over the other: the fifteen that attackers would reach for first, in pairs that make sense."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from bench.evasion.transforms.registry import ALL, Transform, add

# (first applied, then applied); what is applied last is what a reader meets first.
PAIRS: Final = (
    ("rot13", "base64"),
    ("hex", "base64"),
    ("reversed_text", "base64"),
    ("leetspeak", "base64"),
    ("zero_width_space", "base64"),
    ("base64", "hex"),
    ("base64", "percent"),
    ("base64", "entities_decimal"),
    ("base64", "unicode_tags"),
    ("base64", "emoji_selectors"),
    ("base64", "reversed_text"),
    ("base64", "base32"),
    ("rot13", "reversed_text"),
    ("rot13", "zero_width_space"),
    ("rot13", "hex"),
    ("reversed_text", "percent"),
    ("reversed_text", "zero_width_space"),
    ("reversed_text", "fullwidth"),
    ("percent", "base64"),
    ("unicode_escapes", "base64"),
    ("entities_decimal", "percent"),
    ("morse", "base64"),
    ("cyrillic_homoglyphs", "zero_width_space"),
    ("cyrillic_homoglyphs", "letter_hyphens"),
    ("fullwidth", "zero_width_space"),
    ("fullwidth", "diacritics"),
    ("leetspeak", "letter_dots"),
    ("leetspeak", "zero_width_space"),
    ("letter_spacing", "fullwidth"),
    ("letter_spacing", "diacritics"),
    ("diacritics", "percent"),
    ("unicode_tags", "percent"),
    ("entities_decimal", "html_comment"),
    ("base64_gzip", "hex"),
    ("upside_down", "zero_width_space"),
    ("bidi_override", "fullwidth"),
    ("base64", "zero_width_space"),
    ("base64", "soft_hyphen"),
    ("hex", "zero_width_space"),
    ("hex", "json_string"),
    ("hex", "link_data"),
    ("base64", "json_string"),
    ("leetspeak", "percent"),
    ("leetspeak", "reversed_text"),
    ("cyrillic_homoglyphs", "diacritics"),
    ("cyrillic_homoglyphs", "base64"),
    ("small_capitals", "zero_width_space"),
    ("superscript", "soft_hyphen"),
    ("math_bold", "letter_spacing"),
    ("negative_squared", "letter_spacing"),
    ("letter_spacing", "base64"),
    ("hyphenated", "base64"),
    ("acrostic_lines", "base64"),
    ("unicode_escapes", "json_string"),
    ("caesar_3", "percent"),
)


def composed(first: str, second: str) -> Transform:
    """Return the transform that applies `first`, then `second`."""
    one, two = ALL[first], ALL[second]

    def make(text: str, rng: random.Random) -> str:
        key = str(rng.getrandbits(64))
        return two.run(one.run(text, key), key)

    inverse: Callable[[str], str] | None = None
    if one.inverse is not None and two.inverse is not None:
        undo_one, undo_two = one.inverse, two.inverse
        inverse = lambda text: undo_one(undo_two(text))  # noqa: E731
    domain = one.domain if one.domain in {"puzzle", "word"} else "letters"
    caseless = one.caseless or two.caseless
    needs_key = one.needs_key or two.needs_key
    return Transform(f"{first}+{second}", "composed", "text", make, inverse, caseless, domain, needs_key, ())


def define() -> None:
    """Register every pair; called when all single transforms are there."""
    for first, second in PAIRS:
        add(composed(first, second))
