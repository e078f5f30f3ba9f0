"""The learned score of links: from the shared URL lists to `cpp/src/links/score_weights.cpp` and its manifest.

    python -m training.links --data FOLDER

A logistic regression over what `cpp/src/links/score.cpp` makes of a link (30 shapes and 4,096 buckets of letters, words
and suffixes), so that what is learned is what a check computes. Honest links are the documentation links of the shared
data, the same reduced to their hosts, links put together here over well-known hosts (`training/known_hosts.txt`) and
made-up small sites (`training/small_hosts.py`); one registrable domain in five is held out of all of them. Reported links are those before 2025; those of 2025 are the
test. The cuts are set on the held-out honest links. Seeded: the same data gives the same file.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from fastguard import _core
from numpy.typing import NDArray

from training.small_hosts import small_links

ROOT: Final = Path(__file__).resolve().parent.parent
OUTPUT: Final = ROOT / "cpp" / "src" / "links" / "score_weights.cpp"
MANIFEST: Final = ROOT / "cpp" / "src" / "links" / "score_manifest.json"
KNOWN: Final = Path(__file__).resolve().parent / "known_hosts.txt"
REPORTED: Final = ("jpcert_phishing.jsonl.gz", "phishing_database_links.jsonl.gz")
HONEST: Final = "docs_benign_urls.jsonl.gz"
SEED: Final = 20250611
BUCKETS: Final = 4096
DENSE: Final = 30
EPOCHS: Final = 14
BATCH: Final = 256
RATE: Final = 0.25
DECAY: Final = 3e-5
SMALL: Final = 9000
HELD_OUT: Final = 5  # one registrable domain in so many
FALSE_RAISED: Final = 0.001
FALSE_OPEN: Final = 0.02

_WORDS = (
    "about news products blog help support article post story guide shop item category search user profile photo video "
    "watch wiki docs download release issues pull tree en de fr es jp 2023 2024 2025 world sport tech science health "
    "travel recipe event team jobs careers press pricing contact terms privacy login account settings cart checkout "
    "order invoice status api v1 v2 index archive topic tag author book music album playlist channel live weather map"
)


@dataclass(frozen=True, slots=True)
class Links:
    """Links as the engine sees them: features, label, and which part of the data they are of."""

    dense: NDArray[np.float32]
    ids: list[NDArray[np.int64]]
    label: NDArray[np.float32]
    part: NDArray[np.str_]


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of one shared file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def held_out(domain: str) -> bool:
    """Whether the honest links of a registrable domain are kept from training."""
    return int.from_bytes(hashlib.sha256(domain.encode()).digest()[:4], "big") % HELD_OUT == 0


def made_links(hosts: Iterable[str], random_: random.Random) -> Iterator[str]:
    """Yield links as people write them, over hosts."""
    for host in hosts:
        yield f"https://{host}/"
        yield f"https://www.{host}/" if not host.startswith("www.") else f"https://{host}"
        for _ in range(3):
            words = random_.sample(_WORDS.split(), random_.randint(1, 4))
            path = "/".join(words)
            if random_.random() < 0.3:
                path += f"/{random_.randint(1, 9_999_999)}"
            if random_.random() < 0.4:
                path += "-" + "-".join(random_.sample(_WORDS.split(), random_.randint(2, 5)))
            path += random_.choice(("", "", "/", ".html", ".php", ".htm"))
            if random_.random() < 0.25:
                path += "?" + "&".join(
                    f"{key}={random_.randint(1, 99999)}" for key in random_.sample(["id", "page", "q", "ref", "utm"], 2)
                )
            yield f"https://{random_.choice(('', 'www.', 'shop.', 'm.', 'news.', 'support.'))}{host}/{path}"


def gather(data: Path) -> Links:
    """Return every link of the data with its features; links of a brand's own hosts are never scored and left out."""
    random_ = random.Random(SEED)
    texts: list[tuple[str, float, str]] = []
    for name in REPORTED:
        texts += [(row["text"], 1.0, "test" if row["split"] == "test" else "train") for row in read(data / name)]
    documented = [row["text"] for row in read(data / HONEST)]
    texts += [(url, 0.0, "docs") for url in documented]
    bare = sorted({"/".join(url.split("/")[:3]) + "/" for url in documented})
    texts += [(url, 0.0, "bare") for url in bare]
    known = KNOWN.read_text(encoding="utf-8").split()
    texts += [(url, 0.0, "known") for url in made_links(known, random_)]
    texts += [(url, 0.0, "small") for url in small_links(SMALL, SEED)]
    dense, ids, label, part = [], [], [], []
    for i, (url, wrong, where) in enumerate(texts):
        if i % 10_000 == 0:
            print(f"links: {i} of {len(texts)} read", flush=True)
        links = _core.links(url)
        if len(links) != 1 or not links[0]["dense"] or not links[0]["ids"]:
            continue
        dense.append(links[0]["dense"])
        ids.append(np.array(links[0]["ids"], dtype=np.int64))
        label.append(wrong)
        kept = "" if wrong else ".held" if held_out(links[0]["registrable"]) else ".train"
        part.append(where + kept)
    return Links(np.array(dense, np.float32), ids, np.array(label, np.float32), np.array(part))


def scores(links: Links, which: NDArray[Any], dense: NDArray[Any], buckets: NDArray[Any], bias: float) -> NDArray[Any]:
    """Return the logits of some links."""
    sums = np.array([buckets[links.ids[i]].sum() for i in which], np.float32)
    return np.asarray(links.dense[which] @ dense + sums + bias)


