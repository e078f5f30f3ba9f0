"""Text made safe for the place that shows it: HTML, Markdown, a terminal, a cell of a spreadsheet.

`Guard.sanitize` says whether a text is dangerous by taking out what would be, whatever it was for: it needs no
signature, no model, and finds nothing wrong with what it made. One module a target; `result` is what they give.

>>> from fastguard import Guard
>>> safe = Guard().sanitize("<b>Hi</b><script>alert(1)</script>", target="html")
>>> safe.text, safe.removed[0].kind
('<b>Hi</b>', 'element')
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal

from fastguard.sanitize import cell, html, markdown, terminal
from fastguard.sanitize.result import Removed as Removed
from fastguard.sanitize.result import Sanitized as Sanitized

Target = Literal["html", "markdown", "terminal", "csv"]
TARGETS: Final[tuple[Target, ...]] = ("html", "markdown", "terminal", "csv")


def sanitize(text: str, target: Target, *, hosts: Collection[str] = ()) -> Sanitized:
    """Return `text` made safe for `target`, and what was taken out or changed.

    `hosts` are those whose images may be loaded (and those of names below them); images of others become their
    alternative text, because loading one tells its host whatever the address says. Linear in the text; pure; the same
    text again changes nothing. Raises ValueError for an unknown target.
    """
    if target == "html":
        return html.sanitize(text, hosts)
    if target == "markdown":
        return markdown.sanitize(text, hosts)
    if target == "terminal":
        return terminal.sanitize(text)
    if target == "csv":
        return cell.sanitize(text)
    raise ValueError(f"target: expected one of {', '.join(TARGETS)}, got {target!r}")
