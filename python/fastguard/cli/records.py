"""Texts out of files: text in blocks, JSONL and CSV line by line, Parquet batch by batch; never a whole file at once."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from fastguard.cli.terminal import not_json

BLOCK: Final = 1024 * 1024
"""Bytes of a text file that are judged as one text."""
OVERLAP: Final = 4096
"""Bytes that a block repeats of the one before, so that nothing is cut in two."""
MOST_LINE: Final = 64 * 1024 * 1024
"""Bytes of the longest line of a JSONL or CSV file; longer ones are reported."""

_KINDS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".parquet": "parquet", ".pq": "parquet"}
_MAGIC = (
    (b"\x1f\x8b", "gzip data"),
    (b"PK\x03\x04", "a zip archive"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x7fELF", "a program"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
_BOM = b"\xef\xbb\xbf"


class NotThatKindError(Exception):
    """A file is not what its name says; the message says what it is."""


@dataclass(frozen=True, slots=True)
class Record:
    """One text (or one conversation) with its place in a file.

    `line` and `column` are where the text begins, counted from 1; `row` replaces `line` in files without lines. Findings
    that end at or before byte `seen` of the text were reported with the block before.
    """

    file: str
    text: str | bytes | None = None
    messages: list[object] | None = None
    line: int = 0
    column: int = 1
    row: int = 0
    seen: int = 0
    whole_line: bool = False
    id: str | int | None = None

    @property
    def size(self) -> int:
        """About how many bytes the text has."""
        return len(self.text) if self.text is not None else 1000


@dataclass(slots=True)
class Reader:
    """Reads one file; what is malformed goes to `malformed` as (line, reason) and the rest goes on."""

    file: str
    kind: str
    column: str | None
    malformed: Callable[[int, str], None]
    progress: Callable[[int], None] = field(default=lambda _: None)
    lines: bool = False

    def records(self, stream: BinaryIO) -> Iterator[Record]:
        """Yield the texts of a file. Raises `NotThatKindError`, `OSError`."""
        start = stream.peek(65536)[:65536] if isinstance(stream, io.BufferedReader) else b""
        if self.kind == "parquet":
            from fastguard.cli.parquet import parquet_records

            if not start.startswith(b"PAR1"):
                raise NotThatKindError(f"not a Parquet file: it is {describe_content(start) or 'something else'}")
            yield from parquet_records(self, stream)
            return
        found = describe_content(start)
        if found:
            raise NotThatKindError(f"not text: it is {found}")
        if self.kind == "jsonl":
            yield from self._jsonl(stream)
        elif self.kind in {"csv", "tsv"}:
            yield from self._csv(stream)
        elif self.lines:
            for number, line in self._lines(stream):
                yield Record(self.file, line.rstrip(b"\r\n"), line=number)
        else:
            yield from self._blocks(stream)

    def _lines(self, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """Yield (number, line); lines that are too long are reported and skipped."""
        number = 0
        while line := stream.readline(MOST_LINE + 1):
            number += 1
            self.progress(len(line))
            if number == 1:
                line = line.removeprefix(_BOM)
            if len(line) > MOST_LINE:
                self.malformed(number, f"longer than {MOST_LINE:,} bytes")
                while line and not line.endswith(b"\n"):
                    line = stream.readline(BLOCK)
                    self.progress(len(line))
                continue
            yield number, line

    def _blocks(self, stream: BinaryIO) -> Iterator[Record]:
        """Yield a text file in blocks that end at a line's end where one is in their second half."""
        line, column = 1, 1
        tail = rest = b""  # what the next block repeats, and what was read beyond the cut
        first, last = True, False
        while not last:
            wanted = BLOCK - len(rest)
            data = stream.read(wanted)
            self.progress(len(data))
            last = len(data) < wanted
            data = rest + (data.removeprefix(_BOM) if first else data)
            if not data and not first:
                return
            end = len(data) if last else data.rfind(b"\n", BLOCK // 2) + 1 or _whole_characters(data)
            block = tail + data[:end]
            yield Record(self.file, block, line=line, column=column, seen=len(tail))
            tail = block[_character_start(block, max(0, len(block) - OVERLAP)) :]
            line, column = advance(line, column, block[: len(block) - len(tail)])
            rest = data[end:]
            first = False

    def _jsonl(self, stream: BinaryIO) -> Iterator[Record]:
        for number, line in self._lines(stream):
            if not line.strip():
                continue
            try:
                value = json.loads(line.decode("utf-8", "surrogateescape"))
            except ValueError as problem:
                self.malformed(number, not_json(problem))
                continue
            except RecursionError:
                self.malformed(number, "not JSON: nested too deeply")
                continue
            name = None
            if isinstance(value, dict):
                name = value.get("id") if isinstance(value.get("id"), (str, int)) else None
                key = self.column or next((key for key in _USUAL if key in value), "text")
                if key not in value:
                    self.malformed(number, f'no field "{key}" (fields: {", ".join(map(str, value)) or "none"})')
                    continue
                value = value[key]
            record = self._record(value, number, name)
            if record is not None:
                yield record

    def _record(self, value: object, number: int, name: str | int | None) -> Record | None:
        if value is None:
            value = ""
        if isinstance(value, str):
            return Record(self.file, value, line=number, whole_line=True, id=name)
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return Record(self.file, messages=value, line=number, whole_line=True, id=name)
        self.malformed(number, f"expected a string or a list of messages, got {type(value).__name__}")
        return None

    def _csv(self, stream: BinaryIO) -> Iterator[Record]:
        csv.field_size_limit(MOST_LINE)
        delimiter = "\t" if self.kind == "tsv" else ","
        lines = (line.decode("utf-8", "surrogateescape") for _, line in self._lines(stream))
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        names: list[str] | None = None
        at = 0
        while True:
            start = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as problem:
                self.malformed(start, f"not CSV: {problem}")
                continue
            if names is None:
                names = row
                at = self._csv_column(names)
                continue
            if not row:
                continue
            if len(row) != len(names):
                self.malformed(start, f"{len(row)} fields, the head has {len(names)}")
                continue
            yield Record(self.file, row[at], line=start, whole_line=True)

    def _csv_column(self, names: list[str]) -> int:
        if self.column is not None:
            if self.column not in names:
                raise NotThatKindError(f'no column "{self.column}" (columns: {", ".join(names)})')
            return names.index(self.column)
        if len(names) == 1:
            return 0
        for name in _USUAL:
            if name in names:
                return names.index(name)
        raise NotThatKindError(f"several columns ({', '.join(names)}): choose one with --column")


_USUAL: Final = ("text", "prompt", "messages", "content", "input")
"""Names of fields and columns that are taken when none is named, in this order."""


def kind_of(name: str) -> str:
    """Return how a file is read by its name: text, jsonl, csv, tsv or parquet."""
    dot = name.rfind(".")
    return _KINDS.get(name[dot:].lower(), "text") if dot >= 0 else "text"


def describe_content(start: bytes) -> str:
    """Return what the first bytes of a file show that is not UTF-8 text, or nothing."""
    for magic, name in _MAGIC:
        if start.startswith(magic):
            return name
    return "binary data (NUL bytes)" if b"\x00" in start else ""


def advance(line: int, column: int, data: bytes) -> tuple[int, int]:
    """Return the place after `data` that begins at a place; columns count characters."""
    breaks = data.count(b"\n")
    if breaks:
        data = data[data.rfind(b"\n") + 1 :]
        column = 1
    return line + breaks, column + len(data.decode("utf-8", "surrogateescape"))


def place_in(record: Record, offset: int) -> tuple[int, int]:
    """Return line and column of a byte of a record's text."""
    data = record.text if isinstance(record.text, bytes) else b""
    return advance(record.line, record.column, data[:offset])


def _character_start(data: bytes, at: int) -> int:
    """Return the first position from `at` on where a character of UTF-8 may begin."""
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at


_CUT_CHARACTER = re.compile(rb"(?:[\xc0-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf7][\x80-\xbf]{0,2})\Z")


def _whole_characters(data: bytes) -> int:
    """Return how much of the data is left when a character cut at its end is left off."""
    cut = _CUT_CHARACTER.search(data, max(0, len(data) - 4))
    return cut.start() if cut else len(data)
