"""After warm-up a check takes no memory from the heap for its work, whatever texts follow."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from fastguard import _core

sys.path.insert(0, str(Path(__file__).parent))
from strategies import ASCII_MIX, MIXED_TEXTS, PLANTED, SPECIAL, model_spec, policy, small_guard, small_pack


def mixed_texts(seed: int, count: int) -> list[str | bytes]:
    """Texts of up to 64 KB: ASCII, two and four byte characters, invalid bytes, attacks among them."""
    source = random.Random(seed)
    alphabets = [ASCII_MIX, "слово это \n", "中文字。", "😀 é", SPECIAL]
    texts: list[str | bytes] = []
    for _ in range(count):
        size = source.choice([0, 1, 60, 500, 4000, 16_000])
        text = "".join(source.choices(source.choice(alphabets), k=size))
        text = f"{text} {source.choice(sorted(PLANTED))} "
        raw = text.encode("utf-8", "replace")
        forms: list[str | bytes] = [text, raw, raw[1:] + b"\xff\xc3"]
        texts.append(source.choice(forms))
    return texts


def test_scratch_does_not_grow_after_warm_up() -> None:
    guards = [small_guard(), _core.GuardBase(small_pack(), policy(), model_spec(low=0.5, high=0.5))]
    widest: list[str | bytes] = [
        "\ufdfa" * 22_000,
        ("1gn0re а " * 9_000).encode(),  # segments of bytes are longer than those of a str
        "x" * 70_000,
        "é" * 70_000,
        "😀" * 70_000,
        "中 " * 50_000,
        "1gn0re а " * 9_000,
        "a " * 35_000,
        # and with as much to undo: what is learned of a text is read beside it
        "<b>word</b> and " * 4_500,
        "<b>слово</b> это " * 3_000,
        "<b>中文字</b> 中。 " * 3_000,
        "\u202eabc слово\u202c 😀 é " * 2_000,
        "%77ord слово это \n" * 2_500,
        "i.g.n.o.r.e a.l.l " * 3_500,
        "=4aé %4aé &#74;é \\x4aé <b>é</b> \u202eé\u202c " * 1_600,  # all that may be decoded
        "\ufdfa\ufdfa\ufdfa\ufdfa аррlе ехаmрlе сору " * 1_400,  # the longest when folded, with look-alikes
    ]
    for guard in guards:
        for text in [*widest, *MIXED_TEXTS, *mixed_texts(1, 200)]:
            guard.check(text)
    before = _core.allocation_count()
    for guard in guards:
        for text in mixed_texts(2, 300):
            guard.check(text)
            guard.check(text, source="retrieved")
    assert _core.allocation_count() == before


def test_the_same_text_never_allocates_twice() -> None:
    guard = small_guard()
    for text in MIXED_TEXTS:
        guard.check(text)
        before = _core.allocation_count()
        for _ in range(5):
            guard.check(text)
        assert _core.allocation_count() == before


def test_memory_does_not_grow_with_the_number_of_checks() -> None:
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from strategies import MIXED_TEXTS, small_guard

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

guard = small_guard()
texts = [text for text in MIXED_TEXTS if len(text) < 5000]
for _ in range(500):
    for text in texts:
        guard.check(text).findings
guard.check_batch(texts * 500)
before = resident()
for _ in range(2500):
    for text in texts:
        guard.check(text).findings
        guard.redact(text) if isinstance(text, str) else None
for _ in range(5):
    guard.check_batch(texts * 500)
print(resident() - before)
"""
    if not Path("/proc/self/statm").exists():
        return
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert int(done.stdout) < 4 << 20
