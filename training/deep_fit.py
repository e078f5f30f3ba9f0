"""Fits the deep model on the processor: bags of windows, masked loss, checkpoints to go on from."""

from __future__ import annotations

import itertools
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch.nn import functional

from training.deep_data import FIRST, LAST, MASK, Draw, Pieces, batches, draws, padded
from training.deep_encoder import LAYERS, Deep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

_EVERY: Final = 60  # steps between two checkpoints
_WARM: Final = 60  # steps


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard to train; `tokens` are those shown, padding not counted."""

    tokens: int
    rate: float = 1.2e-4  # of the last layer; each layer below learns more slowly
    fall: float = 0.85
    head_rate: float = 1e-3
    decay: float = 0.01
    batch: int = 2600  # tokens
    masked: float = 0.08  # share of pieces hidden, in every other batch
    seed: int = 1
    left_out: tuple[str, ...] = ()


def max_over_windows(logits: Tensor, owner: NDArray[np.int64], texts: int) -> Tensor:
    """The text's logits: the largest of its windows."""
    out = logits.new_full((texts, logits.shape[1]), -1e9)
    place = torch.from_numpy(owner)[:, None].expand_as(logits)
    return out.scatter_reduce(0, place, logits, "amax", include_self=True)


def _optimiser(model: Deep, plan: Plan) -> torch.optim.AdamW:
    encoder = model.encoder
    parts: list[tuple[float, list[torch.nn.Parameter]]] = [(plan.head_rate, list(model.head.parameters()))]
    for i, layer in enumerate(encoder.layers):
        parts.append((plan.rate * plan.fall ** (LAYERS - 1 - i), list(layer.parameters())))
    bottom = [*encoder.words.parameters(), *encoder.places.parameters(), *encoder.norm.parameters()]
    parts.append((plan.rate * plan.fall**LAYERS, bottom))
    groups = [{"params": parameters, "lr": rate, "start": rate} for rate, parameters in parts]
    return torch.optim.AdamW(groups, weight_decay=plan.decay, fused=True)


def _pace(shown: int, step: int, plan: Plan) -> float:
    """Share of the rate: a warm-up, then even, then down over the last third."""
    return min(1.0, (step + 1) / _WARM) * min(1.0, max(0.03, 3 * (1 - shown / plan.tokens)))


def _stream(pieces: Pieces, plan: Plan) -> Iterator[list[Draw]]:
    for round_ in itertools.count():
        shown = draws(pieces, left_out=plan.left_out, seed=plan.seed, round_=round_)
        yield from batches(shown, plan.batch, plan.seed * 1000 + round_)


def _inputs(pieces: Pieces, part: list[Draw]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    windows = [pieces.window(draw.row, begin) for draw in part for begin in draw.begins]
    return padded(windows), np.repeat(np.arange(len(part)), [len(draw.begins) for draw in part])


def fit(model: Deep, pieces: Pieces, plan: Plan, checkpoint: Path, progress: Callable[[str], None]) -> None:
    """Train in place; goes on from `checkpoint` where one of the same plan is there, and leaves the last state in it.

    The plan's `tokens` may differ from the checkpoint's: so a run can be ended earlier or later than was planned.
    """
    optimiser = _optimiser(model, plan)
    state = _resume(model, optimiser, plan, checkpoint)
    step, shown = state["step"], state["shown"]
    if step:
        progress(f"going on at step {step}, {shown} of {plan.tokens} tokens")
    generator = torch.Generator()
    torch.manual_seed(plan.seed + step)
    started, first, mean = time.monotonic(), shown, 0.0
    model.train()
    for number, part in enumerate(_stream(pieces, plan)):
        if number < step:
            continue
        if shown >= plan.tokens:
            break
        pace = _pace(shown, step, plan)
        for group in optimiser.param_groups:
            group["lr"] = group["start"] * pace
        ids, owner = _inputs(pieces, part)
        tokens = torch.from_numpy(ids)
        if number % 2:
            generator.manual_seed(plan.seed * 1_000_000 + number)
            hide = (torch.rand(tokens.shape, generator=generator) < plan.masked) & (tokens != FIRST) & (tokens != LAST)
            tokens = torch.where(hide & (tokens != 0), MASK, tokens)
        logits = max_over_windows(model(tokens), owner, len(part))
        loss = _loss(logits, pieces, np.array([draw.row for draw in part]))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step, shown = step + 1, shown + sum(draw.tokens for draw in part)
        mean = float(loss.detach()) if not mean else 0.98 * mean + 0.02 * float(loss.detach())
        if step % 20 == 0:
            speed = (shown - first) / (time.monotonic() - started)
            left = (plan.tokens - shown) / max(speed, 1) / 60
            progress(
                f"step {step}  {shown / 1e6:.2f} of {plan.tokens / 1e6:.2f} M tokens  loss {mean:.4f}  "
                f"{speed:.0f} tokens/s  {left:.0f} min left"
            )
        if step % _EVERY == 0:
            _save(model, optimiser, plan, checkpoint, step, shown)
    _save(model, optimiser, plan, checkpoint, step, shown)
    model.eval()


def _loss(logits: Tensor, pieces: Pieces, rows: NDArray[np.int64]) -> Tensor:
    marks = torch.from_numpy(pieces.marks[rows].astype(np.float32))
    known = (marks >= 0).to(torch.float32) * torch.from_numpy(pieces.weight[rows])[:, None]
    target = marks.clamp(0.0, 1.0) * 0.98 + 0.01
    each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (each * known).sum() / known.sum().clamp_min(1.0)


def _same(plan: Plan) -> dict[str, Any]:
    return {name: value for name, value in asdict(plan).items() if name != "tokens"}


def _save(model: Deep, optimiser: torch.optim.AdamW, plan: Plan, path: Path, step: int, shown: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    state = {"plan": _same(plan), "step": step, "shown": shown, "model": model.state_dict()}
    torch.save(state | {"optimiser": optimiser.state_dict()}, partial)
    partial.replace(path)


def _resume(model: Deep, optimiser: torch.optim.AdamW, plan: Plan, path: Path) -> dict[str, int]:
    if not path.is_file():
        return {"step": 0, "shown": 0}
    state = torch.load(path, weights_only=True)
    if state["plan"] != _same(plan):
        return {"step": 0, "shown": 0}
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    return {"step": state["step"], "shown": state["shown"]}


def load(path: Path) -> Deep:
    """The model of a checkpoint."""
    model = Deep()
    model.load_state_dict(torch.load(path, weights_only=True)["model"])
    return model.eval()


@torch.no_grad()
def predict(model: Deep, windows: list[NDArray[np.int64]], batch: int = 4096) -> NDArray[np.float32]:
    """Logits of windows, in batches of similar length and about `batch` tokens."""
    model.eval()
    order = np.argsort([len(window) for window in windows], kind="stable")
    out: list[tuple[NDArray[np.int64], NDArray[np.float32]]] = []
    at = 0
    while at < len(order):
        longest = len(windows[order[min(len(order) - 1, at + batch // max(1, len(windows[order[at]])))]])
        part = order[at : at + max(1, batch // longest)]
        out.append((part, model(torch.from_numpy(padded([windows[i] for i in part]))).numpy()))
        at += len(part)
    logits = np.zeros((len(windows), out[0][1].shape[1] if out else 0), np.float32)
    for part, values in out:
        logits[part] = values
    return logits
