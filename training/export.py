"""Writes the gate's table and the ONNX graph, and proves that both say what torch says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from training.features import BUCKETS, DENSE, IDS, SLOTS, WINDOW
from training.network import BLEND, WIDE
from training.rows import LABELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.network import Blend, Fast, Gate

COLUMNS: Final = 8  # of the native gate's table
OPSET: Final = 18
IR_VERSION: Final = 9


@torch.no_grad()
def quantise_gate(gate: Gate) -> tuple[NDArray[np.int16], float]:
    """(int16 table [BUCKETS, COLUMNS], scale); the gate's weights become what the table says."""
    weight = gate.table.weight
    scale = max(float(weight.abs().max()), 1e-6) / 32767
    table = torch.round(weight / scale)
    weight.copy_(table * scale)
    out = np.zeros((BUCKETS, COLUMNS), np.int16)
    out[:, : len(LABELS)] = table.numpy().astype(np.int16)
    return out, scale


@torch.no_grad()
def quantise_fast(model: Fast) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """(int8 embedding, scale of each column); the model's embedding becomes what they say."""
    weight = model.embedding.weight
    scale = weight.abs().amax(0).clamp_min(1e-6) / 127
    table = torch.clamp(torch.round(weight / scale), -127, 127)
    weight.copy_(table * scale)
    return table.numpy().astype(np.int8), scale.numpy().astype(np.float32)