def fit(links: Links) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Return weights of the shapes, of the buckets, and the bias, by stochastic gradient descent with decay."""
    rng = np.random.default_rng(SEED)
    wrong = np.flatnonzero((links.label == 1) & (links.part == "train"))
    right = np.flatnonzero(np.char.endswith(links.part, ".train"))
    dense, buckets, bias = np.zeros(DENSE, np.float32), np.zeros(BUCKETS, np.float32), 0.0
    for epoch in range(EPOCHS):
        rate = RATE * (1 - epoch / EPOCHS)
        order = np.concatenate([wrong, rng.choice(right, len(wrong))])
        rng.shuffle(order)
        loss = 0.0
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            owner = np.repeat(np.arange(len(batch)), [len(links.ids[i]) for i in batch])
            flat = np.concatenate([links.ids[i] for i in batch])
            logit = links.dense[batch] @ dense + np.bincount(owner, buckets[flat], len(batch)) + bias
            chance = 1 / (1 + np.exp(-np.clip(logit, -30, 30)))
            error = (chance - links.label[batch]).astype(np.float32)
            loss -= float(np.log(np.where(links.label[batch] == 1, chance, 1 - chance) + 1e-9).sum())
            dense -= rate * (links.dense[batch].T @ error / len(batch) + DECAY * dense)
            step = np.bincount(flat, error[owner], BUCKETS).astype(np.float32) / len(batch)
            buckets -= rate * 8 * step + rate * DECAY * buckets
            bias -= rate * float(error.mean())
        print(f"links: epoch {epoch + 1} of {EPOCHS}, loss {loss / len(order):.4f}", flush=True)
    return dense, buckets, bias


def auc(wrong: NDArray[Any], right: NDArray[Any]) -> float:
    """Return the chance that a reported link scores above an honest one, ties counting half."""
    ordered = np.sort(right)
    below, not_above = np.searchsorted(ordered, wrong, "left"), np.searchsorted(ordered, wrong, "right")
    return float((below + not_above).mean() / 2 / len(right))


def source_of(dense: NDArray[Any], buckets: NDArray[Any], scale: float, bias: float, cuts: tuple[float, ...]) -> str:
    """Return the C++ file."""

    def rows(values: Iterable[str]) -> str:
        lines, line = [], "   "
        for value in values:
            if len(line) + len(value) + 2 > 118:
                lines.append(line)
                line = "   "
            line += f" {value},"
        return "\n".join([*lines, line])

    def number(value: float) -> str:
        text = f"{value:.6g}"
        return (text if any(char in text for char in ".e") else text + ".0") + "F"

    return (
        "// Generated by training/links.py; do not edit. What it is made of: score_manifest.json.\n"
        '#include "score.h"\n\nnamespace fastguard::links {\n\n// clang-format off\n'
        f"extern const float kDenseWeights[kScoreDense] = {{\n{rows(number(v) for v in dense)}\n}};\n\n"
        f"extern const std::int8_t kBucketWeights[kScoreBuckets] = {{\n{rows(str(v) for v in buckets)}\n}};\n\n"
        f"extern const float kBucketScale = {number(scale)};\n"
        f"extern const float kScoreBias = {number(bias)};\n"
        f"extern const float kScoreHigh = {number(cuts[0])};\n"
        f"extern const float kScoreRaised = {number(cuts[1])};\n"
        f"extern const float kScoreOpen = {number(cuts[2])};\n"
        "// clang-format on\n\n}  // namespace fastguard::links\n"
    )


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data: Path = parser.parse_args().data
    links = gather(data)
    dense, buckets, bias = fit(links)
    scale = float(np.abs(buckets).max()) / 127
    whole = np.round(buckets / scale).astype(np.int8)

    def chance(condition: NDArray[np.bool_]) -> NDArray[Any]:
        logits = scores(links, np.flatnonzero(condition), dense, whole.astype(np.float32) * scale, bias)
        return np.asarray(1 / (1 + np.exp(-logits)))

    held = {name: chance(links.part == f"{name}.held") for name in ("docs", "bare", "known", "small")}
    honest = np.sort(np.concatenate(list(held.values())))
    cuts = (
        float(min(0.9999, honest[-1] + 0.25 * (1 - honest[-1]))),
        float(honest[int(len(honest) * (1 - FALSE_RAISED))]),
        float(honest[int(len(honest) * (1 - FALSE_OPEN))]),
    )
    test = chance(links.part == "test")
    figures = {
        "auc_test_2025_against_documentation": auc(test, held["docs"]),
        "auc_test_2025_against_bare_hosts": auc(test, held["bare"]),
        "auc_test_2025_against_known_hosts": auc(test, held["known"]),
        "auc_test_2025_against_small_sites": auc(test, held["small"]),
        "cuts": {"high": cuts[0], "raised": cuts[1], "open": cuts[2]},
        "test_2025_at_or_above": {
            name: float((test >= cut).mean()) for name, cut in zip(("high", "raised", "open"), cuts, strict=True)
        },
        "rows": {str(name): int(count) for name, count in zip(*np.unique(links.part, return_counts=True), strict=True)},
    }
    print(json.dumps(figures, indent=1))
    OUTPUT.write_text(source_of(dense, whole, scale, bias, cuts), encoding="utf-8")
    files = {name: data / name for name in (*REPORTED, HONEST)} | {KNOWN.name: KNOWN}
    manifest = {
        "made_by": "python -m training.links --data FOLDER",
        "seed": SEED,
        "sources": {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()},
        "figures": figures,
        "weights_sha256": hashlib.sha256(OUTPUT.read_bytes()).hexdigest(),
    }
    MANIFEST.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
