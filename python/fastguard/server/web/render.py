"""How pages go out: templates, files, and the headers that keep a browser from doing more than it should."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastguard import __version__
from fastguard.server.errors import RequestError
from fastguard.server.service import Reply
from fastguard.server.web import chart
from fastguard.server.web.shown import bits

if TYPE_CHECKING:
    import jinja2
    import markupsafe

_FOLDER: Final = Path(__file__).parent
_STATIC: Final = {"app.css": b"text/css", "app.js": b"text/javascript", "playground.js": b"text/javascript",
                  "policies.js": b"text/javascript", "icon.svg": b"image/svg+xml"}  # fmt: skip
_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'"
)
SAFE: Final = [
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]


def redirect(where: str) -> Reply:
    """Return an answer that sends a browser elsewhere on this server."""
    return Reply(303, b"", [(b"location", where.encode()), *SAFE])


def static(name: str) -> Reply:
    """Return a file that pages load. Raises `RequestError` (404)."""
    kind = _STATIC.get(name)
    if kind is None:
        raise RequestError(404, "there is no such file")
    headers = [(b"content-type", kind + b"; charset=utf-8"), *SAFE[:-1], (b"cache-control", b"no-cache")]
    return Reply(200, _file(name), headers)


@functools.cache
def _file(name: str) -> bytes:
    return (_FOLDER / "static" / name).read_bytes()


@functools.cache
def templates() -> jinja2.Environment:
    """Return the templates: everything in them is escaped, and a name that is not there is an error."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        moment=chart.moment,
        duration=chart.duration,
        bits=bits,
        breaks=breaks,
        json=lambda value: json.dumps(value, indent=2, ensure_ascii=True),
    )
    environment.globals.update(chart=chart)
    return environment


def breaks(name: str) -> markupsafe.Markup:
    """Return a name of a signature that a line may end in after a dot or an underscore; escaped.

    >>> str(breaks("a.b_c<"))
    'a.<wbr>b_<wbr>c&lt;'
    """
    import markupsafe

    return markupsafe.Markup("<wbr>").join(re.findall(r"[^._]*[._]|[^._]+", name))


def error_page(problem: RequestError, number: str) -> Reply:
    """Return a page that says what is wrong."""
    text = (
        templates()
        .get_template("error.html")
        .render(page="", version=__version__, revision="", keyed=False, problem=problem, number=number)
    )
    return Reply(problem.status, text.encode(), [(b"content-type", b"text/html; charset=utf-8"), *SAFE])
