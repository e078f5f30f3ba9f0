"""One session of learning: the old model with its guard, and how new ones are made of it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from fastguard import _core
from fastguard.guard import Guard
from fastguard.learn import gate as learn_gate
from fastguard.learn.examples import INNOCENT, Example, digest_of, judged_right, read_regression
from fastguard.learn.writing import write
from fastguard.model import Model

if TYPE_CHECKING:
    import numpy.typing as npt

    from fastguard.manifest import Gate, Manifest
    from fastguard.policy import Policy

FOLDS: Final = 5
LEAST_FOR_RATES: Final = 100
"""Innocent texts from which a rate of one in a hundred can be seen."""
KEEPING: Final = (1.0, 10.0, 100.0)
"""How much what was said before counts, tried one after the other."""
_RATE: Final = 0.01  # of innocent texts, what level 3 promises
_FLAG: Final = 2  # index of level 3

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Session:
    """The old model with its guard, and how new ones are made of it."""

    model: Model
    gate: Gate
    policy: Policy | str | None
    progress: Progress
    old: Guard | None = None

    def __post_init__(self) -> None:
        self.old = self.guard(self.model.path)

    def guard(self, path: str) -> Guard:
        """Return a guard of this session's policy with the model at a path."""
        return Guard(policy=self.policy, model=path)

    def judge(self, guard: Guard | None, texts: Sequence[Example], what: str) -> list[tuple[str, float]]:
        """Return (action, score) of each text."""
        assert guard is not None
        out = []
        for number, example in enumerate(texts):
            if number % 64 == 0:
                self.progress(what, number, len(texts))
            verdict = guard.check(example.text, source=example.source)
            out.append((str(verdict.action.value), verdict.score))
        self.progress(what, len(texts), len(texts))
        return out

    def held_out(self, texts: Sequence[Example]) -> tuple[int, int, int]:
        """Return (right before, right after, texts), each text judged by a model that was not shown it."""
        right_before = right_after = 0
        # Texts in a fixed order that has nothing to do with that of the file, which may be sorted by label.
        order = sorted(
            range(len(texts)), key=lambda i: hashlib.sha256(texts[i].text.encode("utf-8", "replace")).digest()
        )
        for fold in range(FOLDS):
            self.progress("trying on texts held back", fold, FOLDS)
            held = [texts[i] for i in order[fold::FOLDS]]
            shown = [texts[i] for place, i in enumerate(order) if place % FOLDS != fold]
            quiet = Session(self.model, self.gate, self.policy, lambda _what, _done, _of: None, self.old)
            with tempfile.TemporaryDirectory(prefix="fastguard-learn-") as scratch:
                before = quiet.judge(self.old, shown, "")
                quiet.refit(shown, before, read_regression(), KEEPING[0], Path(scratch), ("fold", digest_of(shown)))
                new = quiet.guard(scratch)
                was, now = quiet.judge(self.old, held, ""), quiet.judge(new, held, "")
            right_before += sum(judged_right(text.label, action) for text, (action, _) in zip(held, was, strict=True))
            right_after += sum(judged_right(text.label, action) for text, (action, _) in zip(held, now, strict=True))
        self.progress("trying on texts held back", FOLDS, FOLDS)
        return right_before, right_after, len(texts)

    def refit(
        self,
        texts: Sequence[Example],
        before: Sequence[tuple[str, float]],
        known: Sequence[Example],
        keeping: float,
        folder: Path,
        origin: tuple[str, str],
        *,
        calibrate: bool = True,
    ) -> tuple[float, ...]:
        """Write the refitted model to a folder and return what was taken from the ONNX model's log-odds, per label."""
        self.progress("refitting the gate", 0, 1)
        manifest, gate = self.model.manifest, self.gate
        windows = learn_gate.Windows.of([example.text for example in (*texts, *known)], gate)
        old = learn_gate.weights_of(self.model.table, gate)
        cuts = np.array([manifest.levels[label.category] for label in manifest.labels])
        said = learn_gate.probabilities(windows.greatest(windows.logits(old)), windows.length, gate)
        sides = np.zeros((len(texts) + len(known), len(manifest.labels)), np.int8)
        for number, (example, (action, _)) in enumerate(zip(texts, before, strict=True)):
            if not judged_right(example.label, action):
                sides[number] = _sides(example, manifest, said[number], np.array(gate.high))
        wanted = learn_gate.Wanted(
            sides,
            np.minimum(gate.low, 0.95 * cuts[:, _FLAG]),
            np.maximum(gate.high, cuts[:, 1]),
            np.full(len(sides), keeping),
        )
        new = learn_gate.refit(windows, old, wanted, gate)
        shift = self._calibration_shift(texts) if calibrate else (0.0,) * len(manifest.labels)
        write(folder, self.model, new, shift, origin, len(texts))
        self.progress("refitting the gate", 1, 1)
        return shift

    def _calibration_shift(self, texts: Sequence[Example]) -> tuple[float, ...]:
        """Return what the ONNX model's log-odds are too high by, per label, on reviewed innocent texts; 0 where few.

        Never so much that a marked attack which the model finds is lost.
        """
        manifest = self.model.manifest
        innocent = [example for example in texts if example.label == INNOCENT]
        if manifest.onnx is None or len(innocent) < LEAST_FOR_RATES or not self.model.warm():
            return (0.0,) * len(manifest.labels)
        odds = np.stack([_model_odds(self.model, example) for example in innocent])
        shift = []
        for number, label in enumerate(manifest.labels):
            cut = min(max(manifest.levels[label.category][_FLAG], 1e-9), 1.0 - 1e-9)
            limit = float(np.log(cut / (1.0 - cut)))
            exceeded = float(np.sort(odds[:, number])[::-1][int(_RATE * len(innocent))])  # by one in a hundred at most
            marked = [example for example in texts if example.label == label.name]
            found = [value for example in marked if (value := float(_model_odds(self.model, example)[number])) >= limit]
            # No attack that people marked may be lost by it, and without such an attack nobody can tell what would be.
            least = min((value - limit for value in found), default=0.0)
            shift.append(max(0.0, min(exceeded - limit + 1e-6, least)))
        return tuple(shift)


