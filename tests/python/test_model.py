"""Models: nothing is loaded that is not what its manifest says, nothing is scored that does not come out as it did."""

from __future__ import annotations

import contextlib
import json
import math
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastguard import Guard, ModelError, _core
from fastguard.model import DEFAULT_MANIFEST, Model
from fastguard.onnx_file import OnnxFileError, check_onnx_file
from fastguard.pack import Pack
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from model_files import IDS, gate_logit, make_model, onnx_graph

GOOD_PACK = Pack.load([Path(__file__).parent / "golden" / "good"], default=False)


@pytest.fixture(scope="session")
def graph() -> bytes:
    pytest.importorskip("onnx", reason="onnx makes the graphs of these tests")
    pytest.importorskip("onnxruntime")
    return onnx_graph().SerializeToString()


def guard_of(manifest: Path, depth: str = "fast") -> Guard:
    return Guard(packs=GOOD_PACK, model=manifest, depth=depth, cache=False)  # type: ignore[arg-type]


def test_a_gate_alone_decides_everything(tmp_path: Path) -> None:
    guard = guard_of(make_model(tmp_path))
    assert guard.check("a danger to us").tier == "gate"
    assert guard.check("a danger to us").degraded == ()
    assert guard.check("danger").categories["custom"].score > 0.9
    assert guard.check("no harm").categories == {}


def test_the_gate_here_is_the_gate_of_the_engine(tmp_path: Path) -> None:
    guard = guard_of(make_model(tmp_path))
    for text in ("", "danger", "one danger two", "danger danger", "x " * 300 + "danger"):
        assert guard.explain(text)["gate"]["labels"]["danger"]["logit"] == pytest.approx(gate_logit(text), abs=1e-3)


def test_the_model_is_asked_where_the_gate_is_unsure(tmp_path: Path, graph: bytes) -> None:
    guard = guard_of(make_model(tmp_path, onnx=graph, low=0.01, high=0.999999))
    verdict = guard.check("perhaps a danger to some of us here today")
    assert verdict.tier == "fast"
    assert verdict.degraded == ()
    assert guard.check("danger danger danger").categories["custom"].score > 0.9


def test_without_a_gate_the_model_is_always_asked(tmp_path: Path, graph: bytes) -> None:
    guard = guard_of(make_model(tmp_path, gate=False, onnx=graph))
    assert guard.check("nothing").tier == "fast"
    assert guard.check("danger " * 100).categories["custom"].level == 1
    assert [v.tier for v in guard.check_batch(["a", "danger"] * 300)] == ["fast"] * 600


def with_calibration(manifest: Path, part: str, calibration: list[list[float]]) -> Path:
    content = json.loads(manifest.read_text(encoding="utf-8"))
    content[part]["calibration"] = calibration
    manifest.write_text(json.dumps(content), encoding="utf-8")
    return manifest


@pytest.mark.parametrize("part", ["gate", "onnx"])
def test_many_windows_need_a_greater_logit(tmp_path: Path, graph: bytes, part: str) -> None:
    gate = part == "gate"
    manifest = make_model(tmp_path, gate=gate, onnx=None if gate else graph)
    plain = guard_of(manifest)
    texts = ["danger " * count + "word " * 6000 for count in range(0, 65, 2)]
    before = [plain.check(text).score for text in texts]
    less = guard_of(with_calibration(manifest, part, [[1.0 if gate else 2.0, 0.0, 2.0]]))
    after = [less.check(text).score for text in texts]
    assert all(now <= then for now, then in zip(after, before, strict=True))
    assert after != before
    assert less.check("danger " * 20) == plain.check("danger " * 20)


