"""``fastguard feedback``: marks that people made on verdicts, as lines for training."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from fastguard.cli.terminal import fail

_EPILOG = """\
examples:
  fastguard feedback export --store events.db -o reviewed.jsonl
  fastguard learn --from reviewed.jsonl --out my-model

A mark is made on a page of `fastguard serve` or by POST /v1/feedback. A line has text, label and source, which is what
`fastguard learn` reads, and mark, note, request_id and verdict. Marks whose text was not kept, or that say that something
was missed but not what, are left out and counted on standard error.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "feedback",
        help="export marks on verdicts for training",
        description="Writes the marks in a store of events as JSON lines that `fastguard learn --from` reads.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True, dest="action")
    export = actions.add_parser("export", help="write the marks as JSON lines", allow_abbrev=False)
    export.add_argument("--config", metavar="FILE", help="the configuration that names the store")
    export.add_argument(
        "--store", metavar="FILE", help="the store, a file or postgresql://... (default: the configuration's)"
    )
    export.add_argument("--model", metavar="PATH", default="default", help="the model whose labels count")
    export.add_argument(
        "-o", "--output", metavar="FILE", default="-", help="where the lines go (default: standard output)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Export the marks."""
    import importlib.util
    import sqlite3

    if importlib.util.find_spec("orjson") is None:
        return fail("feedback needs the extra server: pip install 'fastguard-engine[server]', or '.[server]' here")
    from fastguard.model import DEFAULT_MANIFEST, Model
    from fastguard.server.config import load_config
    from fastguard.server.errors import RequestError
    from fastguard.server.feedback import lines
    from fastguard.server.pgurl import show_url
    from fastguard.server.store import is_url, open_reader

    path = options.store or load_config(options.config).events.store
    if is_url(path) and importlib.util.find_spec("pg8000") is None:
        return fail(
            "a store by URL needs the extra postgres: pip install 'fastguard-engine[postgres]', or '.[postgres]' here"
        )
    model = Model(DEFAULT_MANIFEST if options.model == "default" else options.model)
    try:
        reader = open_reader(path)
        found, left = lines(reader.feedback(), [label.name for label in model.manifest.labels])
        reader.close()
    except sqlite3.Error as problem:
        return fail(f"{path}: {problem}; expected a store of `fastguard serve`")
    except RequestError as problem:
        return fail(f"{show_url(path)}: {problem}; expected a store of `fastguard serve`")
    text = "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in found)
    if options.output == "-":
        sys.stdout.write(text)
    else:
        try:
            Path(options.output).write_text(text, encoding="utf-8")
        except OSError as problem:
            return fail(f"{options.output}: {problem.strerror or problem}")
    reasons = "".join(f"; {count} left out: {why}" for why, count in left.items())
    print(f"{len(found)} lines{reasons}", file=sys.stderr)
    return 0
