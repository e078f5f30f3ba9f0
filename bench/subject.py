"""What is measured: the guard with all defaults, and the texts on which its gate decides."""

from __future__ import annotations

from functools import cache
from typing import Final

from fastguard import Guard, Policy
from fastguard.pack import CompiledPack, Pack, compile_pack
from fastguard.types import Verdict

from bench import texts

FEWEST: Final = 20  # texts that a figure is made from


def open_guard(*, model: bool) -> Guard:
    """Return the guard that users get, or the one without a model."""
    return Guard(policy=Policy(), model="default" if model else None)


@cache
def gate_only(guard: Guard) -> Guard:
    """Return the same guard but for the model, which it never asks."""
    return Guard(policy=Policy(), depth="gate", model=None if guard.model == "none" else "default")


@cache
def compiled_pack() -> CompiledPack:
    """Return the default pack, compiled."""
    return compile_pack()


@cache
def pack() -> Pack:
    """Return the default pack as its authors wrote it."""
    return Pack.default()


def check_verdict(verdict: Verdict, text: str) -> None:
    """Assert what holds for every verdict: nothing failed, and spans index the text."""
    assert not verdict.degraded, f"degraded: {verdict.degraded}"
    for finding in verdict.findings:
        assert text[finding.start : finding.end] == finding.text, finding
        assert text.encode()[finding.byte_start : finding.byte_end].decode() == finding.text, finding


class Sample:
    """Texts of one kind and size, checked; benign ones only where the gate decides and allows.

    A guard looks at a long text window by window, so that hardly any long text may be left. Then texts without findings
    stand for them, and `check` is that of a guard which never asks the model (`gate_only`): it does the same work.
    """

    def __init__(self, guard: Guard, kind: texts.Kind, script: texts.Script, size: int) -> None:
        wanted = texts.count_of(size)
        made = texts.make(kind, script, size, wanted + wanted // 3)
        verdicts = [guard.check(text) for text in made]
        for text, verdict in zip(made, verdicts, strict=True):
            check_verdict(verdict, text)
            assert verdict == guard.check(text), "the same text twice gave two answers"
        self.to_model = sum(v.tier != "gate" for v in verdicts) / len(made)
        self.flagged = sum(v.flagged for v in verdicts) / len(made)
        self.truncated = sum(bool(v.truncated) for v in verdicts) / len(made)
        kept = list(made)
        if kind == "benign":
            assert not self.truncated, "a limit was reached by a harmless text"
            kept = [t for t, v in zip(made, verdicts, strict=True) if v.tier == "gate" and not v.flagged]
        self.dropped = 1 - len(kept) / len(made)
        self.check = guard.check
        self.gate_only = len(kept) < min(wanted, FEWEST)
        if self.gate_only:
            kept = [t for t, v in zip(made, verdicts, strict=True) if not v.findings]
            self.check = gate_only(guard).check
            assert all(self.check(text).tier == "gate" for text in kept)
        self.texts = kept[:wanted]
        self.bytes = [text.encode() for text in self.texts]

    def __len__(self) -> int:
        return len(self.texts)


_samples: dict[tuple[int, str, str, int], Sample] = {}


def sample(guard: Guard, kind: texts.Kind, script: texts.Script, size: int) -> Sample:
    """Return the sample of a guard, made once."""
    key = (id(guard), kind, script, size)
    if key not in _samples:
        _samples[key] = Sample(guard, kind, script, size)
    return _samples[key]
