"""Codes that machines read."""

from __future__ import annotations

import base64
import binascii
import codecs
import gzip
import random
import re
import string
import zlib
from collections.abc import Callable, Container
from typing import Final

from bench.evasion.transforms.registry import Transform, add, transform

# A line of Morse, by letter.
MORSE: Final = dict(
    zip(
        string.ascii_lowercase + string.digits,
        [
            ".-",
            "-...",
            "-.-.",
            "-..",
            ".",
            "..-.",
            "--.",
            "....",
            "..",
            ".---",
            "-.-",
            ".-..",
            "--",
            "-.",
            "---",
            ".--.",
            "--.-",
            ".-.",
            "...",
            "-",
            "..-",
            "...-",
            ".--",
            "-..-",
            "-.--",
            "--..",
            "-----",
            ".----",
            "..---",
            "...--",
            "....-",
            ".....",
            "-....",
            "--...",
            "---..",
            "----.",
        ],
        strict=True,
    )
) | {".": ".-.-.-", ",": "--..--", "?": "..--..", ":": "---...", "/": "-..-.", "-": "-....-", "'": ".----."}
_FROM_MORSE: Final = {code: char for char, code in MORSE.items()}

# Dots of six-dot Braille, English grade 1.
_BRAILLE_DOTS: Final = dict(
    zip(
        string.ascii_lowercase,
        [
            "1",
            "12",
            "14",
            "145",
            "15",
            "124",
            "1245",
            "125",
            "24",
            "245",
            "13",
            "123",
            "134",
            "1345",
            "135",
            "1234",
            "12345",
            "1235",
            "234",
            "2345",
            "136",
            "1236",
            "2456",
            "1346",
            "13456",
            "1356",
        ],
        strict=True,
    )
) | {".": "256", ",": "2", "?": "236", "'": "3", "-": "36", ":": "25"}
BRAILLE: Final = {
    char: chr(0x2800 + sum(1 << (int(dot) - 1) for dot in dots)) for char, dots in _BRAILLE_DOTS.items()
} | {" ": "\u2800"}
_FROM_BRAILLE: Final = {code: char for char, code in BRAILLE.items()} | {" ": " "}


def _text(data: bytes) -> str:
    return data.decode("ascii")


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)


def _add(
    name: str,
    make: Callable[[str], str],
    inverse: Callable[[str], str],
    *,
    published: tuple[str, ...] = (),
    domain: str = "any",
    caseless: bool = False,
) -> None:
    """Register an encoding that uses no random numbers."""
    add(Transform(name, "encoding", "text", lambda text, rng: make(text), inverse, caseless, domain, False, published))


def to_base64(text: str) -> str:
    """Return the UTF-8 of a text in standard base64."""
    return _text(base64.b64encode(text.encode()))


def from_base64(text: str) -> str:
    """Return the text of standard base64, padded or not, with white space anywhere."""
    return base64.b64decode(_padded("".join(text.split()))).decode()


_add("base64", to_base64, from_base64, published=("garak", "pyrit", "promptfoo"))
_add(
    "base64_url",
    lambda text: _text(base64.urlsafe_b64encode(text.encode())).rstrip("="),
    lambda text: base64.urlsafe_b64decode(_padded(text)).decode(),
)
_add("base64_unpadded", lambda text: to_base64(text).rstrip("="), from_base64)
_add("base64_lines", lambda text: _text(base64.encodebytes(text.encode())), from_base64, published=("garak",))
_add("base64_twice", lambda text: to_base64(to_base64(text)), lambda text: from_base64(from_base64(text)))
_add(
    "base64_three_times",
    lambda text: to_base64(to_base64(to_base64(text))),
    lambda text: from_base64(from_base64(from_base64(text))),
)
_add(
    "base64_utf16",
    lambda text: _text(base64.b64encode(text.encode("utf-16-le"))),
    lambda text: base64.b64decode(text).decode("utf-16-le"),
)
_add("base64_reversed", lambda text: to_base64(text)[::-1], lambda text: from_base64(text[::-1]))
_add(
    "base64_gzip",
    lambda text: _text(base64.b64encode(gzip.compress(text.encode(), mtime=0))),
    lambda text: gzip.decompress(base64.b64decode(text)).decode(),
)
_add(
    "base64_zlib",
    lambda text: _text(base64.b64encode(zlib.compress(text.encode()))),
    lambda text: zlib.decompress(base64.b64decode(text)).decode(),
)
_add(
    "base64_data_uri",
    lambda text: f"data:text/plain;base64,{to_base64(text)}",
    lambda text: from_base64(text.partition(",")[2]),
)


@transform("encoding", inverse=from_base64, domain="any")
def base64_broken(text: str, rng: random.Random) -> str:
    """base64 with a blank after every few characters."""
    return re.sub("(.{5})", r"\1 ", to_base64(text)).strip()


