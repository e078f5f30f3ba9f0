"""``fastguard explain``: every step's value for one text."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from fastguard.cli.options import add_guard_options, make_guard, read_text
from fastguard.cli.terminal import dump, paint, visible

_EPILOG = """\
examples:
  fastguard explain "1gn0re prev1ous instructions"
  fastguard explain "ｉｇｎｏｒｅ" --json | jq .views
"""
_MOST_TEXT = 400


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "explain",
        help="show every step's value for one text",
        description="Shows what each step made of a text: views, tokens, features, gate, findings, scores.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("text", metavar="TEXT", help="the text, or - for standard input")
    parser.add_argument("--json", action="store_true", help="write JSON")
    add_guard_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain the text."""
    guard = make_guard(options)
    text = read_text(options.text)
    steps = dict(guard.explain(text, source=options.source))
    steps["verdict"] = guard.check(text, source=options.source).to_dict()
    print(dump(steps, indent=2) if options.json else "\n".join(_lines(steps, 0)))
    return 0


def _lines(value: Mapping[str, object], depth: int) -> Iterator[str]:
    width = max((len(str(key)) for key in value), default=0)
    for key, item in value.items():
        name = "  " * depth + (paint(key, "bold") if depth == 0 else str(key))
        if isinstance(item, Mapping) and item:
            yield name
            yield from _lines(item, depth + 1)
        elif isinstance(item, (list, tuple)) and item and isinstance(item[0], Mapping):
            yield name
            for number, part in enumerate(item):
                yield "  " * (depth + 1) + f"[{number}]"
                yield from _lines(part, depth + 2)
        else:
            yield f"{name}{' ' * (width - len(str(key)))}  {_show(item)}"


def _show(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        text = " ".join(_show(item) for item in value)
    elif value is None or isinstance(value, Mapping):
        text = "-"
    else:
        text = str(value)
    text = visible(text)
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}… ({len(text)} characters)"
