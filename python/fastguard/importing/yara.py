"""Rules of YARA about text: text strings and regular expressions, and conditions over them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from fastguard.errors import PackError
from fastguard.fields import show
from fastguard.importing.condition import Condition
from fastguard.importing.expression import Unsupported, literal
from fastguard.importing.rule import Part, Rule, ids_in, part_of

_SEVERITIES = {"informational": "low", "info": "low", "low": "low", "medium": "medium", "high": "high", "critical": "critical"}  # fmt: skip
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
      | (?P<text>"(?:[^"\\\n]|\\.)*")
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<string>\$[A-Za-z0-9_]*\*?)
      | (?P<number>0x[0-9A-Fa-f]+|[0-9]+(?:KB|MB)?)
      | (?P<sign>==|!=|<=|>=|<<|>>|\.\.|[{}()\[\]:=<>,.+\-*\\%&|^~#@!])""",
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.)+)/([is]*)")
_HEX = re.compile(r"\{[0-9A-Fa-f?~\[\]()|\-\s]*(?:(?://[^\n]*|/\*.*?\*/)[0-9A-Fa-f?~\[\]()|\-\s]*)*\}", re.DOTALL)


def read(content: bytes, file: str, tags: Mapping[str, frozenset[str]]) -> tuple[list[Rule], list[str]]:
    """Return the rules of a file and what of the file as a whole is left out; raises `PackError` with the line."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise PackError(f"byte {problem.start} is not UTF-8", file=file, expected="YARA rules in UTF-8") from None
    return _Reader(text, file, tags).rules()


class _Reader:
    def __init__(self, text: str, file: str, tags: Mapping[str, frozenset[str]]) -> None:
        self.text = text
        self.file = file
        self.tags = tags
        self.at = 0
        self.rule = ""

    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

    def fail(self, expected: str) -> PackError:
        rest = self.text[self.at : self.at + 30].split("\n")[0]
        got = f"got {show(rest)}" if rest else "the file ends"
        return PackError(got, file=self.file, id=self.rule, field=f"line {self.line()}", expected=expected)

    def skip(self) -> None:
        while (found := _TOKEN.match(self.text, self.at)) and found.lastgroup == "space":
            self.at = found.end()

    def peek(self) -> tuple[str, str]:
        """Return the kind and the text of the next token; ("", "") at the end."""
        self.skip()
        found = _TOKEN.match(self.text, self.at)
        return (found.lastgroup or "", found.group()) if found else ("", "")

    def take(self, expected: str, *, kind: str = "", text: str = "") -> str:
        """Take the next token, which must be of this kind or just this text."""
        found_kind, found = self.peek()
        if not found or (kind and found_kind != kind) or (text and found != text):
            raise self.fail(expected)
        self.at += len(found)
        return found

    def maybe(self, text: str) -> bool:
        if self.peek()[1] != text:
            return False
        self.at += len(text)
        return True

    def rules(self) -> tuple[list[Rule], list[str]]:
        found: list[Rule] = []
        left_out: list[str] = []
        while self.peek()[1] or self.at < len(self.text):
            start = self.line()
            if self.maybe("import"):
                left_out.append(f"line {start}: import {self.take('a module', kind='text')}: there are no modules")
            elif self.maybe("include"):
                left_out.append(
                    f"line {start}: include {self.take('a file', kind='text')}: not followed; import that file"
                )
            else:
                rule = self.one_rule()
                if any(other.name == rule.name for other in found):
                    raise PackError("the name stands twice", file=self.file, id=rule.name, field=rule.place, expected="each rule once")  # fmt: skip
                found.append(rule)
        if not found:
            raise PackError("no rules", file=self.file, expected="at least one YARA rule")
        return found, left_out

    def one_rule(self) -> Rule:
        self.rule = ""
        modifiers = []
        while self.peek()[1] in {"private", "global"}:
            modifiers.append(self.take("a rule", kind="name"))
        place = f"line {self.line()}"
        self.take('"rule"', text="rule")
        self.rule = self.take("the name of a rule", kind="name")
        rule = Rule(self.rule, place, self.rule, "custom")
        if self.maybe(":"):
            self.take("a tag", kind="name")
            while self.peek()[0] == "name":
                self.take("a tag", kind="name")
        if modifiers:
            rule.reasons.append(f"{' '.join(modifiers)} rule: it only decides about other rules")
        self.take('"{"', text="{")
        if self.maybe("meta"):
            self.meta(rule)
        parts = self.strings() if self.maybe("strings") else {}
        self.take('"condition:"', text="condition")
        self.take('":"', text=":")
        self.condition(rule, parts)
        return rule

    def meta(self, rule: Rule) -> None:
        self.take('":"', text=":")
        values: dict[str, str] = {}
        while self.peek()[0] == "name" and self.peek()[1] not in {"strings", "condition"}:
            key = self.take("a name", kind="name")
            self.take('"="', text="=")
            self.maybe("-")
            kind, value = self.peek()
            if kind not in {"text", "number", "name"}:
                raise self.fail("a text, a number, true or false")
            self.at += len(value)
            values[key.lower()] = _unescaped(value) if kind == "text" else value
        rule.title = " ".join((values.get("description") or rule.name).split()) or rule.name
        rule.severity = _SEVERITIES.get(values.get("severity", values.get("threat_level", "")).lower(), "medium")
        words = [word for value in values.values() for word in re.split(r"[\s,;]+", value)]
        rule.atlas, rule.owasp = ids_in(words, self.tags["atlas"]), ids_in(words, self.tags["owasp"])
        rule.notes += [f"meta {key}: {values[key]}" for key in ("author", "license", "reference") if key in values]

    def strings(self) -> dict[str, Part]:
        self.take('":"', text=":")
        parts: dict[str, Part] = {}
        while self.peek()[0] == "string":
            place = f"line {self.line()}"
            name = self.take("a string", kind="string")
            name = f"$ {len(parts)}" if name == "$" else name
            if name in parts:
                raise PackError("the string stands twice", file=self.file, id=self.rule, field=f"{place}, {name}", expected="each string once")  # fmt: skip
            self.take('"="', text="=")
            self.skip()
            parts[name] = self.string_value(name, place)
        return parts

    def string_value(self, name: str, place: str) -> Part:
        if found := _HEX.match(self.text, self.at):
            self.at = found.end()
            self.modifiers()
            return Part(name, place, reason="a hex string: made for binaries, a pack reads text")
        if found := _REGEX.match(self.text, self.at):
            self.at = found.end()
            pattern, flags = found.groups()
            modifiers = self.modifiers()
            if "wide" in modifiers:
                return Part(name, place, reason="a wide regular expression: UTF-16 of what it matches cannot be said")
            if "fullword" in modifiers:
                return Part(name, place, reason="fullword beside a regular expression: write \\b into it")
            caseless = "i" in flags or "nocase" in modifiers
            return part_of(name, place, pattern, caseless=caseless, dot_all="s" in flags)
        if self.peek()[0] != "text":
            raise self.fail("a text in quotes, /a regular expression/ or { hex }")
        value = _unescaped(self.take("a text", kind="text"))
        modifiers = self.modifiers()
        for refused in ("xor", "base64", "base64wide"):
            if refused in modifiers:
                return Part(name, place, reason=f"{refused}: encodings are undone by the views, not written into patterns")  # fmt: skip
        if not value:
            return Part(name, place, reason="an empty string")
        if any("\ud800" <= char <= "\udfff" for char in value):
            return Part(name, place, reason="bytes that are no UTF-8: made for binaries, a pack reads text")
        if "wide" in modifiers and not value.isascii():
            return Part(name, place, reason="a wide string with characters outside ASCII")
        pattern = _fullword(value) if "fullword" in modifiers else literal(value)
        if "wide" in modifiers:
            if "fullword" in modifiers:
                return Part(name, place, reason="fullword beside wide: borders of UTF-16 cannot be said")
            wide = "".join(literal(char) + r"\x00" for char in value)
            pattern = f"(?:{pattern}|{wide})" if "ascii" in modifiers else wide
        return part_of(name, place, pattern, caseless="nocase" in modifiers)

    def modifiers(self) -> list[str]:
        found = []
        while self.peek()[1] in _MODIFIERS:
            found.append(self.take("a modifier", kind="name"))
            if self.maybe("("):
                while not self.maybe(")"):
                    if not self.peek()[1]:
                        raise self.fail('")"')
                    self.at += len(self.peek()[1])
        return found

    def condition(self, rule: Rule, parts: dict[str, Part]) -> None:
        tokens = []
        depth = 0
        while True:
            kind, token = self.peek()
            if found := _REGEX.match(self.text, self.at):
                kind, token = "regex", found.group()
            if not kind:
                raise self.fail('"}" at the end of the rule')
            depth += {"{": 1, "}": -1}.get(token, 0)
            self.at += len(token)
            if depth < 0:
                break
            tokens.append(token)
        if rule.reasons:
            return
        modules = [a for a, b in pairwise(tokens) if b == "." and a[0].isalpha()]
        if modules:
            rule.reasons.append(f"condition: module {show(modules[0])}: there are no modules")
            return
        try:
            rule.groups = [
                tuple(parts[name] for name in sorted(group)) for group in Condition(tokens, list(parts)).groups()
            ]
        except Unsupported as problem:
            rule.reasons.append(f"condition: {problem}")


_MODIFIERS = frozenset({"nocase", "wide", "ascii", "fullword", "private", "xor", "base64", "base64wide"})


def _unescaped(quoted: str) -> str:
    """Return the text between quotes; bytes that are no UTF-8 become lone surrogates."""
    out = bytearray()
    i = 1
    body = quoted
    while i < len(body) - 1:
        if body[i] != "\\":
            out += body[i].encode()
            i += 1
            continue
        char = body[i + 1]
        if char == "x":
            out.append(int(body[i + 2 : i + 4], 16) if re.fullmatch("[0-9A-Fa-f]{2}", body[i + 2 : i + 4]) else 0x3F)
            i += 4
            continue
        out += {"n": "\n", "t": "\t", "r": "\r"}.get(char, char).encode()
        i += 2
    return out.decode("utf-8", "surrogateescape")


def _fullword(text: str) -> str:
    r"""Return a text between what is no letter or digit, as YARA means it: an underscore is a border there, too.

    >>> _fullword("cat"), _fullword("#cat")
    ('(?:\\b|_)cat(?:\\b|_)', '(?:\\B|_)#cat(?:\\b|_)')
    """

    def border(char: str) -> str:
        return r"(?:\b|_)" if char.isascii() and (char.isalnum() or char == "_") else r"(?:\B|_)"

    return border(text[0]) + literal(text) + border(text[-1])
