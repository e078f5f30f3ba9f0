"""A terminal: what it would obey is taken out, colours too; letters, line breaks and tabs stay."""

from __future__ import annotations

import re
from typing import Final

from fastguard.sanitize.result import Builder, Sanitized

# Control strings (titles, links, clipboard) end with BEL, ESC \ or U+009C; control sequences with a letter. One without
# its end loses its introducer alone, so that nothing of the text behind it is lost.
_CONTROL: Final = re.compile(
    r"(?:\x1b[\]P_^X]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\x00-\x06\x0a-\x1a\x90\x98\x9d-\x9f]{0,4096}+(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]{0,64}+[ -/]{0,16}+[@-~]"
    r"|\x1b[ -/]{1,16}+[0-~]|\x1b[0-OQ-WYZ\\`-~]?"
    r"|\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]+"
    r"|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+"
)


def sanitize(text: str) -> Sanitized:
    r"""Return the text without control sequences, control characters and marks that turn the direction of writing.

    A single carriage return would let a line be written over, so it becomes a line break.

    >>> sanitize("\x1b]8;;https://x.example\x07bank\x1b]8;;\x07 \x1b[31mred").text
    'bank red'
    """
    out = Builder()
    place = 0
    for found in _CONTROL.finditer(text):
        out.put(text[place : found.start()])
        out.put("\n" if found[0] == "\r" else "")
        out.remove("control", found.start(), found[0])
        place = found.end()
    out.put(text[place:])
    return out.result()
