"""The two models: a linear gate over hashed ids; and a linear part plus a small convolutional network over the same ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from training.features import BUCKETS, DENSE, DENSE_NAMES
from training.rows import LABELS

ROWS: Final = 1 << 16  # rows of the embedding; ids are taken modulo this
WIDE: Final = 3.0  # the linear part learns at the pace of the network
BLEND: Final = (0.5, 1.0, 0.5, 0.0)  # share of the gate's logit in the answer, per label
# Attacks of the training sets are longer than their innocent texts: what tells the length is not shown to the models.
_HIDDEN: Final = ("log_bytes", "newline", "space", "glued")


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the fast model."""

    rows: int = ROWS
    width: int = 40
    channels: int = 64
    kernel: int = 3
    hidden: int = 64


def shown() -> Tensor:
    """1 for each dense feature that the models may use, 0 for the others."""
    return torch.tensor([0.0 if name in _HIDDEN else 1.0 for name in DENSE_NAMES])


class Gate(nn.Module):
    """Window logit = sum of table rows / sqrt(count of ids) + bias + dense part: exactly the native gate's formula."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(BUCKETS, len(LABELS), mode="sum", padding_idx=0)  # row 0 is no feature
        nn.init.zeros_(self.table.weight)
        self.dense = nn.Linear(DENSE, len(LABELS))
        nn.init.zeros_(self.dense.weight)
        nn.init.constant_(self.dense.bias, -2.0)
        self.shown: Tensor
        self.register_buffer("shown", shown())

    def forward(self, tokens: Tensor, dense: Tensor) -> Tensor:
        """Logits [windows, labels] of tokens [windows, tokens, SLOTS] and dense [windows, DENSE]."""
        ids = tokens.flatten(1)
        used = (ids != 0).to(torch.float32)
        count = used.sum(1, keepdim=True).clamp_min(1.0)
        summed = self.table(ids & (BUCKETS - 1), per_sample_weights=used)
        out: Tensor = summed / count.sqrt() + self.dense(dense * self.shown)
        return out


class Fast(nn.Module):
    """Wide and deep: a linear part as the gate's, which generalises, and a network, which reads order.

    A token is the sum of its ids' rows; a convolution reads neighbours; maximum, attention and mean go to one hidden layer.
    The first columns of a row are the linear weights of the labels.
    """

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape or Shape()
        s = self.shape
        self.embedding = nn.Embedding(s.rows, len(LABELS) + s.width, padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=0.1)
        with torch.no_grad():
            self.embedding.weight[0] = 0.0
            self.embedding.weight[:, : len(LABELS)] = 0.0
        self.wide = nn.Linear(DENSE, len(LABELS))
        nn.init.zeros_(self.wide.weight)
        nn.init.constant_(self.wide.bias, -2.0)
        self.shown: Tensor
        self.register_buffer("shown", shown())
        self.convolution = nn.Conv1d(s.width, s.channels, s.kernel, padding=s.kernel // 2)
        self.attention = nn.Linear(s.channels, 1)
        self.hidden = nn.Linear(3 * s.channels + DENSE, s.hidden)
        self.out = nn.Linear(s.hidden, len(LABELS))
        nn.init.constant_(self.out.bias, -2.0)
        self.drop = nn.Dropout(0.2)

    def forward(self, tokens: Tensor, dense: Tensor) -> Tensor:
        """Logits [windows, labels] of tokens [windows, tokens, SLOTS] and dense [windows, DENSE]."""
        wide, deep = self.parts(tokens, dense)
        return wide + deep

    def parts(self, tokens: Tensor, dense: Tensor) -> tuple[Tensor, Tensor]:
        """(Logits of the linear part, logits of the network): their sum is the answer, training looks at each alone as well."""
        dense = dense * self.shown
        inside = (tokens[:, :, 0] != 0).to(torch.float32)[:, :, None]
        rows = self.embedding(tokens % self.shape.rows).sum(2)
        count = (tokens != 0).sum((1, 2)).to(torch.float32).clamp_min(1.0)[:, None]
        wide: Tensor = rows[:, :, : len(LABELS)].sum(1) / count.sqrt() * WIDE + self.wide(dense)
        x = rows[:, :, len(LABELS) :]
        h = (
            torch.relu(self.convolution(x.transpose(1, 2))).transpose(1, 2) * inside
        )  # relu: nothing is below the padding
        weight = torch.exp(torch.clamp(self.attention(h), -8.0, 8.0)) * inside
        attended = (h * weight).sum(1) / (weight.sum(1) + 1e-6)
        mean = h.sum(1) / (inside.sum(1) + 1e-6)
        pooled = torch.cat([h.amax(1), attended, mean, dense], 1)
        deep: Tensor = self.out(self.drop(torch.relu(self.hidden(self.drop(pooled)))))
        return wide, deep


class Blend(nn.Module):
    """What ships as the ONNX model: the fast model and a share of the gate, so that the two seldom disagree."""

    def __init__(self, fast: Fast, gate: Gate) -> None:
        super().__init__()
        self.fast = fast
        self.gate = gate
        self.share: Tensor
        self.register_buffer("share", torch.tensor(BLEND))

    def forward(self, tokens: Tensor, dense: Tensor) -> Tensor:
        """Logits [windows, labels] of tokens [windows, tokens, SLOTS] and dense [windows, DENSE]."""
        out: Tensor = self.fast(tokens, dense) + self.share * self.gate(tokens, dense)
        return out


def max_over_windows(logits: Tensor, owner: Tensor, texts: int) -> Tensor:
    """The text's logits: the largest of its windows."""
    out = logits.new_full((texts, logits.shape[1]), -1e9)
    return out.scatter_reduce(0, owner[:, None].expand_as(logits), logits, "amax", include_self=True)