@pytest.mark.parametrize("part", ["gate", "onnx"])
def test_brief_texts_need_a_greater_logit(tmp_path: Path, graph: bytes, part: str) -> None:
    gate = part == "gate"
    manifest = make_model(tmp_path, gate=gate, onnx=None if gate else graph)
    texts = ["danger " * count for count in range(8, 24)]
    calibration = [0.05, 0.0, 0.0]  # so that no score is 0 or 1
    plain = guard_of(with_calibration(manifest, part, [calibration]))
    before = [plain.check(text).categories["custom"].score for text in texts]
    same = guard_of(with_calibration(manifest, part, [[*calibration, 0.0]]))
    assert [same.check(text).categories["custom"].score for text in texts] == before
    less = guard_of(with_calibration(manifest, part, [[*calibration, 0.3]]))
    after = [less.check(text).categories["custom"].score for text in texts]
    brief = _core.BRIEF_WORDS
    for count, (then, now) in enumerate(zip(before, after, strict=True), 8):
        odds = math.log(then / (1.0 - then)) - 0.3 * max(0.0, 1.0 - count / _core.BRIEF_WORDS)
        probability = 1.0 / (1.0 + math.exp(-odds))
        assert now == pytest.approx(probability, abs=2e-4)
        assert (now == then) == (count >= brief)


@pytest.mark.parametrize(
    ("calibration", "field"),
    [
        ([[1.0, 0.0, -0.5]], r"calibration\[0\]\[2\]"),
        ([[1.0, 0.0, 0.0, -1.0]], r"calibration\[0\]\[3\]"),
        ([[1.0, 0.0, 0.0, 0.0, 0.0]], "calibration"),
    ],
)
def test_a_calibration_of_another_form_is_refused(
    tmp_path: Path, graph: bytes, calibration: list[list[float]], field: str
) -> None:
    manifest = with_calibration(make_model(tmp_path, onnx=graph), "gate", calibration)
    with pytest.raises(ModelError, match=field):
        guard_of(manifest)


def test_batches_are_scored_like_single_texts(tmp_path: Path, graph: bytes) -> None:
    guard = guard_of(make_model(tmp_path, gate=False, onnx=graph))
    texts = ["danger " * i for i in range(200)] + ["word " * 400]
    assert guard.check_batch(texts) == [guard.check(text) for text in texts]


def test_scores_need_windows_of_the_right_form(tmp_path: Path, graph: bytes) -> None:
    model = Model(str(make_model(tmp_path, onnx=graph)))
    dense = bytes(4 * _core.FEATURE_DENSE)
    logits = model.score(bytes(4 * IDS * 3), dense, 3)
    assert logits is not None
    assert list(memoryview(logits).cast("f")) == [-4.0, -4.0, -4.0]
    assert model.score(bytes(4 * IDS * 300), dense * 300, 300) is not None
    assert model.score(bytes(4 * IDS), b"\xff" * len(dense), 1) is None  # NaN in, NaN out


def test_a_guard_with_its_own_model_survives_pickling(tmp_path: Path, graph: bytes) -> None:
    guard = guard_of(make_model(tmp_path, onnx=graph))
    assert pickle.loads(pickle.dumps(guard)).check("danger") == guard.check("danger")
    assert guard.model == "danger 1"


def test_a_folder_stands_for_the_manifest_in_it(tmp_path: Path) -> None:
    make_model(tmp_path)
    assert Model(str(tmp_path)).manifest.name == "danger"


@pytest.mark.parametrize("file", ["gate.bin", "model.onnx"])
@pytest.mark.parametrize("change", ["flip", "shorter", "longer", "missing"])
def test_a_file_that_is_not_the_manifests_is_refused_before_it_is_read(
    tmp_path: Path, graph: bytes, file: str, change: str
) -> None:
    manifest = make_model(tmp_path, onnx=graph)
    path = tmp_path / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    if change == "missing":
        path.unlink()
    else:
        path.write_bytes({"flip": content, "shorter": content[:-1], "longer": bytes(content) + b"\0"}[change])
    with pytest.raises(ModelError) as caught:
        guard_of(manifest)
    key = {"flip": "sha256", "missing": "file"}.get(change, "bytes")
    assert caught.value.field == f"{file.partition('.')[0].replace('model', 'onnx')}.{key}"
    assert file in str(caught.value)


def test_a_file_that_changes_between_check_and_use_is_refused(tmp_path: Path, graph: bytes) -> None:
    model = Model(str(make_model(tmp_path, onnx=graph)))
    content = bytearray(graph)
    content[-20] ^= 1
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=r"onnx\.sha256"):
        model.warm()


