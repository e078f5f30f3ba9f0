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

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastguard.errors import ModelError
from fastguard.learn.examples import (
    ATTACK,
    INNOCENT,
    Example,
    check,
    check_kinds,
    digest_of,
    read_examples,
    read_regression,
)
from fastguard.learn.outcome import Change, Outcome, changes_of, why_refused
from fastguard.learn.session import KEEPING, LEAST_FOR_RATES, Progress, Session
from fastguard.learn.writing import check_folder, publish
from fastguard.model import DEFAULT_MANIFEST, Model

if TYPE_CHECKING:
    from os import PathLike

    from fastguard.policy import Policy

__all__ = [
    "ATTACK",
    "INNOCENT",
    "LEAST_FOR_RATES",
    "Change",
    "Example",
    "Outcome",
    "Progress",
    "check_kinds",
    "learn",
    "read_examples",
    "read_regression",
]

LEAST_FOR_FOLDS: Final = 20
"""Reviewed texts from which some are held back to try the new model on."""


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
    check(given, model.manifest, file)
    if folder is not None:
        check_folder(Path(folder))
    session = Session(model, gate, policy, progress)
    lines = [number for number, _ in examples]
    held_out = session.held_out(given) if len(given) >= LEAST_FOR_FOLDS else None
    known = read_regression()
    before = [session.judge(session.old, texts, "judging with the old model") for texts in (given, known)]
    for number, keeping in enumerate(KEEPING):
        with tempfile.TemporaryDirectory(prefix="fastguard-learn-") as scratch:
            origin = (file, digest or digest_of(given))
            shift = session.refit(given, before[0], known, keeping, Path(scratch), origin, calibrate=number == 0)
            new = session.guard(scratch)
            after = [session.judge(new, texts, "judging with the new model") for texts in (given, known)]
            changes = changes_of(lines, given, before[0], after[0])
            regression = changes_of([0] * len(known), known, before[1], after[1])
            refused = why_refused(regression)
            if not refused and folder is not None:
                publish(Path(scratch), Path(folder))
        if not refused or number + 1 == len(KEEPING):
            written = "" if refused or folder is None else os.fspath(folder)
            return Outcome(tuple(changes), tuple(regression), held_out, shift, written, refused)
    raise AssertionError  # the last round returned