@transform("encoding", inverse=lambda text: from_base64(re.sub("[^A-Za-z0-9+/=]", "", text)), domain="any")
def base64_dotted(text: str, rng: random.Random) -> str:
    """base64 with a dot after every four characters."""
    return re.sub("(.{4})(?=.)", r"\1.", to_base64(text))


@transform("encoding", inverse=lambda text: from_base64(text.split("'")[1]), domain="any")
def base64_in_sentence(text: str, rng: random.Random) -> str:
    """base64 inside a sentence."""
    return f"The label on the box, in base64, reads '{to_base64(text)}' on all four sides."


def _ragged(text: str, rng: random.Random) -> str:
    """Return a code with a blank or a line end after every 1 to 12 characters."""
    pieces = []
    at = 0
    while at < len(text):
        size = rng.randint(1, 12)
        pieces.append(text[at : at + size])
        at += size
    return "".join(piece + rng.choice(" \n") for piece in pieces).rstrip()


@transform("encoding", inverse=from_base64, domain="any")
def base64_ragged(text: str, rng: random.Random) -> str:
    """base64 with blanks and line ends at odd places."""
    return _ragged(to_base64(text), rng)


@transform("encoding", inverse=lambda text: bytes.fromhex("".join(text.split())).decode(), domain="any")
def hex_ragged(text: str, rng: random.Random) -> str:
    """Hexadecimal digits with blanks and line ends at odd places, inside bytes, too."""
    return _ragged(text.encode().hex(), rng)


_add(
    "base32",
    lambda text: _text(base64.b32encode(text.encode())),
    lambda text: base64.b32decode(text).decode(),
    published=("garak",),
)
_add(
    "base32_lower",
    lambda text: _text(base64.b32encode(text.encode())).rstrip("=").lower(),
    lambda text: base64.b32decode(text.upper() + "=" * (-len(text) % 8)).decode(),
)
_add(
    "base16",
    lambda text: text.encode().hex().upper(),
    lambda text: bytes.fromhex(text).decode(),
    published=("garak",),
)
_add(
    "hex", lambda text: text.encode().hex(), lambda text: bytes.fromhex(text).decode(), published=("garak", "promptfoo")
)
_add("hex_spaced", lambda text: text.encode().hex(" "), lambda text: bytes.fromhex(text).decode())
_add(
    "hex_colons",
    lambda text: text.encode().hex(":"),
    lambda text: bytes.fromhex(text.replace(":", "")).decode(),
)
_add(
    "hex_0x",
    lambda text: " ".join(f"0x{byte:02X}" for byte in text.encode()),
    lambda text: bytes(int(part, 16) for part in text.split()).decode(),
)
_add(
    "hex_0x_commas",
    lambda text: ", ".join(f"0x{byte:02x}" for byte in text.encode()),
    lambda text: bytes(int(part, 16) for part in text.split(", ")).decode() if text else "",
)
_add(
    "ascii85",
    lambda text: _text(base64.a85encode(text.encode())),
    lambda text: base64.a85decode(text).decode(),
    published=("garak",),
)
_add(
    "ascii85_adobe",
    lambda text: _text(base64.a85encode(text.encode(), adobe=True)),
    lambda text: base64.a85decode(text, adobe=True).decode(),
)
_add("base85", lambda text: _text(base64.b85encode(text.encode())), lambda text: base64.b85decode(text).decode())


def _to_uu(text: str) -> str:
    data = text.encode()
    lines = [_text(binascii.b2a_uu(data[i : i + 45])).rstrip("\n") for i in range(0, len(data), 45)]
    return "\n".join(["begin 644 note.txt", *lines, "`", "end"])


def _from_uu(text: str) -> str:
    return b"".join(binascii.a2b_uu(line) for line in text.split("\n")[1:-2]).decode()


_add("uuencode", _to_uu, _from_uu, published=("garak",))


def _codes(name: str, form: Callable[[int], str], base: int, glue: str, published: tuple[str, ...] = ()) -> None:
    """Register a transform that writes each byte as a number."""
    _add(
        name,
        lambda text: glue.join(form(byte) for byte in text.encode()),
        lambda text: bytes(int(part, base) for part in (text.split(glue) if text else [])).decode(),
        published=published,
    )


_codes("decimal_codes", str, 10, " ", ("garak",))
_codes("decimal_codes_commas", str, 10, ",")
_codes("octal_codes", lambda byte: f"{byte:03o}", 8, " ")
_codes("binary", lambda byte: f"{byte:08b}", 2, " ", ("pyrit",))
_codes("binary_16", lambda byte: f"{byte:016b}", 2, " ", ("pyrit",))
_add(
    "binary_joined",
    lambda text: "".join(f"{byte:08b}" for byte in text.encode()),
    lambda text: bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8)).decode(),
)


