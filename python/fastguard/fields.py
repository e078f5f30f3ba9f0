"""Strict reading of tables that come from files: every problem is an error that names the place and what was expected."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NoReturn

from fastguard.errors import FastguardError

_NAMES = {dict: "a table", list: "a list", str: "a string", bool: "a boolean", int: "an integer", float: "a number"}


def show(value: object, limit: int = 60) -> str:
    """Return a value as a message shows it: short, on one line, strings in double quotes.

    >>> show("high"), show([1, 2]), show({"a": 1})
    ('"high"', 'a list of 2', 'a table')
    """
    if isinstance(value, str):
        text = value if len(value) <= limit else value[: limit - 3] + "..."
        shown = (char if char.isprintable() and char not in '"\\' else _escaped(char) for char in text)
        return f'"{"".join(shown)}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    return type(value).__name__


def _escaped(char: str) -> str:
    return '\\"' if char == '"' else char.encode("unicode_escape").decode("ascii")


def one_of(names: Iterable[str]) -> str:
    """Return names as the expected part of a message.

    >>> one_of(("raw", "folded"))
    'one of raw, folded'
    """
    listed = ", ".join(names)
    return f"one of {listed}" if "," in listed else listed


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return a hint at the nearest name, or nothing.

    >>> did_you_mean("sevrity", ("severity", "summary"))
    ' (did you mean "severity"?)'
    """
    import difflib

    near = difflib.get_close_matches(name, list(names), n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""


class Fields:
    """One table of a file, read field by field; `close` refuses what nobody asked for.

    >>> from fastguard.errors import PackError
    >>> table = Fields({"tier": "1"}, PackError, file="demo.toml")
    >>> table.integer("tier", low=1, high=3)
    Traceback (most recent call last):
    fastguard.errors.PackError: demo.toml: tier: got "1"; expected an integer from 1 to 3
    """

    __slots__ = ("_data", "_error", "_path", "_seen", "file", "id")

    def __init__(
        self,
        data: object,
        error: type[FastguardError],
        *,
        file: str,
        id: str = "",  # noqa: A002
        path: str = "",
    ) -> None:
        self._error = error
        self._path = path
        self._seen: dict[str, None] = {}
        self.file = file
        self.id = id
        if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
            raise error(f"got {show(data)}", file=file, id=id, field=path, expected="a table")
        self._data: Mapping[str, object] = data

    def fail(self, key: str, problem: str, expected: str = "") -> NoReturn:
        """Raise the error for field `key` of this table."""
        raise self._error(problem, file=self.file, id=self.id, field=self.field(key), expected=expected)

    def field(self, key: str) -> str:
        """Return the full name of a field: the path of this table and its key."""
        return f"{self._path}.{key}" if self._path and key else self._path or key

    def rebase(self) -> None:
        """Name fields from here on without the path of this table: its id says where it is."""
        self._path = ""

    def __contains__(self, key: str) -> bool:
        self._seen[key] = None
        return key in self._data

    def keys(self) -> Iterator[str]:
        """Return all keys in the file's order; each counts as known."""
        for key in self._data:
            self._seen[key] = None
            yield key

    def value(self, key: str, expected: str) -> object:
        """Return a field that must be there, whatever its type."""
        if key not in self:
            self.fail(key, "missing", expected)
        return self._data[key]

    def string(self, key: str, default: str | None = None, *, choices: Iterable[str] = (), expected: str = "") -> str:
        """Return a string that is not empty, one of `choices` where given."""
        choices = tuple(choices)
        expected = expected or (one_of(choices) if choices else "a string")
        if default is not None and key not in self:
            return default
        value = self.value(key, expected)
        if not isinstance(value, str):
            self.fail(key, f"got {show(value)}", expected)
        if not value.strip():
            self.fail(key, "empty", expected)
        if choices and value not in choices:
            self.fail(key, f"got {show(value)}{did_you_mean(value, choices)}", expected)
        return value

    def boolean(self, key: str, default: bool) -> bool:
        """Return true or false."""
        if key not in self:
            return default
        value = self._data[key]
        if not isinstance(value, bool):
            self.fail(key, f"got {show(value)}", "true or false")
        return value

    def integer(self, key: str, default: int | None = None, *, low: int, high: int) -> int:
        """Return an integer from `low` to `high`."""
        expected = f"an integer from {low} to {high}" if low < high else str(low)
        if default is not None and key not in self:
            return default
        value = self.value(key, expected)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.fail(key, f"got {show(value)}", expected)
        return value

    def number(self, key: str, default: float | None = None, *, low: float, high: float, expected: str = "") -> float:
        """Return a finite number from `low` to `high`."""
        expected = expected or f"a number from {low:g} to {high:g}"
        if default is not None and key not in self:
            return default
        value = self.value(key, expected)
        if (
            not isinstance(value, (int, float))
            or isinstance(value, bool)
            or not math.isfinite(value)
            or not low <= value <= high
        ):
            self.fail(key, f"got {show(value)}", expected)
        return float(value)

    def numbers(self, key: str, count: int, *, low: float = -1e9, high: float = 1e9) -> tuple[float, ...]:
        """Return a list of exactly `count` finite numbers."""
        expected = f"a list of {count} finite numbers"
        value = self.value(key, expected)
        if not isinstance(value, list) or len(value) != count:
            self.fail(key, f"got {show(value)}", expected)
        for i, item in enumerate(value):
            if (
                not isinstance(item, (int, float))
                or isinstance(item, bool)
                or not math.isfinite(item)
                or not low <= item <= high
            ):
                bounds = f"a finite number from {low:g} to {high:g}"
                self.fail(f"{key}[{i}]", f"got {show(item)}", bounds)
        return tuple(float(item) for item in value)

    def strings(
        self, key: str, default: tuple[str, ...] | None = None, *, least: int = 0, expected: str = "a list of strings"
    ) -> tuple[str, ...]:
        """Return a list of strings, none empty, none twice, at least `least` of them."""
        if default is not None and key not in self:
            return default
        value = self.value(key, expected)
        if not isinstance(value, list):
            self.fail(key, f"got {show(value)}", expected)
        seen: set[str] = set()
        for i, item in enumerate(value):
            if not isinstance(item, str):
                self.fail(f"{key}[{i}]", f"got {show(item)}", "a string")
            if not item.strip():
                self.fail(f"{key}[{i}]", "empty", "a string with text")
            if item in seen:
                self.fail(f"{key}[{i}]", f"{show(item)} is there twice", "each entry once")
            seen.add(item)
        if len(value) < least:
            self.fail(key, f"got {show(value)}", f"{expected}, at least {least}")
        return tuple(value)

    def table(self, key: str) -> Fields:
        """Return a table inside this one; an absent one is empty."""
        data = self._data[key] if key in self else {}
        return Fields(data, self._error, file=self.file, id=self.id, path=self.field(key))

    def tables(self, key: str, expected: str) -> list[Fields]:
        """Return a list of tables that must be there."""
        value = self.value(key, expected)
        if not isinstance(value, list):
            self.fail(key, f"got {show(value)}", expected)
        return [
            Fields(item, self._error, file=self.file, id=self.id, path=f"{self.field(key)}[{i}]")
            for i, item in enumerate(value)
        ]

    def close(self) -> None:
        """Refuse keys that were never asked for."""
        for key in self._data:
            if key not in self._seen:
                hint = did_you_mean(key, self._seen)
                self.fail(key, f"unknown key{hint}", one_of(sorted(self._seen)))


def read_toml(path: str, error: type[FastguardError]) -> dict[str, object]:
    """Return the table of a TOML file, or raise `error` that says where it is not TOML."""
    return parse_toml(read_bytes(path, error, "a TOML file"), path, error)


def parse_toml(content: bytes, file: str, error: type[FastguardError]) -> dict[str, object]:
    """Return the table of a TOML document, or raise `error` that says where it is not TOML."""
    import tomllib

    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as problem:
        raise error(f"byte {problem.start} is not UTF-8", file=file, expected="TOML in UTF-8") from None
    except tomllib.TOMLDecodeError as problem:
        raise error(str(problem), file=file, expected="TOML") from None
    except RecursionError:
        raise error("nested too deeply", file=file, expected="TOML") from None


def read_bytes(path: str, error: type[FastguardError], expected: str) -> bytes:
    """Return the bytes of a file, or raise `error` that says why they cannot be read."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123  (pathlib is slow to import)
            return stream.read()
    except OSError as problem:
        raise error(problem.strerror or str(problem), file=path, expected=expected) from None
