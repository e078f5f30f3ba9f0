"""``fastguard lint``: check packs as CI does."""

from __future__ import annotations

import argparse
import time

from fastguard.cli.terminal import counted, dump, paint, visible
from fastguard.lint import lint

_EPILOG = """\
examples:
  fastguard lint                        the default pack
  fastguard lint packs/secret/acme.toml
  fastguard lint my-packs/ --json

Checked: keys, ids, tags and concepts; patterns compile alone within a second, never match empty text, hold a literal,
have no open .*, look-around or back-reference; every example comes out as it says; an example for each language.
Exit status 1 when something is wrong.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "lint",
        help="check packs as CI does",
        description="Checks files and folders of signatures; without any, the default pack.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("paths", metavar="PATH", nargs="*", help="a file, or a folder of <category>/<detector>.toml")
    parser.add_argument("--json", action="store_true", help="write the problems as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check the packs."""
    start = time.monotonic()
    problems = lint(options.paths)
    if options.json:
        print(dump([{"file": p.file, "id": p.id, "field": p.field, "text": p.text} for p in problems]))
    else:
        for problem in problems:
            print(visible(str(problem)))
        spent = f"{time.monotonic() - start:.1f} s"
        print(
            paint(counted(len(problems), "problem"), "red") + f" ({spent})"
            if problems
            else paint("all good", "green") + f" ({spent})"
        )
    return 1 if problems else 0
