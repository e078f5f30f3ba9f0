"""The learned part: a manifest verified file by file, the gate's numbers for the engine, and the ONNX session.

No loader sees a file before its size and SHA-256 are those of the manifest, and no score is used before the golden
texts came out as they did when the model was made. The only module that imports onnxruntime, at its first use.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from fastguard import _core
from fastguard.errors import ModelError
from fastguard.fields import read_bytes, show
from fastguard.manifest import MOST_LABELS, File, Gate, Onnx, read_manifest
from fastguard.onnx_file import OnnxFileError, check_onnx_file

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DEFAULT_MANIFEST: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "models", "manifest.json")  # noqa: PTH100, PTH118, PTH120
_MOST_WINDOWS: Final = 256  # a run of the session


def has_onnxruntime() -> bool:
    """Return whether onnxruntime can be imported."""
    try:
        import onnxruntime  # noqa: F401
    except ImportError:
        return False
    return True


def open_session(content: bytes) -> Any:
    """Return an ONNX Runtime session of one thread, or raise `OnnxFileError` with what onnxruntime says."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # noqa: BLE001  (onnxruntime raises classes of its own, made at run time)
        lines = str(problem).strip().splitlines() or [""]
        raise OnnxFileError(f"onnxruntime refuses it: {lines[0]}") from None
    if hasattr(session, "_model_bytes"):
        session._model_bytes = b""  # noqa: SLF001  (kept for a change of providers, which never comes here: 3 MB)
    return session


def verified_file(manifest: str, file: File, key: str, fail: Callable[[str, str, str], ModelError]) -> bytes:
    """Return the bytes of a file beside `manifest` once they are those that it means."""
    path = os.path.join(os.path.dirname(manifest), file.name)  # noqa: PTH118, PTH120
    try:
        with open(path, "rb") as stream:  # noqa: PTH123
            content = stream.read(file.size + 1)
            size = os.fstat(stream.fileno()).st_size
    except OSError as problem:
        raise fail(f"{key}.file", f"{path}: {problem.strerror}", "a file that can be read") from None
    if len(content) != file.size:
        raise fail(f"{key}.bytes", f"{path} has {size} bytes", f"{file.size}")
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise fail(f"{key}.sha256", f"{path} has {digest}", file.sha256)
    return content


def verified_onnx(manifest: str, file: File, fail: Callable[[str, str, str], ModelError]) -> bytes:
    """Return the bytes of an ONNX file that is what `manifest` means, whole and of standard operators only."""
    content = verified_file(manifest, file, "onnx", fail)
    try:
        check_onnx_file(content)
    except OnnxFileError as problem:
        raise fail("onnx.file", f"{file.name}: {problem}", "one file of standard operators") from None
    return content


