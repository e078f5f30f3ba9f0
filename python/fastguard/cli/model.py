"""``fastguard model``: what the model's manifest says."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from fastguard.cli.terminal import paint, table, visible
from fastguard.model import DEFAULT_MANIFEST, Model

_EPILOG = """\
examples:
  fastguard model
  fastguard model my-model/manifest.json    # verifies every file and runs the golden texts
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
    parser.add_argument("path", metavar="MANIFEST", nargs="?", default=DEFAULT_MANIFEST, help="default: the one inside")
    parser.add_argument("--json", action="store_true", help="write the manifest itself")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Verify and show the model."""
    model = Model(options.path)
    ran = model.warm()
    manifest = model.manifest
    if options.json:
        print(json.dumps(json.loads(Path(model.path).read_text(encoding="utf-8")), indent=2))
        return 0
    print(
        f"{paint(f'{manifest.name} {manifest.version}', 'bold')}, made {manifest.created}, verified: {_verified(model, ran)}"
    )
    for kind, part in (("gate", manifest.gate), ("onnx", manifest.onnx)):
        if part is not None:
            print(f"  {kind}  {part.file.name}  {part.file.size:,} bytes  sha256 {part.file.sha256}")
    rows = [
        (
            label.name,
            label.category,
            " ".join(label.sources) or "all",
            *(f"{cut:.3f}" for cut in manifest.levels[label.category]),
        )
        for label in manifest.labels
    ]
    print()
    print(table(rows, head=("label", "category", "sources", *(f"level {i}" for i in range(1, 6)))))
    print(f"\ntrained on {sum(rows for _, _, rows in manifest.sources):,} rows of {len(manifest.sources)} sources")
    if manifest.metrics:
        print("\n".join(_lines(manifest.metrics, 0)))
    return 0


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
    return f"{value:.4g}" if isinstance(value, float) else visible(str(value))
