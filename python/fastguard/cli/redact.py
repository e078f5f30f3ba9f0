"""``fastguard redact``: replace secrets and personal data by placeholders."""

from __future__ import annotations

import argparse
import sys

from fastguard.cli.options import add_guard_options, make_guard, read_text
from fastguard.cli.terminal import dump

_EPILOG = """\
examples:
  fastguard redact "mail jane@example.org, card 4111 1111 1111 1111"
  fastguard redact - < ticket.txt > ticket.clean.txt
  fastguard redact - --json < ticket.txt          # the text, and which placeholder stands for what
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "redact",
        help="replace secrets and personal data",
        description="Writes the text with secrets and personal data replaced by placeholders such as <EMAIL_1>.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("text", metavar="TEXT", help="the text, or - for standard input")
    parser.add_argument("--json", action="store_true", help="write text and mapping as JSON")
    add_guard_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Redact the text and print it."""
    text = read_text(options.text)
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    redacted, mapping = make_guard(options).redact(text, source=options.source)
    if options.json:
        print(dump({"text": redacted, "mapping": mapping}))
        return 0
    sys.stdout.buffer.write(redacted.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.write(b"" if redacted.endswith("\n") else b"\n")
    return 0
