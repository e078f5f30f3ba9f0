"""The manifest of a deep tier: a sequence classifier in ONNX, its tokenizer, and what its outputs mean.

A manifest is UTF-8 JSON beside the files that it names; ``schema`` is 1 and ``kind`` is ``"deep"``. Unknown keys are
refused everywhere but inside ``metrics``.

====================== ================================================================================================
``name, version``      what `Guard.deep` shows
``created``            the day it was made, ``YYYY-MM-DD``
``onnx``               ``{file, sha256, bytes, inputs: {ids, mask?, types?}, output}``: names of the int64 inputs
                       ``[windows, pieces]`` (ids, 1 for each piece that is no padding, zeros) and of the float32 output
                       ``[windows, outputs]``
``outputs``            how many outputs there are
``activation``         ``"sigmoid"``: each output is a logit; ``"softmax"``: they are classes that exclude each other
``tokenizer``          ``{file, sha256, bytes}``: a ``tokenizer.json``, or a ``vocab.txt`` of BERT uncased. WordPiece with
                       BERT's own steps runs natively; everything else needs the package ``tokenizers``
``window, stride``     pieces of a window, those that frame it included, and how far apart windows begin (without them).
                       Texts are never cut off: what is longer is read in several windows
``most_windows``       of one text (1024); a longer one is read at its head and its tail, says so in
                       `Verdict.truncated` and escalates
``most_pieces``        pieces a character (optional): a text that takes more, because the vocabulary hardly knows its
                       language, is left to the tiers before; without any it escalates
``view``               ``"raw"`` (default) or ``"folded"``: the text without what hides words
``labels``             1 to 32 of ``{name, category, sources, outputs, calibration, fast?, share?}``. ``outputs`` are the
                       indices that count for the label: the greatest of them, or with softmax their sum.
                       ``fast`` names a label of the model before it, whose calibrated log-odds are added with weight
                       ``share``
``band``               ``{category: [low, high]}``: where the tiers before are unsure and this one is asked; of
                       categories that are not named: always
``levels``             ``{category: [5 falling cuts]}``; categories that are not named have those of the policy
``golden``             at least 2 texts with ``logits``, one a label (greatest over the windows, before calibration)
``tolerance``          how far the golden logits may be off (0.02)
``sources, script``    as in the manifest of a model
``metrics``            what was measured; free form
====================== ================================================================================================

The probability of a label is ``1 / (1 + exp(-(a * logit + b)))`` with ``[a, b]`` of its calibration (``[1, 0]``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastguard import _core
from fastguard.errors import ModelError
from fastguard.fields import Fields, did_you_mean, one_of, show
from fastguard.manifest import (
    File,
    parse_json,
    read_created,
    read_cuts,
    read_file,
    read_label_sources,
    read_metrics,
    read_named,
    read_origin,
)

MOST_OUTPUTS = 1024
MOST_LABELS = 32
LEAST_GOLDEN = 2
MOST_ONNX_BYTES = 2**31 - 1
MOST_TOKENIZER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DeepLabel:
    """One thing that the model tells apart."""

    name: str
    category: str
    sources: tuple[str, ...]
    outputs: tuple[int, ...]
    calibration: tuple[float, float]
    fast: str
    share: float


@dataclass(frozen=True, slots=True)
class DeepGolden:
    """A text with the logits of the labels that it had when the manifest was made."""

    text: str
    logits: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class DeepManifest:
    """All that a manifest says, checked."""

    file: str
    name: str
    version: str
    created: str
    onnx: File
    ids: str
    mask: str
    types: str
    output: str
    outputs: int
    softmax: bool
    tokenizer: File
    window: int
    stride: int
    most_windows: int
    most_pieces: float | None
    view: str
    labels: tuple[DeepLabel, ...]
    band: Mapping[str, tuple[float, float]]
    levels: Mapping[str, tuple[float, ...]]
    golden: tuple[DeepGolden, ...]
    tolerance: float
    metrics: Mapping[str, object] = field(repr=False)


def read_deep_manifest(content: bytes, file: str) -> DeepManifest:
    """Return the manifest of this JSON, or raise the `ModelError` that names the key at fault."""
    fields = Fields(parse_json(content, file), ModelError, file=file)
    fields.integer("schema", low=1, high=1)
    fields.string("kind", choices=("deep",))
    onnx = fields.table("onnx")
    inputs = onnx.table("inputs")
    tokenizer = fields.table("tokenizer")
    outputs = fields.integer("outputs", low=1, high=MOST_OUTPUTS)
    softmax = fields.string("activation", choices=("sigmoid", "softmax")) == "softmax"
    if softmax and outputs < 2:
        fields.fail("outputs", f"got {outputs}", "at least 2 with softmax")
    labels = _read_labels(fields, outputs, softmax)
    categories = sorted({label.category for label in labels})
    manifest = DeepManifest(
        file=file,
        name=read_named(fields, "name"),
        version=read_named(fields, "version"),
        created=read_created(fields),
        onnx=read_file(onnx, MOST_ONNX_BYTES),
        ids=inputs.string("ids", expected="the name of the input of ids"),
        mask=inputs.string("mask", ""),
        types=inputs.string("types", ""),
        output=onnx.string("output", expected="the name of the output of logits"),
        outputs=outputs,
        softmax=softmax,
        tokenizer=read_file(tokenizer, MOST_TOKENIZER_BYTES),
        window=fields.integer("window", low=8, high=8192),
        stride=fields.integer("stride", low=1, high=8192),
        most_windows=fields.integer("most_windows", 1024, low=1, high=1_000_000),
        most_pieces=fields.number("most_pieces", low=1e-3, high=100.0) if "most_pieces" in fields else None,
        view=fields.string("view", "raw", choices=("raw", "folded")),
        labels=labels,
        band=_read_band(fields.table("band"), categories),
        levels=_read_levels(fields.table("levels"), categories),
        golden=_read_golden(fields, len(labels)),
        tolerance=fields.number("tolerance", 0.02, low=1e-9, high=1.0),
        metrics=read_metrics(fields),
    )
    read_origin(fields)
    for table in (inputs, onnx, tokenizer, fields):
        table.close()
    return manifest


def _read_labels(fields: Fields, outputs: int, softmax: bool) -> tuple[DeepLabel, ...]:
    tables = fields.tables("labels", "a list of labels")
    if not 1 <= len(tables) <= MOST_LABELS:
        fields.fail("labels", f"got a list of {len(tables)}", f"1 to {MOST_LABELS} labels")
    labels: list[DeepLabel] = []
    for table in tables:
        name = read_named(table, "name")
        if any(label.name == name for label in labels):
            table.fail("name", f"{show(name)} is there twice", "each label once")
        calibration = table.numbers("calibration", 2) if "calibration" in table else (1.0, 0.0)
        fast = table.string("fast", "")
        labels.append(
            DeepLabel(
                name=name,
                category=table.string("category", choices=_core.CATEGORIES),
                sources=read_label_sources(table),
                outputs=_read_outputs(table, outputs, softmax),
                calibration=(calibration[0], calibration[1]),
                fast=fast,
                share=table.number("share", 0.0 if not fast else None, low=-100.0, high=100.0),
            )
        )
        table.close()
    return tuple(labels)


def _read_outputs(table: Fields, outputs: int, softmax: bool) -> tuple[int, ...]:
    expected = f"a list of numbers from 0 to {outputs - 1}" + (", not all of them" if softmax else "")
    value = table.value("outputs", expected)
    if not isinstance(value, list):
        table.fail("outputs", f"got {show(value)}", expected)
    good = all(isinstance(index, int) and not isinstance(index, bool) and 0 <= index < outputs for index in value)
    if not good or not 0 < len(set(value)) == len(value) or (softmax and len(value) == outputs):
        table.fail("outputs", f"got {str(value)[:60]}", expected)
    return tuple(value)


def _check_category(fields: Fields, category: str, known: list[str]) -> None:
    if category not in _core.CATEGORIES:
        fields.fail(category, f"unknown category{did_you_mean(category, _core.CATEGORIES)}", one_of(_core.CATEGORIES))
    if category not in known:
        fields.fail(category, "no label is of this category", one_of(known))


def _read_band(fields: Fields, categories: list[str]) -> Mapping[str, tuple[float, float]]:
    band = dict.fromkeys(categories, (-1.0, 2.0))
    for category in fields.keys():  # noqa: SIM118
        _check_category(fields, category, categories)
        low, high = fields.numbers(category, 2, low=-1.0, high=2.0)
        if low > high:
            fields.fail(f"{category}[0]", f"got {low:g}", f"at most {high:g}, the upper end")
        band[category] = (low, high)
    fields.close()
    return band


def _read_levels(fields: Fields, categories: list[str]) -> Mapping[str, tuple[float, ...]]:
    levels = {}
    for category in fields.keys():  # noqa: SIM118
        _check_category(fields, category, categories)
        levels[category] = read_cuts(fields, category)
    fields.close()
    return levels


def _read_golden(fields: Fields, count: int) -> tuple[DeepGolden, ...]:
    expected = f"at least {LEAST_GOLDEN} texts with their logits"
    tables = fields.tables("golden", expected)
    if len(tables) < LEAST_GOLDEN:
        fields.fail("golden", f"got a list of {len(tables)}", expected)
    golden = []
    for table in tables:
        text = table.value("text", "a string")
        if not isinstance(text, str):
            table.fail("text", f"got {show(text)}", "a string")
        golden.append(DeepGolden(text, table.numbers("logits", count)))
        table.close()
    return tuple(golden)
