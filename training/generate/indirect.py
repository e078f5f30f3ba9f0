"""Instructions planted in data: e-mails, pages, tables, code and tool results, each with clean twins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from training.generate import obfuscate
from training.generate.attacks import capital, override
from training.rows import BENIGN_DOCUMENT, Row, marks

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from training.generate.grammar import Phrases

_HEADERS: Final = (("From", "To", "Subject"), ("EMAIL_FROM", "RECEIVED DATE", "SUBJECT"), ("from", "date", "subject"))
_NAMES: Final = (
    "a.miller",
    "info",
    "k.tanaka",
    "billing",
    "sofia",
    "no-reply",
    "dr.roy",
    "team",
    "j.kowalska",
    "support",
)


def rows(words: Phrases, rng: random.Random, factor: float) -> Iterator[Row]:
    """Planted instructions and clean documents of one language."""
    for _ in range(int(300 * factor)):
        if rng.random() < 0.2:
            planted, frame = override(words, rng)
            meant = marks(injection=1, jailbreak=0, indirect=1)
        else:
            planted, frame = planted_instruction(words, rng)
            meant = marks(jailbreak=0, indirect=1)
        if rng.random() < 0.04:
            planted = obfuscate.attack(planted, rng)
        kind, text = _document(words, rng, planted)
        yield Row(text, meant, "generated_indirect", words.lang, "document", f"planted/{kind}", frame, generated=True)
    for number in range(int(380 * factor)):
        kind, text = _document(words, rng, None)
        frame = f"{words.lang}/{kind}/clean/{number // 8}"
        yield Row(
            text, BENIGN_DOCUMENT, "generated_clean", words.lang, "document", f"clean/{kind}", frame, generated=True
        )


def planted_instruction(words: Phrases, rng: random.Random) -> tuple[str, str]:
    """(An instruction to the model that reads the document, name of its frame)."""
    action, answer = words.pick("action", rng), words.pick("answer_action", rng)
    return words.framed(
        "planted",
        rng,
        action=action,
        answer_action=answer,
        action_cap=capital(action),
        answer_action_cap=capital(answer),
    )


def _document(words: Phrases, rng: random.Random, planted: str | None) -> tuple[str, str]:
    name, make = rng.choice(_KINDS)
    return name, make(words, rng, planted)


def _sentences(words: Phrases, rng: random.Random, low: int, high: int) -> list[str]:
    """Sentences of a document; in English some of them tell people, not models, what to do."""
    people = words.lang == "en"
    return [
        words.pick("over_doc" if people and rng.random() < 0.12 else "doc", rng) for _ in range(rng.randint(low, high))
    ]


def _insert(parts: list[str], planted: str | None, rng: random.Random) -> list[str]:
    """The planted text at the head, in the middle or, most often, at the end."""
    if planted is not None:
        parts.insert(rng.choice((0, len(parts) // 2, len(parts), len(parts))), planted)
    return parts


def _email(words: Phrases, rng: random.Random, planted: str | None) -> str:
    keys = rng.choice(_HEADERS)
    values = (
        f"{rng.choice(_NAMES)}@example.{rng.choice(('com', 'org', 'net'))}",
        f"2025-0{rng.randint(1, 9)}-{rng.randint(10, 28)}",
    )
    subject = words.pick("doc", rng).split(".")[0][:60]
    body = _insert(_sentences(words, rng, 2, 9), planted, rng)
    lead = [f"{keys[0]}: {values[0]}", f"{keys[1]}: {values[1]}", f"{keys[2]}: {subject}", ""]
    end = [words.pick("chat", rng)] if rng.random() < 0.4 else []
    return "\n".join([*lead, rng.choice((" ", "\n", "\n\n")).join(body), *end])


def _page(words: Phrases, rng: random.Random, planted: str | None) -> str:
    body = [f"<p>{line}</p>" for line in _sentences(words, rng, 2, 10)]
    if planted is not None:
        wrapped = rng.choice((
            f"<!-- {planted} -->", f'<div style="display:none">{planted}</div>', f"<p>{planted}</p>",
            f'<img src="/a.png" alt="{planted}">', f'<span style="color:#fff;font-size:1px">{planted}</span>',
            f'<meta name="description" content="{planted}">',
        ))  # fmt: skip
        body.insert(rng.randrange(len(body) + 1), wrapped)
    elif rng.random() < 0.4:
        note = words.pick("doc", rng)
        body.insert(
            rng.randrange(len(body) + 1), rng.choice((f"<!-- {note} -->", f'<div class="note" hidden>{note}</div>'))
        )
    title = words.pick("doc", rng)[:50]
    return f"<html><head><title>{title}</title></head><body>\n<h1>{title}</h1>\n" + "\n".join(body) + "\n</body></html>"


def _prose(words: Phrases, rng: random.Random, planted: str | None) -> str:
    return rng.choice((" ", "\n", "\n\n")).join(_insert(_sentences(words, rng, 3, 14), planted, rng))


def _table(words: Phrases, rng: random.Random, planted: str | None) -> str:
    separator = rng.choice((" | ", ",", "\t"))
    lines = [separator.join(("id", "name", "amount", "comment"))]
    for number in range(rng.randint(3, 9)):
        name = rng.choice(_NAMES)
        lines.append(separator.join((str(number + 100), name, f"{rng.uniform(1, 900):.2f}", words.pick("doc", rng))))
    if planted is not None:
        if rng.random() < 0.6:
            row = rng.randrange(1, len(lines))
            lines[row] = separator.join((*lines[row].split(separator)[:3], planted))
        else:
            lines.insert(rng.choice((0, len(lines))), planted)
    return "\n".join(lines)


def _tool(words: Phrases, rng: random.Random, planted: str | None) -> str:
    items = [
        {
            "id": rng.randint(1, 9999),
            "title": words.pick("doc", rng)[:60],
            "body": " ".join(_sentences(words, rng, 1, 3)),
        }
        for _ in range(rng.randint(1, 4))
    ]
    if planted is not None:
        item = rng.choice(items)
        key = rng.choice(("body", "body", "title", "note"))
        item[key] = rng.choice((planted, f"{item['body']} {planted}"))
    value: object = items if rng.random() < 0.5 else {"status": "ok", "results": items, "next": None}
    return json.dumps(value, ensure_ascii=rng.random() < 0.1, indent=rng.choice((None, 2)))


def _code(words: Phrases, rng: random.Random, planted: str | None) -> str:
    mark = rng.choice(("#", "//", "--"))
    lines = [f"{mark} {words.pick('doc', rng)}", *rng.choice(_SNIPPETS).split("\n")]
    if planted is not None:
        lines.insert(
            rng.randrange(len(lines) + 1), rng.choice((f"{mark} {planted}", planted, f'    note = "{planted}"'))
        )
    return "\n".join(lines)


def _reviews(words: Phrases, rng: random.Random, planted: str | None) -> str:
    stars = [f"{'★' * rng.randint(1, 5)} {rng.choice(_NAMES)}: {line}" for line in _sentences(words, rng, 2, 7)]
    if planted is not None:
        place = rng.randrange(len(stars))
        stars[place] = stars[place] + " " + planted if rng.random() < 0.6 else f"★★★★★ {rng.choice(_NAMES)}: {planted}"
    return "\n".join(stars)


_SNIPPETS: Final = (
    "def total(rows):\n    result = 0\n    for row in rows:\n        result += row.amount\n    return result",
    "import json\n\ndef load(path):\n    with open(path) as stream:\n        return json.load(stream)",
    "function add(a, b) {\n  return a + b;\n}\nmodule.exports = { add };",
    "SELECT name, sum(amount) FROM orders\nWHERE created > '2025-01-01'\nGROUP BY name;",
    "class Queue:\n    def __init__(self):\n        self.items = []\n\n    def push(self, item):\n        self.items.append(item)",
    "for file in *.txt; do\n  wc -l \"$file\"\ndone",
    "public int max(int a, int b) {\n    return a > b ? a : b;\n}",
    "fn main() {\n    let names = vec![\"a\", \"b\"];\n    println!(\"{}\", names.len());\n}",
    "try:\n    value = int(text)\nexcept ValueError:\n    print('not a number')",
)  # fmt: skip
_KINDS: Final[tuple[tuple[str, Callable[[Phrases, random.Random, str | None], str]], ...]] = (
    ("email", _email), ("email", _email), ("page", _page), ("prose", _prose), ("prose", _prose),
    ("table", _table), ("tool", _tool), ("code", _code), ("reviews", _reviews),
)  # fmt: skip