def change_golden(key: str) -> Any:
    def change(manifest: Path) -> None:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        content["golden"][1][key][0] += 0.5
        manifest.write_text(json.dumps(content), encoding="utf-8")

    return change


def test_other_numbers_than_when_it_was_made_are_an_error(tmp_path: Path, graph: bytes) -> None:
    for key in ("gate_logits", "onnx_logits"):
        manifest = make_model(tmp_path, onnx=graph)
        change_golden(key)(manifest)
        with pytest.raises(ModelError, match=rf"danger: golden\[1\]\.{key}: danger comes to"):
            guard_of(manifest)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"ids_type": 7}, 'onnx.inputs.ids: "ids" is tensor(int64)'),
        (
            {"width": 100},
            f'onnx.inputs.ids: "ids" is tensor(int32) [windows, 100]; expected tensor(int32) [windows, {IDS}]',
        ),
        ({"labels": 2}, 'onnx.output: "logits" is tensor(float) [windows, 2]'),
        ({"names": ("tokens", "dense", "logits")}, 'the graph has an input "tokens"'),
        ({"names": ("ids", "dense", "scores")}, 'the graph has no output "logits"; expected scores'),
        ({"domain": "com.example"}, 'it uses the operator "Add" of "com.example", which is not part of ONNX'),
    ],
)
def test_a_graph_of_another_form_is_refused(tmp_path: Path, graph: bytes, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ModelError) as caught:
        guard_of(make_model(tmp_path, onnx=onnx_graph(**changes).SerializeToString()))
    assert text in str(caught.value)


def test_external_data_is_refused(tmp_path: Path, graph: bytes) -> None:
    import onnx

    proto = onnx_graph()
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    with pytest.raises(ModelError, match="it keeps weights in another file"):
        guard_of(make_model(tmp_path, onnx=proto.SerializeToString()))


def test_external_data_is_found_wherever_a_tensor_may_be(graph: bytes) -> None:
    from onnx import AttributeProto, NodeProto, TensorProto

    def external() -> TensorProto:
        tensor = TensorProto()
        tensor.external_data.add()
        return tensor

    places = []
    for name in ("t", "g", "tensors", "graphs", "sparse_tensor", "sparse_tensors"):
        attribute = AttributeProto(name="a")
        if name == "t":
            attribute.t.CopyFrom(external())
        elif name == "g":
            attribute.g.initializer.append(external())
        elif name == "tensors":
            attribute.tensors.append(external())
        elif name == "graphs":
            attribute.graphs.add().initializer.append(external())
        elif name == "sparse_tensor":
            attribute.sparse_tensor.values.CopyFrom(external())
        else:
            attribute.sparse_tensors.add().indices.CopyFrom(external())
        places.append(attribute)
    for attribute in places:
        proto = onnx_graph()
        proto.graph.node.append(NodeProto(op_type="If", attribute=[attribute]))
        with pytest.raises(OnnxFileError, match="another file"):
            check_onnx_file(proto.SerializeToString())
    proto = onnx_graph()
    proto.graph.sparse_initializer.add().values.CopyFrom(external())
    with pytest.raises(OnnxFileError, match="another file"):
        check_onnx_file(proto.SerializeToString())


def test_operators_of_its_own_are_refused(graph: bytes) -> None:
    proto = onnx_graph()
    proto.functions.add().name = "mine"
    with pytest.raises(OnnxFileError, match="operators of its own"):
        check_onnx_file(proto.SerializeToString())


def test_graphs_nested_without_end_are_refused() -> None:
    from fastguard.onnx_file import _MOST_DEPTH

    def field(number: int, content: bytes) -> bytes:
        size = b""
        rest = len(content)
        while True:
            size += bytes([rest & 0x7F | (0x80 if rest > 0x7F else 0)])
            rest >>= 7
            if not rest:
                return bytes([number << 3 | 2]) + size + content

    graph = b""
    for _ in range(_MOST_DEPTH + 2):
        graph = field(1, field(5, field(6, graph)))
    with pytest.raises(OnnxFileError, match="nested too deeply"):
        check_onnx_file(field(7, graph))


