"""Rules of gitleaks: its TOML configuration."""

from __future__ import annotations

from fastguard.errors import PackError
from fastguard.fields import Fields, parse_toml, show
from fastguard.importing.rule import Rule, part_of

_KNOWN = ("id", "description", "regex", "path", "secretGroup", "entropy", "keywords", "tags", "allowlist", "allowlists", "required", "tokenEfficiency", "skipReport")  # fmt: skip


def read(content: bytes, file: str) -> tuple[list[Rule], list[str]]:
    """Return the rules of a configuration and what of the file as a whole is left out; raises `PackError`."""
    head = Fields(parse_toml(content, file, PackError), PackError, file=file)
    lines = _lines_of_ids(content.decode("utf-8"))
    left_out = []
    if "extend" in head:
        left_out.append("extend: the rules of other files are not read; import those files as well")
    if any(_allows_texts(table) for table in _tables(head, "allowlist", "allowlists")):
        left_out.append("allowlist of all rules: a policy says what is no finding (allow.phrases, allow.hosts)")
    rules = []
    for i, table in enumerate(head.tables("rules", "at least one [[rules]]")):
        name = table.string("id", expected="the id of the rule")
        table.id = name
        rules.append(_rule(table, name, f"line {lines.get(name, '?')}" if name in lines else f"rules[{i}]"))
    if not rules:
        head.fail("rules", "none", "at least one [[rules]]")
    return rules, left_out


def _rule(table: Fields, name: str, place: str) -> Rule:
    rule = Rule(name, place, " ".join(table.string("description", name).split()), "secret", severity="high")
    rule.atlas, rule.owasp = ("AML.T0055",), ("LLM02:2025",)
    if "path" in table:
        rule.reasons.append(
            f"path {show(table.string('path'))}: a rule about names of files; a guard sees texts, not files"
        )
    if "regex" not in table:
        if not rule.reasons:
            rule.reasons.append("no regex")
        return rule
    part = part_of("regex", place, table.string("regex"))
    rule.groups = [(part,)]
    rule.entropy = table.number("entropy", 0.0, low=0.0, high=8.0)
    rule.keywords = table.strings("keywords", ())
    secret_group = table.integer("secretGroup", 0, low=0, high=99)
    if part.expression is not None:
        captures = _captures(part.expression.root)
        if secret_group and secret_group not in captures:
            table.fail("secretGroup", f"got {secret_group}", f"a group of the regex, 1 to {max(captures, default=0)}")
        rule.capture = secret_group or min(captures, default=0) or None
        if rule.keywords and not part.expression.holds(rule.keywords):
            rule.differs.append(
                f"keywords {show(', '.join(rule.keywords))}: matches without one of them would be found, too"
            )
    if "required" in table:
        rule.reasons.append("required: findings of other rules beside it are not looked for")
    for allowed in _tables(table, "allowlist", "allowlists"):
        if _allows_texts(allowed):
            rule.differs.append("allowlist: what it lets pass (regexes, stopwords) would be found, too")
        else:
            rule.notes.append("allowlist of paths and commits: there are none in a text")
    for key in table.keys():  # noqa: SIM118
        if key not in _KNOWN:
            rule.notes.append(f"{show(key)}: unknown, left out")
    return rule


def _captures(node: object) -> list[int]:
    found: list[int] = []
    stack = [node]
    while stack:
        item = stack.pop()
        index = getattr(item, "index", 0)
        found += [index] if index else []
        stack += getattr(item, "parts", [])
    return sorted(found)


def _tables(table: Fields, single: str, several: str) -> list[Fields]:
    found = [table.table(single)] if single in table else []
    return found + (table.tables(several, "a list of tables") if several in table else [])


def _allows_texts(table: Fields) -> bool:
    return bool(table.strings("regexes", ()) or table.strings("stopwords", ()))


def _lines_of_ids(text: str) -> dict[str, int]:
    """Return where each id stands: the reader of TOML does not say."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        key, equals, value = line.partition("=")
        if equals and key.strip() == "id":
            lines.setdefault(value.split("#")[0].strip().strip("\"'"), number)
    return lines
