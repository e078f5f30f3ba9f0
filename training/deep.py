"""`./dev train --deep`: from the data folder to the deep tier's model, manifest and report, and logits to teach others with.

Two phases: the first is not trained on some attack sources, so that it can be measured on them; the second goes on from
there with all of them. Each leaves checkpoints, from which `--resume` goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: waiting threads must not burn a shared core

import numpy as np
from fastguard import _core
from fastguard.model import DEFAULT_MANIFEST, Model

from training import (
    artefacts,
    brief,
    deep_data,
    deep_encoder,
    deep_export,
    deep_fit,
    deep_measure,
    deep_report,
    features,
    pipeline,
)
from training.calibrate import Scale, probabilities
from training.data import DataError, digest
from training.rows import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.calibrate import Table
    from training.deep_data import Pieces
    from training.deep_measure import Rows, Tier
    from training.pipeline import Corpus, Run
    from training.rows import Row

OUT: Final = artefacts.ROOT / "python" / "fastguard" / "models" / "deep"
REPORT: Final = artefacts.ROOT / "training" / "report" / "deep.md"
NAME: Final = "fastguard-deep"
TOLERANCE: Final = 0.1  # of golden logits: what is rounded differently on another processor goes through six layers
FIRST: Final = deep_fit.Plan(tokens=2_000_000, left_out=deep_data.LEFT_OUT)
SECOND: Final = deep_fit.Plan(tokens=2_000_000, rate=1e-4, seed=2)


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="./dev train --deep",
        description="Fine-tune, measure and export the deep tier: two to three hours on two cores.",
    )
    add = parser.add_argument
    add("--data", type=Path, default=artefacts.ROOT.parent / "shared" / "data", metavar="DIR", help="data folder")
    add(
        "--out",
        type=Path,
        default=OUT,
        metavar="DIR",
        help="where the model goes (default python/fastguard/models/deep)",
    )
    add("--seed", type=int, default=1, metavar="N", help="seed of the head and of the order of texts (default 1)")
    add("--resume", action="store_true", help="go on from finished stages and checkpoints in .cache/training")
    add("--limit", type=int, metavar="N", help="N rows of each source only: to try the script, not for a model to use")
    for name, plan in (("left-out", FIRST), ("all", SECOND)):
        add(
            f"--tokens-{name}", type=int, default=plan.tokens, metavar="N", help=f"tokens shown (default {plan.tokens})"
        )
    add("--teacher", action="store_true", help="also write logits of all rows to .cache/training/deep-teacher.npz")
    return parser.parse_args(arguments)


def pieces_of(rows: Sequence[Row], data: Corpus) -> Pieces:
    """Word pieces of the folded texts, by the native tokenizer."""
    tokenizer = _core.WordPiece(vocabulary())
    ids = [np.array([piece for piece, _, _ in tokenizer.encode(_core.fold(row.text))], np.uint16) for row in rows]
    start = np.concatenate(([0], np.cumsum([len(each) for each in ids]))).astype(np.int64)
    table = data.table
    return deep_data.Pieces(
        np.concatenate(ids),
        start,
        table.marks,
        table.weight,
        table.split,
        table.source,
        table.family,
        np.array([len(row.text) for row in rows]),
    )


def vocabulary() -> list[str]:
    """The pieces, in the order of their ids."""
    return deep_encoder.package_file("vocab.txt").read_text("utf-8").removesuffix("\n").split("\n")


def fast_probabilities(rows: Sequence[Row], chosen: Rows) -> NDArray[np.float64]:
    """Calibrated probabilities of the fast model that this package ships, of these rows."""
    model = Model(DEFAULT_MANIFEST)
    onnx = model.manifest.onnx
    names = [label.name for label in model.manifest.labels]
    if onnx is None or names != [label.name for label in LABELS]:
        raise ValueError(
            f"{DEFAULT_MANIFEST}: expected a fast model with the labels {[label.name for label in LABELS]}"
        )
    logits = np.zeros((len(chosen), len(LABELS)), np.float32)
    windows, words = np.zeros((2, len(chosen)), np.int64)
    for i, row in enumerate(chosen.tolist()):
        ids, dense, windows[i] = _core.features(rows[row].text)
        found = model.score(ids, dense, int(windows[i]))
        if found is None:
            raise ValueError("onnxruntime is missing")
        logits[i] = np.frombuffer(found, np.float32).reshape(windows[i], -1).max(axis=0)
        words[i] = np.count_nonzero(np.frombuffer(ids, np.int32)[: features.IDS : features.SLOTS])
    scales = [Scale(*scale) for scale in onnx.calibration]
    return probabilities(logits, brief.length(windows, words), scales)


def trained(
    run: Run, pieces: Pieces, first: deep_fit.Plan, second: deep_fit.Plan
) -> tuple[deep_encoder.Deep, deep_encoder.Deep]:
    """(The model that has not seen the left-out sources, the model that has seen all)."""
    models = []
    model = deep_encoder.pretrained(run.seed)
    for name, plan in (("deep-left-out", first), ("deep-all", second)):
        checkpoint = pipeline.WORK / f"{name}-{run.key}.pt"
        if not run.resume:
            checkpoint.unlink(missing_ok=True)
        run.say(f"{name} ...")
        deep_fit.fit(model, pieces, plan, checkpoint, lambda line: run.say(f"  {line}"))
        models.append(deep_fit.load(checkpoint))
    return models[0], models[1]


def teach(run: Run, rows: Sequence[Row], pieces: Pieces, session: Any) -> None:
    """Write the logits of every row that it may speak of, by the SHA-256 of its text, for others to learn from."""
    short = pieces.length <= deep_data.WINDOW * 8
    chosen = np.flatnonzero((pieces.split != "measure") & short & pieces.known(deep_data.MOST_PIECES))
    logits = deep_measure.score(session, pieces, chosen, run.say)
    texts = [rows[row].text for row in chosen.tolist()]
    keys = np.array([hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16] for text in texts], "V16")
    path = pipeline.WORK / "deep-teacher.npz"
    np.savez(path, sha256=keys, logits=logits, labels=[label.name for label in LABELS])
    run.say(f"wrote {path.relative_to(artefacts.ROOT)}")


def write(
    folder: Path,
    content: bytes,
    tier: Tier,
    bands: dict[str, tuple[float, float]],
    origin: artefacts.Origin,
    metrics: dict[str, Any],
) -> dict[str, Any]:
    """Write model, vocabulary and manifest; return the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "deep.onnx").write_bytes(content)
    (folder / "vocab.txt").write_text("\n".join(vocabulary()) + "\n", "utf-8")
    manifest: dict[str, Any] = {
        "schema": 1,
        "kind": "deep",
        "name": NAME,
        "version": artefacts.VERSION,
        "created": artefacts.CREATED,
        "onnx": {**_file(folder / "deep.onnx"), "inputs": {"ids": "input_ids"}, "output": "logits"},
        "outputs": len(LABELS),
        "activation": "sigmoid",
        "tokenizer": _file(folder / "vocab.txt"),
        "window": deep_data.POSITIONS,
        "stride": deep_data.STRIDE,
        "most_pieces": deep_data.MOST_PIECES,
        "view": "folded",
        "labels": [
            {
                "name": label.name,
                "category": label.category,
                "sources": list(label.sources),
                "outputs": [i],
                "calibration": [round(value, 6) for value in tier.calibration[i]],
                "fast": label.name,
                "share": round(tier.shares[i], 6),
            }
            for i, label in enumerate(LABELS)
        ],
        "band": {category: list(ends) for category, ends in bands.items()},
        "levels": {category: list(cuts) for category, cuts in tier.cuts.items()},
        "golden": [{"text": text, "logits": _golden(content, text)} for text in artefacts.GOLDEN],
        "tolerance": TOLERANCE,
        "sources": origin.sources,
        "script": origin.scripts,
        "metrics": artefacts.finite(metrics),
    }
    artefacts.write_manifest(folder, manifest)
    return manifest


