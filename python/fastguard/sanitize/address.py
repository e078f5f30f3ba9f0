"""Which addresses a link or an image may have."""

from __future__ import annotations

import re
from collections.abc import Collection
from html import unescape
from typing import Final

_SCHEMES: Final = frozenset({"http", "https", "mailto"})
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_SKIPPED: Final = re.compile(
    r"[\x00-\x20\x7f-\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\xad]+"
)
_HOST: Final = re.compile(r"(?:https?:)?[/\\]{2,}(?:[^/\\?#@]*@)*(\[[^\]]*\]|[^/\\?#:]*)", re.IGNORECASE)


def plain(address: str) -> str:
    """Return the address as a browser reads it: references resolved, what it skips taken out.

    >>> plain("java&#x09;script:go()")
    'javascript:go()'
    """
    for _ in range(3):  # some readers resolve references twice
        resolved = unescape(address)
        if resolved == address:
            break
        address = resolved
    return _SKIPPED.sub("", address)


def is_safe(address: str) -> bool:
    """Whether following the address cannot run anything: http, https, mailto, or relative.

    >>> is_safe("https://a.example/?q=1"), is_safe("#part"), is_safe(" JavaScript:go()"), is_safe("data:text/html,x")
    (True, True, False, False)
    """
    read = plain(address)
    scheme = _SCHEME.match(read)
    if scheme is not None:
        return scheme[1].lower() in _SCHEMES
    # A colon before the first slash is a scheme to some readers, whatever stands before it.
    head = re.split(r"[/?#]", read, maxsplit=1)[0]
    return ":" not in head and "%3a" not in head.lower()


def is_loaded_from(address: str, hosts: Collection[str]) -> bool:
    """Whether an image may be loaded: a relative address, or one on a host of the list or below it.

    >>> is_loaded_from("/a.png", ()), is_loaded_from("https://x.example/a.png", ["example"])
    (True, True)
    >>> is_loaded_from("//x.example/a.png?d=1", ())
    False
    """
    if not is_safe(address):
        return False
    read = plain(address)
    found = _HOST.match(read)
    if found is None:
        return _SCHEME.match(read) is None
    host = found[1].lower().rstrip(".")
    return any(host == allowed or host.endswith("." + allowed) for allowed in (item.lower() for item in hosts))
