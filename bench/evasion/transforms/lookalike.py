"""Letters that look like the ones meant, styled letters, and marks on letters."""

from __future__ import annotations

import random
import string
import unicodedata
from typing import Final

from bench.evasion.transforms.registry import Transform, add, transform

LOWER: Final = string.ascii_lowercase
UPPER: Final = string.ascii_uppercase
DIGITS: Final = string.digits


def _add(
    name: str, table: dict[str, str], *, caseless: bool = False, published: tuple[str, ...] = (), domain: str = "ascii"
) -> None:
    """Register a transform that replaces single characters, and is undone by the table backwards."""
    back = {other: char for char, other in reversed(table.items())}

    def replace(char: str, rng: random.Random) -> str:
        return table.get(char, char)

    def restore(text: str) -> str:
        for other, char in back.items():
            text = text.replace(other, char)
        return text

    add(Transform(name, "lookalike", "char", replace, restore, caseless, domain, False, published))


def _runs(upper: int, lower: int, digits: int = 0, holes: dict[str, str] | None = None) -> dict[str, str]:
    """Return the table of an alphabet that lies in a row; `holes` are the letters that lie elsewhere."""
    table = {char: chr(upper + i) for i, char in enumerate(UPPER)} | {
        char: chr(lower + i) for i, char in enumerate(LOWER)
    }
    if digits:
        table |= {char: chr(digits + i) for i, char in enumerate(DIGITS)}
    return table | (holes or {})


_SCRIPT_HOLES: Final = dict(zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ", strict=True))
_FRAKTUR_HOLES: Final = dict(zip("CHIRZ", "ℭℌℑℜℨ", strict=True))
_DOUBLE_HOLES: Final = dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True))

_add("fullwidth", {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}, published=("hackett",))
_add("math_bold", _runs(0x1D400, 0x1D41A, 0x1D7CE))
_add("math_italic", _runs(0x1D434, 0x1D44E, 0, {"h": "\u210e"}))
_add("math_script", _runs(0x1D49C, 0x1D4B6, 0, _SCRIPT_HOLES))
_add("math_fraktur", _runs(0x1D504, 0x1D51E, 0, _FRAKTUR_HOLES))
_add("double_struck", _runs(0x1D538, 0x1D552, 0x1D7D8, _DOUBLE_HOLES))
_add("sans_bold_italic", _runs(0x1D63C, 0x1D656))
_add("bold_fraktur", _runs(0x1D56C, 0x1D586))
_add("bold_script", _runs(0x1D4D0, 0x1D4EA))
_add("sans_serif", _runs(0x1D5A0, 0x1D5BA, 0x1D7E2))
_add("monospace", _runs(0x1D670, 0x1D68A, 0x1D7F6))
_add("circled", _runs(0x24B6, 0x24D0) | dict(zip(DIGITS, "⓪①②③④⑤⑥⑦⑧⑨", strict=True)))
_add("parenthesised", {char: chr(0x249C + i) for i, char in enumerate(LOWER)}, caseless=True)
_add("squared", {char: chr(0x1F130 + i % 26) for i, char in enumerate(LOWER + UPPER)}, caseless=True)
_add("negative_circled", {char: chr(0x1F150 + i % 26) for i, char in enumerate(LOWER + UPPER)}, caseless=True)
_add("negative_squared", {char: chr(0x1F170 + i % 26) for i, char in enumerate(LOWER + UPPER)}, caseless=True)
_SUPERSCRIPTS: Final = dict(
    zip("abcdefghijklmnoprstuvwxyz0123456789", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True)
)
_CAPITALS: Final = dict(zip("ABDEGHIJKLMNOPRTUW", "ᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁᵂ", strict=True))
_add("superscript", _SUPERSCRIPTS | _CAPITALS, published=("pyrit",))
_add("small_capitals", dict(zip(LOWER, "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡxʏᴢ", strict=True)), caseless=True)
_CYRILLIC: Final = dict(zip("aceijopsxyABCEHIKMOPSTX", "асеіјорѕхуАВСЕНІКМОРЅТХ", strict=True))
_GREEK: Final = dict(zip("ioruvABEHIKMNOPTXYZ", "ιο\u1d26υνΑΒΕΗΙΚΜΝΟΡΤΧΥΖ", strict=True))
_ARMENIAN: Final = dict(zip("hgnoqus", "հցոօգսѕ", strict=True))
_CHEROKEE: Final = dict(zip("ABCDEGHIJKLMPRSTVWZ", "ᎪᏴᏟᎠᎬᏀᎻᏆᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᏃ", strict=True))
_LISU: Final = dict(zip("ABCDEFGHIJKLMNOPRSTUVWXYZ", "ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ", strict=True))
_LISU_CAPITALS: Final = _LISU | {char.lower(): other for char, other in _LISU.items()}
_add("cyrillic_homoglyphs", _CYRILLIC, published=("hackett", "garak"))
_add("greek_homoglyphs", _GREEK, published=("garak",))
_add("armenian_homoglyphs", _ARMENIAN)
_add("cherokee_homoglyphs", _CHEROKEE)
_add("lisu_homoglyphs", _LISU_CAPITALS, caseless=True)
_NUMBERS: Final = {"o": "0", "i": "1", "l": "1", "z": "2", "e": "3", "a": "4", "s": "5", "g": "6", "t": "7", "b": "8"}


