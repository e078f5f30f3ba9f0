"""The text carried by characters without a glyph, behind a visible character or none."""

from __future__ import annotations

import random
import re

from bench.evasion.transforms.registry import transform


def _bits(data: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in data)


def _from_bits(bits: str) -> str:
    whole = len(bits) // 8 * 8
    return bytes(int(bits[i : i + 8], 2) for i in range(0, whole, 8)).decode()


def _to_tags(text: str) -> str:
    """Return ASCII as tag characters; a text with other characters, for which there are none, as it is."""
    if not text.isascii():
        return text
    return "".join(chr(0xE0000 + ord(char)) if 0x20 <= ord(char) < 0x7F else char for char in text)


def _from_tags(text: str) -> str:
    plain = (chr(ord(char) - 0xE0000) if 0xE0020 <= ord(char) < 0xE007F else char for char in text)
    return "".join(plain).replace("\U000e0001", "").replace("\U000e007f", "")


def _selector(byte: int) -> str:
    return chr(0xFE00 + byte) if byte < 16 else chr(0xE0100 + byte - 16)


def from_selectors(text: str) -> str:
    """Return the bytes that variation selectors carry, as UTF-8."""
    codes = (ord(char) for char in text)
    data = bytes(
        code - 0xFE00 if code < 0xE0000 else code - 0xE0100 + 16
        for code in codes
        if 0xFE00 <= code < 0xFE10 or 0xE0100 <= code < 0xE01F0
    )
    return data.decode()


@transform("channel", inverse=_from_tags, published=("hackett", "garak", "pyrit"))
def unicode_tags(text: str, rng: random.Random) -> str:
    """ASCII as tag characters."""
    return _to_tags(text)


@transform("channel", inverse=_from_tags, published=("pyrit",))
def unicode_tags_delimited(text: str, rng: random.Random) -> str:
    """ASCII as tag characters between the language tag and the cancel tag."""
    return f"\U000e0001{_to_tags(text)}\U000e007f" if text.isascii() else text


@transform("channel", inverse=lambda text: _from_tags(text.replace("\U0001f642", "")))
def unicode_tags_scattered(text: str, rng: random.Random) -> str:
    """Tag characters with a visible character between every few of them."""
    tags = _to_tags(text)
    if tags == text:
        return text
    return "\U0001f642".join(tags[i : i + 7] for i in range(0, len(tags), 7))


@transform("channel", inverse=from_selectors, domain="any", published=("hackett", "garak", "pyrit"))
def emoji_selectors(text: str, rng: random.Random) -> str:
    """The bytes as variation selectors behind one emoji."""
    return "\U0001f60a" + "".join(map(_selector, text.encode()))


@transform("channel", inverse=from_selectors, domain="any")
def letter_selectors(text: str, rng: random.Random) -> str:
    """The bytes as variation selectors spread behind the letters of an innocent word."""
    cover = "Wonderful weather today"
    data = text.encode()
    share = -(-len(data) // len(cover))
    return "".join(
        letter + "".join(map(_selector, data[i * share : (i + 1) * share])) for i, letter in enumerate(cover)
    )


def _binary(zero: str, one: str) -> tuple[dict[int, str], dict[int, str]]:
    return {ord("0"): zero, ord("1"): one}, {ord(zero): "0", ord(one): "1"}


def _read_binary(text: str, zero: str, one: str) -> str:
    table = _binary(zero, one)[1]
    return _from_bits("".join(table[ord(char)] for char in text if ord(char) in table))


@transform(
    "channel",
    inverse=lambda text: _read_binary(text, "\u2062", "\u2064"),
    domain="any",
    published=("garak", "pyrit"),
)
def sneaky_bits(text: str, rng: random.Random) -> str:
    """Bits as U+2062 and U+2064."""
    return _bits(text.encode()).translate(_binary("\u2062", "\u2064")[0])


@transform("channel", inverse=lambda text: _read_binary(text, "\u200b", "\u200c"), domain="any")
def zero_width_bits(text: str, rng: random.Random) -> str:
    """Bits as U+200B and U+200C behind a visible word."""
    return "Hello" + _bits(text.encode()).translate(_binary("\u200b", "\u200c")[0])


@transform("channel", inverse=lambda text: _read_binary(text, "\u200c", "\u200d"), domain="any")
def joiner_bits(text: str, rng: random.Random) -> str:
    """Bits as U+200C and U+200D, inside a visible word."""
    return "He" + _bits(text.encode()).translate(_binary("\u200c", "\u200d")[0]) + "llo"


@transform("channel", inverse=lambda text: _read_binary(text, "\u200b", "\u200c"), domain="any")
def zero_width_letters(text: str, rng: random.Random) -> str:
    """Bits as U+200B and U+200C with U+200D between bytes."""
    table = _binary("\u200b", "\u200c")[0]
    return "\u200d".join(f"{byte:08b}".translate(table) for byte in text.encode())


@transform(
    "channel",
    inverse=lambda text: _from_bits(re.sub("[^01]", "", text.replace("\u200b", "1").replace("\u2060", "0"))),
    domain="any",
)
def zero_width_scattered(text: str, rng: random.Random) -> str:
    """Bits as U+2060 and U+200B, a few behind each letter of an innocent sentence, over and over."""
    bits = _bits(text.encode()).translate(_binary("\u2060", "\u200b")[0])
    cover = "the garden is quiet in the morning and the birds are awake "
    pieces = [bits[i : i + 9] for i in range(0, len(bits), 9)]
    return "".join(cover[i % len(cover)] + piece for i, piece in enumerate(pieces))
