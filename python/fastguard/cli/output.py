"""What `fastguard scan` writes: lines for people, JSONL for programs, SARIF for code hosts; each as it goes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from fastguard import __version__
from fastguard.cli.records import Record, place_in
from fastguard.cli.terminal import dump, excerpt, paint, paint_action, visible

if TYPE_CHECKING:
    from fastguard.types import Finding, Verdict

_SARIF_LEVELS = {"allow": "note", "flag": "warning", "escalate": "warning", "block": "error"}
_SECURITY_SEVERITY = {"low": "3.0", "medium": "5.5", "high": "8.0", "critical": "9.5"}


class Writer(Protocol):
    """Takes verdicts in order and ends with `close`."""

    def write(self, record: Record, verdict: Verdict, findings: list[Finding]) -> None:
        """Take the verdict of a text; `findings` are those not reported with another record."""

    def close(self) -> None:
        """Write what comes last."""


def where(record: Record) -> str:
    """Return the place of a record: ``file:line``, or ``file row n``."""
    return f"{record.file} row {record.row}" if record.row else f"{record.file}:{record.line}"


class HumanWriter:
    """One line for each finding, and one for a text that is flagged without any."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, record: Record, verdict: Verdict, findings: list[Finding]) -> None:
        """Write the findings of a text that is flagged."""
        if not verdict.flagged and not verdict.truncated and not verdict.degraded:
            return
        action = paint_action(verdict.action.value)
        for finding in findings if verdict.flagged else ():
            place = where(record)
            if isinstance(record.text, bytes) and not record.whole_line:
                line, column = place_in(record, finding.byte_start)
                place = f"{record.file}:{line}:{column}"
            name = paint(finding.signature, "cyan", self._stream)
            self._line(f"{visible(place)}: {action} {name} {excerpt(finding.text)}")
        if verdict.flagged and not findings and not record.seen:
            top = min(verdict.categories.items(), key=lambda item: (item[1].level, -item[1].score), default=None)
            what = f"{top[0]} level {top[1].level}, score {top[1].score:.3f}" if top else "no category"
            self._line(f"{visible(where(record))}: {action} {what}")
        for limit in verdict.truncated:
            self._line(f"{visible(where(record))}: limit reached: {visible(limit)}")
        for part in verdict.degraded:
            self._line(f"{visible(where(record))}: could not run: {visible(part)}")

    def close(self) -> None:
        """Nothing is left to write."""

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")


class JsonlWriter:
    """One object a text: its place and its verdict."""

    def __init__(self, stream: TextIO, *, flagged_only: bool) -> None:
        self._stream = stream
        self._flagged_only = flagged_only

    def write(self, record: Record, verdict: Verdict, findings: list[Finding]) -> None:
        """Write the object of a text."""
        if self._flagged_only and not verdict.flagged:
            return
        head: dict[str, object] = {"file": record.file}
        if record.row:
            head["row"] = record.row
        else:
            head["line"] = record.line
        if record.column != 1:
            head["column"] = record.column
        if record.id is not None:
            head["id"] = record.id
        body = verdict.to_dict()
        body["findings"] = [finding.to_dict() for finding in findings]
        self._stream.write(dump(head | body) + "\n")

    def close(self) -> None:
        """Nothing is left to write."""


class SarifWriter:
    """SARIF 2.1.0, written as it goes: results first, then the signatures that they name."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._first = True
        self._rules: dict[str, dict[str, Any]] = {}
        head = '{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [{'
        stream.write(head + '"columnKind": "unicodeCodePoints", "results": [')

    def write(self, record: Record, verdict: Verdict, findings: list[Finding]) -> None:
        """Write a result for each finding of a text that is flagged, or one for the text."""
        if not verdict.flagged:
            return
        level = _SARIF_LEVELS[verdict.action.value]
        for finding in findings:
            self._rules.setdefault(
                finding.signature,
                {
                    "id": finding.signature,
                    "shortDescription": {"text": finding.summary},
                    "properties": {
                        "security-severity": _SECURITY_SEVERITY[finding.severity],
                        "tags": ["security", finding.category, *finding.atlas, *finding.owasp, *finding.cwe],
                    },
                },
            )
            self._result(finding.signature, level, finding.summary, record, finding)
        if not findings and not record.seen:
            for name, category in verdict.categories.items():
                rule = f"{name}.score"
                summary = f"The learned score says {name}"
                self._rules.setdefault(rule, {"id": rule, "shortDescription": {"text": summary}})
                text = f"{summary}: level {category.level}, score {category.score:.3f}"
                self._result(rule, level, text, record, None)

    def close(self) -> None:
        """Write the tool and end the document."""
        driver = {
            "name": "fastguard",
            "version": __version__,
            "rules": list(self._rules.values()),
        }
        self._stream.write(f'], "tool": {dump({"driver": driver})}}}]}}\n')

    def _result(self, rule: str, level: str, text: str, record: Record, finding: Finding | None) -> None:
        matched = finding.text if finding else ""
        region: dict[str, object] = {"startLine": max(record.line, 1)}
        if finding and isinstance(record.text, bytes) and not record.whole_line:
            line, column = place_in(record, finding.byte_start)
            end_line, end_column = place_in(record, finding.byte_end)
            region = {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
        mark = hashlib.sha256(f"{rule}\0{record.file}\0{matched}".encode("utf-8", "surrogatepass")).hexdigest()
        result: dict[str, object] = {
            "ruleId": rule,
            "level": level,
            "message": {"text": f"{text}: {excerpt(matched)}" if matched else text},
            "locations": [
                {"physicalLocation": {"artifactLocation": {"uri": _uri(record.file)}, "region": region}},
            ],
            "partialFingerprints": {"fastguard/v1": mark},
        }
        if record.row:
            result["properties"] = {"row": record.row}
        self._stream.write(("" if self._first else ", ") + dump(result))
        self._first = False


def _uri(path: str) -> str:
    from urllib.parse import quote

    quoted = quote(path.encode("utf-8", "surrogateescape"))
    return f"file://{quoted}" if path.startswith("/") else quoted