def has_codes(text: str, alphabet: Container[str]) -> bool:
    """Return whether a code of letters has a sign for most letters of a text: what it drops, no reader gets back."""
    letters = [char for char in text.lower() if char.isalpha()]
    return 10 * sum(char in alphabet for char in letters) >= 9 * len(letters)


def _to_morse(text: str, gap: str) -> str:
    if not has_codes(text, MORSE):
        return text
    return gap.join(" ".join(MORSE[char] for char in word if char in MORSE) for word in text.lower().split())


_add(
    "binary_7",
    lambda text: (
        " ".join(f"{ord(char):07b}" for char in text if ord(char) < 128)
        if has_codes(text, string.ascii_lowercase)
        else text
    ),
    lambda text: "".join(chr(int(part, 2)) for part in text.split()),
    domain="ascii",
)
_add(
    "morse",
    lambda text: _to_morse(text, " / "),
    lambda text: " ".join("".join(_FROM_MORSE[code] for code in word.split()) for word in text.split(" / ")),
    published=("garak", "pyrit", "promptfoo"),
    domain="letters",
    caseless=True,
)
_add(
    "morse_bars",
    lambda text: _to_morse(text, " | "),
    lambda text: " ".join("".join(_FROM_MORSE[code] for code in word.split()) for word in text.split(" | ")),
    domain="letters",
    caseless=True,
)
_add(
    "braille",
    lambda text: "".join(BRAILLE.get(char, char) for char in text.lower()),
    lambda text: "".join(_FROM_BRAILLE[char] for char in text),
    published=("garak", "pyrit"),
    domain="letters",
    caseless=True,
)


def caesar(text: str, shift: int) -> str:
    """Return a text with its ASCII letters moved along the alphabet."""
    lower, upper = string.ascii_lowercase, string.ascii_uppercase
    moved = lower[shift:] + lower[:shift] + upper[shift:] + upper[:shift]
    return text.translate(str.maketrans(lower + upper, moved))


for _shift in (3, 7, 19):
    _add(
        f"caesar_{_shift}",
        lambda text, shift=_shift: caesar(text, shift),  # type: ignore[misc]
        lambda text, shift=_shift: caesar(text, 26 - shift),  # type: ignore[misc]
        published=("pyrit",) if _shift == 3 else (),
    )


def _moved(text: str, alphabet: str, shift: int) -> str:
    """Return a text with the letters of an alphabet moved along it; 0: to their mirror image."""
    small = alphabet[::-1] if shift == 0 else alphabet[shift:] + alphabet[:shift]
    return text.translate(str.maketrans(alphabet + alphabet.upper(), small + small.upper()))


_CYRILLIC: Final = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
_GREEK: Final = "αβγδεζηθικλμνξοπρστυφχψω"
for _name, _letters in (("cyrillic", _CYRILLIC), ("greek", _GREEK)):
    _add(
        f"caesar_{_name}",
        lambda text, letters=_letters: _moved(text, letters, 7),  # type: ignore[misc]
        lambda text, letters=_letters: _moved(text, letters, len(letters) - 7),  # type: ignore[misc]
    )
    _add(
        f"atbash_{_name}",
        lambda text, letters=_letters: _moved(text, letters, 0),  # type: ignore[misc]
        lambda text, letters=_letters: _moved(text, letters, 0),  # type: ignore[misc]
    )


def _rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


def atbash(text: str) -> str:
    """Return a text with the alphabet backwards: a for z."""
    lower, upper = string.ascii_lowercase, string.ascii_uppercase
    return text.translate(str.maketrans(lower + upper, lower[::-1] + upper[::-1]))


def _rot47(text: str) -> str:
    return "".join(chr(33 + (ord(char) - 33 + 47) % 94) if 33 <= ord(char) < 127 else char for char in text)


_add("rot13", _rot13, _rot13, published=("garak", "pyrit", "promptfoo"))
_add("atbash", atbash, atbash, published=("garak", "pyrit"))
_add("rot47", _rot47, _rot47)
_add(
    "utf7",
    lambda text: "+" + _text(base64.b64encode(text.encode("utf-16-be"))).rstrip("=") + "-",
    lambda text: text.encode().decode("utf-7"),
    domain="any",
)
_add(
    "punycode",
    lambda text: " ".join("xn--" + _text((word + "\u00fc").encode("punycode")) for word in text.split(" ")),
    lambda text: " ".join(word[4:].encode().decode("punycode")[:-1] for word in text.split(" ")),
    domain="letters",
)
_add(
    "utf16_with_nuls",
    lambda text: text.encode("utf-16-le").decode("latin-1"),
    lambda text: text.encode("latin-1").decode("utf-16-le"),
    domain="any",
)
_add(
    "mojibake",
    lambda text: text.encode().decode("latin-1"),
    lambda text: text.encode("latin-1").decode(),
    domain="any",
)
