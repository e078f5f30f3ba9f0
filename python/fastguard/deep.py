"""The deep tier: a transformer that is asked about the texts which the tiers before it leave open.

The one inside the package, or any sequence classifier in ONNX with its tokenizer and a manifest (`deep_manifest`).
Verified like the fast model: hashes before a loader sees a file, golden texts before a score is used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from fastguard import _core
from fastguard.deep_manifest import DeepManifest, read_deep_manifest
from fastguard.deep_tokenizer import TokenizerFileError, Windows, read_tokenizer
from fastguard.errors import ModelError
from fastguard.fields import one_of, read_bytes, show
from fastguard.model import has_onnxruntime, open_session, verified_file, verified_onnx
from fastguard.onnx_file import OnnxFileError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DEFAULT_DEEP: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "models", "deep", "manifest.json")  # noqa: PTH100, PTH118, PTH120
HOW_TO_GET: Final = "a deep model inside (./dev train --deep makes one), or deep=PATH of the manifest of another"


class DeepModel:
    """A verified deep model. Threads may share it.

    `DeepModel(path)` reads the manifest and checks every file; `path` is the manifest or the folder that holds
    ``manifest.json``. Raises `ModelError`. The ONNX session is made at the first `score` of each process, with one
    thread; `warm` makes it at once.
    """

    def __init__(self, path: str = DEFAULT_DEEP) -> None:
        if os.path.isdir(path):  # noqa: PTH112
            path = os.path.join(path, "manifest.json")  # noqa: PTH118
        if path == DEFAULT_DEEP and not os.path.exists(path):  # noqa: PTH110
            raise ModelError("this package holds no deep model", file=path, field='depth="deep"', expected=HOW_TO_GET)
        self.path = path
        self.manifest: DeepManifest = read_deep_manifest(
            read_bytes(path, ModelError, "a manifest of a deep model"), path
        )
        verified_onnx(path, self.manifest.onnx, self._fail)
        content = verified_file(path, self.manifest.tokenizer, "tokenizer", self._fail)
        try:
            self._tokenizer = read_tokenizer(content, self.manifest.tokenizer.name)
        except TokenizerFileError as problem:
            raise self._fail("tokenizer.file", f"{self.manifest.tokenizer.name}: {problem}", "a tokenizer") from None
        if self.manifest.stride > self.manifest.window - self._tokenizer.frame:
            most = self.manifest.window - self._tokenizer.frame
            raise self._fail("stride", f"got {self.manifest.stride}", f"at most {most}: the window without its frame")
        self._session: Any = None
        self._session_process = -1

    @property
    def levels(self) -> Mapping[str, tuple[float, ...]]:
        """Least probability of levels 1 to 5, per category that the manifest gives cuts for."""
        return self.manifest.levels

    def spec(self, fast: Sequence[str]) -> _core.DeepSpec:
        """Return what the engine needs; `fast` are the labels of the model before this one."""
        labels = self.manifest.labels
        for i, label in enumerate(labels):
            if label.fast and label.fast not in fast:
                raise self._fail(
                    f"labels[{i}].fast",
                    f"the model before it has no label {show(label.fast)}",
                    one_of(fast) or "a model (there is none: model=None)",
                )
        return _core.DeepSpec(
            labels=[label.name for label in labels],
            categories=[label.category for label in labels],
            sources=[list(label.sources) for label in labels],
            calibration=[label.calibration for label in labels],
            fast=[list(fast).index(label.fast) if label.fast else -1 for label in labels],
            share=[label.share for label in labels],
            bands=dict(self.manifest.band),
        )

    def warm(self) -> bool:
        """Make the ONNX session of this process now and check it; False without onnxruntime."""
        return self._ready() is not None

    def score(self, text: bytes) -> tuple[bytes, bool] | None:
        """Return the logits of the labels (float32) and whether all of the text was read; None where nothing could run.

        `text` is UTF-8 of any length; invalid bytes are passed over. The greatest of the windows counts. There are no
        logits where the text takes more pieces a character than the manifest says.
        """
        session = self._ready()
        if session is None:
            return None
        windows = self._windows(text)
        most = self.manifest.most_pieces
        if most is not None and windows.pieces > most * max(1, len(text.decode("utf-8", "replace"))):
            return b"", windows.complete
        logits = self._logits(session, windows)
        import numpy as np

        return (logits.tobytes(), windows.complete) if np.isfinite(logits).all() else None

    def _fail(self, field: str, problem: str, expected: str = "") -> ModelError:
        return ModelError(problem, file=self.path, id=self.manifest.name, field=field, expected=expected)

    def _ready(self) -> Any:
        if self._session_process != os.getpid():
            # Two threads may both come here; both make the same session and one of them is kept.
            session = self._open()
            self._session, self._session_process = session, os.getpid()
        return self._session

    def _open(self) -> Any:
        if not has_onnxruntime():
            return None
        try:
            session = open_session(verified_onnx(self.path, self.manifest.onnx, self._fail))
        except OnnxFileError as problem:
            raise self._fail("onnx.file", str(problem), "an ONNX model") from None
        self._check_places(session)
        self._check_golden(session)
        return session

    def _check_places(self, session: Any) -> None:
        """Check names, types and shapes of inputs and output."""
        m = self.manifest
        wanted = {
            name: f"onnx.inputs.{key}" for key, name in (("ids", m.ids), ("mask", m.mask), ("types", m.types)) if name
        }
        found = {place.name: place for place in session.get_inputs()}
        for name, place in found.items():
            if name not in wanted:
                raise self._fail("onnx.inputs", f"the graph has an input {show(name)}", f"only {', '.join(wanted)}")
            if place.type != "tensor(int64)" or [isinstance(size, int) for size in place.shape] != [False, False]:
                shape = ", ".join(str(size) for size in place.shape)
                raise self._fail(
                    wanted[name], f"{show(name)} is {place.type} [{shape}]", "tensor(int64) [windows, pieces]"
                )
        for name, key in wanted.items():
            if name not in found:
                raise self._fail(key, f"the graph has no input {show(name)}", ", ".join(found) or "an input")
        outputs = {place.name: place for place in session.get_outputs()}
        if m.output not in outputs:
            raise self._fail("onnx.output", f"the graph has no output {show(m.output)}", ", ".join(outputs))
        place = outputs[m.output]
        if place.type != "tensor(float)" or len(place.shape) != 2 or place.shape[1] not in {m.outputs, None}:
            shape = ", ".join(str(size) for size in place.shape)
            raise self._fail(
                "onnx.output", f"{show(m.output)} is {place.type} [{shape}]", f"tensor(float) [windows, {m.outputs}]"
            )

    def _check_golden(self, session: Any) -> None:
        """Run the golden texts and compare; run one window of the greatest length."""
        for i, golden in enumerate(self.manifest.golden):
            logits = self._logits(session, self._windows(golden.text.encode("utf-8", "replace")))
            for label, now, then in zip(self.manifest.labels, logits.tolist(), golden.logits, strict=True):
                if not abs(now - then) <= self.manifest.tolerance:
                    raise self._fail(
                        f"golden[{i}].logits",
                        f"{label.name} comes to {now:.6g} here",
                        f"{then:.6g} within {self.manifest.tolerance:g}",
                    )
        import numpy as np

        self._run(session, np.zeros((1, self.manifest.window), np.int64))

    def _windows(self, text: bytes) -> Windows:
        m = self.manifest
        return self._tokenizer.windows(text, width=m.window, stride=m.stride, view=m.view, most=m.most_windows)

    def _logits(self, session: Any, windows: Windows) -> npt.NDArray[np.float32]:
        """Return the logits of the labels. Windows run one by one: what a window comes to depends on nothing else."""
        import numpy as np

        m = self.manifest
        outputs = np.concatenate([self._run(session, np.array(ids, np.int64)[None]) for ids in windows.ids])
        logits = np.empty((len(outputs), len(m.labels)), np.float32)
        for i, label in enumerate(m.labels):
            chosen = outputs[:, list(label.outputs)]
            if m.softmax:
                others = np.delete(outputs, list(label.outputs), axis=1)
                with np.errstate(invalid="ignore"):  # what is no number is seen by the caller
                    logits[:, i] = np.logaddexp.reduce(chosen, axis=1) - np.logaddexp.reduce(others, axis=1)
            else:
                logits[:, i] = chosen.max(axis=1)
        best: npt.NDArray[np.float32] = logits.max(axis=0)
        return best

    def _run(self, session: Any, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        import numpy as np

        m = self.manifest
        feed = {m.ids: ids}
        if m.mask:
            feed[m.mask] = np.ones_like(ids)
        if m.types:
            feed[m.types] = np.zeros_like(ids)
        try:
            found = session.run([m.output], feed)[0]
        except Exception as problem:  # noqa: BLE001  (onnxruntime raises classes of its own, made at run time)
            lines = str(problem).strip().splitlines() or [""]
            raise self._fail(
                "window", f"a window of {ids.shape[1]} pieces fails: {lines[0]}", "a model that takes it"
            ) from None
        if found.shape != (1, m.outputs) or found.dtype != np.float32:
            raise self._fail("onnx.output", f"a run gave {found.dtype} {found.shape}", f"float32 (1, {m.outputs})")
        result: npt.NDArray[np.float32] = found
        return result
