"""HTML: a short list of elements that only format is written anew, everything else is text or gone.

What comes out holds no tag that this module did not write itself, so it does not matter how a browser would have read
what went in. Elements whose content is not for reading (scripts, styles, frames, drawings, forms) go with it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from html import unescape
from typing import Final

from fastguard.sanitize.address import is_loaded_from, is_safe
from fastguard.sanitize.result import Builder, Sanitized

_FORMATTING: Final = tuple(
    word
    for line in (
        "abbr b blockquote br caption cite code dd del details dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li mark",
        "p pre q s samp small span strong sub summary sup table tbody tfoot thead tr u ul var wbr",
    )
    for word in line.split()
)
# Element: attributes that it keeps.
KEPT: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(_FORMATTING, frozenset()),
    "a": frozenset({"href", "title"}),
    "img": frozenset({"src", "alt", "title", "width", "height"}),
    "ol": frozenset({"start"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan"}),
}
_VOID: Final = frozenset({"br", "hr", "img", "wbr"})
_WITH_CONTENT: Final = frozenset(
    word
    for line in (
        "applet audio button canvas embed form frame frameset head iframe input math noembed noframes noscript object",
        "option plaintext script select style svg template textarea title video xml xmp",
    )
    for word in line.split()
)
_NUMERIC: Final = frozenset({"start", "colspan", "rowspan", "width", "height"})

# Nothing in a tag goes beyond the next < or >, not even in quotes: so each < is looked at once.
_MARKUP: Final = re.compile(
    r"<!--|<!\[CDATA\[[^\]<>]*+\]\]>|<[!?][^<>]*+>"
    r"|<(/?)([a-zA-Z][^\s/<>\"'=]*+)((?:[^<>\"']|\"[^\"<>]*+\"|'[^'<>]*+')*+)>"
    r"|<"
)
_ATTRIBUTE: Final = re.compile(r"([^\s\"'<>/=]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'<>]++)))?")
_REFERENCE: Final = re.compile(r"&(?!(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});)")


def escape(text: str) -> str:
    """Return text as HTML shows it; character references stay what they are, so that a second time changes nothing.

    >>> escape("a < b & c"), escape("a &lt; b &amp; c")
    ('a &lt; b &amp; c', 'a &lt; b &amp; c')
    """
    return _REFERENCE.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def sanitize(text: str, hosts: Collection[str] = ()) -> Sanitized:
    """Return the text as HTML that formats and does nothing else. Linear."""
    out = Builder()
    write(text.replace("\0", "\ufffd"), out, hosts, plain_text=escape)
    return out.result()


class _Closings:
    """Where an element or a comment ends, asked in order of place; what has no end left is not looked for again."""

    __slots__ = ("_gone", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._gone: set[str] = set()

    def after(self, name: str, place: int) -> int:
        """Return the place behind the next end tag of `name`, or of a comment (``--``); -1 where there is none."""
        if name in self._gone:
            return -1
        end = "-->" if name == "--" else rf"</{re.escape(name)}(?=[\s/>])[^<>]*+>?"
        found = re.compile(end, re.IGNORECASE).search(self._text, place)
        if found is None:
            self._gone.add(name)
            return -1
        return found.end()


def write(
    text: str, out: Builder, hosts: Collection[str], *, plain_text: _Plain, kept: Collection[str] = frozenset(KEPT)
) -> None:
    """Write `text` into `out` with only safe markup of `kept`; `plain_text` makes what stands between tags safe."""
    closings = _Closings(text)
    place = 0
    while (found := _MARKUP.search(text, place)) is not None:
        out.put(plain_text(text[place : found.start()]))
        place = found.end()
        name = (found[2] or "").lower()
        if found[0] == "<":
            out.put(plain_text("<"))
        elif found[0] == "<!--":
            place = max(place, closings.after("--", place))
            out.remove("comment", found.start(), text[found.start() : place])
        elif not name:
            out.remove("comment", found.start(), found[0])
        elif name in kept:
            _write_tag(name, found, out, hosts)
        else:
            if name in _WITH_CONTENT and not found[1]:
                place = max(place, closings.after(name, place))
            out.remove("element", found.start(), text[found.start() : place])
    out.put(plain_text(text[place:]))


def _write_tag(name: str, found: re.Match[str], out: Builder, hosts: Collection[str]) -> None:
    if found[1]:
        out.put("" if name in _VOID else f"</{name}>")
        return
    attributes: dict[str, str] = {}
    for attribute in _ATTRIBUTE.finditer(found[3]):
        key = attribute[1].lower()
        value = unescape(attribute[2] or attribute[3] or attribute[4] or "")
        start = found.start(3) + attribute.start()
        if key not in KEPT[name] or key in attributes or (key in _NUMERIC and not re.fullmatch(r"[0-9]{1,4}", value)):
            out.remove("attribute", start, attribute[0])
        elif key == "href" and not is_safe(value):
            out.remove("address", start, attribute[0])
        else:
            attributes[key] = value
    if name == "img" and not is_loaded_from(attributes.get("src", ""), hosts):
        out.remove("image", found.start(), found[0])
        out.put(escape(_quoted(attributes.get("alt", ""))))
        return
    out.put("<" + name + "".join(f' {key}="{_quoted(value)}"' for key, value in attributes.items()) + ">")


def _quoted(value: str) -> str:
    escaped = value.replace("&", "&amp;").replace('"', "&quot;").replace("'", "&#39;")
    return escaped.replace("<", "&lt;").replace(">", "&gt;")


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    _Plain = Callable[[str], str]