def _mixed_table() -> dict[str, str]:
    table: dict[str, str] = {}
    for source in (_CYRILLIC, _GREEK, _ARMENIAN, _CHEROKEE):
        for char, other in source.items():
            table[char] = table.get(char, "") + other
    extra = {"a": "ɑ\U0001d5ba", "b": "\U0001d5bb", "d": "ԁ\U0001d5bd", "f": "\U0001d5bf", "k": "\U0001d5c4"}
    extra |= {"l": "\u04cf\u217c\U0001d5c5", "m": "\u217f", "p": "⍴", "r": "\U0001d5cb"}
    extra |= {"t": "\U0001d5cd", "v": "\u2174", "w": "ԝ", "z": "\U0001d5d3"}
    for char, others in extra.items():
        table[char] = table.get(char, "") + others
    return table


_MIXED: Final = _mixed_table()
_MIXED_BACK: Final = {other: char for char, others in _MIXED.items() for other in others}


@transform(
    "lookalike",
    "char",
    inverse=lambda text: "".join(_MIXED_BACK.get(char, char) for char in text),
    published=("pyrit",),
)
def mixed_confusables(char: str, rng: random.Random) -> str:
    """A look-alike of any script, another one each time."""
    return rng.choice(_MIXED[char]) if char in _MIXED else char


@transform("lookalike", "char", published=("hackett",))
def numbers(char: str, rng: random.Random) -> str:
    """Digits for the letters that they look like."""
    return _NUMBERS.get(char.lower(), char)


@transform("lookalike", "char")
def keycaps(char: str, rng: random.Random) -> str:
    """Digits on keys of a telephone, for the letters that they look like."""
    digit = _NUMBERS.get(char.lower())
    return f"{digit}\ufe0f\u20e3" if digit else char


_LEET: Final = _NUMBERS | {"a": "4@", "s": "5$", "i": "1!", "l": "1|", "t": "7+"}


@transform("lookalike", "char", published=("pyrit", "garak", "promptfoo"))
def leetspeak(char: str, rng: random.Random) -> str:
    """Digits and symbols for the letters that they look like."""
    return rng.choice(_LEET.get(char.lower(), char))


_HEAVY: Final = {"a": "/-\\", "c": "(", "d": "|)", "h": "|-|", "k": "|<", "m": "|\\/|", "n": "|\\|", "u": "|_|"}
_HEAVY_ALL: Final = _HEAVY | {"v": "\\/", "w": "\\/\\/", "x": "><", "o": "()", "e": "3", "i": "1", "s": "5", "t": "7"}


@transform("lookalike", "char")
def heavy_leetspeak(char: str, rng: random.Random) -> str:
    """Letters drawn with slashes and brackets."""
    return _HEAVY_ALL.get(char.lower(), char)


@transform(
    "lookalike",
    "char",
    inverse=lambda text: "".join(_from_emoji(char) for char in text if char != "\u200b"),
    caseless=True,
    published=("pyrit",),
)
def emoji_letters(char: str, rng: random.Random) -> str:
    """Regional indicators, kept apart by a zero-width space so that they do not join to flags."""
    lower = char.lower()
    return chr(0x1F1E6 + ord(lower) - 97) + "\u200b" if lower in LOWER else char


def _from_emoji(char: str) -> str:
    return chr(ord(char) - 0x1F1E6 + 97) if 0x1F1E6 <= ord(char) < 0x1F200 else char


def _marked(name: str, marks: str, published: tuple[str, ...], most: int = 1) -> None:
    """Register a transform that puts 1 to `most` combining marks on letters."""

    def mark(char: str, rng: random.Random) -> str:
        if not char.isalnum():
            return char
        return char + "".join(rng.choice(marks) for _ in range(rng.randint(1, most)))

    table = dict.fromkeys(map(ord, marks))
    add(
        Transform(name, "lookalike", "char", mark, lambda text: text.translate(table), False, "ascii", False, published)
    )


_ABOVE: Final = "".join(map(chr, range(0x300, 0x315)))
_BELOW: Final = "".join(map(chr, range(0x316, 0x334)))
_marked("diacritics", "\u0301\u0300\u0302\u0303\u0308\u030a\u030c", ("hackett", "pyrit"))
_marked("underlined", "\u0332", ("hackett",))
_marked("struck_through", "\u0336", ())
_marked("enclosed", "\u20dd\u20de\u20e3", ())
_marked("zalgo", _ABOVE + _BELOW, ("pyrit", "garak"), most=9)


@transform("lookalike", inverse=lambda text: unicodedata.normalize("NFC", text), domain="any")
def decomposed(text: str, rng: random.Random) -> str:
    """Letters and marks apart (NFD): accents, Hangul, kana voicing."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFC", text))


_ARABIC_FORMS: Final = {
    unicodedata.normalize("NFKC", chr(code)): chr(code)
    for code in range(0xFE80, 0xFEFD)
    if len(unicodedata.normalize("NFKC", chr(code))) == 1
}


@transform("lookalike", "char", inverse=lambda text: unicodedata.normalize("NFKC", text), published=("pyrit",))
def presentation_forms(char: str, rng: random.Random) -> str:
    """Arabic letters as the glyphs of old encodings."""
    return _ARABIC_FORMS.get(char, char)


@transform("lookalike", "char", published=("pyrit", "promptfoo"))
def random_capitals(char: str, rng: random.Random) -> str:
    """Case turned at random."""
    return char.swapcase()


@transform("lookalike")
def all_capitals(text: str, rng: random.Random) -> str:
    return text.upper()
