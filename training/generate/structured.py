"""Ordinary data that is no prose: logs, queries, mark-up, formulas, settings, chats; and prompts that bring them along."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from training.rows import BENIGN_DOCUMENT, BENIGN_PROMPT, Row

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from training.generate.grammar import Phrases

_ASK: Final = (
    "Explain this:",
    "What does this mean?",
    "Fix the error:",
    "Summarise:",
    "Convert to JSON:",
    "Why does this fail?",
    "Review:",
)
_SERVICES: Final = (
    "auth",
    "billing",
    "api-gateway",
    "worker",
    "scheduler",
    "nginx",
    "postgres",
    "mailer",
    "system",
    "prompt-service",
)
_EVENTS: Final = (
    "connection reset by peer", "request completed in {n} ms", "user {n} logged in", "ignoring unknown header X-{n}",
    "override of default config accepted", "retry {n} of 5", "password reset mail sent", "cache miss for key {n}", "disk usage at {n} %",
    "previous instruction pointer 0x{n}", "system prompt template reloaded", "token {n} expired", "rule {n} skipped", "shutting down",
)  # fmt: skip
_TAGS: Final = ("div", "p", "li", "span", "section", "td", "a", "h2", "label", "button")


def rows(words: Phrases, rng: random.Random, factor: float) -> Iterator[Row]:
    """Structured texts with words of one language in them."""
    for number in range(int(110 * factor)):
        name, make = rng.choice(_KINDS)
        text = make(words, rng)
        group = f"{words.lang}/{name}/{number // 8}"
        if rng.random() < 0.3:
            ask = rng.choice(_ASK) if words.lang == "en" or rng.random() < 0.3 else words.pick("question", rng)
            yield Row(
                f"{ask}\n{text}",
                BENIGN_PROMPT,
                "generated_structured",
                words.lang,
                "prompt",
                name,
                group,
                generated=True,
            )
        else:
            yield Row(
                text, BENIGN_DOCUMENT, "generated_structured", words.lang, "document", name, group, generated=True
            )


def _log(_words: Phrases, rng: random.Random) -> str:
    lines = []
    for _ in range(rng.randint(2, 14)):
        stamp = f"2025-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}Z"
        event = rng.choice(_EVENTS).replace("{n}", str(rng.randint(1, 99999)))
        lines.append(f"{stamp} {rng.choice(('INFO', 'WARN', 'ERROR', 'DEBUG'))} [{rng.choice(_SERVICES)}] {event}")
    return "\n".join(lines)


def _sql(_words: Phrases, rng: random.Random) -> str:
    table, column = (
        rng.choice(("users", "orders", "items", "events", "instructions")),
        rng.choice(("id", "name", "created", "prompt", "total")),
    )
    return rng.choice((
        f"SELECT {column}, count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY {column} ORDER BY 2 DESC LIMIT {rng.randint(1, 500)};",
        f"UPDATE {table} SET {column} = {rng.randint(1, 99)} WHERE id IN (SELECT id FROM archive WHERE year < 20{rng.randint(10, 25)});",
        f"CREATE TABLE {table} (\n  id bigint PRIMARY KEY,\n  {column}_text text NOT NULL,\n  created timestamptz DEFAULT now()\n);",
        f"INSERT INTO {table} ({column}) VALUES ({rng.randint(1, 999)}), ({rng.randint(1, 999)}) ON CONFLICT DO NOTHING;",
    ))  # fmt: skip


def _html(words: Phrases, rng: random.Random) -> str:
    out = []
    for _ in range(rng.randint(2, 10)):
        tag = rng.choice(_TAGS)
        extra = f' class="c{rng.randint(1, 40)}"' if rng.random() < 0.6 else f' href="/p/{rng.randint(1, 999)}"'
        out.append(f"<{tag}{extra}>{words.pick('doc', rng)}</{tag}>")
    return "\n".join(out)


def _maths(words: Phrases, rng: random.Random) -> str:
    a, b, c = (rng.randint(2, 99) for _ in range(3))
    formula = rng.choice((
        f"{a}x^2 + {b}x - {c} = 0", f"\\int_0^{a} x^{b} dx", f"f(x) = sin({a}x) / {b}", f"({a} + {b}) * {c} = ?", f"P(A|B) = {a}/{b * c}",
        f"\\sum_{{i=1}}^{{{a}}} i^2", f"lim n->inf (1 + {a}/n)^n", f"A = [[{a}, {b}], [{c}, 1]], det(A)",
    ))  # fmt: skip
    return f"{words.pick('question', rng)}\n{formula}" if rng.random() < 0.4 else formula


def _settings(words: Phrases, rng: random.Random) -> str:
    values: dict[str, object] = {
        "name": rng.choice(_SERVICES), "retries": rng.randint(0, 9), "debug": rng.random() < 0.5,
        "description": words.pick("doc", rng), "system": {"prompt": words.pick("task", rng), "override": False, "temperature": 0.2},
        "labels": [rng.choice(_SERVICES) for _ in range(rng.randint(1, 4))],
    }  # fmt: skip
    keys = rng.sample(sorted(values), rng.randint(3, len(values)))
    if rng.random() < 0.5:
        return json.dumps({key: values[key] for key in keys}, ensure_ascii=False, indent=rng.choice((None, 2)))
    return "\n".join(f"{key}: {values[key]}" for key in keys if not isinstance(values[key], dict))


def _chat(words: Phrases, rng: random.Random) -> str:
    names = rng.sample(("anna", "Ben", "user", "assistant", "Support", "Mei", "omar"), 2)
    lines = [
        f"{names[i % 2]}: {words.pick(rng.choice(('chat', 'question', 'doc')), rng)}" for i in range(rng.randint(2, 9))
    ]
    return "\n".join(lines)


def _trace(_words: Phrases, rng: random.Random) -> str:
    file = rng.choice(("app.py", "prompt.py", "rules.py", "server/main.py", "ignore.py"))
    error = rng.choice(
        (
            "KeyError: 'system'",
            "ValueError: invalid instruction",
            "TimeoutError",
            "TypeError: unsupported operand",
            "PermissionError",
        )
    )
    frames = "".join(
        f'  File "{file}", line {rng.randint(1, 900)}, in {rng.choice(("run", "load", "reset", "override"))}\n'
        for _ in range(rng.randint(1, 6))
    )
    return f"Traceback (most recent call last):\n{frames}{error}"


def _listing(words: Phrases, rng: random.Random) -> str:
    mark = rng.choice(("- ", "* ", "{n}. "))
    lines = [
        mark.replace("{n}", str(i + 1)) + words.pick(rng.choice(("doc", "doc", "question")), rng)
        for i in range(rng.randint(3, 10))
    ]
    return "\n".join(lines)


_KINDS: Final[tuple[tuple[str, Callable[[Phrases, random.Random], str]], ...]] = (
    ("log", _log), ("sql", _sql), ("html", _html), ("maths", _maths), ("settings", _settings),
    ("chat", _chat), ("trace", _trace), ("listing", _listing), ("listing", _listing),
)  # fmt: skip
