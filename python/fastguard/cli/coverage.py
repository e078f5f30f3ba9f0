"""``fastguard coverage``: what the signatures cover of MITRE ATLAS and the OWASP lists."""

from __future__ import annotations

import argparse

from fastguard.cli.terminal import dump
from fastguard.coverage import coverage, markdown, navigator, plain
from fastguard.pack import Pack

_EPILOG = """\
examples:
  fastguard coverage > coverage.md
  fastguard coverage --format json | jq .counts
  fastguard coverage --format navigator > layer.json     # open it in the ATLAS Navigator
  fastguard coverage --pack my_pack/
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "coverage",
        help="what the signatures cover of ATLAS and OWASP",
        description="Lists every ATLAS technique and OWASP point: covered, partly, open, or not observable and why.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--format", choices=("markdown", "json", "navigator"), default="markdown", help="what to write")
    parser.add_argument("--pack", action="append", default=[], metavar="PATH", help="more signatures; may be repeated")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the coverage."""
    found = coverage(Pack.load(options.pack))
    if options.format == "markdown":
        print(markdown(found))
    else:
        print(dump(plain(found) if options.format == "json" else navigator(found)))
    return 0
