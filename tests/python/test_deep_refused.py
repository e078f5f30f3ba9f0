"""Deep models that are not what their manifest says are refused with a message that names file, key and reason."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastguard import ModelError
from fastguard.deep import DeepModel
from fastguard.deep_tokenizer import TokenizerFileError, read_tokenizer

sys.path.insert(0, str(Path(__file__).parent))
from deep_files import BIAS, WORDS, described, graph, make_deep, wordpiece_json

pytest.importorskip("onnx", reason="onnx makes the graphs of these tests")
pytest.importorskip("onnxruntime")

DANGER = WORDS.index("danger")
TOKENIZER = wordpiece_json()
GRAPH = graph(DANGER, len(WORDS))


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        DeepModel(str(path)).warm()
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def made(folder: Path, onnx: bytes = GRAPH, tokenizer: bytes = TOKENIZER, **changes: Any) -> Path:
    return make_deep(folder, onnx=onnx, tokenizer=tokenizer, **changes)


def test_what_is_made_for_these_tests_is_good(tmp_path: Path) -> None:
    assert DeepModel(str(made(tmp_path))).warm()


@pytest.mark.parametrize("name", ["deep.onnx", "tokenizer.json"])
def test_files_that_are_missing_short_or_others(tmp_path: Path, name: str) -> None:
    key = "onnx" if name == "deep.onnx" else "tokenizer"
    path = made(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[:-1])
    assert refused(path) == (
        f"deep-danger: {key}.bytes: {tmp_path / name} has {len(content) - 1} bytes; expected {len(content)}"
    )
    (tmp_path / name).write_bytes(content[:-1] + b"\0")
    assert re.match(rf"deep-danger: {key}\.sha256: .* has \w{{64}}; expected \w{{64}}$", refused(path))
    (tmp_path / name).unlink()
    assert refused(path) == (
        f"deep-danger: {key}.file: {tmp_path / name}: No such file or directory; expected a file that can be read"
    )


def external() -> bytes:
    import onnx

    model = onnx.ModelProto.FromString(GRAPH)
    model.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    content: bytes = model.SerializeToString()
    return content


GRAPHS: dict[str, tuple[Callable[[], bytes], str]] = {
    "custom operators": (
        lambda: graph(DANGER, len(WORDS), domain="com.example"),
        'onnx.file: deep.onnx: it uses the operator "Add" of "com.example", which is not part of ONNX; expected one file of standard operators',
    ),
    "external data": (
        external,
        "onnx.file: deep.onnx: it keeps weights in another file (external data); expected one file of standard operators",
    ),
    "no ONNX": (
        lambda: b"GIF89a",
        "onnx.file: deep.onnx: it is not an ONNX model; expected one file of standard operators",
    ),
    "cut in the middle": (
        lambda: GRAPH[: len(GRAPH) // 2],
        "onnx.file: deep.onnx: it ends in the middle; expected one file of standard operators",
    ),
    "another input": (
        lambda: graph(DANGER, len(WORDS), inputs=("ids", "attention_mask", "token_type_ids")),
        'onnx.inputs: the graph has an input "ids"; expected only input_ids, attention_mask, token_type_ids',
    ),
    "an input too few": (
        lambda: graph(DANGER, len(WORDS), inputs=("input_ids", "attention_mask")),
        'onnx.inputs.types: the graph has no input "token_type_ids"; expected input_ids, attention_mask',
    ),
    "ids of 32 bits": (
        lambda: graph(DANGER, len(WORDS), inputs=("input_ids",), kind=6),
        'onnx.inputs.ids: "input_ids" is tensor(int32) [windows, pieces]; expected tensor(int64) [windows, pieces]',
    ),
    "outputs too many": (
        lambda: graph(DANGER, len(WORDS), outputs=3),
        'onnx.output: "logits" is tensor(float) [windows, 3]; expected tensor(float) [windows, 2]',
    ),
    "other numbers": (
        lambda: graph(DANGER, len(WORDS), weight=2.0),
        "golden[1].logits: danger comes to 0 here; expected 1 within 0.02",
    ),
    "no numbers": (
        lambda: graph(DANGER, len(WORDS), weight=math.nan),
        "golden[1].logits: danger comes to nan here; expected 1 within 0.02",
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs(tmp_path: Path, name: str) -> None:
    make, message = GRAPHS[name]
    assert refused(made(tmp_path, make())) == f"deep-danger: {message}"


def test_a_graph_that_takes_no_window_of_that_length(tmp_path: Path) -> None:
    message = refused(made(tmp_path, graph(DANGER, len(WORDS), places=12)))
    assert re.match(r"deep-danger: window: a window of 16 pieces fails: .*; expected a model that takes it$", message)


def test_a_graph_that_does_not_know_every_piece(tmp_path: Path) -> None:
    golden = [{"text": "a", "logits": [BIAS]}] * 2
    message = refused(made(tmp_path, graph(DANGER, 6), golden=golden))
    assert re.match(r"deep-danger: window: a window of 3 pieces fails: ", message)


def test_an_output_of_another_name_and_a_stride_that_leaves_gaps(tmp_path: Path) -> None:
    inputs = {"ids": "input_ids", "mask": "attention_mask", "types": "token_type_ids"}
    path = made(tmp_path, onnx=GRAPH)
    manifest = json.loads(path.read_text())
    manifest["onnx"] |= {"output": "scores", "inputs": inputs}
    path.write_text(json.dumps(manifest))
    assert refused(path) == 'deep-danger: onnx.output: the graph has no output "scores"; expected logits'
    assert refused(made(tmp_path, stride=15)) == (
        "deep-danger: stride: got 15; expected at most 14: the window without its frame"
    )


def changed(path: tuple[str, ...], value: object) -> bytes:
    data = json.loads(TOKENIZER)
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tokenizer.json", b"{", "not JSON: Expecting property name enclosed in double quotes"),
        ("tokenizer.json", b"\xff{}", "byte 0 is not UTF-8"),
        ("tokenizer.json", b"[]", "it is no tokenizer.json: the key `model` is missing"),
        ("tokenizer.json", b"[" * 100_000, "not JSON: "),
        ("tokenizer.json", changed(("model", "vocab"), [1]), "model.vocab is no table of pieces and their ids"),
        (
            "tokenizer.json",
            changed(("model", "vocab"), {"[UNK]": 0, "a": 2}),
            'model.vocab: the id 2 of "a" is out of range or given twice',
        ),
        (
            "tokenizer.json",
            changed(("model", "vocab"), {"[UNK]": 0, "[CLS]": 1}),
            'the vocabulary lacks the piece "[SEP]"',
        ),
        (
            "tokenizer.json",
            changed(("model", "unk_token"), "<?>"),
            "the vocabulary: lacks the unknown piece '<?>'",
        ),
        ("vocab.txt", b"[UNK]\n[CLS]\n[SEP]\n\na\n", "the vocabulary: piece 3 is empty"),
        ("vocab.txt", b"[UNK]\n[CLS]\n[SEP]\na\na\n", "the vocabulary: piece 4 is piece 3 again"),
        ("vocab.txt", b"a\nb\n", 'the vocabulary lacks the piece "[CLS]"'),
    ],
)
def test_tokenizer_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(TokenizerFileError, match=re.escape(message)):
        read_tokenizer(content, name)
    path = made(tmp_path)
    (tmp_path / name).write_bytes(content)
    manifest = json.loads(path.read_text())
    manifest["tokenizer"] = described(content, name)
    path.write_text(json.dumps(manifest))
    assert refused(path).startswith(f"deep-danger: tokenizer.file: {name}: {message}")


@pytest.mark.parametrize("content", [b'{"model": {"type": "Other"}}', b'{"model": {}}'])
def test_what_the_package_refuses_is_said(content: bytes) -> None:
    pytest.importorskip("tokenizers")
    with pytest.raises(TokenizerFileError, match="tokenizers refuses it: "):
        read_tokenizer(content, "tokenizer.json")
