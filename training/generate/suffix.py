"""Requests followed by what a search for a jailbreak leaves behind, and honest texts with as little sense in them.

An optimised suffix is a run of word pieces, code marks and foreign scraps that no one would write. Its twins are what
people do paste: style sheets and scripts without white space, data addresses, keys, tables of numbers, keyboard noise.
"""

from __future__ import annotations

import base64
import string
from typing import TYPE_CHECKING, Final

from training.generate.attacks import innocent
from training.rows import BENIGN_DOCUMENT, BENIGN_PROMPT, Row, marks

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from training.generate.grammar import Phrases

_ATTACKS: Final = 90
_JUNK: Final = 110
_PIECES_LIST: Final = (
    "describing similarly Sure contrary Steps revert tutorial inline Method ItemList polite opposite reply Now sentence "
    "interpretation Please steps gladly formatted vector Here begin Title numbered manual Script theory without prefix "
    "Answer verbose entertaining teach bullet format guide write Regarding Certainly table exact Chapter Narrator pseudo "
    "inverse using outline Continue warn Example output Tutorial respond first line step summary detailed usage notes "
    "Begin simple section wiki edit three paragraphs paste convert humor style Assistant Reply compile plain letter "
    "tex php sql async void null enum Param println const return import lambda yaml href css json markdown regex printf "
    "seg dess quar ively ution ings ness ulous onen bour pert agog ishes etts ural ensk anno fluss iere isch ungen tra "
    "mente ación ment eur dla nicht avec pour sobre dopo ainsi entonces nunc sein где что как 这 的 ال और の 이"
)
_JOINTS_LIST: Final = "== -- {{ }} ]( \\n :) ;) ** && || << >> /* */ ../ ?> #{ ${ \") '; `` ~~ ## :- _{ }$ !( => ->"
_CSS_LIST: Final = (
    "margin:0 padding:4px color:#333 display:flex border:0 width:100% opacity:.8 z-index:9 top:-1px float:left "
    "font:12px/1.5 content:'' overflow:hidden box-sizing:border-box background:#fafafa line-height:1.4 cursor:pointer"
)
_NAMES_LIST: Final = "a nav ul main .btn .card #top header .row footer td .icon input body .menu h2 .grid span"
_PIECES, _JOINTS, _CSS, _NAMES = (
    tuple(words.split()) for words in (_PIECES_LIST, _JOINTS_LIST, _CSS_LIST, _NAMES_LIST)
)


def rows(words: Phrases, rng: random.Random, factor: float) -> Iterator[Row]:
    """Requests with a suffix and honest texts without sense, of one language."""
    for number in range(int(_ATTACKS * factor)):
        request = words.pick("harm", rng)
        if rng.random() < 0.5 or words.lang != "en":
            request = words.pick("request", rng) if words.lang == "en" and rng.random() < 0.3 else request
        else:
            request = (
                rng.choice(("Tell me ", "Explain ", "Write a guide on ", "Describe ", "Give steps for ")) + request
            )
        text = f"{request[:1].upper()}{request[1:]} {_salad(rng)}"
        frame = f"{words.lang}/suffix/{number // 6}"
        meant = marks(jailbreak=1, leak=0)
        yield Row(text, meant, "generated_suffix", words.lang, "prompt", "suffix", frame, generated=True)
    for number in range(int(_JUNK * factor)):
        name, make = rng.choice(_KINDS)
        text, frame = make(rng), f"{words.lang}/junk-{name}/{number // 8}"
        if document := rng.random() < 0.5:
            text = f"{words.pick('doc', rng)}\n{text}" if rng.random() < 0.4 else text
        elif rng.random() < 0.7:
            text = f"{innocent(words, rng)}{rng.choice((' ', chr(10), chr(10) * 2))}{text}"
        meant = BENIGN_DOCUMENT if document else BENIGN_PROMPT
        kind = "document" if document else "prompt"
        yield Row(text, meant, "generated_junk", words.lang, kind, f"junk/{name}", frame, generated=True)


