"""Refits a model to texts that people reviewed: in seconds, and never at the cost of what was right before.

`learn` changes the native gate as little as it takes to decide wrongly judged texts as they are marked, lowers the ONNX
model's calibration where the reviewed innocent texts show that it flags more than it promises, and compares old and new
text by text, also on texts of the package that nobody may get wrong. A change that flags more of those innocent texts
or finds fewer of those attacks is made smaller and, where that does not help, refused. The ONNX graph stays as it is.

>>> from fastguard.learn import Example
>>> Example("Release notes: the override flag is gone.", "innocent")
Example(text='Release notes: the override flag is gone.', label='innocent', source='user')
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fastguard import _core
from fastguard.errors import LearnError, ModelError
from fastguard.fields import did_you_mean, one_of, show
from fastguard.guard import Guard
from fastguard.model import DEFAULT_MANIFEST, Model

if TYPE_CHECKING:
    from os import PathLike

    import numpy as np
    import numpy.typing as npt

    from fastguard.manifest import Gate, Manifest
    from fastguard.policy import Policy

INNOCENT: Final = "innocent"
ATTACK: Final = "attack"
REGRESSION: Final = Path(__file__).with_name("models") / "regression.jsonl"
FOLDS: Final = 5
LEAST_FOR_FOLDS: Final = 20
LEAST_FOR_RATES: Final = 100
"""Innocent texts from which a rate of one in a hundred can be seen."""
_RATE: Final = 0.01  # of innocent texts, what level 3 promises
_FLAG: Final = 2  # index of level 3
_KEEPING: Final = (1.0, 10.0, 100.0)  # how much what was said before counts, tried one after the other

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Example:
    """A reviewed text: `label` is ``innocent`` or the name of a label of the model, `source` where the text comes from."""

    text: str
    label: str
    source: str = "user"


@dataclass(frozen=True, slots=True)
class Change:
    """What the old and the new model say of a text; `line` counts from 1, 0 for texts of the package."""

    line: int
    text: str
    label: str
    source: str
    before: str
    after: str
    before_score: float
    after_score: float

    @property
    def was_right(self) -> bool:
        """Whether the old model said what the text is marked as."""
        return _right(self.label, self.before)

    @property
    def is_right(self) -> bool:
        """Whether the new model does."""
        return _right(self.label, self.after)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of learning.

    `changes` are all reviewed texts with both verdicts, `regression` those of the package. `held_out` is (right before,
    right after, texts) of texts that the model had not been shown, or None where there are too few for that. `folder` is
    the new model, "" where none was written; `refused` says why not.
    """

    changes: tuple[Change, ...]
    regression: tuple[Change, ...]
    held_out: tuple[int, int, int] | None
    calibration: tuple[float, ...]
    folder: str
    refused: str

    def to_dict(self) -> dict[str, object]:
        """Return everything as tables and lists, for JSON."""
        return {
            "folder": self.folder,
            "refused": self.refused,
            "reviewed": _counts(self.changes),
            "regression": _counts(self.regression),
            "held_out": None
            if self.held_out is None
            else dict(zip(("right_before", "right_after", "texts"), self.held_out, strict=True)),
            "calibration_shift": list(self.calibration),
            "changed": [
                _plain(change) for change in (*self.changes, *self.regression) if change.before != change.after
            ],
            "still_wrong": [_plain(change) for change in self.changes if not change.is_right],
        }


