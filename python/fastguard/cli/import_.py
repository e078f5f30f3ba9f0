"""``fastguard import``: packs made of the rules of other tools."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from fastguard.cli.terminal import dump, paint, table, visible
from fastguard.importing import FORMS, Outcome, import_rules

_EPILOG = """\
examples:
  fastguard import rules.yar -o packs/             then: fastguard check - --pack packs/
  fastguard import .gitleaks.toml -o packs/ --approximate
  fastguard import atr-rules/ --from atr -o packs/ --json > report.json

Each rule is compiled, compiled with a check of what matched (entropy, the value alone), or rejected with the reason and
its place; what a pack cannot say is never changed silently. The rules' own test cases run. See importing/README.md.
Exit status 1 when no rule could be imported.
"""
_COLOURS = {"compiled": "green", "confirmed": "green", "rejected": "yellow"}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "import",
        help="make packs of YARA, gitleaks and Agent Threat Rules",
        description="Makes a pack of the rules of another tool and says of each rule what became of it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("source", metavar="SOURCE", help="a file of rules, or a folder of them")
    parser.add_argument("--from", dest="form", choices=FORMS, help="what they are (default: by the file's name)")
    parser.add_argument("-o", "--output", metavar="PACKDIR", help="where to write the pack (default: report alone)")
    parser.add_argument("--near", metavar="BYTES", type=_near, default=0, help="import strings that must all occur as strings at most so far apart, 1 to 250")  # fmt: skip
    parser.add_argument("--approximate", action="store_true", help="import rules of which something cannot be kept, such as an allowlist")  # fmt: skip
    parser.add_argument("--tier", type=int, choices=(1, 2, 3), default=2, help="how sure the rules are (default: 2)")
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    parser.add_argument("--json", action="store_true", help="write the report as JSON")
    parser.set_defaults(run=run)


def _near(value: str) -> int:
    number = int(value) if value.isdigit() else 0
    if not 1 <= number <= 250:
        raise argparse.ArgumentTypeError(f"got {value}; expected a number of bytes from 1 to 250")
    return number


def run(options: argparse.Namespace) -> int:
    """Import, write and report."""
    made = import_rules(
        options.source, form=options.form, near=options.near, approximate=options.approximate, tier=options.tier
    )
    files = made.write(options.output, force=options.force) if options.output and made.signatures else []
    report = made.to_dict() | {"files": [str(file) for file in files]}
    if options.json:
        print(dump(report))
        return 0 if made.signatures else 1
    print(table(_rows(made.outcomes), head=("rule", "place", "result", "what")))
    for text in made.left_out:
        print(f"left out: {visible(text)}")
    cases = report["test_cases"]
    assert isinstance(cases, dict)
    print(
        f"\n{len(made.outcomes)} rules: {report['compiled']} compiled, {report['confirmed']} compiled with a check of"
        f" what matched, {report['rejected']} rejected; {len(made.signatures)} signatures;"
        f" {cases['run']} test cases run, {cases['failed']} came out otherwise"
    )
    for file in files:
        print(f"written: {visible(str(file))}")
    return 0 if made.signatures else 1


def _rows(outcomes: Iterable[Outcome]) -> list[tuple[str, str, str, str]]:
    rows = []
    for item in outcomes:
        said = [
            *(f"confirm: {text}" for text in item.confirm),
            *(f"left out: {text}" for text in item.reasons if item.signatures),
            *(item.reasons if not item.signatures else ()),
            *(f"differs: {text}" for text in item.differs),
            *(f"note: {text}" for text in item.notes),
            *(f"test case {text}" for text in item.failed),
        ]
        if item.cases:
            said.insert(0, f"{item.cases - len(item.failed)} of {item.cases} test cases as they say")
        for i, text in enumerate(said or [""]):
            head = (visible(item.rule), visible(item.place), paint(item.status, _COLOURS[item.status]))
            rows.append((*(head if not i else ("", "", "")), visible(text)))
    return rows
