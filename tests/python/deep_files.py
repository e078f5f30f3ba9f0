"""Makes small deep models with their manifests, for tests: a tokenizer of any kind, and a graph that counts one piece."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

WORDS = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "danger",
    "over",
    "##ous",
    "harm",
    "no",
    "there",
    "is",
    "to",
    ".",
    "a",
    "##a",
)
BIAS = -2.0
WINDOW, STRIDE = 16, 10


def wordpiece_json(**changes: Any) -> bytes:
    """Return a tokenizer.json as BERT's uncased one."""
    data: dict[str, Any] = {
        "version": "1.0",
        "truncation": {"max_length": 4, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
        "padding": None,
        "added_tokens": [
            {
                "id": WORDS.index(name),
                "content": name,
                "special": True,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
            }
            for name in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {word: i for i, word in enumerate(WORDS)},
        },
    }
    data.update(changes)
    return json.dumps(data).encode()


def other_json(kind: str) -> bytes:
    """Return a tokenizer.json of the package: ``"bpe"`` as of RoBERTa, or ``"unigram"`` as of DeBERTa."""
    import tokenizers as t

    special = ["<pad>", "<s>", "</s>", "<unk>"]
    words = ("danger", "is", "over", "no", "there", "harm")
    if kind == "bpe":
        made = t.Tokenizer(t.models.BPE())
        made.pre_tokenizer = t.pre_tokenizers.ByteLevel(add_prefix_space=True)
        trainer = t.trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            initial_alphabet=t.pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        made.train_from_iterator([" ".join(words)] * 20, trainer)
    else:
        letters = [(letter, -10.0) for letter in "▁abcdefghijklmnopqrstuvwxyz</>.?"]
        pieces = [*((name, 0.0) for name in special), *(("▁" + word, -2.0) for word in words), *letters]
        made = t.Tokenizer(t.models.Unigram(pieces, unk_id=3))
        made.add_special_tokens(special)
        made.pre_tokenizer = t.pre_tokenizers.Metaspace()
    made.post_processor = t.processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", made.token_to_id("<s>")), ("</s>", made.token_to_id("</s>"))]
    )
    made.enable_truncation(6)  # which must not count
    result: bytes = made.to_str().encode()
    return result


def piece_of(tokenizer: bytes) -> tuple[int, int]:
    """Return (id of the longest piece of "danger", ids in the vocabulary)."""
    import tokenizers as t

    made = t.Tokenizer.from_str(tokenizer.decode())
    made.no_truncation()
    found = made.encode("danger", add_special_tokens=False)
    _, piece = max((len(token), id_) for token, id_ in zip(found.tokens, found.ids, strict=True))
    return piece, made.get_vocab_size()


def graph(
    marked: int,
    size: int,
    *,
    inputs: tuple[str, ...] = ("input_ids", "attention_mask", "token_type_ids"),
    outputs: int = 2,
    places: int = 64,
    weight: float = 3.0,
    kind: int | None = None,
    domain: str = "",
) -> bytes:
    """Return a graph: output 1 counts the marked piece, output 0 is 0; windows of more than `places` pieces fail."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    table = np.zeros((size, outputs), np.float32)
    table[marked, -1] = weight
    bias = np.zeros(outputs, np.float32)
    bias[-1] = BIAS
    nodes = [
        helper.make_node("Gather", ["table", inputs[0]], ["rows"], axis=0),
        helper.make_node("Shape", [inputs[0]], ["shape"]),
        helper.make_node("Slice", ["shape", "one", "two"], ["length"]),
        helper.make_node("Squeeze", ["length"], ["last"]),
        helper.make_node("Range", ["zero", "last", "step"], ["range"]),
        helper.make_node("Gather", ["places", "range"], ["placed"], axis=0),  # as positions of a transformer
        helper.make_node("Add", ["rows", "placed"], ["all"]),
        helper.make_node("ReduceSum", ["all", "one"], ["sum"], keepdims=0),
    ]
    last = "sum"
    for i, name in enumerate(inputs[1:]):
        nodes += [
            helper.make_node("ReduceSum", [name, "one"], [f"total{i}"], keepdims=1),
            helper.make_node("Cast", [f"total{i}"], [f"float{i}"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"float{i}", "nothing"], [f"none{i}"]),
            helper.make_node("Add", [last, f"none{i}"], [f"added{i}"]),
        ]
        last = f"added{i}"
    nodes.append(helper.make_node("Add", [last, "bias"], ["logits"], domain=domain))
    made = helper.make_graph(
        nodes,
        "counts",
        [helper.make_tensor_value_info(name, kind or TensorProto.INT64, ["windows", "pieces"]) for name in inputs],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["windows", outputs])],
        [
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(np.zeros((places, outputs), np.float32), "places"),
            numpy_helper.from_array(bias, "bias"),
            numpy_helper.from_array(np.array(0.0, np.float32), "nothing"),
            numpy_helper.from_array(np.array(0, np.int64), "zero"),
            numpy_helper.from_array(np.array(1, np.int64), "step"),
            numpy_helper.from_array(np.array([1], np.int64), "one"),
            numpy_helper.from_array(np.array([2], np.int64), "two"),
        ],
    )
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    model = helper.make_model(made, opset_imports=opsets)
    model.ir_version = 9
    content: bytes = model.SerializeToString()
    return content


def described(content: bytes, name: str) -> dict[str, Any]:
    """Return what a manifest says of a file."""
    return {"file": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def make_deep(
    folder: Path, *, onnx: bytes, tokenizer: bytes, name: str = "tokenizer.json", softmax: bool = True, **changes: Any
) -> Path:
    """Write a deep model and return its manifest; `changes` replace keys of the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "deep.onnx").write_bytes(onnx)
    (folder / name).write_bytes(tokenizer)
    manifest: dict[str, Any] = {
        "schema": 1,
        "kind": "deep",
        "name": "deep-danger",
        "version": "1",
        "created": "2026-01-31",
        "onnx": {
            **described(onnx, "deep.onnx"),
            "inputs": {"ids": "input_ids", "mask": "attention_mask", "types": "token_type_ids"},
            "output": "logits",
        },
        "outputs": 2,
        "activation": "softmax" if softmax else "sigmoid",
        "tokenizer": described(tokenizer, name),
        "window": WINDOW,
        "stride": STRIDE,
        "labels": [{"name": "danger", "category": "custom", "outputs": [1]}],
        "golden": [{"text": "", "logits": [BIAS]}, {"text": "danger is over", "logits": [1.0]}],
    }
    manifest.update(changes)
    path = folder / "manifest.json"
    path.write_text(json.dumps({key: value for key, value in manifest.items() if value is not None}), encoding="utf-8")
    return path
