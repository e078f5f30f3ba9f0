"""Definitions and arguments of tools: ordinary ones, and ones that give the model orders or do harm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from training.generate.attacks import capital
from training.rows import BENIGN_DOCUMENT, Row, marks

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from training.generate.grammar import Phrases

_FIELDS: Final = (
    "city",
    "query",
    "date",
    "limit",
    "path",
    "recipient",
    "amount",
    "language",
    "order_id",
    "note",
    "user_id",
)
_TYPES: Final = ("string", "string", "integer", "boolean", "number")


def rows(words: Phrases, rng: random.Random, factor: float) -> Iterator[Row]:
    """Poisoned and clean definitions and calls of one language."""
    for _ in range(int(45 * factor)):
        action = words.pick("action", rng)
        attack, frame = words.framed("tool_attack", rng, action=action, action_cap=capital(action))
        meant = marks(jailbreak=0, leak=0, indirect=1)
        yield _row(words, _written(words, rng, attack), meant, "tools", frame)
    for number in range(int(70 * factor)):
        frame = f"{words.lang}/tools/clean/{number // 8}"
        yield _row(words, _written(words, rng, None), BENIGN_DOCUMENT, "clean", frame)


def _written(words: Phrases, rng: random.Random, attack: str | None) -> str:
    """A definition as JSON, as a signature with its text, or as plain text; a call with arguments."""
    name, text = words.pick("tool_name", rng), words.pick("tool_text", rng)
    if rng.random() < 0.5:
        text += " " + words.pick("tool_text", rng)
    kind = rng.randrange(4)
    if kind == 3:
        arguments = {field: words.pick("doc", rng)[:60] for field in rng.sample(_FIELDS, rng.randint(1, 3))}
        if attack is not None:
            arguments[rng.choice(list(arguments))] = attack
        return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
    if attack is not None:
        text = rng.choice((f"{text} {attack}", f"{attack} {text}", f"{text}\n\n{attack}", attack))
    if kind == 0:
        return json.dumps(_schema(name, text, rng), ensure_ascii=False, indent=rng.choice((None, 2)))
    if kind == 1:
        parameters = ", ".join(f"{field}: str" for field in rng.sample(_FIELDS, rng.randint(1, 3)))
        return f'def {name}({parameters}) -> dict:\n    """{text}"""'
    return rng.choice((f"{name}: {text}", f"## {name}\n{text}", f"Tool: {name}\nDescription: {text}", text))


def _schema(name: str, text: str, rng: random.Random) -> dict[str, Any]:
    fields = {
        field: {"type": rng.choice(_TYPES), "description": f"the {field.replace('_', ' ')}"}
        for field in rng.sample(_FIELDS, rng.randint(1, 4))
    }
    schema = {"type": "object", "properties": fields, "required": list(fields)[:1]}
    tool: dict[str, Any] = {"name": name, "description": text, "parameters": schema}
    return tool if rng.random() < 0.6 else {"type": "function", "function": tool}


def _row(words: Phrases, text: str, meant: tuple[int, ...], source: str, frame: str) -> Row:
    return Row(text, meant, f"generated_{source}", words.lang, "document", f"tools/{source}", frame, generated=True)
