"""The table of concepts by language in python/fastguard/packs/README.md, with recall on examples kept apart.

    python -m bench.concept_languages            write the table
    python -m bench.concept_languages --missed   print which of the examples are not found

`tests/corpus/second_set.tsv` holds the examples: kind (a category, or a detector), language, text. They were written
without looking at the phrases and no phrase is made for them: a phrase that is added for one of them is an example of
the pack from then on, and another one takes its place here. Signatures alone are asked, the learned score is not.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

from fastguard import Guard
from fastguard.pack import Pack

ROOT = Path(__file__).parents[1]
README = ROOT / "python" / "fastguard" / "packs" / "README.md"
EXAMPLES = ROOT / "tests" / "corpus" / "second_set.tsv"
BEGIN = "<!-- concepts by language: made by `python -m bench.concept_languages`, do not edit -->"
END = "<!-- end of concepts by language -->"


def examples() -> list[tuple[str, str, str]]:
    """Return (kind, language, text) of the second set."""
    return [tuple(line.split("\t")) for line in EXAMPLES.read_text("utf-8").splitlines()]  # type: ignore[misc]


def found(guard: Guard, kind: str, text: str) -> bool:
    """Whether a signature of this kind finds something in the text."""
    return any(kind in (finding.category, finding.detector) for finding in guard.check(text).findings)


def tables(guard: Guard) -> str:
    """Return recall by kind and language, and the number of concepts with words of each language, as Markdown."""
    counts: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for kind, language, text in examples():
        counts[kind][language].append(found(guard, kind, text))
    languages = list(dict.fromkeys(language for _, language, _ in examples()))
    lines = [
        f"| found of the second set | {' | '.join(languages)} | all |",
        f"| --- |{' --- |' * (len(languages) + 1)}",
    ]
    for kind, by_language in counts.items():
        cells = [f"{sum(by_language[name])} of {len(by_language[name])}" for name in languages]
        every = [hit for hits in by_language.values() for hit in hits]
        lines.append(f"| `{kind}` | {' | '.join(cells)} | {sum(every) / len(every):.0%} |")
    total = [hit for by_language in counts.values() for hits in by_language.values() for hit in hits]
    shares = []
    for name in languages:
        hits = [hit for by_language in counts.values() for hit in by_language[name]]
        shares.append(f"{sum(hits) / len(hits):.0%}")
    lines.append(f"| all | {' | '.join(shares)} | {sum(total) / len(total):.0%} |")
    concepts = Pack.default().concepts.values()
    words: dict[str, int] = defaultdict(int)
    for concept in concepts:
        for name in concept.words:
            words[name] += 1
    listed = ", ".join(f"{name} {count}" for name, count in sorted(words.items(), key=lambda item: (-item[1], item[0])))
    return "\n".join(lines) + f"\n\nOf {len(concepts)} concepts, so many have words of a language: {listed}.\n"


def renewed(text: str, table: str) -> str:
    """Return the README with this table."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table}{END}{tail}"


def main() -> None:
    """Write the table, or print what is missed."""
    parser = argparse.ArgumentParser(description="Concepts by language.")
    parser.add_argument("--missed", action="store_true", help="print the examples that are not found")
    options = parser.parse_args()
    guard = Guard(model=None)
    if options.missed:
        for kind, language, text in examples():
            if not found(guard, kind, text):
                print(kind, language, text)
        return
    README.write_text(renewed(README.read_text("utf-8"), tables(guard)), encoding="utf-8")


if __name__ == "__main__":
    main()
