"""A look into an ONNX file before any library loads it: what it would read, and which operators it asks for.

The file is protobuf; only the fields that matter are followed, with offsets into the caller's bytes and no copies.
"""

from __future__ import annotations

from collections.abc import Iterator

STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
_MOST_DEPTH = 32

# Field numbers of onnx.proto.
_MODEL_GRAPH, _MODEL_OPSETS, _MODEL_TRAINING, _MODEL_FUNCTIONS = 7, 8, 20, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_TYPE, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSES = (5, 10), (6, 11), (22, 23)
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14


class OnnxFileError(ValueError):
    """The file is not ONNX, or holds what fastguard does not load; the message says which."""


def check_onnx_file(content: bytes) -> None:
    """Raise `OnnxFileError` unless the model is whole in this file and made of standard operators only."""
    graphs = 0
    for number, value in _fields(memoryview(content)):
        if number == _MODEL_FUNCTIONS:
            raise OnnxFileError("it defines operators of its own (local functions)")
        if number == _MODEL_TRAINING:
            raise OnnxFileError("it holds training information")
        if number == _MODEL_GRAPH:
            graphs += 1
            _check_graph(_message(value), 0)
    if graphs != 1:
        raise OnnxFileError("it is not an ONNX model")


def _check_graph(graph: memoryview, depth: int) -> None:
    if depth > _MOST_DEPTH:
        raise OnnxFileError("its graphs are nested too deeply")
    for number, value in _fields(graph):
        if number == _GRAPH_NODE:
            _check_node(_message(value), depth)
        elif number == _GRAPH_INITIALIZER:
            _check_tensor(_message(value))
        elif number == _GRAPH_SPARSE:
            _check_sparse(_message(value))


def _check_node(node: memoryview, depth: int) -> None:
    name = domain = ""
    for number, value in _fields(node):
        if number == _NODE_TYPE:
            name = bytes(_message(value)).decode("utf-8", "replace")
        elif number == _NODE_DOMAIN:
            domain = bytes(_message(value)).decode("utf-8", "replace")
        elif number == _NODE_ATTRIBUTE:
            for inner, part in _fields(_message(value)):
                if inner in _ATTRIBUTE_TENSORS:
                    _check_tensor(_message(part))
                elif inner in _ATTRIBUTE_SPARSES:
                    _check_sparse(_message(part))
                elif inner in _ATTRIBUTE_GRAPHS:
                    _check_graph(_message(part), depth + 1)
    if domain not in STANDARD_DOMAINS:
        raise OnnxFileError(f'it uses the operator "{name}" of "{domain}", which is not part of ONNX')


def _check_sparse(tensor: memoryview) -> None:
    for number, value in _fields(tensor):
        if number in {1, 2}:
            _check_tensor(_message(value))


def _check_tensor(tensor: memoryview) -> None:
    for number, value in _fields(tensor):
        if number == _TENSOR_EXTERNAL or (number == _TENSOR_LOCATION and value != 0):
            raise OnnxFileError("it keeps weights in another file (external data)")


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise OnnxFileError("it is not an ONNX model")
    return value


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield (number, value) of each field of a message; fixed-width values as 0, nobody asks for them."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(data, at)
            end = at + size
            found: int | memoryview = data[at:end]
        elif kind in {1, 5}:
            end = at + (8 if kind == 1 else 4)
            found = 0
        else:
            raise OnnxFileError("it is not an ONNX model")
        if end > len(data):
            raise OnnxFileError("it ends in the middle")
        at = end
        yield key >> 3, found


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 64:
        if at >= len(data):
            raise OnnxFileError("it ends in the middle")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise OnnxFileError("it is not an ONNX model")