class _Graph:
    """Nodes and constants of one ONNX graph; each call adds a node and gives the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[np.generic]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: int) -> str:
        name = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], None, None, None, None, **attributes))
        return name


def _ints(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def build(blend: Blend) -> onnx.ModelProto:
    """The blend as a graph of standard operators; columns of padding at the end of a batch are cut off first.

    Quantises both models first, which changes nothing where they are quantised already.
    """
    g = _Graph()
    gate_table, gate_scale = quantise_gate(blend.gate)
    table, scale = quantise_fast(blend.fast)
    state = {name: value.detach().numpy() for name, value in blend.fast.state_dict().items()}
    s, share = blend.fast.shape, np.array(BLEND, np.float32)
    ids = g.add("Reshape", "ids", g.constant(_ints(-1, WINDOW, SLOTS)))
    words = g.add("Squeeze", g.add("Slice", ids, *(g.constant(_ints(v)) for v in (0, 1, 2))), g.constant(_ints(2)))
    used = g.add("Cast", g.add("Not", g.add("Equal", words, g.constant(np.array(0, np.int32)))), to=TensorProto.INT64)
    longest = g.add("ReduceMax", g.add("ReduceSum", used, g.constant(_ints(1)), keepdims=0), keepdims=0)
    width = g.add("Unsqueeze", g.add("Max", longest, g.constant(np.array(1, np.int64))), g.constant(_ints(0)))
    start, axis = g.constant(_ints(0)), g.constant(_ints(1))
    cut = g.add("Slice", ids, start, width, axis)
    rows_of = g.add("Mod", cut, g.constant(np.array(s.rows, np.int32))) if s.rows < 1 << 16 else cut
    inside = g.add("Cast", g.add("Slice", used, start, width, axis), to=TensorProto.FLOAT)
    inside = g.add("Unsqueeze", inside, g.constant(_ints(2)))
    rows = g.add("Cast", g.add("Gather", g.constant(table), rows_of, axis=0), to=TensorProto.FLOAT)
    both = g.add("Mul", g.add("ReduceSum", rows, g.constant(_ints(2)), keepdims=0), g.constant(scale))
    labels, last = len(LABELS), g.constant(_ints(2))
    linear = g.add("Slice", both, start, g.constant(_ints(labels)), last)
    x = g.add("Slice", both, g.constant(_ints(labels)), g.constant(_ints(labels + s.width)), last)
    count = g.add("ReduceSum", g.add("Cast", g.add("Cast", "ids", to=TensorProto.BOOL), to=TensorProto.FLOAT), axis)
    root = g.add("Sqrt", g.add("Max", count, g.constant(np.array(1, np.float32))))
    summed = g.add(
        "Mul", g.add("Div", g.add("ReduceSum", linear, axis, keepdims=0), root), g.constant(np.array(WIDE, np.float32))
    )
    buckets = g.add("Mod", cut, g.constant(np.array(BUCKETS, np.int32)))
    votes = g.add("Cast", g.add("Gather", g.constant(gate_table[:, :labels]), buckets, axis=0), to=TensorProto.FLOAT)
    there = g.add("Cast", g.add("Cast", cut, to=TensorProto.BOOL), to=TensorProto.FLOAT)
    votes = g.add("Mul", votes, g.add("Unsqueeze", there, g.constant(_ints(3))))
    voted = g.add("Div", g.add("ReduceSum", votes, g.constant(_ints(1, 2)), keepdims=0), root)
    voted = g.add("Mul", voted, g.constant((share * np.float32(gate_scale)).astype(np.float32)))
    gate = {name: value.detach().numpy() for name, value in blend.gate.state_dict().items()}
    dense_weight = g.constant((state["wide.weight"] + share[:, None] * gate["dense.weight"]) * state["shown"])
    dense_bias = g.constant(state["wide.bias"] + share * gate["dense.bias"])
    wide = g.add("Add", g.add("Add", summed, voted), g.add("Gemm", "dense", dense_weight, dense_bias, transB=1))
    weight = state["convolution.weight"]  # [channels, width, kernel]
    half = s.kernel // 2
    padded = g.add("Pad", x, g.constant(_ints(0, half, 0, 0, half, 0)))
    ends = [g.add("Add", width, g.constant(_ints(k))) for k in range(s.kernel)]
    shifted = [g.add("Slice", padded, g.constant(_ints(k)), ends[k], axis) for k in range(s.kernel)]
    near = g.add("Concat", *shifted, axis=2)
    kernel = g.constant(np.concatenate([weight[:, :, k].T for k in range(s.kernel)]))
    h = g.add("Relu", g.add("Add", g.add("MatMul", near, kernel), g.constant(state["convolution.bias"])))
    h = g.add("Mul", h, inside)
    score = g.add(
        "Add", g.add("MatMul", h, g.constant(state["attention.weight"].T)), g.constant(state["attention.bias"])
    )
    low, high = g.constant(np.array(-8, np.float32)), g.constant(np.array(8, np.float32))
    attention = g.add("Mul", g.add("Exp", g.add("Clip", score, low, high)), inside)
    tiny = g.constant(np.array(1e-6, np.float32))

    def total(value: str) -> str:
        return g.add("ReduceSum", value, axis, keepdims=0)

    attended = g.add("Div", total(g.add("Mul", h, attention)), g.add("Add", total(attention), tiny))
    mean = g.add("Div", total(h), g.add("Add", total(inside), tiny))
    pooled = g.add("Concat", g.add("ReduceMax", h, axis, keepdims=0), attended, mean, "dense", axis=1)
    mixed = state["hidden.weight"].copy()
    mixed[:, 3 * s.channels :] *= state["shown"]
    hidden = g.add("Relu", g.add("Gemm", pooled, g.constant(mixed), g.constant(state["hidden.bias"]), transB=1))
    deep = g.add("Gemm", hidden, g.constant(state["out.weight"]), g.constant(state["out.bias"]), transB=1)
    g.add("Add", wide, deep, output="logits")
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT32, ["windows", IDS]),
        helper.make_tensor_value_info("dense", TensorProto.FLOAT, ["windows", DENSE]),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["windows", len(LABELS)])]
    graph = helper.make_graph(g.nodes, "fastguard", inputs, outputs, g.constants)
    proto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="fastguard"
    )
    onnx.checker.check_model(proto, full_check=True)
    return proto
