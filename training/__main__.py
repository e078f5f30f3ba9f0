"""`python -m training`: from the data folder to the artefacts and the report."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: waiting threads must not burn a shared core


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    root = Path(__file__).parent.parent
    parser = argparse.ArgumentParser(
        prog="./dev train",
        description="Train the gate and the ONNX model, calibrate them and write the report: about 25 minutes on two cores.",
    )
    add = parser.add_argument
    add(
        "command",
        nargs="?",
        choices=("train", "evaluate"),
        default="train",
        help="train: artefacts and report (default); evaluate: the report alone, from a finished run where nothing changed",
    )
    add(
        "--data",
        type=Path,
        default=root.parent / "shared" / "data",
        metavar="DIR",
        help="data folder (default ../shared/data)",
    )
    add(
        "--out",
        type=Path,
        metavar="DIR",
        help="where gate.bin, model.onnx and manifest.json go (default python/fastguard/models)",
    )
    add("--seed", type=int, default=1, metavar="N", help="seed of weights and batches (default 1)")
    add(
        "--resume",
        action="store_true",
        help="take finished stages from the work folder .cache/training where no input changed",
    )
    add("--limit", type=int, metavar="N", help="N rows of each source only: to try the script, not for a model to use")
    add("--every-source", action="store_true", help="leave out every source of attacks by itself, not in groups: hours")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run all stages; 2 where the data folder is not what it must be."""
    given = options(arguments)
    try:
        from training import artefacts, card, evaluate, pipeline, report
        from training.data import DataError
    except ImportError as error:
        print(f"training needs the package with its extra `train` ({error}); run it as ./dev train", file=sys.stderr)
        return 2
    default = artefacts.ROOT / "python" / "fastguard" / "models"
    folder = given.out or default
    report_folder = artefacts.ROOT / "training" / "report" if folder == default else folder / "report"
    only_evaluate = given.command == "evaluate"
    run = pipeline.Run(given.data, folder, report_folder, given.seed, given.resume or only_evaluate, given.limit)
    pipeline.setup()
    try:
        data, origin = pipeline.prepare(run)
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    fitted = pipeline.train(run, data, pipeline.training_rows(data), "models")
    scores = pipeline.score(data, fitted)
    figures = evaluate.evaluate(run, data, scores, every_source=given.every_source)
    with contextlib.ExitStack() as stack:
        # An evaluation leaves the artefacts as they are: what it makes goes to a folder that is thrown away.
        target = Path(stack.enter_context(tempfile.TemporaryDirectory())) if only_evaluate else folder
        manifest = artefacts.write(
            target, fitted.gate, fitted.model, scores.calibration, origin, evaluate.shown(figures)
        )
    report.write(report_folder, scores, figures, manifest)
    card.write(report_folder, figures, manifest)
    run.say(f"wrote {report_folder}" if only_evaluate else f"wrote {folder} and {report_folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
