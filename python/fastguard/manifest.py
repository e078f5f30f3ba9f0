"""The manifest of a model: what its files are, what their numbers mean, and how to tell that they still are the same.

A manifest is UTF-8 JSON beside the files that it names; ``schema`` is 1. Unknown keys are refused everywhere but inside
``metrics``. L stands for the number of labels, D for the number of dense features.

==================== ==================================================================================================
``name, version``    what `fastguard model` shows
``created``          the day it was made, ``YYYY-MM-DD``
``feature_version``  the features it was trained on; must be those of this engine
``labels``           1 to 8 of ``{name, category, sources}``, in the order of the logits; no sources: all
``gate``             optional: ``{file, sha256, bytes, scale, bias[L], dense[L][D], calibration[L], low[L], high[L]}``;
                     the file is int16, little-endian, one row of 8 per bucket. Without it the ONNX model is always asked
``onnx``             optional: ``{file, sha256, bytes, inputs: {ids, dense?}, output, calibration[L]}``; names of the
                     inputs int32 ids ``[windows, ids of a window]`` and float32 dense ``[windows, D]``, of the output
                     float32 logits ``[windows, L]``. Without it the gate decides everything
``levels``           ``{category: [5 falling cuts]}``: the least probability of levels 1 to 5
``golden``           texts with ``gate_logits`` and ``onnx_logits`` (greatest over the windows, before calibration)
``tolerance``        ``{gate, onnx}``: how far the golden logits may be off
``parent``           optional: ``{name, version, sha256}`` of the manifest that this model was refitted from
``sources, script``  what it was made from and by: names with SHA-256
``metrics``          what was measured; free form
==================== ==================================================================================================

The probability of a label is ``1 / (1 + exp(-(a * (logit - w * log(n)) + b - s * brevity)))`` with ``[a, b]``, ``[a, b, w]``
or ``[a, b, w, s]`` of its calibration, w and s 0 or more. n is the number of windows of the text: the greatest of many logits
is greater by itself. ``brevity`` is 1 for a text without words, falling to 0 for one of 12: what has few has to show more. The
gate decides a text when each probability is at most ``low`` or at least ``high`` of its label.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from fastguard import _core
from fastguard.errors import ModelError
from fastguard.fields import Fields, did_you_mean, one_of, show

MOST_LABELS = 8
LEVELS = 5
LEAST_GOLDEN = 4
MOST_BYTES = 512 * 1024 * 1024
MOST_ONNX_BYTES = 64 * 1024 * 1024

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


@dataclass(frozen=True, slots=True)
class File:
    """A file of the model: its name beside the manifest, its hash and its size."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Label:
    """One output of the model."""

    name: str
    category: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gate:
    """The native linear model."""

    file: File
    scale: float
    bias: tuple[float, ...]
    dense: tuple[tuple[float, ...], ...]
    calibration: tuple[tuple[float, ...], ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Onnx:
    """The ONNX model: names of its inputs and output."""

    file: File
    ids: str
    dense: str
    output: str
    calibration: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Golden:
    """A text with the logits it had when the model was made."""

    text: str
    gate_logits: tuple[float, ...]
    onnx_logits: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Parent:
    """The model that another one was refitted from: `sha256` is of its manifest."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that a manifest says, checked."""

    file: str
    name: str
    version: str
    created: str
    labels: tuple[Label, ...]
    gate: Gate | None
    onnx: Onnx | None
    levels: Mapping[str, tuple[float, ...]]
    golden: tuple[Golden, ...]
    gate_tolerance: float
    onnx_tolerance: float
    sources: tuple[tuple[str, str, int], ...]
    metrics: Mapping[str, object] = field(repr=False)
    parent: Parent | None = None


def read_manifest(content: bytes, file: str) -> Manifest:
    """Return the manifest of this JSON, or raise the `ModelError` that names the key at fault."""
    fields = Fields(parse_json(content, file), ModelError, file=file)
    fields.integer("schema", low=1, high=1)
    version = fields.integer("feature_version", low=1, high=2**31 - 1)
    if version != _core.FEATURE_VERSION:
        fields.fail("feature_version", f"got {version}", f"{_core.FEATURE_VERSION}, the features of this engine")
    labels = _read_labels(fields)
    gate = _read_gate(fields.table("gate"), len(labels)) if "gate" in fields else None
    onnx = _read_onnx(fields.table("onnx"), len(labels)) if "onnx" in fields else None
    if gate is None and onnx is None:
        fields.fail("", "neither gate nor onnx", "at least one of them")
    tolerance = fields.table("tolerance")
    manifest = Manifest(
        file=file,
        name=read_named(fields, "name"),
        version=read_named(fields, "version"),
        created=read_created(fields),
        labels=labels,
        gate=gate,
        onnx=onnx,
        levels=_read_levels(fields.table("levels"), labels),
        golden=_read_golden(fields, len(labels), gate is not None, onnx is not None),
        gate_tolerance=tolerance.number("gate", 0.001, low=1e-9, high=0.05),
        onnx_tolerance=tolerance.number("onnx", 0.001, low=1e-9, high=0.05),
        sources=read_origin(fields),
        metrics=read_metrics(fields),
        parent=_read_parent(fields.table("parent")) if "parent" in fields else None,
    )
    tolerance.close()
    fields.close()
    return manifest


def parse_json(content: bytes, file: str) -> object:
    """Return what the JSON says, or raise the `ModelError` that says where it is none."""

    def refuse(name: str) -> NoReturn:
        raise ValueError(f"{name} is no number of JSON")

    try:
        return json.loads(content.decode("utf-8"), parse_constant=refuse)
    except UnicodeDecodeError as problem:
        raise ModelError(f"byte {problem.start} is not UTF-8", file=file, expected="JSON in UTF-8") from None
    except ValueError as problem:
        raise ModelError(str(problem), file=file, expected="JSON") from None
    except RecursionError:
        raise ModelError("nested too deeply", file=file, expected="JSON") from None


def read_named(fields: Fields, key: str) -> str:
    """Return a name or version."""
    return _matching(fields, key, _NAME, "letters, digits, dot, dash and underscore")


def read_created(fields: Fields) -> str:
    """Return the day on which a model was made."""
    return _matching(fields, "created", _DAY, "a day, YYYY-MM-DD")


def read_label_sources(table: Fields) -> tuple[str, ...]:
    """Return the sources of text that a label is for; none: all."""
    sources = table.strings("sources", ())
    for i, source in enumerate(sources):
        if source not in _core.SOURCES:
            table.fail(
                f"sources[{i}]", f"got {show(source)}{did_you_mean(source, _core.SOURCES)}", one_of(_core.SOURCES)
            )
    return sources


def read_cuts(fields: Fields, category: str) -> tuple[float, ...]:
    """Return five cuts that do not rise."""
    cuts = fields.numbers(category, LEVELS, low=0.0, high=1.0)
    for i in range(1, LEVELS):
        if cuts[i] > cuts[i - 1]:
            fields.fail(f"{category}[{i}]", f"got {cuts[i]:g}", f"at most {cuts[i - 1]:g}, the cut before it")
    return cuts


def _matching(fields: Fields, key: str, pattern: re.Pattern[str], expected: str) -> str:
    value = fields.string(key, expected=expected)
    if not pattern.match(value):
        fields.fail(key, f"got {show(value)}", expected)
    return value


def _read_labels(fields: Fields) -> tuple[Label, ...]:
    labels: list[Label] = []
    tables = fields.tables("labels", "a list of labels")
    if not 1 <= len(tables) <= MOST_LABELS:
        fields.fail("labels", f"got a list of {len(tables)}", f"1 to {MOST_LABELS} labels")
    for table in tables:
        name = read_named(table, "name")
        if any(label.name == name for label in labels):
            table.fail("name", f"{show(name)} is there twice", "each label once")
        category = table.string("category", choices=_core.CATEGORIES)
        sources = read_label_sources(table)
        table.close()
        labels.append(Label(name, category, sources))
    return tuple(labels)


def read_file(fields: Fields, most: int) -> File:
    """Return the name, hash and size of a file of at most `most` bytes."""
    name = fields.string("file", expected="the name of a file beside the manifest")
    if not _NAME.match(name):
        fields.fail("file", f"got {show(name)}", "the plain name of a file beside the manifest")
    return File(
        name,
        _matching(fields, "sha256", _SHA256, "64 hexadecimal digits in lower case"),
        fields.integer("bytes", low=1, high=most),
    )


def _read_calibration(fields: Fields, count: int) -> tuple[tuple[float, ...], ...]:
    value = fields.value("calibration", f"{count} lists of 2 to 4 numbers, one a label")
    widths = [len(row) for row in value if isinstance(row, list)] if isinstance(value, list) else []
    rows = _rows(fields, "calibration", count, min(4, max([2, *widths])))
    for i, row in enumerate(rows):
        for at, number in enumerate(row[2:], 2):
            if number < 0:
                fields.fail(f"calibration[{i}][{at}]", f"got {number:g}", "0 or more")
    return rows


def _rows(fields: Fields, key: str, count: int, width: int) -> tuple[tuple[float, ...], ...]:
    expected = f"{count} lists of {width} numbers, one a label"
    value = fields.value(key, expected)
    if not isinstance(value, list) or len(value) != count:
        fields.fail(key, f"got {show(value)}", expected)
    rows = Fields(
        {f"{key}[{i}]": row for i, row in enumerate(value)}, ModelError, file=fields.file, path=fields.field("")
    )
    return tuple(rows.numbers(f"{key}[{i}]", width) for i in range(count))


def _read_gate(fields: Fields, count: int) -> Gate:
    gate = Gate(
        file=read_file(fields, MOST_BYTES),
        scale=fields.number("scale", low=1e-12, high=1e12),
        bias=fields.numbers("bias", count),
        dense=_rows(fields, "dense", count, _core.FEATURE_DENSE),
        calibration=_read_calibration(fields, count),
        low=fields.numbers("low", count, low=-1.0, high=2.0),
        high=fields.numbers("high", count, low=-1.0, high=2.0),
    )
    for i, (low, high) in enumerate(zip(gate.low, gate.high, strict=True)):
        if low > high:
            fields.fail(f"low[{i}]", f"got {low:g}", f"at most {high:g}, which is high[{i}]")
    size = _core.FEATURE_BUCKETS * MOST_LABELS * 2
    if gate.file.size != size:
        fields.fail("bytes", f"got {gate.file.size}", f"{size}: {_core.FEATURE_BUCKETS} rows of {MOST_LABELS} int16")
    fields.close()
    return gate


def _read_onnx(fields: Fields, count: int) -> Onnx:
    inputs = fields.table("inputs")
    onnx = Onnx(
        file=read_file(fields, MOST_ONNX_BYTES),
        ids=inputs.string("ids", expected="the name of the input of ids"),
        dense=inputs.string("dense", ""),
        output=fields.string("output", expected="the name of the output of logits"),
        calibration=_read_calibration(fields, count),
    )
    inputs.close()
    fields.close()
    return onnx


def _read_levels(fields: Fields, labels: tuple[Label, ...]) -> Mapping[str, tuple[float, ...]]:
    levels = {}
    wanted = {label.category for label in labels}
    for category in (*sorted(wanted), *fields.keys()):
        if category not in _core.CATEGORIES:
            fields.fail(
                category, f"unknown category{did_you_mean(category, _core.CATEGORIES)}", one_of(_core.CATEGORIES)
            )
        levels[category] = read_cuts(fields, category)
    fields.close()
    return levels


def _read_parent(fields: Fields) -> Parent:
    sha256 = _matching(fields, "sha256", _SHA256, "64 hexadecimal digits in lower case")
    parent = Parent(read_named(fields, "name"), read_named(fields, "version"), sha256)
    fields.close()
    return parent


def _read_golden(fields: Fields, count: int, gate: bool, onnx: bool) -> tuple[Golden, ...]:
    golden = []
    tables = fields.tables("golden", f"at least {LEAST_GOLDEN} texts with their logits")
    if len(tables) < LEAST_GOLDEN:
        fields.fail("golden", f"got a list of {len(tables)}", f"at least {LEAST_GOLDEN} texts with their logits")
    for table in tables:
        text = table.value("text", "a string")
        if not isinstance(text, str):
            table.fail("text", f"got {show(text)}", "a string")
        golden.append(
            Golden(
                text,
                table.numbers("gate_logits", count) if gate else (),
                table.numbers("onnx_logits", count) if onnx else (),
            )
        )
        table.close()
    return tuple(golden)


def read_origin(fields: Fields) -> tuple[tuple[str, str, int], ...]:
    """Return name, hash and rows of each data file that a model was made from; check the scripts that made it."""
    sources = []
    if "sources" in fields:
        for table in fields.tables("sources", "a list of data files"):
            name = table.string("name")
            sha256 = _matching(table, "sha256", _SHA256, "64 hexadecimal digits in lower case")
            sources.append((name, sha256, table.integer("rows", low=0, high=2**53)))
            table.close()
    if "script" in fields:
        value = fields.value("script", "a table")
        scripts = fields.tables("script", "") if isinstance(value, list) else [fields.table("script")]
        for table in scripts:
            table.string("path")
            _matching(table, "sha256", _SHA256, "64 hexadecimal digits in lower case")
            table.close()
    return tuple(sources)


def read_metrics(fields: Fields) -> Mapping[str, object]:
    """Return what was measured, as it stands."""
    if "metrics" not in fields:
        return {}
    value = fields.value("metrics", "a table")
    if not isinstance(value, dict):
        fields.fail("metrics", f"got {show(value)}", "a table")
    return value
