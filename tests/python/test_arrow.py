"""A column of strings is judged as the loop over its values, whoever made it and however it lies in memory."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from strategies import CHINESE, EMAIL, ENGLISH, KEY, TURN, examples, small_guard, valid_texts

GUARD = small_guard()
VALUES: list[str | None] = [
    "", f"x {KEY}", None, ENGLISH, "short", "twelve chars", "thirteen char", f"mail {EMAIL} " * 20, CHINESE, None, "",
    f"{TURN} {'long ' * 30}", "é" * 6, "é" * 7, "\0", "word " * 15_000 + ENGLISH,
]  # fmt: skip


def module(name: str) -> Any:
    """The module, or a skip that says why."""
    return pytest.importorskip(name, reason=f"{name} is not installed (extra 'test')")


@pytest.fixture(scope="module")
def pa() -> Any:
    return module("pyarrow")


def loop(values: Sequence[str | bytes | None]) -> list[object]:
    return [None if value is None else GUARD.check(value) for value in values]


def as_bytes(values: Sequence[str | None]) -> list[bytes | None]:
    return [None if value is None else value.encode() for value in values]


TYPES = ["string", "large_string", "string_view", "binary", "large_binary", "binary_view"]


@pytest.mark.parametrize("name", TYPES)
def test_each_layout_of_strings_is_read(pa: Any, name: str) -> None:
    values: Sequence[Any] = as_bytes(VALUES) if "binary" in name else VALUES
    array = pa.array(values, getattr(pa, name)())
    assert GUARD.check_arrow(array) == loop(as_bytes(VALUES))
    assert GUARD.check_arrow(pa.chunked_array([array, array])) == loop(as_bytes([*VALUES, *VALUES]))


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize(("start", "size"), [(0, 0), (1, 5), (2, 1), (3, 13), (16, 0), (7, 9)])
def test_a_slice_is_read_from_its_offset(pa: Any, name: str, start: int, size: int) -> None:
    values: Sequence[Any] = as_bytes(VALUES) if "binary" in name else VALUES
    array = pa.array(values, getattr(pa, name)()).slice(start, size)
    assert GUARD.check_arrow(array) == loop(as_bytes(VALUES[start : start + size]))


@pytest.mark.parametrize("index", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("value", ["string", "large_string", "string_view", "binary"])
def test_a_dictionary_is_read_through_its_indices(pa: Any, index: str, value: str) -> None:
    dictionary = pa.array(as_bytes(["", ENGLISH, None, "x " + KEY]), pa.binary()).cast(getattr(pa, value)())
    indices = pa.array([1, 3, None, 0, 2, 1, 1, 3], getattr(pa, index)())
    array = pa.DictionaryArray.from_arrays(indices, dictionary)
    expected = loop(as_bytes([ENGLISH, "x " + KEY, None, "", None, ENGLISH, ENGLISH, "x " + KEY]))
    assert GUARD.check_arrow(array) == expected
    assert GUARD.check_arrow(array.slice(1, 5)) == expected[1:6]
    assert GUARD.check_arrow(array.slice(3)) == expected[3:]


def test_a_record_batch_or_table_of_one_column_is_that_column(pa: Any) -> None:
    batch = pa.record_batch({"text": pa.array(VALUES)})
    assert GUARD.check_arrow(batch) == loop(as_bytes(VALUES))
    assert GUARD.check_arrow(batch.slice(2, 7)) == loop(as_bytes(VALUES[2:9]))
    assert GUARD.check_arrow(pa.table({"text": pa.chunked_array([VALUES[:3], VALUES[3:]], pa.string())})) == loop(
        as_bytes(VALUES)
    )
    dictionary = pa.record_batch({"text": pa.array(VALUES).dictionary_encode()})
    assert GUARD.check_arrow(dictionary.slice(1, 6)) == loop(as_bytes(VALUES[1:7]))


def test_a_struct_whose_rows_are_null_has_no_texts_there(pa: Any) -> None:
    struct = pa.StructArray.from_arrays(
        [pa.array(["a " + KEY, "b", "c"])], ["text"], mask=pa.array([True, False, False])
    )
    assert GUARD.check_arrow(struct) == [None, GUARD.check(b"b"), GUARD.check(b"c")]
    assert GUARD.check_arrow(struct.slice(1)) == [GUARD.check(b"b"), GUARD.check(b"c")]


def test_empty_and_all_null_columns_are_answered(pa: Any) -> None:
    for name in TYPES:
        kind = getattr(pa, name)()
        assert GUARD.check_arrow(pa.array([], kind)) == []
        assert GUARD.check_arrow(pa.chunked_array([], kind)) == []
        assert GUARD.check_arrow(pa.array([None, None], kind)) == [None, None]
        assert GUARD.check_arrow(pa.array(as_bytes(["", ""]), pa.binary()).cast(kind)) == loop([b"", b""])


def test_invalid_utf8_in_a_binary_column_is_judged_as_bytes(pa: Any) -> None:
    values = [b"\xff\xfe " + KEY.encode(), b"\xc3", b"\xed\xa0\x80 " + KEY.encode()]
    assert GUARD.check_arrow(pa.array(values, pa.binary())) == loop(values)


@pytest.mark.parametrize("threads", [0, 1, 2, 8])
def test_threads_and_sources_count_as_in_a_batch(pa: Any, threads: int) -> None:
    values = [f"{i} {KEY}" if i % 3 else None for i in range(500)]
    expected = [None if v is None else GUARD.check(v.encode(), source="retrieved") for v in values]
    assert GUARD.check_arrow(pa.array(values), source="retrieved", threads=threads) == expected


@given(
    values=st.lists(st.one_of(st.none(), valid_texts(20)), max_size=20),
    start=st.integers(0, 5),
    kind=st.sampled_from(TYPES),
)
@examples(80)
def test_random_columns_are_judged_as_the_loop(values: list[str | None], start: int, kind: str) -> None:
    pa = module("pyarrow")
    array = pa.array(as_bytes(values), pa.binary()).cast(getattr(pa, kind)()).slice(start)
    assert GUARD.check_arrow(array) == loop(as_bytes(values[start:]))


def test_findings_outlive_the_column(pa: Any) -> None:
    array = pa.array([f"x {KEY} y"] * 10)
    verdicts = GUARD.check_arrow(array)
    del array
    assert [verdict.findings[0].text for verdict in verdicts if verdict] == [KEY] * 10


def test_polars_series_and_frames_are_read() -> None:
    pl = module("polars")
    series = pl.Series("text", VALUES)
    assert GUARD.check_arrow(series) == loop(as_bytes(VALUES))
    assert GUARD.check_arrow(series.slice(3, 8)) == loop(as_bytes(VALUES[3:11]))
    assert GUARD.check_arrow(series.cast(pl.Categorical)) == loop(as_bytes(VALUES))
    assert GUARD.check_arrow(pl.DataFrame({"text": VALUES})) == loop(as_bytes(VALUES))
    assert GUARD.check_arrow(pl.Series("text", [], dtype=pl.String)) == []


def test_duckdb_relations_are_read() -> None:
    duckdb = module("duckdb")
    connection = duckdb.connect()
    connection.execute("create table t (i integer, text varchar)")
    values = [value for value in VALUES if value is None or "\0" not in value]
    connection.executemany("insert into t values (?, ?)", list(enumerate(values)))
    assert GUARD.check_arrow(connection.sql("select text from t order by i")) == loop(as_bytes(values))


def test_any_object_with_the_capsules_is_a_column(pa: Any) -> None:
    array = pa.array(VALUES)

    class Stream:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.chunked_array([array]).__arrow_c_stream__()

    class Pair:
        def __arrow_c_array__(self, requested_schema: object = None) -> object:
            return array.__arrow_c_array__()

    assert GUARD.check_arrow(Stream()) == GUARD.check_arrow(Pair()) == loop(as_bytes(VALUES))


def test_a_stream_that_fails_is_an_error_that_says_so(pa: Any) -> None:
    def batches() -> Any:
        yield pa.record_batch({"text": ["a"]})
        raise OSError("the disk is gone")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"text": pa.string()}), batches())
    with pytest.raises(ValueError, match=r"the Arrow stream gave no data: .*the disk is gone"):
        GUARD.check_arrow(reader)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda pa: pa.array([1, 2]), "expected an Arrow column of utf8.* found the format 'l'"),
        (lambda pa: pa.array([["a"]]), r"found the format '\+l'"),
        (lambda pa: pa.array([None, None]), "found the format 'n'"),
        (lambda pa: pa.array([1, 1]).dictionary_encode(), "found the format 'l'"),
        (lambda pa: pa.table({"a": ["x"], "b": ["y"]}), "expected one column of strings, found a table of 2 columns"),
        (lambda pa: pa.table({}), "expected one column of strings, found a table of 0 columns"),
    ],
)
def test_a_column_of_something_else_is_a_type_error_that_says_what_came(pa: Any, make: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        GUARD.check_arrow(make(pa))


@pytest.mark.parametrize(("value", "name"), [(None, "NoneType"), ("text", "str"), (["text"], "list"), (7, "int")])
def test_what_is_no_column_is_a_type_error_that_says_what_came(value: object, name: str) -> None:
    message = (
        rf"column must have __arrow_c_stream__ or __arrow_c_array__ \(a pyarrow, Polars or DuckDB column\), not {name}"
    )
    with pytest.raises(TypeError, match=message):
        GUARD.check_arrow(value)


def test_wrong_capsules_are_errors_and_no_crash() -> None:
    class Wrong:
        def __init__(self, answer: object) -> None:
            self.answer = answer

        def __arrow_c_array__(self, requested_schema: object = None) -> object:
            return self.answer

    class WrongStream:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return importlib.import_module("datetime").datetime_CAPI  # a capsule of another kind

    for answer in (None, (), (1, 2), (1, 2, 3)):
        with pytest.raises((TypeError, ValueError)):
            GUARD.check_arrow(Wrong(answer))
    with pytest.raises(ValueError, match="PyCapsule"):
        GUARD.check_arrow(WrongStream())


def test_what_another_consumer_took_is_an_error_and_no_crash(pa: Any) -> None:
    class Taken:
        def __init__(self, **capsules: object) -> None:
            for name, capsule in capsules.items():
                setattr(self, f"__arrow_c_{name}__", lambda requested_schema=None, capsule=capsule: capsule)

    message = "the Arrow data was released or consumed before"
    stream = pa.chunked_array([["a"]]).__arrow_c_stream__()
    pa.ChunkedArray._import_from_c_capsule(stream)
    with pytest.raises(ValueError, match=message):
        GUARD.check_arrow(Taken(stream=stream))
    pair = pa.array(["a"]).__arrow_c_array__()
    pa.Array._import_from_c_capsule(*pair)
    with pytest.raises(ValueError, match=message):
        GUARD.check_arrow(Taken(array=pair))


def test_a_stream_that_was_read_is_at_its_end(pa: Any) -> None:
    reader = pa.RecordBatchReader.from_batches(pa.schema({"text": pa.string()}), [pa.record_batch({"text": ["a"]})])
    capsule = reader.__arrow_c_stream__()

    class Again:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return capsule

    assert GUARD.check_arrow(Again()) == [GUARD.check(b"a")]
    assert GUARD.check_arrow(Again()) == []