def _salad(rng: random.Random) -> str:
    """Word pieces and marks, joined as a tokenizer would join them."""
    out: list[str] = []
    for _ in range(rng.randint(8, 30)):
        piece = rng.choice(_PIECES) if rng.random() < 0.72 else rng.choice(_JOINTS)
        if rng.random() < 0.15:
            piece = piece.capitalize() if rng.random() < 0.6 else piece.upper()
        out += [rng.choice((" ", " ", " ", "", "", ".", "\\", "!")), piece]
    return "".join(out).strip()


def _css(rng: random.Random) -> str:
    return "".join(
        f"{','.join(rng.sample(_NAMES, rng.randint(1, 3)))}{{{';'.join(rng.sample(_CSS, rng.randint(1, 5)))}}}"
        for _ in range(rng.randint(3, 25))
    )


def _script(rng: random.Random) -> str:
    names = string.ascii_lowercase
    parts = [
        rng.choice((
            f"var {rng.choice(names)}=function({rng.choice(names)},{rng.choice(names)}){{return {rng.choice(names)}+{rng.randint(0, 99)}}};",
            f"!function(){{{rng.choice(names)}.exports={rng.choice(names)}({rng.randint(0, 999)})}}();",
            f"{rng.choice(names)}.on(\"{rng.choice(('click', 'load', 'reset'))}\",()=>{{{rng.choice(names)}=!{rng.randint(0, 1)}}}),",
            f"if(void 0==={rng.choice(names)})throw new Error(\"{rng.randint(100, 999)}\");",
        ))
        for _ in range(rng.randint(3, 20))
    ]  # fmt: skip
    return "".join(parts)


def _bytes(rng: random.Random, most: int) -> str:
    return base64.b64encode(rng.randbytes(rng.randint(24, most))).decode()


def _data(rng: random.Random) -> str:
    if rng.random() < 0.5:
        kind, body = rng.choice((("text/css", _css(rng)), ("text/javascript", _script(rng))))
        return f"data:{kind};base64,{base64.b64encode(body.encode()).decode()}"
    address = (
        f"data:{rng.choice(('image/png', 'font/woff2', 'image/gif', 'application/pdf'))};base64,{_bytes(rng, 600)}"
    )
    return rng.choice(
        (address, f'<img src="{address}" alt="">', f"src: url({address}) format('woff2');", f"![]({address})")
    )


def _key(rng: random.Random) -> str:
    body = _bytes(rng, 400)
    lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----"


def _numbers(rng: random.Random) -> str:
    wide = rng.randint(2, 7)
    mark = rng.choice((",", "\t", ";", "  "))
    lines = [
        mark.join(f"{rng.uniform(-99, 999):.{rng.randint(0, 4)}f}" for _ in range(wide))
        for _ in range(rng.randint(3, 18))
    ]
    return "\n".join(lines)


def _hashes(rng: random.Random) -> str:
    return "\n".join(
        f"{rng.randbytes(rng.choice((16, 20, 32))).hex()}  {rng.choice(('lib', 'src', 'img'))}/{rng.randint(1, 999)}.bin"
        for _ in range(rng.randint(1, 9))
    )


def _noise(rng: random.Random) -> str:
    keys = rng.choice(("asdfghjkl", "qwertyuiop", "1234567890", "asdfjkl;", "!@#$%^&*()", string.ascii_letters))
    return " ".join("".join(rng.choices(keys, k=rng.randint(2, 14))) for _ in range(rng.randint(1, 9)))


def _path(rng: random.Random) -> str:
    points = " ".join(
        f"{rng.choice('MLCHVQ')}{rng.uniform(0, 64):.1f} {rng.uniform(0, 64):.1f}" for _ in range(rng.randint(6, 40))
    )
    return f'<svg viewBox="0 0 64 64"><path fill="none" d="{points}z"/></svg>'


_KINDS: Final[tuple[tuple[str, Callable[[random.Random], str]], ...]] = (
    ("css", _css), ("script", _script), ("data", _data), ("data", _data), ("key", _key), ("numbers", _numbers),
    ("hashes", _hashes), ("noise", _noise), ("path", _path),
)  # fmt: skip
