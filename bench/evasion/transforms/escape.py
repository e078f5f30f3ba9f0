"""Escapes and quotes of languages and formats, and strings joined by code."""

from __future__ import annotations

import ast
import base64
import html
import json
import quopri
import random
import re
import urllib.parse
from collections.abc import Callable
from typing import Final

from bench.evasion.transforms.registry import Transform, add, transform

Inverse = Callable[[str], str]


def _per_char(
    name: str,
    make: Callable[[str], str],
    inverse: Inverse,
    published: tuple[str, ...] = (),
    domain: str = "words",
) -> None:
    """Register an escape of single characters; blanks are escaped like all others."""
    add(Transform(name, "escape", "char", lambda char, rng: make(char), inverse, False, domain, False, published))


def _by_pattern(pattern: str, convert: Callable[[str], str]) -> Inverse:
    return lambda text: re.sub(pattern, lambda m: convert(m[1]), text)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())


def _utf16(char: str) -> list[int]:
    data = char.encode("utf-16-be")
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]


_NAMED: Final = {
    char: f"&{name}" for name, char in sorted(html.entities.html5.items()) if len(char) == 1 and name.endswith(";")
}

_per_char("percent", _percent, urllib.parse.unquote, ("pyrit",))
_per_char(
    "percent_twice",
    lambda char: _percent(char).replace("%", "%25"),
    lambda text: urllib.parse.unquote(urllib.parse.unquote(text)),
)
_per_char("entities_decimal", lambda char: f"&#{ord(char)};", html.unescape)
_per_char("entities_hex", lambda char: f"&#x{ord(char):X};", html.unescape)
_per_char("entities_padded", lambda char: f"&#{ord(char):07d};", html.unescape)
_per_char("entities_without_semicolon", lambda char: f"&#{ord(char)}", html.unescape, domain="letters")
_per_char("entities_named", lambda char: _NAMED.get(char, f"&#{ord(char)};"), html.unescape)
_per_char("entities_twice", lambda char: f"&amp;#{ord(char)};", lambda text: html.unescape(html.unescape(text)))
_per_char(
    "unicode_escapes",
    lambda char: "".join(f"\\u{unit:04x}" for unit in _utf16(char)),
    _by_pattern(r"\\u([0-9a-f]{4})", lambda code: chr(int(code, 16))),
)
_per_char(
    "unicode_escapes_braced",
    lambda char: f"\\u{{{ord(char):x}}}",
    _by_pattern(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code, 16))),
)
_per_char(
    "code_points",
    lambda char: f"U+{ord(char):04X} ",
    _by_pattern(r"U\+([0-9A-F]{4,6}) ", lambda code: chr(int(code, 16))),
)
_per_char(
    "hex_escapes",
    lambda char: "".join(f"\\x{byte:02x}" for byte in char.encode()),
    _by_pattern(r"\\x([0-9a-f]{2})", lambda code: chr(int(code, 16))),
)
_per_char(
    "octal_escapes",
    lambda char: "".join(f"\\{byte:03o}" for byte in char.encode()),
    _by_pattern(r"\\([0-7]{3})", lambda code: chr(int(code, 8))),
)
_per_char(
    "css_escapes",
    lambda char: f"\\{ord(char):06x}",
    _by_pattern(r"\\([0-9a-f]{6})", lambda code: chr(int(code, 16))),
)
_per_char(
    "quoted_printable",
    lambda char: "".join(f"={byte:02X}" for byte in char.encode()),
    lambda text: quopri.decodestring(text.encode()).decode(),
    ("garak",),
)


@transform("escape", inverse=lambda text: quopri.decodestring(text.encode()).decode(), domain="letters")
def quoted_printable_lines(text: str, rng: random.Random) -> str:
    """Quoted-printable as mail has it, with soft line breaks in the middle of words."""
    escaped = quopri.encodestring(text.encode()).decode().replace("=\n", "")
    pieces = re.findall(r"(?:=[0-9A-F]{2}|[^=]){1,9}", escaped)
    return "=\n".join(pieces)


