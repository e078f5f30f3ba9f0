"""Options that commands share, and the guard that they describe."""

from __future__ import annotations

import argparse
import os
import sys

from fastguard import _core
from fastguard.cli.terminal import visible
from fastguard.guard import Guard
from fastguard.policy import DEPTHS


def add_guard_options(parser: argparse.ArgumentParser, *, source: bool = True) -> None:
    """Add what every command takes that makes a guard."""
    group = parser.add_argument_group("guard")
    if source:
        group.add_argument(
            "--source",
            metavar="NAME",
            choices=_core.SOURCES,
            default="user",
            help=f"where the text comes from: {', '.join(_core.SOURCES)} (default: user)",
        )
    group.add_argument("--policy", metavar="FILE", help="a policy in TOML (default: the built-in one)")
    group.add_argument("--depth", choices=DEPTHS, help="how far to go (default: what the policy says, fast)")
    group.add_argument(
        "--pack", metavar="PATH", action="append", default=[], help="more signatures: a file or folder; may be repeated"
    )
    group.add_argument(
        "--model",
        metavar="PATH",
        default="default",
        help='another model by its manifest, or "none" for signatures alone',
    )
    group.add_argument("--no-cache", action="store_true", help="compile the signatures anew, write nothing")


def make_guard(options: argparse.Namespace) -> Guard:
    """Return the guard that the options describe."""
    return Guard(
        policy=options.policy,
        depth=options.depth,
        packs=options.pack,
        model=None if options.model == "none" else options.model,
        cache=not options.no_cache,
    )


def read_text(argument: str) -> str | bytes:
    """Return the text of an argument: itself, or all of standard input for ``-``.

    An argument that names a file is a text all the same; that the file is not read is said on standard error.
    """
    if argument != "-":
        if os.path.isfile(argument):  # noqa: PTH113  (Path refuses names that are too long)
            print(
                f"fastguard: note: these words are judged, not the file {visible(argument)}; - < FILE reads a file",
                file=sys.stderr,
            )
        return argument
    return sys.stdin.buffer.read()
