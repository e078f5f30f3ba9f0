"""Whichever kernel runs, verdicts, views, tokens and features are the same; FASTGUARD_KERNEL chooses one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastguard import _core
from hypothesis import given

sys.path.insert(0, str(Path(__file__).parent))
from strategies import KEY, MIXED_TEXTS, any_bytes, examples, model_spec, small_guard, texts

GUARD = small_guard(model_spec(low=0.5, high=0.5))


@pytest.fixture(autouse=True)
def _kernel_as_before() -> Iterator[None]:
    before = _core.kernel()
    yield
    _core.set_kernel(before)


def on_each_kernel(text: str | bytes) -> list[object]:
    """Return what each kernel makes of a text."""
    results: list[object] = []
    for name in _core.kernels():
        _core.set_kernel(name)
        assert _core.kernel() == name
        gate = GUARD.explain(text)["gate"] if len(text) < 1000 else None
        results.append((GUARD.check(text), _core.features(text), gate))
    return results


def test_the_scalar_kernel_is_always_there() -> None:
    assert "scalar" in _core.kernels()
    assert _core.kernel() in _core.kernels()
    assert _core.kernel() != "avx512"  # only when it is asked for


@given(texts())
@examples(150)
def test_random_texts_are_judged_alike(text: str) -> None:
    first, *others = on_each_kernel(f"{text} {KEY} {text}")
    assert all(other == first for other in others)


@given(any_bytes(300))
@examples(100)
def test_random_bytes_are_judged_alike(raw: bytes) -> None:
    first, *others = on_each_kernel(raw)
    assert all(other == first for other in others)


@pytest.mark.parametrize("text", MIXED_TEXTS, ids=range(len(MIXED_TEXTS)))
def test_texts_of_all_sizes_are_judged_alike(text: str | bytes) -> None:
    first, *others = on_each_kernel(text)
    assert all(other == first for other in others)


def test_every_length_about_a_block_is_judged_alike() -> None:
    for size in range(260):
        first, *others = on_each_kernel("é" * (size % 3) + "aB3 @:" * 50 + "x" * size)
        assert all(other == first for other in others), size


def test_an_unknown_kernel_is_refused() -> None:
    before = _core.kernel()
    with pytest.raises(ValueError, match=r"no kernel 'sse9' on this CPU"):
        _core.set_kernel("sse9")
    assert _core.kernel() == before


@pytest.mark.parametrize("name", _core.kernels())
def test_the_environment_forces_a_kernel(name: str) -> None:
    assert kernel_under(name) == name


def test_an_unknown_name_in_the_environment_is_ignored() -> None:
    assert kernel_under("sse9") == kernel_under("")


def kernel_under(name: str) -> str:
    code = "import fastguard._core as core; print(core.kernel())"
    environment = {**os.environ, "FASTGUARD_KERNEL": name}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
