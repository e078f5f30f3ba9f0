"""``fastguard scan``: judge every text of files and folders."""

# Paths are kept as they were given, surrogates and all, and shown so.
# ruff: noqa: PTH112, PTH122, PTH123, SIM115

from __future__ import annotations

import argparse
import contextlib
import os
import stat
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, TextIO

from fastguard.cli.options import add_guard_options, make_guard
from fastguard.cli.output import HumanWriter, JsonlWriter, SarifWriter, Writer
from fastguard.cli.records import NotThatKindError, Reader, Record, kind_of
from fastguard.cli.terminal import counted, fail, paint, visible

if TYPE_CHECKING:
    from fastguard.guard import Guard
    from fastguard.types import Verdict

_EPILOG = """\
examples:
  fastguard scan docs/                                    every file below docs, hidden ones left out
  fastguard scan prompts.jsonl --column prompt            the field of each line; lists of messages work too
  fastguard scan data.csv data.parquet --format jsonl -o verdicts.jsonl
  fastguard scan . --format sarif -o fastguard.sarif      for code hosts
  zcat log.gz | fastguard scan - --lines                  each line a text

Kinds by name: .jsonl .ndjson .csv .tsv .parquet; everything else is text. A text file is judged in blocks of 1 MB that
overlap. Lines that are malformed and files that are not what their names say are reported, the rest goes on.

exit status: 1 something is blocked; else 2 something could not be read; else 0
"""
_BATCH_TEXTS = 1024
_BATCH_BYTES = 8 * 1024 * 1024
_MOST_REPORTS = 20
_TEXT_SUFFIXES = frozenset(
    (
        ".txt",
        ".md",
        ".rst",
        ".json",
        ".log",
        ".html",
        ".htm",
        ".xml",
        ".yaml",
        ".yml",
        ".toml",
        ".ini",
        ".cfg",
        ".py",
        ".js",
        ".ts",
        ".c",
        ".h",
        ".cpp",
        ".java",
        ".go",
        ".rs",
        ".sh",
        ".sql",
    )
)
_ORDER = ("allow", "flag", "escalate", "block")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "scan",
        help="judge every text of files and folders",
        description="Judges every text of files and folders, on all cores, and shows what is flagged.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a file, a folder, or - for standard input")
    parser.add_argument("--column", metavar="NAME", help="field or column that holds the text")
    parser.add_argument("--lines", action="store_true", help="in text files, each line is a text")
    parser.add_argument(
        "--type", choices=("text", "jsonl", "csv", "tsv", "parquet"), help="read all files so, whatever their names say"
    )
    parser.add_argument("--format", choices=("human", "jsonl", "sarif"), default="human", help="what to write")
    parser.add_argument("--flagged-only", action="store_true", help="with jsonl: leave out texts that are allowed")
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of standard output")
    parser.add_argument(
        "--fail-on", choices=_ORDER[1:], default="block", help="exit with 1 from this action on (default: block)"
    )
    add_guard_options(parser)
    parser.set_defaults(run=run)


