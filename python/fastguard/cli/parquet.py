"""Texts of Parquet files, by pyarrow: an extra, the one format that is not read by the standard library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from fastguard.errors import FastguardError

if TYPE_CHECKING:
    from fastguard.cli.records import Reader, Record

_ROWS = 4096


def parquet_records(reader: Reader, stream: BinaryIO) -> Iterator[Record]:
    """Yield the rows of the column; at most some thousand are in memory at once."""
    from fastguard.cli.records import NotThatKindError, Record

    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise FastguardError(
            "Parquet needs pyarrow, which is not installed",
            file=reader.file,
            expected="pip install 'fastguard-engine[parquet]'",
        ) from None
    try:
        file = pq.ParquetFile(stream)
    except pa.ArrowException as problem:
        raise NotThatKindError(f"not a Parquet file: {problem}") from None
    schema = file.schema_arrow
    names = [
        item.name
        for item in schema
        if pa.types.is_string(item.type) or pa.types.is_large_string(item.type) or pa.types.is_string_view(item.type)
    ]
    column = reader.column or next((name for name in ("text", "prompt", "content", "input") if name in names), None)
    if column is None and len(names) == 1:
        column = names[0]
    if column not in names:
        wanted = f'no column "{column}" of strings' if column else "several columns of strings"
        raise NotThatKindError(f"{wanted} (there are: {', '.join(names) or 'none'}): choose one with --column")
    row = 0
    try:
        for batch in file.iter_batches(batch_size=_ROWS, columns=[column]):
            for value in batch.column(0).to_pylist():
                row += 1
                yield Record(reader.file, value or "", row=row)
            reader.progress(batch.nbytes)
    except pa.ArrowException as problem:
        reader.malformed(row + 1, f"damaged from here on: {problem}")
