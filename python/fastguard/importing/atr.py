"""Agent Threat Rules: one rule a YAML document, with its own test cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastguard.errors import PackError
from fastguard.fields import Fields, show
from fastguard.importing.condition import Condition, Groups, all_of, any_of
from fastguard.importing.expression import Unsupported, literal
from fastguard.importing.rule import Case, Part, Rule, ids_in, part_of

_CATEGORIES = {
    "prompt-injection": "prompt_injection",
    "tool-poisoning": "tool_abuse",
    "context-exfiltration": "system_prompt_leak",
    "agent-manipulation": "prompt_injection",
    "privilege-escalation": "tool_abuse",
    "excessive-autonomy": "tool_abuse",
    "data-poisoning": "supply_chain",
    "model-abuse": "jailbreak",
    "model-security": "jailbreak",
    "skill-compromise": "supply_chain",
}
# Where a field says where a text comes from; the other fields (content, agent_output, tool_args ...) are any text.
_SOURCES = {
    "user_input": ("user",),
    "tool_response": ("tool_result",),
    "tool_output": ("tool_result",),
    "tool_description": ("tool_definition",),
}
_OPERATORS = ("regex", "contains", "exact", "starts_with")
_TEXTS_OF_A_CASE = ("input", "content", "user_input", "tool_response", "tool_output", "tool_description", "tool_args", "agent_output", "agent_message")  # fmt: skip


def read(content: bytes, file: str, tags: Mapping[str, frozenset[str]]) -> tuple[list[Rule], list[str]]:
    """Return the rules of a file and what of the file as a whole is left out; raises `PackError`."""
    rules: list[Rule] = []
    documents = _documents(content, file)
    for number, document in enumerate(documents, 1):
        if document is None:
            continue
        path = f"document {number}" if len(documents) > 1 else ""
        head = Fields(document, PackError, file=file, path=path)
        rule = _rule(head, tags)
        if any(other.name == rule.name for other in rules):
            head.fail("id", f"{show(rule.name)} stands twice", "each rule once")
        rules.append(rule)
    if not rules:
        raise PackError("no rules", file=file, expected="a YAML document with id and detection")
    return rules, []


def _documents(content: bytes, file: str) -> list[object]:
    try:
        import yaml
    except ImportError:
        raise PackError("PyYAML is not installed", file=file, expected="the extra `import` of fastguard-engine") from None  # fmt: skip
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise PackError(f"byte {problem.start} is not UTF-8", file=file, expected="YAML in UTF-8") from None
    try:
        return list(yaml.load_all(text, Loader=yaml.CBaseLoader if hasattr(yaml, "CBaseLoader") else yaml.BaseLoader))
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        field = f"line {mark.line + 1}" if mark is not None else ""
        said = getattr(problem, "problem", None) or "not YAML"
        raise PackError(said, file=file, field=field, expected="YAML") from None
    except RecursionError:
        raise PackError("nested too deeply", file=file, expected="YAML") from None


def _rule(head: Fields, tags: Mapping[str, frozenset[str]]) -> Rule:
    name = head.string("id", expected='the id of the rule, such as "ATR-2026-00001"')
    head.id = name
    head.rebase()
    category = _CATEGORIES.get(head.table("tags").string("category", "prompt-injection"), "custom")
    severity = head.string("severity", "medium").lower()
    severity = {"informational": "low"}.get(severity, severity)
    if severity not in {"low", "medium", "high", "critical"}:
        head.fail("severity", f"got {show(severity)}", "one of critical, high, medium, low, informational")
    rule = Rule(name, "detection", " ".join(head.string("title", name).split()), category, severity)
    references = head.table("references")
    rule.atlas = ids_in(_texts(references, "mitre_atlas"), tags["atlas"])
    rule.owasp = ids_in([*_texts(references, "owasp_llm"), *_texts(references, "owasp_agentic")], tags["owasp"])
    rule.cases = list(_cases(head))
    status = head.string("status", "")
    if status in {"draft", "deprecated"}:
        rule.reasons.append(f"status {status}: such rules never fire where they come from")
        return rule
    detection = head.table("detection")
    method = detection.string("method", "pattern")
    if method != "pattern":
        rule.reasons.append(f"method {method}: only patterns can be imported")
        return rule
    _read_conditions(rule, detection)
    return rule


def _texts(table: Fields, key: str) -> list[str]:
    value = table.value(key, "a list") if key in table else []
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _read_conditions(rule: Rule, detection: Fields) -> None:
    conditions = detection.value("conditions", "a list or a table of conditions")
    if isinstance(conditions, list):
        tables = detection.tables("conditions", "a list of conditions")
        named = {f"conditions[{i}]": [_one(rule, table, f"conditions[{i}]")] for i, table in enumerate(tables)}
    elif isinstance(conditions, dict):
        group = detection.table("conditions")
        named = {key: _block(rule, Fields(conditions[key], PackError, file=group.file, id=group.id, path=f"detection.conditions.{key}"), key) for key in group.keys()}  # noqa: SIM118  # fmt: skip
    else:
        detection.fail("conditions", f"got {show(conditions)}", "a list or a table of conditions")
    if not named:
        detection.fail("conditions", "none", "at least one condition")
    parts = {part.label: part for group in named.values() for part in group}
    try:
        labels = {key: any_of(frozenset([part.label]) for part in group) for key, group in named.items()}
        groups = _combined(detection.string("condition", "any"), labels)
        rule.groups = [tuple(parts[label] for label in sorted(group)) for group in groups]
    except Unsupported as problem:
        rule.reasons.append(f"condition: {problem}")


def _combined(condition: str, labels: dict[str, Groups]) -> Groups:
    """Return the groups of parts of which one must hold."""
    if condition.strip().lower() in {"any", "or"}:
        return any_of(group for groups in labels.values() for group in groups)
    if condition.strip().lower() in {"all", "and"}:
        return all_of(list(labels.values()))
    tokens = condition.replace("(", " ( ").replace(")", " ) ").split()
    chosen = Condition(tokens, list(labels)).groups()
    return any_of(group for names in chosen for group in all_of([labels[name] for name in sorted(names)]))


def _one(rule: Rule, table: Fields, label: str) -> Part:
    """Return the part of a condition of the list form: field, operator, value."""
    operator = table.string("operator", expected="one of " + ", ".join(_OPERATORS))
    where = table.string("field", "content")
    if where in _SOURCES:
        rule.sources[label] = _SOURCES[where]
    return _matcher(label, operator, table.string("value", expected="what to look for"), caseless=True)


def _block(rule: Rule, table: Fields, key: str) -> list[Part]:
    """Return the parts of a condition of the table form: patterns, of which one is enough."""
    for refused in ("metric", "threshold", "steps", "window"):
        if refused in table:
            return [Part(key, key, reason=f"{refused}: what an agent does over time is not in a text")]
    operator = table.string("match_type", "regex")
    where = table.string("field", "content")
    caseless = table.string("case_sensitive", "false").lower() != "true"
    parts = []
    for i, pattern in enumerate(table.strings("patterns", least=1, expected="patterns")):
        label = f"{key}.patterns[{i}]"
        if where in _SOURCES:
            rule.sources[label] = _SOURCES[where]
        parts.append(_matcher(label, operator, pattern, caseless=caseless))
    return parts


def _matcher(label: str, operator: str, value: str, *, caseless: bool) -> Part:
    if operator == "regex":
        return part_of(label, label, value, caseless=caseless)
    if operator == "contains":
        return part_of(label, label, literal(value), caseless=caseless)
    if operator == "starts_with":
        return part_of(label, label, "^" + literal(value), caseless=caseless)
    if operator == "exact":
        return part_of(label, label, rf"\A{literal(value)}\z")
    return Part(label, label, reason=f"operator {show(operator)}: only {', '.join(_OPERATORS)} can be said")


def _cases(head: Fields) -> list[Case]:
    found = []
    group = head.table("test_cases")
    for key, wanted in (("true_positives", True), ("true_negatives", False)):
        cases: Any = group.value(key, "a list") if key in group else []
        for i, case in enumerate(cases if isinstance(cases, list) else []):
            texts = [case] if isinstance(case, str) else []
            if isinstance(case, Mapping):
                texts = [case[name] for name in _TEXTS_OF_A_CASE if isinstance(case.get(name), str)]
            if texts:
                found.append(Case("\n".join(texts), wanted, f"test_cases.{key}[{i}]"))
    return found
