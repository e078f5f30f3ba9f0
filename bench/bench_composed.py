"""How much faster is a check than the same thing composed in Python of hyperscan, tokenizers, numpy and onnxruntime?"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fastguard import _core

from bench import texts
from bench.composed import Composed
from bench.measure import compete, over
from bench.subject import pack, sample

if TYPE_CHECKING:
    from fastguard import Guard

    from bench.measure import Benchmark


@cache
def composed_guard() -> Composed:
    composed = Composed(pack())
    known = next(signature for signature in pack() if signature.kind == "pattern" and "raw" in signature.views)
    flagged, found, probabilities = composed.check(known.match[0])
    assert flagged
    assert known.id in {composed.ids[number] for number in found}
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    inputs = composed.featurise("one text", composed.tokenize("one text"))
    ids = next(iter(inputs.values()))
    assert ids.shape == (1, _core.FEATURE_WINDOW * _core.FEATURE_SLOTS)
    assert ids.dtype == np.int32
    return composed


@pytest.mark.parametrize("size", texts.SIZES)
@pytest.mark.parametrize("script", ["ascii", "mixed"])
def test_composed(
    benchmark: Benchmark, guard: Guard, with_model: bool, script: texts.Script, size: str, seconds: float
) -> None:
    if not with_model:
        pytest.skip("the composed guard runs the model, and --no-model was given")
    chosen = sample(guard, "benign", script, texts.SIZES[size])
    if not chosen.texts:
        pytest.skip(f"the gate decides none of the {script} texts of {size}")
    composed = composed_guard()
    folded = [composed.normalise(text) for text in chosen.texts]
    tokens = [composed.tokenize(text) for text in folded]
    inputs = [composed.featurise(*pair) for pair in zip(chosen.texts, tokens, strict=True)]
    both = list(zip(chosen.texts, folded, strict=True))
    contestants = {
        "check": over(chosen.check, chosen.texts),
        "composed": over(composed.check, chosen.texts),
        "normalise": over(composed.normalise, chosen.texts),
        "hyperscan": over(lambda pair: composed.match(*pair), both),
        "tokenizers": over(composed.tokenize, folded),
        "numpy": over(lambda pair: composed.featurise(*pair), list(zip(chosen.texts, tokens, strict=True))),
        "onnxruntime": over(composed.score, inputs),
    }
    compete(benchmark, contestants, len(chosen), seconds)