@dataclass(slots=True)
class _Scan:
    """A scan under way: what it reads, what it counts, where it writes."""

    options: argparse.Namespace
    guard: Guard
    writer: Writer
    actions: Counter[str] = field(default_factory=Counter)
    files: int = 0
    texts: int = 0
    bytes: int = 0
    malformed: int = 0
    unread: int = 0
    not_text: int = 0
    hidden: int = 0
    started: float = field(default_factory=time.monotonic)
    drawn: float = 0.0
    reported: int = 0

    def scan(self, path: str) -> None:
        """Judge a path that the user named."""
        if path == "-":
            self._file("-", sys.stdin.buffer, named=True)
            return
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError) as problem:
            self._unread(path, _reason(problem))
            return
        if not stat.S_ISDIR(mode):
            self._open(path, named=True)
            return
        for found in self._below(path):
            self._open(found, named=False)

    def _below(self, root: str) -> Iterator[str]:
        """Yield the files below a folder in the order of their names; links to folders are not followed."""
        pending = [root]
        while pending:
            folder = pending.pop()
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError as problem:
                self._unread(folder, _reason(problem))
                continue
            folders = []
            for entry in entries:
                if entry.name.startswith("."):
                    self.hidden += 1
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_file():
                    yield entry.path
                elif not entry.is_symlink() or not os.path.isdir(entry.path):
                    self._unread(entry.path, "no regular file")
            pending.extend(reversed(folders))

    def _open(self, path: str, *, named: bool) -> None:
        try:
            stream = open(path, "rb")
        except OSError as problem:
            self._unread(path, _reason(problem))
            return
        with stream:
            self._file(path, stream, named=named)

    def _file(self, path: str, stream: BinaryIO, *, named: bool) -> None:
        batch: list[Record] = []
        size = 0
        for record in self._records(path, stream, named=named):
            batch.append(record)
            size += record.size
            if len(batch) >= _BATCH_TEXTS or size >= _BATCH_BYTES:
                self._judge(batch)
                batch, size = [], 0
        self._judge(batch)

    def _records(self, path: str, stream: BinaryIO, *, named: bool) -> Iterator[Record]:
        """Yield the records of a file; where it cannot be read on, say so and end."""
        kind = self.options.type or kind_of(path)
        reader = Reader(
            file=path,
            kind=kind,
            column=self.options.column,
            malformed=lambda line, reason: self._malformed(path, line, reason),
            progress=self._progress,
            lines=self.options.lines,
        )
        try:
            yield from reader.records(stream)
            self.files += 1
        except NotThatKindError as problem:
            if named or kind != "text" or self.options.type or _says_text(path):
                self._unread(path, str(problem))
            else:
                self.not_text += 1
                self._report(f"{path}: left out, {problem}")
        except OSError as problem:
            self._unread(path, _reason(problem))

    def _judge(self, batch: list[Record]) -> None:
        """Judge records and write their verdicts in order."""
        source = self.options.source
        texts = [record.text for record in batch if record.text is not None]
        verdicts = iter(self.guard.check_batch(texts, source=source))
        for record in batch:
            verdict: Verdict
            if record.messages is None:
                verdict = next(verdicts)
            else:
                try:
                    verdict = self.guard.check(messages=record.messages, source=source)  # type: ignore[arg-type]
                except (TypeError, ValueError) as problem:
                    self._malformed(record.file, record.line, str(problem))
                    continue
            self.texts += 1
            self.actions[verdict.action.value] += 1
            findings = [finding for finding in verdict.findings if finding.byte_end > record.seen or not record.seen]
            self.writer.write(record, verdict, findings)

    def _malformed(self, path: str, line: int, reason: str) -> None:
        self.malformed += 1
        self._report(f"{path}:{line}: {reason}")

    def _unread(self, path: str, reason: str) -> None:
        self.unread += 1
        self._report(f"{path}: not read, {reason}")

    def _report(self, line: str) -> None:
        self.reported += 1
        self._wipe()
        if self.reported <= _MOST_REPORTS:
            print(visible(line), file=sys.stderr)
        elif self.reported == _MOST_REPORTS + 1:
            print("(more of these are counted below)", file=sys.stderr)

    def _progress(self, count: int) -> None:
        self.bytes += count
        now = time.monotonic()
        if now - self.drawn < 0.2 or now - self.started < 0.5:
            return
        self.drawn = now
        if not sys.stderr.isatty():
            return
        speed = self.bytes / (now - self.started) / 1e6
        line = f"{counted(self.texts, 'text')} of {counted(self.files, 'file')}, {self.bytes / 1e6:,.1f} MB, {speed:.0f} MB/s"
        sys.stderr.write(f"\r\x1b[K{line}, {self.actions['block']:,} blocked")
        sys.stderr.flush()

    def _wipe(self) -> None:
        if self.drawn and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")

    def summary(self) -> None:
        """Say on stderr what was judged and what was not."""
        self._wipe()
        spent = time.monotonic() - self.started
        counts = ", ".join(
            paint(f"{self.actions[name]:,} {word}", color, sys.stderr) if self.actions[name] else f"0 {word}"
            for name, word, color in (
                ("block", "blocked", "red"),
                ("escalate", "escalated", "yellow"),
                ("flag", "flagged", "yellow"),
            )
        )
        print(
            f"{counted(self.texts, 'text')} of {counted(self.files, 'file')}, {self.bytes / 1e6:,.1f} MB in {spent:.1f} s: {counts}",
            file=sys.stderr,
        )
        for count, one, several in (
            (self.malformed, "malformed line, not judged", "malformed lines, not judged"),
            (self.unread, "file or folder that could not be read", "files or folders that could not be read"),
            (self.not_text, "file left out that is not text", "files left out that are not text"),
            (self.hidden, "hidden file or folder left out", "hidden files and folders left out"),
        ):
            if count:
                print(counted(count, one, several), file=sys.stderr)


def run(options: argparse.Namespace) -> int:
    """Judge all paths."""
    guard = make_guard(options)
    with contextlib.ExitStack() as stack:
        stream: TextIO = sys.stdout
        if options.output:
            try:
                stream = stack.enter_context(open(options.output, "w", encoding="utf-8", errors="backslashreplace"))
            except OSError as problem:
                return fail(f"{options.output}: {_reason(problem)}")
        scan = _Scan(options, guard, _writer(options, stream))
        for path in options.paths:
            scan.scan(path)
        scan.writer.close()
    scan.summary()
    worst = max((_ORDER.index(action) for action in scan.actions), default=0)
    if worst >= _ORDER.index(options.fail_on):
        return 1
    return 2 if scan.malformed or scan.unread else 0


def _writer(options: argparse.Namespace, stream: TextIO) -> Writer:
    if options.format == "jsonl":
        return JsonlWriter(stream, flagged_only=options.flagged_only)
    return SarifWriter(stream) if options.format == "sarif" else HumanWriter(stream)


def _reason(problem: Exception) -> str:
    return (problem.strerror if isinstance(problem, OSError) else "") or str(problem)


def _says_text(path: str) -> bool:
    """Whether a file's name says that it is text."""
    return os.path.splitext(path)[1].lower() in _TEXT_SUFFIXES
