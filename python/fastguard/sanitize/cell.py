"""A cell of a spreadsheet, or lines of a CSV file: nothing in it is read as a formula."""

from __future__ import annotations

import re
from typing import Final

from fastguard.sanitize.result import Builder, Sanitized

# The beginning of a cell, however the reader parts cells: of the text, of a line, behind a tab, comma or semicolon, and
# inside quotes there. Excel takes the wide forms of the signs as well.
_START: Final = re.compile(
    r"(?:\A|(?<=[\n\r\t,;\v\f\x85\u2028\u2029]))([\"' \u00a0\u3000\ufeff\x00-\x08]{0,16}+)(?=[=+@|%\uff1d\uff0b\uff20\uff0d-])"
)
_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]{1,3}(?:[.,' \u00a0\u202f][0-9]{3})+|[0-9]+)(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?\s?%?(?=[ \u00a0]{0,16}(?:[\n\r\t,;\"\v\f\x85\u2028\u2029]|\Z))"
)
_CALLS: Final = "=@|%\uff1d\uff20"


def sanitize(text: str) -> Sanitized:
    """Return the text with an apostrophe before everything that a spreadsheet would take for a formula.

    Numbers with a sign stay numbers. The quotes and commas of a file are for who writes the file; a text with commas
    or line breaks is safe even where they were forgotten.

    >>> sanitize("=WEBSERVICE(A1)").text, sanitize("-12.5").text, sanitize("total, +49 30 1234").text
    ("'=WEBSERVICE(A1)", '-12.5', "total, '+49 30 1234")
    """
    out = Builder()
    place = 0
    for found in _START.finditer(text):
        at = found.end()
        if found[1].endswith("'") or (text[at] not in _CALLS and _NUMBER.match(text, at)):
            continue
        out.put(text[place:at] + "'")
        out.remove("formula", at, text[at])
        place = at
    out.put(text[place:])
    return out.result()
