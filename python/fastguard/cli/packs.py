"""``fastguard packs``: the signatures there are."""

from __future__ import annotations

import argparse

from fastguard import _core
from fastguard.cli.terminal import dump, paint, table
from fastguard.pack import Pack

_EPILOG = """\
examples:
  fastguard packs
  fastguard packs --category secret --category pii
  fastguard packs --json | jq -r '.signatures[] | [.id, .severity] | @tsv'
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "packs",
        help="list the signatures",
        description="Lists the signatures of the default pack and of more packs, with severity, tier and tags.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--category",
        metavar="NAME",
        action="append",
        choices=_core.CATEGORIES,
        help=f"only this one, may be repeated: {', '.join(_core.CATEGORIES)}",
    )
    parser.add_argument("--pack", metavar="PATH", action="append", default=[], help="more signatures: a file or folder")
    parser.add_argument("--json", action="store_true", help="write JSON, examples included")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List the signatures."""
    pack = Pack.load(options.pack)
    chosen = [item for item in pack if not options.category or item.category in options.category]
    if options.json:
        rows = [
            {
                "id": item.id,
                "detector": item.detector,
                "category": item.category,
                "summary": item.summary,
                "kind": item.kind,
                "severity": item.severity,
                "tier": item.tier,
                "views": item.views,
                "languages": item.languages,
                "sources": item.sources,
                "default": item.default,
                "atlas": item.atlas,
                "owasp": item.owasp,
                "cwe": item.cwe,
                "match": item.match,
                "no_match": item.no_match,
            }
            for item in chosen
        ]
        print(dump({"digest": pack.digest, "signatures": rows}))
        return 0
    print(
        table(
            (
                (
                    paint(item.id, "cyan"),
                    item.kind,
                    item.severity,
                    str(item.tier),
                    item.summary + ("" if item.default else " (off)"),
                )
                for item in chosen
            ),
            head=("signature", "kind", "severity", "tier", "summary"),
        )
    )
    detectors = len({item.detector for item in chosen})
    print(f"\n{len(chosen)} signatures of {detectors} detectors, {len(pack.concepts)} concepts")
    return 0
