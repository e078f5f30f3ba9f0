"""The tree of a regular expression: its parts, a text of its shape, and what every match of it holds."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

_MOST_EXACT = 64  # alternatives that are followed when it is asked which words every match holds
WORD = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"


@dataclass(slots=True)
class Node:
    """A part of an expression: `text` in the engine's syntax, and what it may match."""

    text: str
    kind: str  # chars, edge, any, sequence, either, repeat, group
    chars: str = ""  # of chars: what it may be
    parts: list[Node] = field(default_factory=list)
    low: int = 1
    high: int | None = 1
    index: int = 0  # of group: the number of the capture, 0 for none


def sample(node: Node, source: random.Random, out: list[str], groups: dict[int, tuple[int, int]]) -> None:
    """Append a text that a node may match to `out`, and to `groups` where its captures are."""
    if node.kind in {"chars", "any"}:
        # White space is a space, and a gap holds some: texts are to be readable.
        out.append(" " if " " in node.chars and node.chars.isspace() else source.choice(node.chars or WORD + " " * 12))
    elif node.kind == "sequence":
        for part in node.parts:
            sample(part, source, out, groups)
    elif node.kind == "either":
        sample(source.choice(node.parts), source, out, groups)
    elif node.kind == "group":
        start = sum(map(len, out))
        sample(node.parts[0], source, out, groups)
        if node.index:
            groups[node.index] = (start, sum(map(len, out)))
    elif node.kind == "repeat":
        high = node.low + 2 if node.high is None else min(node.high, node.low + 2)
        for _ in range(source.randint(node.low, high)):
            sample(node.parts[0], source, out, groups)


def _exact(node: Node) -> list[str] | None:
    """Return all that a node matches, in lower case, where that is a short list."""
    if node.kind == "edge":
        return [""]
    if node.kind == "chars":
        return sorted(set(node.chars.lower())) if len(node.chars) <= 8 else None
    if node.kind == "group":
        return _exact(node.parts[0])
    if node.kind == "repeat":
        inner = _exact(node.parts[0])
        if inner is None or node.high is None or node.high > 4 or len(inner) ** node.high > _MOST_EXACT:
            return None
        found, run = [] if node.low else [""], [""]
        for count in range(1, node.high + 1):
            run = [a + b for a in run for b in inner]
            found += run if count >= node.low else []
        return found
    if node.kind == "either":
        lists = [_exact(part) for part in node.parts]
        joined = [text for texts in lists if texts is not None for text in texts]
        return None if any(texts is None for texts in lists) or len(joined) > _MOST_EXACT else joined
    if node.kind == "sequence":
        run = [""]
        for part in node.parts:
            texts = _exact(part)
            if texts is None or len(run) * len(texts) > _MOST_EXACT:
                return None
            run = [a + b for a in run for b in texts]
        return run
    return None


def holds(node: Node, words: tuple[str, ...]) -> bool:
    """Whether every match of a node holds one of these words, in lower case; False where that is not certain."""
    if node.kind == "group":
        return holds(node.parts[0], words)
    if node.kind == "repeat":
        return node.low > 0 and holds(node.parts[0], words)
    if node.kind == "either":
        return all(holds(part, words) for part in node.parts)
    if node.kind == "sequence":
        run = [""]
        for part in [*node.parts, None]:
            texts = _exact(part) if part is not None else None
            if texts is not None and len(run) * len(texts) <= _MOST_EXACT:
                run = [a + b for a in run for b in texts]
                continue
            if all(any(word in text for word in words) for text in run):
                return True
            if part is not None and holds(part, words):
                return True
            run = texts if texts is not None else [""]
        return False
    texts = _exact(node)
    return texts is not None and all(any(word in text for word in words) for text in texts)
