"""The table of concepts by language is what the packs do."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from fastguard import Guard

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.concept_languages import README, examples, renewed, tables


def test_the_table_in_the_readme_is_fresh() -> None:
    text = README.read_text("utf-8")
    assert renewed(text, tables(Guard(model=None))) == text  # else: python -m bench.concept_languages


def test_each_kind_has_as_many_examples_in_each_of_twelve_languages() -> None:
    counts = Counter((kind, language) for kind, language, _ in examples())
    assert len({language for _, language in counts}) >= 12
    assert set(counts.values()) == {2}
    assert len(set(examples())) == len(examples())