@given(st.binary(max_size=200))
def test_any_bytes_are_onnx_or_an_error(content: bytes) -> None:
    refused = "it "
    try:
        check_onnx_file(content)
    except OnnxFileError as error:
        refused = str(error)
    assert refused.startswith(("it ", "its "))


@settings(max_examples=50)
@given(st.data())
def test_a_damaged_graph_is_read_or_an_error(data: st.DataObject) -> None:
    pytest.importorskip("onnx")
    content = bytearray(onnx_graph().SerializeToString()[-400:])
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(OnnxFileError):
        check_onnx_file(bytes(content))


def test_what_is_no_onnx_is_refused_before_onnxruntime_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"danger: onnx\.file: model\.onnx: it"):
        guard_of(make_model(tmp_path, onnx=b"this is no graph"))


def test_a_missing_onnxruntime_is_a_degraded_verdict(
    tmp_path: Path, graph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    guard = guard_of(make_model(tmp_path, gate=False, onnx=graph))
    verdict = guard.check("danger")
    assert verdict.degraded == ("model",)
    assert verdict.action.value == "escalate"
    assert all(verdict.degraded == ("model",) for verdict in guard.check_batch(["a"] * 10))


def test_the_gate_alone_needs_no_onnxruntime(tmp_path: Path, graph: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    guard = guard_of(make_model(tmp_path, onnx=graph))
    assert guard.check("danger danger danger").degraded == ()


def test_the_session_is_made_anew_after_a_fork(tmp_path: Path, graph: bytes) -> None:
    manifest = make_model(tmp_path, gate=False, onnx=graph)
    code = (
        "import os, sys\n"
        "from fastguard import Guard\n"
        "from fastguard.pack import Pack\n"
        "guard = Guard(packs=Pack.load([sys.argv[2]], default=False), model=sys.argv[1], cache=False)\n"
        "before = guard.check('danger')\n"
        "child = os.fork()\n"
        "same = guard.check('danger') == before and before.degraded == ()\n"
        "if child == 0: os._exit(0 if same else 1)\n"
        "sys.exit(0 if same and os.waitpid(child, 0)[1] == 0 else 1)\n"
    )
    good = Path(__file__).parent / "golden" / "good"
    command = [sys.executable, "-c", code, str(manifest), str(good)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_labels_may_be_for_some_sources(tmp_path: Path) -> None:
    label = {"name": "danger", "category": "custom", "sources": ["retrieved"]}
    guard = guard_of(make_model(tmp_path, labels=[label]))
    assert guard.check("danger").categories == {}
    assert guard.check("danger", source="retrieved").categories["custom"].score > 0.9


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200)
@given(st.data())
def test_any_change_of_a_manifest_is_read_or_a_model_error(data: st.DataObject) -> None:
    from fastguard.manifest import read_manifest

    whole = json.loads(json.dumps(MANIFEST))
    table = whole
    while True:
        key = data.draw(st.sampled_from(sorted(table) if isinstance(table, dict) else range(len(table))))
        if isinstance(table[key], (dict, list)) and table[key] and data.draw(st.booleans()):
            table = table[key]
            continue
        table[key] = data.draw(json_values)
        break
    refused = "manifest.json: "
    try:
        read_manifest(json.dumps(whole).encode(), "manifest.json")
    except ModelError as error:
        refused = str(error)
    assert refused.startswith("manifest.json: ")


MANIFEST = json.loads(
    (Path(__file__).parent / "golden" / "manifests" / "short_hash" / "manifest.json").read_text(encoding="utf-8")
)
MANIFEST["gate"]["sha256"] = "0" * 64


def test_the_default_model_is_verified(guard: Guard) -> None:
    model = Model(DEFAULT_MANIFEST)
    assert model.manifest.gate is not None
    assert model.manifest.onnx is not None
    assert model.warm()
    size = sum(path.stat().st_size for path in Path(DEFAULT_MANIFEST).parent.iterdir())
    assert size < 8_000_000
    assert guard.model == f"{model.manifest.name} {model.manifest.version}"