def read_examples(path: str | PathLike[str], labels: Sequence[str]) -> list[tuple[int, Example]]:
    """Return (line, example) of a file of JSON lines, ``{"text": ..., "label": ..., "source": ...}``; source is optional.

    `labels` are the model's. Raises `LearnError` that names the line: not JSON, a field missing or of another type, an
    unknown label or source, a text marked in two ways; and for a file that is empty or that has one kind of text only.
    """
    name = os.fspath(path)
    try:
        lines = Path(name).read_bytes().split(b"\n")
    except OSError as problem:
        raise LearnError(str(problem.strerror), file=name, expected="JSON lines of reviewed texts") from None
    found: list[tuple[int, Example]] = []
    marked: dict[tuple[str, str], tuple[int, str]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        example = _example(line, f"{name}:{number}", labels)
        first, label = marked.setdefault((example.text, example.source), (number, example.label))
        if label != example.label:
            raise LearnError(
                f"marked {show(example.label)} here and {show(label)} in line {first}",
                file=f"{name}:{number}",
                expected="one mark for a text",
            )
        if first == number:
            found.append((number, example))
    if not found:
        raise LearnError(
            "no reviewed text in it", file=name, expected='lines such as {"text": "...", "label": "innocent"}'
        )
    return found


def check_kinds(examples: Iterable[Example], file: str = "") -> None:
    """Raise `LearnError` where all texts are innocent or all are attacks: that would teach to flag nothing, or all."""
    kinds = {example.label == INNOCENT for example in examples}
    if len(kinds) < 2:
        only = "innocent texts" if kinds == {True} else "attacks"
        raise LearnError(f"only {only} in it", file=file, expected="innocent texts and attacks, at least one of each")


def learn(
    examples: Sequence[tuple[int, Example]],
    folder: str | PathLike[str] | None,
    *,
    parent: str = "default",
    policy: Policy | str | None = None,
    file: str = "reviewed",
    digest: str = "",
    progress: Progress = lambda _what, _done, _of: None,
) -> Outcome:
    """Refit the model `parent` to reviewed texts and write the new one to `folder` (None: compare only).

    `examples` are (line, example) as `read_examples` gives them; `file` and `digest` (SHA-256) name them in the manifest.
    `policy` is what both guards judge by. Takes time linear in the texts; the same texts give the same model.

    Raises `LearnError` (one kind of text only, unknown labels, a folder that holds something already), `ModelError`.
    """
    model = Model(DEFAULT_MANIFEST if parent == "default" else parent)
    gate = model.manifest.gate
    if gate is None:
        raise ModelError(
            "it has no gate", file=model.path, field="gate", expected="a model with a gate, which is refitted"
        )
    given = [example for _, example in examples]
    _check(given, model.manifest, file)
    if folder is not None:
        _check_folder(Path(folder))
    session = _Session(model, gate, policy, progress)
    lines = [number for number, _ in examples]
    held_out = session.held_out(given) if len(given) >= LEAST_FOR_FOLDS else None
    known = read_regression()
    before = [session.judge(session.old, texts, "judging with the old model") for texts in (given, known)]
    for number, keeping in enumerate(_KEEPING):
        with tempfile.TemporaryDirectory(prefix="fastguard-learn-") as scratch:
            origin = (file, digest or _digest(given))
            shift = session.refit(given, before[0], known, keeping, Path(scratch), origin, calibrate=number == 0)
            new = session.guard(scratch)
            after = [session.judge(new, texts, "judging with the new model") for texts in (given, known)]
            changes = _changes(lines, given, before[0], after[0])
            regression = _changes([0] * len(known), known, before[1], after[1])
            refused = _worse(regression)
            if not refused and folder is not None:
                _publish(Path(scratch), Path(folder))
        if not refused or number + 1 == len(_KEEPING):
            written = "" if refused or folder is None else os.fspath(folder)
            return Outcome(tuple(changes), tuple(regression), held_out, shift, written, refused)
    raise AssertionError  # the last round returned


def read_regression() -> list[Example]:
    """Return the texts of the package that no refitted model may judge worse than its parent; attacks as ``attack``."""
    lines = REGRESSION.read_text(encoding="utf-8").splitlines()
    return [Example(**json.loads(line)) for line in lines if line]


@dataclass(slots=True)
class _Session:
    """The old model with its guard, and how new ones are made of it."""

    model: Model
    gate: Gate
    policy: Policy | str | None
    progress: Progress
    old: Guard | None = None

    def __post_init__(self) -> None:
        self.old = self.guard(self.model.path)

    def guard(self, path: str) -> Guard:
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
            quiet = _Session(self.model, self.gate, self.policy, lambda _what, _done, _of: None, self.old)
            with tempfile.TemporaryDirectory(prefix="fastguard-learn-") as scratch:
                before = quiet.judge(self.old, shown, "")
                quiet.refit(shown, before, read_regression(), _KEEPING[0], Path(scratch), ("fold", _digest(shown)))
                new = quiet.guard(scratch)
                was, now = quiet.judge(self.old, held, ""), quiet.judge(new, held, "")
            right_before += sum(_right(text.label, action) for text, (action, _) in zip(held, was, strict=True))
            right_after += sum(_right(text.label, action) for text, (action, _) in zip(held, now, strict=True))
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
        import numpy as np

        from fastguard import learn_gate

        self.progress("refitting the gate", 0, 1)
        manifest, gate = self.model.manifest, self.gate
        windows = learn_gate.Windows.of([example.text for example in (*texts, *known)], gate)
        old = learn_gate.weights_of(self.model.table, gate)
        cuts = np.array([manifest.levels[label.category] for label in manifest.labels])
        said = learn_gate.probabilities(windows.greatest(windows.logits(old)), windows.log_windows, gate)
        sides = np.zeros((len(texts) + len(known), len(manifest.labels)), np.int8)
        for number, (example, (action, _)) in enumerate(zip(texts, before, strict=True)):
            if not _right(example.label, action):
                sides[number] = _sides(example, manifest, said[number], np.array(gate.high))
        wanted = learn_gate.Wanted(
            sides,
            np.minimum(gate.low, 0.95 * cuts[:, _FLAG]),
            np.maximum(gate.high, cuts[:, 1]),
            np.full(len(sides), keeping),
        )
        new = learn_gate.refit(windows, old, wanted, gate)
        shift = self._calibration_shift(texts) if calibrate else (0.0,) * len(manifest.labels)
        _write(folder, self.model, new, shift, origin, len(texts))
        self.progress("refitting the gate", 1, 1)
        return shift

    def _calibration_shift(self, texts: Sequence[Example]) -> tuple[float, ...]:
        """Return what the ONNX model's log-odds are too high by, per label, on reviewed innocent texts; 0 where few.

        Never so much that a marked attack which the model finds is lost.
        """
        import numpy as np

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


def _example(line: bytes, place: str, labels: Sequence[str]) -> Example:
    """Return the example of one line."""
    expected = '{"text": "...", "label": "..."}'
    try:
        value = json.loads(line.decode("utf-8").removeprefix("\ufeff"))
    except (ValueError, RecursionError) as problem:
        reason = "nested too deeply" if isinstance(problem, RecursionError) else f"not JSON: {problem}"
        raise LearnError(reason, file=place, expected=expected) from None
    if not isinstance(value, dict):
        raise LearnError(f"got {show(value)}", file=place, expected=expected)
    for field in ("text", "label"):
        if not isinstance(value.get(field), str):
            got = f"got {show(value[field])}" if field in value else "missing"
            raise LearnError(got, file=place, field=field, expected="a string")
    source = value.get("source", "user")
    _check_name(value["label"], (INNOCENT, *labels), place, "label")
    _check_name(source, _core.SOURCES, place, "source")
    return Example(value["text"], value["label"], source)


def _check_name(value: object, names: Sequence[str], place: str, field: str) -> None:
    if not isinstance(value, str) or value not in names:
        hint = did_you_mean(value, names) if isinstance(value, str) else ""
        raise LearnError(f"got {show(value)}{hint}", file=place, field=field, expected=one_of(names))


def _check(texts: Sequence[Example], manifest: Manifest, file: str) -> None:
    names = (INNOCENT, *(label.name for label in manifest.labels))
    for example in texts:
        _check_name(example.label, names, file, "label")
        _check_name(example.source, _core.SOURCES, file, "source")
    if not texts:
        raise LearnError("no reviewed text", file=file, expected="innocent texts and attacks, at least one of each")
    check_kinds(texts, file)


def _check_folder(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LearnError("is there already and not empty", file=os.fspath(folder), expected="a new or empty folder")


def _right(label: str, action: str) -> bool:
    """Whether an action is what a text's mark asks for: innocent texts are let pass, attacks are not."""
    return (action == "allow") == (label == INNOCENT)


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
    import numpy as np

    manifest = model.manifest
    assert manifest.onnx is not None
    ids, dense, windows = _core.features(example.text)
    scored = model.score(ids, dense, windows)
    if scored is None:
        return np.full(len(manifest.labels), -np.inf)
    logits = np.frombuffer(scored, np.float32).reshape(windows, -1).max(axis=0).astype(np.float64)
    out = np.full(len(logits), -np.inf)
    for number, (label, scale) in enumerate(zip(manifest.labels, manifest.onnx.calibration, strict=True)):
        if not label.sources or example.source in label.sources:
            a, b, *more = scale
            out[number] = a * (logits[number] - (more[0] if more else 0.0) * np.log(max(windows, 1))) + b
    return out


def _changes(
    lines: Sequence[int],
    texts: Sequence[Example],
    before: Sequence[tuple[str, float]],
    after: Sequence[tuple[str, float]],
) -> list[Change]:
    return [
        Change(line, text.text, text.label, text.source, was[0], now[0], was[1], now[1])
        for line, text, was, now in zip(lines, texts, before, after, strict=True)
    ]


def _worse(regression: Sequence[Change]) -> str:
    """Return why a model is refused, or nothing."""
    new_flags = [
        change for change in regression if change.was_right and not change.is_right and change.label == INNOCENT
    ]
    lost = [change for change in regression if change.label != INNOCENT and change.was_right and not change.is_right]
    won = [change for change in regression if change.label != INNOCENT and change.is_right and not change.was_right]
    if new_flags:
        return (
            f"{len(new_flags)} innocent texts of the regression set would be flagged, such as {show(new_flags[0].text)}"
        )
    if len(lost) > len(won):
        return f"{len(lost)} attacks of the regression set would be missed, such as {show(lost[0].text)}"
    return ""


def _counts(changes: Sequence[Change]) -> dict[str, int]:
    kinds: Counter[str] = Counter(texts=len(changes))
    for change in changes:
        kinds["innocent" if change.label == INNOCENT else "attacks"] += 1
        kinds["right_before"] += change.was_right
        kinds["right_after"] += change.is_right
    return dict(kinds)


def _plain(change: Change) -> dict[str, object]:
    return {
        "line": change.line,
        "text": change.text,
        "label": change.label,
        "source": change.source,
        "before": change.before,
        "after": change.after,
        "before_score": round(change.before_score, 4),
        "after_score": round(change.after_score, 4),
        "right": change.is_right,
    }


def _digest(texts: Sequence[Example]) -> str:
    """SHA-256 of the texts and their marks, for texts that come from no file."""
    rows = [[example.text, example.label, example.source] for example in texts]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _write(
    folder: Path,
    model: Model,
    weights: npt.NDArray[np.float64],
    shift: Sequence[float],
    origin: tuple[str, str],
    rows: int,
) -> None:
    """Write gate, ONNX graph and manifest of a refitted model."""
    from fastguard import learn_gate

    content = Path(model.path).read_bytes()
    manifest: dict[str, Any] = json.loads(content)
    gate = model.manifest.gate
    assert gate is not None
    table, scale = learn_gate.table_of(weights, gate.scale)
    (folder / gate.file.name).write_bytes(table)
    digest = hashlib.sha256(table).hexdigest()
    manifest["gate"] |= {"scale": scale, "sha256": digest, "bytes": len(table)}
    windows = learn_gate.Windows.of([golden.text for golden in model.manifest.golden], gate)
    rounded = learn_gate.weights_of(table, gate) * (scale / gate.scale)
    logits = windows.greatest(windows.logits(rounded))
    for entry, values in zip(manifest["golden"], logits, strict=True):
        entry["gate_logits"] = [round(float(value), 6) for value in values]
    onnx = model.manifest.onnx
    if onnx is not None:
        shutil.copyfile(Path(model.path).with_name(onnx.file.name), folder / onnx.file.name)
        for row, taken in zip(manifest["onnx"]["calibration"], shift, strict=True):
            row[1] -= taken
    parent = {"name": manifest["name"], "version": manifest["version"], "sha256": hashlib.sha256(content).hexdigest()}
    manifest["parent"] = parent
    manifest["version"] = f"{manifest['version']}-l{digest[:8]}"
    name, sha256 = origin
    manifest["sources"] = [*manifest.get("sources", []), {"name": name, "sha256": sha256, "rows": rows}]
    text = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def _publish(made: Path, folder: Path) -> None:
    """Copy a finished model; its manifest last, so that a folder with a manifest is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(made.iterdir(), key=lambda path: path.name == "manifest.json"):
        shutil.copyfile(path, folder / path.name)
