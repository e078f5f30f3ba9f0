"""Fits the models: bags of windows, masked loss, buckets of similar length."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from training.network import Fast, Gate, Shape, max_over_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from training.features import Features


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard to train."""

    epochs: int
    rate: float
    decay: float = 0.0
    batch: int = 256
    id_dropout: float = 0.25
    token_dropout: float = 0.08
    teacher: float = 0.0  # share of the loss that follows the teacher's probabilities
    seed: int = 1


@dataclass(slots=True)
class Examples:
    """Texts to learn from: features, marks and weights of the same length; `teacher` logits where there are any."""

    features: Features
    marks: NDArray[np.int8]
    weight: NDArray[np.float32]
    teacher: NDArray[np.float32] | None = None


def batches(examples: Features, texts: NDArray[np.int64], size: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Batches of texts of similar length in random order; about `size` windows each."""
    random = np.random.default_rng(seed)
    count = examples.windows[texts]
    first = examples.text_start[texts]
    length = examples.window_start[first + 1] - examples.window_start[first]
    order = texts[np.argsort(count * 1000 + length + random.uniform(0, 12, len(texts)), kind="stable")]
    ends = np.cumsum(examples.windows[order])
    cut = np.searchsorted(ends, np.arange(size, int(ends[-1]) + size, size)) if len(ends) else np.zeros(0, np.int64)
    parts = [part for part in np.split(order, np.unique(cut)) if len(part)]
    random.shuffle(parts)
    yield from parts


def fit(
    model: nn.Module,
    examples: Examples,
    texts: NDArray[np.int64],
    plan: Plan,
    progress: Callable[[str], None],
) -> None:
    """Train in place with Adam, a warm-up and a cosine decay; deterministic for a seed and thread count."""
    torch.manual_seed(plan.seed)
    generator = torch.Generator().manual_seed(plan.seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=plan.rate, weight_decay=plan.decay, fused=True)
    steps = plan.epochs * max(1, math.ceil(int(examples.features.windows[texts].sum()) / plan.batch))
    step, started = 0, time.monotonic()
    model.train()
    for epoch in range(plan.epochs):
        total, seen = 0.0, 0
        for part in batches(examples.features, texts, plan.batch, plan.seed * 1000 + epoch):
            scale = min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
            for group in optimiser.param_groups:
                group["lr"] = plan.rate * max(scale, 0.02)
            answers = _answers(model, examples.features, part, plan, generator)
            loss = torch.stack([share * _loss(logits, examples, part, plan.teacher) for share, logits in answers]).sum()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            step += 1
            total, seen = total + float(loss.detach()) * len(part), seen + len(part)
        spent = time.monotonic() - started
        progress(f"epoch {epoch + 1}/{plan.epochs}  loss {total / max(1, seen):.4f}  {spent:.0f} s")
    model.eval()


def _answers(
    model: nn.Module, features: Features, part: NDArray[np.int64], plan: Plan, generator: torch.Generator
) -> list[tuple[float, Tensor]]:
    """(Share in the loss, logits of the texts): the model's answer and, of the fast model, what each part says alone."""
    windows, owner = features.of_texts(part)
    tokens = torch.from_numpy(features.padded(windows))
    keep = torch.rand(tokens.shape, generator=generator) >= plan.id_dropout
    keep &= (torch.rand(tokens.shape[:2], generator=generator) >= plan.token_dropout)[:, :, None]
    dense = torch.from_numpy(features.dense[part][owner])
    if isinstance(model, Fast):
        wide, deep = model.parts(tokens * keep, dense)
        parts = [(1.0, wide + deep), (0.5, wide), (0.3, deep)]
    else:
        parts = [(1.0, model(tokens * keep, dense))]
    place = torch.from_numpy(owner)
    return [(share, max_over_windows(logits, place, len(part))) for share, logits in parts]


def _loss(logits: Tensor, examples: Examples, part: NDArray[np.int64], teacher_share: float) -> Tensor:
    marks = torch.from_numpy(examples.marks[part].astype(np.float32))
    known = (marks >= 0).to(torch.float32) * torch.from_numpy(examples.weight[part])[:, None]
    target = marks.clamp(0.0, 1.0)
    hard = functional.binary_cross_entropy_with_logits(logits, target * 0.98 + 0.01, reduction="none")
    loss = (hard * known).sum() / known.sum().clamp_min(1.0)
    if teacher_share and examples.teacher is not None:
        taught = torch.sigmoid(torch.from_numpy(examples.teacher[part]))
        soft = functional.binary_cross_entropy_with_logits(logits, taught, reduction="none").mean()
        loss = (1 - teacher_share) * loss + teacher_share * soft
    return loss


@torch.no_grad()
def predict(model: nn.Module, features: Features, batch: int = 512) -> NDArray[np.float32]:
    """Logits of all texts."""
    model.eval()
    texts = np.arange(len(features))
    out: NDArray[np.float32] | None = None
    for part in batches(features, texts, batch, 0):
        windows, owner = features.of_texts(part)
        dense = torch.from_numpy(features.dense[part][owner])
        logits = model(torch.from_numpy(features.padded(windows)), dense)
        values = max_over_windows(logits, torch.from_numpy(owner), len(part)).numpy()
        if out is None:
            out = np.zeros((len(features), values.shape[1]), np.float32)
        out[part] = values
    assert out is not None
    return out


def new_gate() -> Gate:
    """A gate that knows nothing yet."""
    return Gate()


def new_fast(seed: int, shape: Shape | None = None) -> Fast:
    """A fast model with seeded random weights."""
    torch.manual_seed(seed)
    return Fast(shape)