def _sides(
    example: Example, manifest: Manifest, said: npt.NDArray[np.float64], high: npt.NDArray[np.float64]
) -> list[int]:
    """Return on which side of the gate's thresholds each label of a wrongly judged text has to be.

    The gate decides a text where it is sure of every label, so those that an attack is not marked with come down, unless
    they are over their threshold already.
    """
    out = []
    for number, label in enumerate(manifest.labels):
        if label.sources and example.source not in label.sources:
            out.append(0)
        elif label.name == example.label:
            out.append(1)
        else:
            out.append(0 if example.label != INNOCENT and said[number] >= high[number] else -1)
    return out


def _model_odds(model: Model, example: Example) -> npt.NDArray[np.float64]:
    """Return the log-odds that the ONNX model gives the labels of a text; minus infinity for those that do not apply."""
    manifest = model.manifest
    assert manifest.onnx is not None
    ids, dense, windows = _core.features(example.text)
    scored = model.score(ids, dense, windows)
    if scored is None:
        return np.full(len(manifest.labels), -np.inf)
    logits = np.frombuffer(scored, np.float32).reshape(windows, -1).max(axis=0).astype(np.float64)
    words = int(np.count_nonzero(np.frombuffer(ids, np.int32)[:: _core.FEATURE_SLOTS]))
    length = learn_gate.length_of(windows, words)
    out = np.full(len(logits), -np.inf)
    for number, (label, scale) in enumerate(zip(manifest.labels, manifest.onnx.calibration, strict=True)):
        if not label.sources or example.source in label.sources:
            a, b, w, s = learn_gate.scale_of(scale)
            out[number] = a * (logits[number] - w * max(length, 0.0)) + b + s * min(length, 0.0)
    return out
