"""Long texts: natural documents of 4 to 64 KB, innocent, and the same with one attack at the head, in the middle, at the end."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from training.plant import attack_for
from training.rows import BENIGN_DOCUMENT, INDIRECT, SEED, Row, marks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PLACES: Final = ("head", "middle", "tail")
_SIZES: Final = (4_000, 64_000)  # bytes, drawn evenly on a logarithmic scale
_COUNTS: Final = {"calibration": 400, "test": 400}  # none is trained on: see training/README.md
_ATTACKED: Final = 0.25  # of the innocent ones are hosts: each is attacked once at each place
_SOURCES: Final = 4  # a text is made of rows of at most this many sources


def long_texts(rows: Sequence[Row], frame_split: dict[str, str], scale: float = 1.0) -> Iterator[Row]:
    """Innocent and attacked long texts of each split, made of the natural documents of that split alone."""
    rng = random.Random(f"{SEED}/long")
    for split, count in _COUNTS.items():
        hosts: dict[str, list[Row]] = {}
        for row in rows:
            plain = not row.generated and row.kind == "document" and row.marks[INDIRECT] == 0
            if plain and row.split == split and 120 <= len(row.text) <= 6000:
                hosts.setdefault(row.source, []).append(row)
        large = [source for source, found in hosts.items() if len(found) >= 20]
        for number in range(max(2, int(count * scale)) if large else 0):
            parts = _parts(hosts, large, rng)
            group = f"long/{split}/{number}"
            yield _row("\n\n".join(row.text for row in parts), BENIGN_DOCUMENT, parts[0], "long", group)
            if number < _ATTACKED * count * scale:
                yield from _attacked(parts, frame_split, group, rng)


def _parts(hosts: dict[str, list[Row]], large: list[str], rng: random.Random) -> list[Row]:
    """Documents of a few sources, together about as long as a drawn size."""
    low, high = _SIZES
    size = low * (high / low) ** rng.random()
    sources = rng.sample(large, min(len(large), rng.randint(1, _SOURCES)))
    parts: list[Row] = []
    total = 0
    while total < size:
        row = rng.choice(hosts[rng.choice(sources)])
        parts.append(row)
        total += len(row.text.encode("utf-8", "replace")) + 2
    return parts


def _attacked(parts: list[Row], frame_split: dict[str, str], group: str, rng: random.Random) -> Iterator[Row]:
    direct = rng.random() < 0.5
    attack = attack_for(parts[0], rng, frame_split, direct=direct)
    if attack is None:
        return
    text, plain = attack
    meant = marks(injection=1, jailbreak=0, indirect=1) if plain else marks(jailbreak=0, indirect=1)
    texts = [row.text for row in parts]
    for place, at in zip(PLACES, (0, len(parts) // 2, len(parts)), strict=True):
        whole = "\n\n".join([*texts[:at], text, *texts[at:]])
        yield _row(whole, meant, parts[0], f"long/{place}", group)


def _row(text: str, meant: tuple[int, ...], host: Row, family: str, group: str) -> Row:
    return Row(text, meant, "generated_long", host.lang, "document", family, group, generated=True, split=host.split)