@transform(
    "escape",
    inverse=lambda text: base64.b64decode(text.split("?")[3]).decode(),
    domain="any",
    published=("garak",),
)
def mime_word_base64(text: str, rng: random.Random) -> str:
    """An encoded word of mail headers in base64."""
    return f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?="


@transform(
    "escape",
    inverse=lambda text: quopri.decodestring(text.split("?")[3].replace("_", " ").encode()).decode(),
    domain="letters",
)
def mime_word_quoted(text: str, rng: random.Random) -> str:
    """An encoded word of mail headers in quoted-printable."""
    body = "".join(f"={byte:02X}" if byte in b"aeiou=?_" or byte > 126 else chr(byte) for byte in text.encode())
    return f"=?utf-8?Q?{body.replace(' ', '_')}?="


@transform("escape", inverse=lambda text: json.loads(text)["text"], domain="any", published=("pyrit",))
def json_string(text: str, rng: random.Random) -> str:
    """A JSON object whose string has half of its characters escaped."""
    body = "".join(
        "".join(f"\\u{unit:04X}" for unit in _utf16(char)) if rng.random() < 0.5 else json.dumps(char)[1:-1]
        for char in text
    )
    return f'{{"text": "{body}"}}'


def _pieces(text: str, rng: random.Random, low: int = 2, high: int = 6) -> list[str]:
    """Return a text cut into pieces of `low` to `high` characters."""
    pieces = []
    while text:
        size = rng.randint(low, high)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def _evaluated(text: str) -> str:
    return "".join(re.findall(r'"([^"]*)"', text))


@transform("escape", inverse=_evaluated, domain="letters", published=("pyrit", "garak"))
def plus_joined(text: str, rng: random.Random) -> str:
    """String literals joined by +."""
    return " + ".join(f'"{piece}"' for piece in _pieces(text.replace('"', "'"), rng))


@transform("escape", inverse=lambda text: str(ast.literal_eval(text)) if text else "", domain="letters")
def adjacent_strings(text: str, rng: random.Random) -> str:
    """String literals side by side, as C and Python join them."""
    return " ".join(f'"{piece}"' for piece in _pieces(text.replace('"', "'").replace("\\", "/"), rng))


@transform("escape", inverse=_evaluated, domain="letters")
def variables(text: str, rng: random.Random) -> str:
    """Pieces in variables, and code that joins them."""
    names = "abcdefghijklmnopqrstuvwxyz"
    pieces = _pieces(text.replace('"', "'"), rng, 8, 14)
    lines = [f'{names[i % 26]}{i // 26 or ""} = "{piece}"' for i, piece in enumerate(pieces)]
    used = " + ".join(line.split(" = ")[0] for line in lines)
    return "\n".join([*lines, f"print({used})"])


@transform("escape", inverse=_evaluated, domain="letters")
def list_joined(text: str, rng: random.Random) -> str:
    """A list of pieces joined by nothing."""
    return "''.join([" + ", ".join(f'"{piece}"' for piece in _pieces(text.replace('"', "'"), rng)) + "])"


@transform(
    "escape",
    "word",
    inverse=lambda text: re.sub("['\"\\\\]", "", text),
    domain="letters",
)
def shell_quotes(word: str, rng: random.Random) -> str:
    """Quotes and backslashes inside words, which a shell removes."""
    forms = ("{}", "'{}'", '"{}"', "\\{}")
    return "".join(rng.choice(forms).format(char) if char.isalpha() else char for char in word)


@transform(
    "escape",
    inverse=lambda text: "".join(chr(int(code)) for code in re.findall("[0-9]+", text)),
    domain="any",
)
def char_codes(text: str, rng: random.Random) -> str:
    """JavaScript that makes a string of code points."""
    return "String.fromCodePoint(" + ",".join(str(ord(char)) for char in text) + ")"


@transform(
    "escape",
    inverse=lambda text: "".join(chr(int(code)) for code in re.findall("[0-9]+", text)),
    domain="any",
)
def chr_calls(text: str, rng: random.Random) -> str:
    """Code that joins calls of chr."""
    return "+".join(f"chr({ord(char)})" for char in text)