def _golden(content: bytes, text: str) -> list[float]:
    session, tokenizer = artefacts.session(content), _core.WordPiece(vocabulary())
    ids = np.array([piece for piece, _, _ in tokenizer.encode(_core.fold(text))], np.int64)
    best = np.full(len(LABELS), -np.inf, np.float32)
    for begin in deep_data.window_starts(len(ids)):
        inside = ids[begin : begin + deep_data.WINDOW]
        window = np.concatenate(([deep_data.FIRST], inside, [deep_data.LAST])).astype(np.int64)
        best = np.maximum(best, session.run(None, {"input_ids": window[None]})[0][0])
    return [round(float(value), 5) for value in best]


def _file(path: Path) -> dict[str, Any]:
    return {"file": path.name, "sha256": digest(path), "bytes": path.stat().st_size}


def measured(
    run: Run, data: Corpus, pieces: Pieces, models: tuple[deep_encoder.Deep, deep_encoder.Deep]
) -> tuple[bytes, Tier, dict[str, tuple[float, float]], dict[str, Any]]:
    """(The graph, its calibration, the band in which it is asked, all figures)."""
    rows = deep_measure.chosen_rows(pieces, deep_data.LEFT_OUT)
    table: Table = deep_measure.part(data.table, rows)
    graphs = [deep_export.build(model) for model in models]
    sessions = [artefacts.session(graph) for graph in graphs]
    run.say(f"scoring {len(rows)} rows with both models")
    scores = [deep_measure.score(session, pieces, rows, run.say) for session in sessions]
    fast_p = fast_probabilities(data.rows, rows)
    honest, final = deep_measure.calibrated(table, scores[0]), deep_measure.blended(table, scores[1], fast_p)
    fast = deep_measure.cut(table, fast_p, ())
    bands = deep_measure.band(table, fast)
    figures = deep_measure.figures(table, honest, final, fast, bands)
    sample = [pieces.window(int(row), 0) for row in rows[:: max(1, len(rows) // 100)]]
    figures["graph_against_torch"] = deep_export.difference(models[1], sessions[1], sample)
    figures["window_ms"] = {str(size): deep_export.timing(sessions[1], size) for size in (32, 64, 128)}
    return graphs[1], final, bands, figures


def main(arguments: list[str] | None = None) -> int:
    """Run all stages; 2 where the data folder or the weights to start from are not what they must be."""
    given = options(arguments)
    run = pipeline.Run(given.data, given.out, given.out, given.seed, given.resume, given.limit)
    pipeline.setup()
    try:
        vocabulary()
        data, origin = pipeline.prepare(run)
    except (DataError, deep_encoder.EncoderError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    pieces = run.stage("deep-pieces", lambda: pieces_of(data.rows, data))
    first = replace(FIRST, tokens=given.tokens_left_out, seed=given.seed)
    second = replace(SECOND, tokens=given.tokens_all, seed=given.seed + 1)
    models = trained(run, pieces, first, second)
    graph, tier, bands, figures = measured(run, data, pieces, models)
    manifest = write(given.out, graph, tier, bands, origin, figures)
    report = REPORT if given.out == OUT else given.out / "report.md"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(deep_report.render(manifest, figures), "utf-8")
    if given.teacher:
        teach(run, data.rows, pieces, artefacts.session(graph))
    run.say(f"wrote {given.out} and {report}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
