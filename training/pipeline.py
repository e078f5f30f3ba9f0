"""The stages of a training run; each leaves its result in the work folder, so that a run can go on where it stopped."""

from __future__ import annotations

import hashlib
import pickle
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import torch

from training import artefacts, corpus, export, features, fit, network
from training.calibrate import Calibration, Table, calibrate
from training.data import check_folder, digest
from training.measure import Scores
from training.rows import SEED
from training.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from training.network import Fast, Gate
    from training.rows import Row

T = TypeVar("T")
WORK: Final = artefacts.ROOT / ".cache" / "training"
FAST: Final = fit.Plan(epochs=4, rate=0.003, decay=1e-4, batch=384)
GATE: Final = fit.Plan(epochs=4, rate=0.03, batch=512, id_dropout=0.1, token_dropout=0.02, teacher=0.5)
PER_SOURCE: Final = 5000
FOLD: Final = replace(FAST, epochs=3)


@dataclass(slots=True)
class Run:
    """Options and the clock of one run."""

    data: Path
    out: Path
    report: Path
    seed: int = 1
    resume: bool = False
    limit: int | None = None
    started: float = field(default_factory=time.monotonic)
    key: str = ""

    def say(self, message: str) -> None:
        """Print progress with the time since the start."""
        spent = int(time.monotonic() - self.started)
        print(f"[{spent // 60:02}:{spent % 60:02}] {message}", flush=True)

    def stage(self, name: str, make: Callable[[], T]) -> T:
        """The stage's result: from the work folder where the run is resumed and nothing changed, made otherwise."""
        path = WORK / f"{name}-{self.key}.pickle"
        if self.resume and path.is_file():
            self.say(f"{name}: taken from {path.relative_to(artefacts.ROOT)}")
            with path.open("rb") as stream:
                stored: T = pickle.load(stream)  # our own file, named by a hash of all inputs
            return stored
        self.say(f"{name} ...")
        made = make()
        WORK.mkdir(parents=True, exist_ok=True)
        for old in WORK.glob(f"{name}-*.pickle"):
            old.unlink()
        with path.open("wb") as stream:
            pickle.dump(made, stream, protocol=5)
        return made


@dataclass(slots=True)
class Corpus:
    """All rows with their features."""

    rows: list[Row]
    features: features.Features
    table: Table

    def examples(self, teacher: NDArray[np.float32] | None = None) -> fit.Examples:
        """What `fit` takes."""
        return fit.Examples(self.features, self.table.marks, self.table.weight, teacher)


@dataclass(slots=True)
class Fitted:
    """Trained models, quantised as they ship, and their logits for every row."""

    gate: Gate
    model: Fast
    gate_logits: NDArray[np.float32]
    model_logits: NDArray[np.float32]


def prepare(run: Run) -> tuple[Corpus, artefacts.Origin]:
    """(Rows with features, what they were made from)."""
    check_folder(run.data)
    hashes = {source.name: digest(run.data / source.file) for source in SOURCES}
    scripts = artefacts.scripts()
    inputs = f"{sorted(hashes.items())}{scripts}{features.VERSION}{run.seed}{run.limit}"
    run.key = hashlib.sha256(inputs.encode()).hexdigest()[:16]

    def make() -> Corpus:
        rows = corpus.build(run.data, run.say, limit=run.limit)
        made = features.of_texts([row.text for row in rows])
        run.say(f"features of {len(rows)} texts, {len(made.window_start) - 1} windows")
        return Corpus(rows, made, Table.of(rows, made.windows, made.words))

    found = run.stage("corpus", make)
    used = Counter(row.source for row in found.rows if row.split == "train")
    listed = [
        {"name": source.file.rpartition("/")[2], "sha256": hashes[source.name], "rows": used.get(source.name, 0)}
        for source in SOURCES
    ]
    return found, artefacts.Origin(listed, scripts)


def train(run: Run, data: Corpus, texts: NDArray[np.int64], name: str, plan: fit.Plan = FAST) -> Fitted:
    """Train both models on these rows: the ONNX model first, then the gate with it as a teacher."""

    def make() -> Fitted:
        gate, model = artefacts.fresh(run.seed)
        fit.fit(model, data.examples(), texts, replace(plan, seed=run.seed), lambda line: run.say(f"  model {line}"))
        export.quantise_fast(model)
        model_logits = fit.predict(model, data.features)
        taught = data.examples(np.clip(model_logits, -6, 6))
        fit.fit(gate, taught, texts, replace(GATE, seed=run.seed), lambda line: run.say(f"  gate {line}"))
        export.quantise_gate(gate)
        blended = fit.predict(network.Blend(model, gate), data.features)
        return Fitted(gate, model, fit.predict(gate, data.features), blended)

    return run.stage(name, make)


def score(data: Corpus, fitted: Fitted) -> Scores:
    """Logits with the calibration that they ask for."""
    calibration: Calibration = calibrate(data.table, fitted.gate_logits, fitted.model_logits)
    return Scores(data.table, fitted.gate_logits, fitted.model_logits, calibration)


def training_rows(data: Corpus, per_source: int = PER_SOURCE) -> NDArray[np.int64]:
    """Indices of the training split, with at most `per_source` innocent rows of a public source."""
    table = data.table
    keep = table.split == "train"
    plain = keep & table.benign & ~table.generated
    for source in np.unique(table.source[plain]):
        here = np.flatnonzero(plain & (table.source == source))
        keep[np.random.default_rng(SEED).permutation(here)[per_source:]] = False
    found: NDArray[np.int64] = np.flatnonzero(keep)
    return found


def setup(threads: int = 2) -> None:
    """One seed and thread count for all of torch."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
