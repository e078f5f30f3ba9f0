"""Writes the deep model as an ONNX graph of standard operators with int8 weights, and proves what it says.

Weights are of seven bits, a scale for each output: so the products of a processor without VNNI cannot overflow, and every
processor adds up the same integers. Activations are quantised as they come. The graph knows no padding: windows are given
one by one, so that what a window comes to depends on nothing else.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from training.deep_data import FIRST, LAST, POSITIONS
from training.deep_encoder import EPSILON, HEADS, LAYERS, WIDTH, Deep
from training.rows import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

OPSET: Final = 20
IR_VERSION: Final = 9
_BITS7: Final = 63.0


def quantise(weight: NDArray[np.float32], steps: float = _BITS7) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """(int8 rows, scale of each row): row * scale is the weight as it ships."""
    scale = np.maximum(np.abs(weight).max(axis=1), 1e-8) / steps
    return np.round(weight / scale[:, None]).astype(np.int8), scale.astype(np.float32)


class _Graph:
    """Nodes and constants of one ONNX graph; each call adds a node and gives the name of its output."""

    def __init__(self, state: dict[str, NDArray[np.float32]]) -> None:
        self.state = state
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[np.generic]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def add(self, kind: str, *inputs: str, count: int = 1, output: str = "", **attributes: Any) -> str:
        names = [output or f"n{len(self.nodes)}"] + [f"n{len(self.nodes)}_{i}" for i in range(1, count)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0]

    def linear(self, x: str, name: str) -> str:
        """A linear map of int8 weights; the values that come are quantised on the way."""
        weight, scale = quantise(self.state[f"{name}.weight"])
        quantised = self.add("DynamicQuantizeLinear", x, count=3)
        added = self.add("MatMulInteger", quantised, self.constant(weight.T), f"{quantised}_2")
        factor = self.add("Mul", f"{quantised}_1", self.constant(scale))
        out = self.add("Mul", self.add("Cast", added, to=TensorProto.FLOAT), factor)
        return self.add("Add", out, self.constant(self.state[f"{name}.bias"]))

    def norm(self, x: str, name: str) -> str:
        weight, bias = (self.constant(self.state[f"{name}.{kind}"]) for kind in ("weight", "bias"))
        return self.add("LayerNormalization", x, weight, bias, axis=-1, epsilon=EPSILON)

    def layer(self, x: str, name: str) -> str:
        heads = self.add("Reshape", self.linear(x, f"{name}.qkv"), self.ints(0, 0, 3, HEADS, WIDTH // HEADS))
        parts = self.add("Transpose", heads, perm=[2, 0, 3, 1, 4])
        q, k, v = (self.add("Gather", parts, self.constant(np.array(i, np.int64)), axis=0) for i in range(3))
        root = self.constant(np.array((WIDTH // HEADS) ** -0.5, np.float32))
        scores = self.add("MatMul", self.add("Mul", q, root), self.add("Transpose", k, perm=[0, 1, 3, 2]))
        seen = self.add("MatMul", self.add("Softmax", scores, axis=-1), v)
        joined = self.add("Reshape", self.add("Transpose", seen, perm=[0, 2, 1, 3]), self.ints(0, 0, WIDTH))
        x = self.norm(self.add("Add", x, self.linear(joined, f"{name}.out")), f"{name}.norm_out")
        inner = self.linear(self.add("Gelu", self.linear(x, f"{name}.up")), f"{name}.down")
        return self.norm(self.add("Add", x, inner), f"{name}.norm_down")


def build(model: Deep) -> bytes:
    """The model as ONNX: int64 `input_ids` [windows, pieces] without padding to float32 `logits` [windows, labels]."""
    state = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    g = _Graph({name.removeprefix("encoder."): value for name, value in state.items()})
    table, scale = quantise(g.state["words.weight"], 127.0)
    rows = g.add("Cast", g.add("Gather", g.constant(table), "input_ids"), to=TensorProto.FLOAT)
    words = g.add("Mul", rows, g.add("Gather", g.constant(scale[:, None]), "input_ids"))
    length = g.add("Slice", g.add("Shape", "input_ids"), g.ints(1), g.ints(2))
    places = g.add("Slice", g.constant(g.state["places.weight"]), g.ints(0), length, g.ints(0))
    x = g.norm(g.add("Add", words, places), "norm")
    for i in range(LAYERS):
        x = g.layer(x, f"layers.{i}")
    one = g.ints(1)
    pooled = g.add("Concat", g.add("ReduceMean", x, one, keepdims=0), g.add("ReduceMax", x, one, keepdims=0), axis=1)
    g.add(
        "Gemm", pooled, g.constant(g.state["head.weight"]), g.constant(g.state["head.bias"]), output="logits", transB=1
    )
    graph = helper.make_graph(
        g.nodes,
        "fastguard-deep",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["windows", "pieces"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["windows", len(LABELS)])],
        g.constants,
    )
    proto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="fastguard"
    )
    onnx.checker.check_model(proto, full_check=True)
    content: bytes = proto.SerializeToString()
    return content


def difference(model: Deep, session: Any, windows: Iterable[NDArray[np.int64]]) -> dict[str, float]:
    """How far the logits of the graph are from those of the model in float32: mean and greatest."""
    found = []
    for window in windows:
        with torch.no_grad():
            expected = model(torch.from_numpy(window[None])).numpy()
        found.append(np.abs(session.run(None, {"input_ids": window[None]})[0] - expected))
    all_ = np.concatenate(found)
    return {"mean": round(float(all_.mean()), 4), "greatest": round(float(all_.max()), 4)}


def timing(session: Any, pieces: int = POSITIONS) -> float:
    """Milliseconds of processor time of one window of this length on one thread: the best of seven rounds."""
    random = np.random.default_rng(1)
    ids = np.concatenate(([FIRST], random.integers(1000, 29000, pieces - 2), [LAST])).astype(np.int64)[None]
    best = float("inf")
    for _ in range(7):
        started = time.process_time_ns()
        for _ in range(10):
            session.run(None, {"input_ids": ids})
        best = min(best, (time.process_time_ns() - started) / 10e6)
    return round(best, 2)
