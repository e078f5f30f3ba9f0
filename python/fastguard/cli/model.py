"""``fastguard model``: what the model's manifest says."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fastguard.cli.terminal import paint, table, visible
from fastguard.deep import DEFAULT_DEEP, DeepModel
from fastguard.errors import ModelError
from fastguard.fields import read_bytes
from fastguard.manifest import LEVELS, Manifest, parse_json
from fastguard.model import DEFAULT_MANIFEST, Model

_LEVELS = tuple(f"level {i}" for i in range(1, LEVELS + 1))

_EPILOG = """\
examples:
  fastguard model
  fastguard model my-model/manifest.json    # verifies every file and runs the golden texts
  fastguard model my-deep-model             # a deep tier, by its folder
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "model",
        help="verify and show the model",
        description="Verifies a model as a guard does (hashes, shapes, golden texts) and shows labels, levels, metrics.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "path",
        metavar="MANIFEST",
        nargs="?",
        default=DEFAULT_MANIFEST,
        help="a manifest or its folder (default: the one inside)",
    )
    parser.add_argument("--json", action="store_true", help="write the manifest itself")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Verify and show the model; with the one inside the package, its deep tier as well."""
    path = str(Path(options.path) / "manifest.json") if Path(options.path).is_dir() else options.path
    if _is_deep(path):
        deep = DeepModel(path)
        print(_written(path) if options.json else "\n".join(_deep(deep)))
        return 0
    model = Model(path)
    ran = model.warm()
    if options.json:
        print(_written(path))
        return 0
    print("\n".join(_fast(model, ran)))
    if path == DEFAULT_MANIFEST and Path(DEFAULT_DEEP).exists():
        print("\n" + "\n".join(_deep(DeepModel())))
    return 0


def _is_deep(path: str) -> bool:
    """Whether a manifest says that it is of a deep tier; what is no manifest at all, its reader will say."""
    value = parse_json(read_bytes(path, ModelError, "a model manifest"), path)
    return isinstance(value, dict) and value.get("kind") == "deep"


def _written(path: str) -> str:
    return json.dumps(json.loads(Path(path).read_text(encoding="utf-8")), indent=2)


def _fast(model: Model, ran: bool) -> Iterator[str]:
    """Yield what is said of a gate and ONNX model: files, level cuts, calibration, origin, metrics."""
    manifest = model.manifest
    head = paint(f"{manifest.name} {manifest.version}", "bold")
    yield f"{head}, made {manifest.created}, verified: {_verified(model, ran)}"
    if manifest.parent is not None:
        parent = manifest.parent
        yield f"  refitted from {parent.name} {parent.version}  sha256 {parent.sha256}"
    for kind, part in (("gate", manifest.gate), ("onnx", manifest.onnx)):
        if part is not None:
            yield f"  {kind}  {part.file.name}  {part.file.size:,} bytes  sha256 {part.file.sha256}"
    rows = [
        (
            label.name,
            label.category,
            " ".join(label.sources) or "all",
            *(f"{cut:.3f}" for cut in manifest.levels[label.category]),
        )
        for label in manifest.labels
    ]
    yield ""
    yield table(rows, head=("label", "category", "sources", *_LEVELS))
    yield ""
    yield "probability = 1 / (1 + exp(-(a * (logit - w * log(windows)) + b))); the gate decides outside low..high"
    yield table(
        [_calibration(manifest, i) for i in range(len(manifest.labels))],
        head=("calibration", "gate a", "b", "w", "low", "high", "ONNX a", "b", "w"),
        right=frozenset(range(1, 9)),
    )
    yield ""
    yield f"trained on {sum(rows for _, _, rows in manifest.sources):,} rows of {len(manifest.sources)} sources"
    yield from _lines(manifest.metrics, 0)


def _calibration(manifest: Manifest, number: int) -> tuple[str, ...]:
    """Return the row of a label: both calibrations, and between what the gate leaves the decision to the ONNX model."""
    gate, onnx = manifest.gate, manifest.onnx

    def three(row: Sequence[float]) -> tuple[str, ...]:
        return tuple(f"{value:.3f}" for value in (*row, 0.0)[:3])

    of_gate = (
        (*three(gate.calibration[number]), f"{gate.low[number]:.4f}", f"{gate.high[number]:.4f}") if gate else ("",) * 5
    )
    return (manifest.labels[number].name, *of_gate, *(three(onnx.calibration[number]) if onnx else ("",) * 3))


def _deep(model: DeepModel) -> Iterator[str]:
    """Yield what is said of a deep tier: files, when it is asked, calibration, level cuts, metrics."""
    manifest = model.manifest
    verified = "files and golden texts" if model.warm() else "files only (no onnxruntime)"
    yield f"{paint(f'{manifest.name} {manifest.version}', 'bold')} (deep tier), made {manifest.created}, verified: {verified}"
    for kind, part in (("onnx", manifest.onnx), ("tokenizer", manifest.tokenizer)):
        yield f"  {kind}  {part.name}  {part.size:,} bytes  sha256 {part.sha256}"
    yield f"  windows of {manifest.window} pieces every {manifest.stride}, {manifest.view} text, at most {manifest.most_windows} windows"
    rows = []
    for label in manifest.labels:
        low, high = manifest.band.get(label.category, (0.0, 1.0))
        cuts = manifest.levels.get(label.category)
        a, b = label.calibration
        rows.append(
            (
                label.name,
                f"{low:.3f}..{high:.3f}",
                f"{a:.3f}",
                f"{b:.3f}",
                f"{label.share:.3f}" if label.fast else "",
                *(f"{cut:.3f}" for cut in cuts or ()),
                *(("",) * 5 if cuts is None else ()),
            )
        )
    yield ""
    yield table(rows, head=("label", "asked where", "a", "b", "fast", *_LEVELS))
    yield from _lines(manifest.metrics, 0)


def _verified(model: Model, ran: bool) -> str:
    gate = "gate" if model.manifest.gate else ""
    onnx = "ONNX" if ran else "" if model.manifest.onnx is None else "ONNX files only (no onnxruntime)"
    return " and ".join(part for part in (gate, onnx) if part)


def _lines(metrics: Mapping[str, object], depth: int) -> Iterator[str]:
    for key, value in metrics.items():
        if isinstance(value, Mapping) and any(isinstance(item, (Mapping, list)) for item in value.values()):
            yield f"{'  ' * depth}{visible(str(key))}"
            yield from _lines(value, depth + 1)
        elif isinstance(value, Mapping):
            pairs = "  ".join(f"{visible(str(name))} {_number(item)}" for name, item in value.items())
            yield f"{'  ' * depth}{visible(str(key))}  {pairs}"
        else:
            yield f"{'  ' * depth}{visible(str(key))}  {_number(value)}"


def _number(value: object) -> str:
    if isinstance(value, list):
        return f"{len(value)} entries (--json)"
    return f"{value:.4g}" if isinstance(value, float) else visible(str(value))
