"""Markdown: no HTML, no images but of allowed hosts, no addresses that run anything; code stays as it is.

Where renderers differ about what is code, less of the text counts as code here: fences begin in the first four columns
and are closed, code inside a line has no table around it. Without HTML no renderer can take a fence for anything else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from fastguard.sanitize import html
from fastguard.sanitize.address import is_loaded_from, is_safe
from fastguard.sanitize.result import Builder, Removed, Sanitized

_LINE: Final = re.compile(r"[^\n]*+\n?+")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)")
_CODE: Final = re.compile(r"(?<![`\\])(`++)(?!`)[^\n|]*?(?<!`)\1(?!`)")
_ADDRESS: Final = r"[ \t]*\n?[ \t]*(<[^<>\n]*+>|[^\s()<>]*+)"
_INLINE: Final = re.compile(
    r"!\[(?P<alt>[^\[\]\n]*+)\]\((?P<source><[^<>\n]*+>|[^\s()<>]*+)(?:[ \t]+(?:\"[^\"\n()<>]*+\"|'[^'\n()<>]*+'))?[ \t]*\)"
    r"|(?P<mark>!)(?=\[)"
    rf"|\]\({_ADDRESS}"
    rf"|\]:{_ADDRESS}"
)
_MOST_READINGS: Final = 4
_ENCODED: Final = re.compile(r"[\s()]")
_AUTOLINK: Final = re.compile(r"<(?:https?://|mailto:)[^\s<>]*+>|<[\w.+-]+@[\w.-]+>", re.IGNORECASE)


def sanitize(text: str, hosts: Collection[str] = ()) -> Sanitized:
    """Return the text as Markdown that a renderer can only format and link. Linear.

    What is escaped may read as an address only then ("](javascript:<"): so the result is read again until nothing
    changes. What only a later reading removes is named with the whole text, since it stands nowhere in it.
    """
    done = _once(text, hosts)
    for _ in range(_MOST_READINGS):
        again = _once(done.text, hosts)
        if again.text == done.text:
            break
        late = (Removed(item.kind, 0, len(text), text) for item in again.removed[:1])
        done = Sanitized(again.text, (*late, *done.removed))
    return done


def _once(text: str, hosts: Collection[str]) -> Sanitized:
    out = Builder()
    for start, piece, is_code in _pieces(text):
        out.shift = start
        if is_code:
            out.put(piece)
        else:
            _write(piece, out, hosts)
    return out.result()


def _pieces(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield (start, text, whether it is code) of fences and what stands between them."""
    open_at, marker, begin = -1, "", 0
    for line in _LINE.finditer(text):
        fence = _FENCE.match(line[0])
        if fence is None:
            continue
        if open_at < 0:
            if "`" not in fence[2] and "<" not in fence[2]:
                open_at, marker = line.start(), fence[1]
        elif fence[1].startswith(marker) and not fence[2].strip():
            if begin < open_at:
                yield from _code_in_lines(begin, text[begin:open_at])
            yield open_at, text[open_at : line.end()], True
            open_at, begin = -1, line.end()
    yield from _code_in_lines(begin, text[begin:])


def _code_in_lines(start: int, text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield what is between backticks as code; lines with a | may be of a table, which parts cells first."""
    begin = 0
    for line in _LINE.finditer(text):
        if "`" not in line[0] or "|" in line[0] or len(line[0]) > _LONGEST_LINE:
            continue
        for code in _CODE.finditer(text, line.start(), line.end()):
            yield start + begin, text[begin : code.start()], False
            yield start + code.start(), code[0], True
            begin = code.end()
    yield start + begin, text[begin:], False


_LONGEST_LINE: Final = 4096  # backticks that pair with none are looked for to the end of the line


def _write(text: str, out: Builder, hosts: Collection[str]) -> None:
    place, shift = 0, out.shift
    for found in _INLINE.finditer(text):
        _without_html(text[place : found.start()], out, shift + place)
        out.shift = shift
        place = found.end()
        if found["mark"] is not None:  # an image by reference, or one that readers may read differently
            out.put("!\\")
            out.remove("image", found.start(), "!")
        elif found["alt"] is None:
            _write_address(found, 4 if found[4] is not None else 5, out)
        elif is_loaded_from(_bare(found["source"]), hosts):
            title = found[0][found.end("source") - found.start() :]
            out.put(f"![{_text_of(found['alt'])}]({_bare(found['source'])}{title}")
        else:
            out.put(_text_of(found["alt"]))
            out.remove("image", found.start(), found[0])
    _without_html(text[place:], out, shift + place)
    out.shift = shift


def _write_address(found: re.Match[str], group: int, out: Builder) -> None:
    address = found[group]
    out.put(found[0][: found.start(group) - found.start()])
    if _may_be_followed(address):
        out.put(_bare(address))
    else:
        out.put("#")
        out.remove("address", found.start(group), address)


def _bare(address: str) -> str:
    """Return an address without the brackets around it, which outside of a link would make a tag of it."""
    return _ENCODED.sub(lambda found: f"%{ord(found[0]):02X}", address[1:-1]) if address.startswith("<") else address


def _may_be_followed(address: str) -> bool:
    bare = _bare(address).replace("\\", "")
    return bare.endswith(":") or is_safe(bare)


def _text_of(alt: str) -> str:
    collected = Builder()
    _without_html(alt, collected, 0)
    return collected.result().text


def _without_html(text: str, out: Builder, shift: int) -> None:
    place = 0
    for found in _AUTOLINK.finditer(text):
        out.shift = shift + place
        html.write(text[place : found.start()], out, (), plain_text=_escape, kept=())
        out.put(found[0])
        place = found.end()
    out.shift = shift + place
    html.write(text[place:], out, (), plain_text=_escape, kept=())


def _escape(text: str) -> str:
    return text.replace("<", "&lt;")