class Model:
    """A verified model: what the engine needs of it, and the scores of its ONNX graph. Threads may share it.

    `Model(path)` reads the manifest and checks every file; `path` is the manifest or the folder that holds
    ``manifest.json``. Raises `ModelError`. The ONNX session is made at the first `score` of each process (so a fork is
    safe), with one thread; `warm` makes it at once.
    """

    def __init__(self, path: str = DEFAULT_MANIFEST) -> None:
        if os.path.isdir(path):  # noqa: PTH112
            path = os.path.join(path, "manifest.json")  # noqa: PTH118
        self.path = path
        self.manifest = read_manifest(read_bytes(path, ModelError, "a model manifest"), path)
        self._table = bytes(_core.FEATURE_BUCKETS * MOST_LABELS * 2)
        self._session: Any = None
        self._session_process = -1
        if self.manifest.gate is not None:
            self._table = self._verified(self.manifest.gate.file, "gate")
            self._check_gate(self.manifest.gate)
        if self.manifest.onnx is not None:
            self._verified_onnx(self.manifest.onnx)

    @property
    def levels(self) -> Mapping[str, tuple[float, ...]]:
        """Least probability of levels 1 to 5, per category."""
        return self.manifest.levels

    @property
    def table(self) -> bytes:
        """The gate's file: int16, little-endian, one row of 8 per bucket; zeros without a gate."""
        return self._table

    def spec(self) -> _core.ModelSpec:
        """Return the gate and the calibrations as the engine takes them."""
        manifest, gate, onnx = self.manifest, self.manifest.gate, self.manifest.onnx
        count = len(manifest.labels)
        calibration = gate.calibration if gate else onnx.calibration if onnx else ()
        never, always = [-1.0] * count, [2.0] * count  # a probability is never at most -1, nor at least 2
        return _core.ModelSpec(
            table=self._table,
            labels=[label.name for label in manifest.labels],
            categories=[label.category for label in manifest.labels],
            sources=[list(label.sources) for label in manifest.labels],
            scale=gate.scale if gate else 1.0,
            bias=list(gate.bias) if gate else [0.0] * count,
            dense=[list(row) for row in gate.dense] if gate else [[0.0] * _core.FEATURE_DENSE] * count,
            gate_calibration=list(calibration),
            model_calibration=list(onnx.calibration if onnx else calibration),
            low=always if onnx is None else list(gate.low) if gate else never,
            high=list(gate.high) if gate and onnx else always,
        )

    def warm(self) -> bool:
        """Make the ONNX session of this process now and check it; False where there is nothing that can run."""
        return self._ready() is not None

    def score(self, ids: bytes, dense: bytes, windows: int) -> bytes | None:
        """Return the logits (float32, windows x labels), or None where onnxruntime is missing or the numbers are not finite.

        `ids` are int32 of all windows, `dense` float32 of each window or of one text for all of them.
        """
        session = self._ready()
        if session is None:
            return None
        import numpy as np

        all_ids = np.frombuffer(ids, np.int32).reshape(windows, -1)
        all_dense = np.frombuffer(dense, np.float32).reshape(-1, _core.FEATURE_DENSE)
        all_dense = np.broadcast_to(all_dense, (windows, _core.FEATURE_DENSE))
        parts = [
            self._run(session, all_ids[at : at + _MOST_WINDOWS], all_dense[at : at + _MOST_WINDOWS])
            for at in range(0, windows, _MOST_WINDOWS)
        ]
        logits = np.concatenate(parts)
        return logits.tobytes() if np.isfinite(logits).all() else None

    def _fail(self, field: str, problem: str, expected: str = "") -> ModelError:
        return ModelError(problem, file=self.path, id=self.manifest.name, field=field, expected=expected)

    def _verified(self, file: File, key: str) -> bytes:
        return verified_file(self.path, file, key, self._fail)

    def _verified_onnx(self, onnx: Onnx) -> bytes:
        return verified_onnx(self.path, onnx.file, self._fail)

    def _check_gate(self, gate: Gate) -> None:
        """Compute the golden texts' gate logits the slow way and compare."""
        table = memoryview(self._table).cast("h")
        mask = _core.FEATURE_BUCKETS - 1
        width = _core.FEATURE_WINDOW * _core.FEATURE_SLOTS
        for i, golden in enumerate(self.manifest.golden):
            ids, dense, windows = _core.features(golden.text)
            all_ids, facts = memoryview(ids).cast("i"), memoryview(dense).cast("f")
            logits = []
            for label, (bias, weights) in enumerate(zip(gate.bias, gate.dense, strict=True)):
                base = bias + math.fsum(weight * fact for weight, fact in zip(weights, facts, strict=True))
                best = -math.inf
                for window in range(windows):
                    used = [id_ for id_ in all_ids[window * width : (window + 1) * width] if id_]
                    total = sum(table[(id_ & mask) * MOST_LABELS + label] for id_ in used)
                    best = max(best, base + (gate.scale * total / math.sqrt(len(used)) if used else 0.0))
                logits.append(best)
            self._compare("gate_logits", i, logits, golden.gate_logits, self.manifest.gate_tolerance)

    def _compare(self, key: str, index: int, got: list[float], expected: tuple[float, ...], tolerance: float) -> None:
        for label, (now, then) in enumerate(zip(got, expected, strict=True)):
            if not abs(now - then) <= tolerance:
                name = self.manifest.labels[label].name
                raise self._fail(
                    f"golden[{index}].{key}", f"{name} comes to {now:.6g} here", f"{then:.6g} within {tolerance:g}"
                )

    def _ready(self) -> Any:
        """Return the session of this process, made and checked at the first call; None without onnxruntime."""
        onnx = self.manifest.onnx
        if onnx is None:
            return None
        if self._session_process != os.getpid():
            # Two threads may both come here; both make the same session and one of them is kept.
            session = self._open(onnx)
            self._session, self._session_process = session, os.getpid()
        return self._session

    def _open(self, onnx: Onnx) -> Any:
        if not has_onnxruntime():
            return None
        try:
            session = open_session(self._verified_onnx(onnx))
        except OnnxFileError as problem:
            raise self._fail("onnx.file", str(problem), "an ONNX model") from None
        self._check_places(session, onnx)
        self._check_onnx(session)
        return session

    def _check_places(self, session: Any, onnx: Onnx) -> None:
        """Check names, types and shapes of inputs and output."""
        width = _core.FEATURE_WINDOW * _core.FEATURE_SLOTS
        wanted = {onnx.ids: ("onnx.inputs.ids", "tensor(int32)", width)}
        if onnx.dense:
            wanted[onnx.dense] = ("onnx.inputs.dense", "tensor(float)", _core.FEATURE_DENSE)
        found = {place.name: place for place in session.get_inputs()}
        for name, place in found.items():
            if name not in wanted:
                raise self._fail("onnx.inputs", f"the graph has an input {show(name)}", f"only {', '.join(wanted)}")
            self._check_place(*wanted[name], place)
        for name, (key, _, _) in wanted.items():
            if name not in found:
                raise self._fail(key, f"the graph has no input {show(name)}", ", ".join(found) or "an input")
        outputs = {place.name: place for place in session.get_outputs()}
        if onnx.output not in outputs:
            raise self._fail("onnx.output", f"the graph has no output {show(onnx.output)}", ", ".join(outputs))
        self._check_place("onnx.output", "tensor(float)", len(self.manifest.labels), outputs[onnx.output])

    def _check_place(self, key: str, kind: str, width: int, place: Any) -> None:
        shape = list(place.shape)
        if place.type != kind or len(shape) != 2 or isinstance(shape[0], int) or shape[1] not in {width, None}:
            shape_text = ", ".join(str(size) for size in shape)
            raise self._fail(key, f"{show(place.name)} is {place.type} [{shape_text}]", f"{kind} [windows, {width}]")

    def _check_onnx(self, session: Any) -> None:
        """Run the golden texts and compare."""
        import numpy as np

        for i, golden in enumerate(self.manifest.golden):
            ids, dense, windows = _core.features(golden.text)
            logits = self._run(
                session,
                np.frombuffer(ids, np.int32).reshape(windows, -1),
                np.broadcast_to(np.frombuffer(dense, np.float32), (windows, _core.FEATURE_DENSE)),
            )
            best = [float(value) for value in logits.max(axis=0)]
            self._compare("onnx_logits", i, best, golden.onnx_logits, self.manifest.onnx_tolerance)

    def _run(self, session: Any, ids: npt.NDArray[np.int32], dense: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        import numpy as np

        onnx = self.manifest.onnx
        assert onnx is not None
        feed = {onnx.ids: ids}
        if onnx.dense:
            feed[onnx.dense] = np.ascontiguousarray(dense)
        logits = session.run([onnx.output], feed)[0]
        if logits.shape != (len(ids), len(self.manifest.labels)) or logits.dtype != np.float32:
            expected = f"float32 ({len(ids)}, {len(self.manifest.labels)})"
            raise self._fail("onnx.output", f"a run gave {logits.dtype} {logits.shape}", expected)
        result: npt.NDArray[np.float32] = logits
        return result
