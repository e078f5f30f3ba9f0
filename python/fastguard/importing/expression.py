"""Regular expressions of other tools, read into a tree: written again for the engine, sampled for examples.

The engine matches bytes with `.` taken as any byte; other tools match characters and stop `.` at a line's end. `parse`
reads an expression in their sense and `Expression.emitted` says the same in the engine's, or `Unsupported` tells what
cannot be said. Nothing is approximated: what remains different (case of letters outside ASCII, gaps counted in bytes) is
in `Expression.notes`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from fastguard.importing.nodes import WORD, Node, holds, sample

MOST_LETTERS = 512  # of a class outside ASCII: each becomes an alternative
_SETS = {"d": "0123456789", "w": WORD, "s": " \t\n\r\f\v", "h": " \t"}
_POSIX = {
    "alnum": WORD[:-1],
    "alpha": WORD[:52],
    "digit": "0123456789",
    "lower": WORD[:26],
    "upper": WORD[26:52],
    "space": _SETS["s"],
    "blank": " \t",
    "xdigit": "0123456789abcdefABCDEF",
    "word": WORD,
    "punct": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
}
_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F))
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "e": "\x1b"}
_SPECIAL = frozenset("\\^$.|?*+()[]{}")


class Unsupported(Exception):  # noqa: N818  (it says what was found, and is always caught)
    """Something that no pack can say, in words."""


@dataclass(slots=True)
class Expression:
    """A parsed expression; `source` as it was written, `emitted` for the engine."""

    source: str
    root: Node
    caseless: bool
    notes: list[str]

    @property
    def emitted(self) -> str:
        """The expression for the engine, with its flag."""
        return ("(?i)" if self.caseless else "") + self.root.text

    def sample(self, source: random.Random) -> tuple[str, dict[int, tuple[int, int]]]:
        """Return a text of this shape and where its captures are; borders of words are not looked at."""
        out: list[str] = []
        groups: dict[int, tuple[int, int]] = {}
        sample(self.root, source, out, groups)
        return "".join(out), groups

    def holds(self, words: Iterable[str]) -> bool:
        """Whether every match holds one of these words, whatever their case; False where that is not certain."""
        return holds(self.root, tuple(word.lower() for word in words if word))


def literal(text: str) -> str:
    r"""Return the expression that matches just this text.

    >>> print(literal("a.b"))
    a\.b
    """
    return "".join(_escaped(char) for char in text)


def parse(pattern: str, *, caseless: bool = False, dot_all: bool = False) -> Expression:
    r"""Return the tree of an expression in the syntax that PCRE, RE2, Python and JavaScript share, or raise `Unsupported`.

    >>> parse(r"a.b\u200b?").emitted
    'a[^\\n]b(?:\u200b)?'
    """
    parser = _Parser(pattern, caseless, dot_all)
    root = parser.alternatives(0)
    return Expression(pattern, root, parser.caseless, parser.notes)


def _escaped(char: str) -> str:
    if char in _SPECIAL:
        return "\\" + char
    return char if char.isprintable() or ord(char) > 0x7F else f"\\x{ord(char):02x}"


class _Parser:
    __slots__ = ("at", "captures", "caseless", "dot_all", "notes", "pattern")

    def __init__(self, pattern: str, caseless: bool, dot_all: bool) -> None:
        self.pattern = pattern
        self.at = 0
        self.captures = 0
        self.caseless = caseless
        self.dot_all = dot_all
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def take(self, text: str) -> bool:
        if not self.pattern.startswith(text, self.at):
            return False
        self.at += len(text)
        return True

    def alternatives(self, depth: int) -> Node:
        if depth > 100:
            raise Unsupported("groups nested more than 100 deep")
        outer = self.dot_all
        branches = [self.sequence(depth)]
        while self.take("|"):
            branches.append(self.sequence(depth))
        self.dot_all = outer
        if not depth and self.at < len(self.pattern):
            raise Unsupported(f'a ")" too many at {self.at}')
        if len(branches) == 1:
            return branches[0]
        return Node("|".join(branch.text for branch in branches), "either", parts=branches)

    def sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            node = self.atom(depth)
            if node is not None:
                parts.append(self.quantified(node))
        return Node("".join(part.text for part in parts), "sequence", parts=parts)

    def atom(self, depth: int) -> Node | None:
        char = self.pattern[self.at]
        self.at += 1
        if char == "(":
            return self.group(depth)
        if char == "[":
            return self.char_class()
        if char == "\\":
            return self.escape()
        if char == ".":
            return Node("." if self.dot_all else "[^\\n]", "any")
        if char in "^$":
            return Node(char, "edge")
        if char in "*+?":
            raise Unsupported(f'nothing to repeat before "{char}" at {self.at - 1}')
        return self.char(char)

    def char(self, char: str) -> Node:
        if ord(char) > 0x7F and self.caseless and char.lower() != char.upper():
            self.note(f'letters outside ASCII match in the case given alone: "{char}"')
        return Node(_escaped(char), "chars", char)

    def quantified(self, node: Node) -> Node:
        start = self.at
        low, high = 1, 1
        bound: int | None = high
        if self.take("*"):
            low, bound = 0, None
        elif self.take("+"):
            low, bound = 1, None
        elif self.take("?"):
            low, bound = 0, 1
        elif self.pattern.startswith("{", self.at):
            close = self.pattern.find("}", self.at)
            first, comma, last = self.pattern[self.at + 1 : close].partition(",")
            if close < 0 or not (first + last).isdigit() or (not first and not comma):
                return node  # a brace that stands for itself
            low = int(first or "0")
            bound = low if not comma else int(last) if last else None
            self.at = close + 1
        else:
            return node
        written = self.pattern[start : self.at]
        if self.take("+"):
            raise Unsupported(f"a possessive quantifier at {self.at - 1}")
        self.take("?")  # laziness decides about what is captured, not whether there is a match
        if node.kind == "any" and bound is None:
            raise Unsupported(f'an open ".{written}" at {start - 1}: a gap needs a bound')
        if node.kind == "repeat":
            raise Unsupported(f"a quantifier of a quantifier at {start}")
        inner = node.parts[0] if node.kind == "group" else node
        if bound is None and any(part.kind == "repeat" and part.high is None for part in _only(inner)):
            self.note("repetition inside repetition: exponential where expressions backtrack, linear here")
        wrapped = f"(?:{node.text})" if len(node.text) == 1 and ord(node.text) > 0x7F else node.text
        return Node(wrapped + (written if not written.startswith("{,") else "{0" + written[1:]), "repeat", parts=[node], low=low, high=bound)  # fmt: skip

    def group(self, depth: int) -> Node | None:
        index, opening = 0, "(?:"
        outer = self.dot_all
        if self.take("?"):
            for mark, name in _GROUPS.items():
                if self.pattern.startswith(mark, self.at):
                    raise Unsupported(f"{name} at {self.at - 2}")
            if self.take("#"):
                end = self.pattern.find(")", self.at)
                self.at = len(self.pattern) if end < 0 else end + 1
                return None
            if self.take("P<") or self.take("<"):
                self.at = self.pattern.find(">", self.at) + 1 or len(self.pattern)
                self.captures += 1
                index = self.captures
            elif not self.take(":"):
                end = self.at
                while end < len(self.pattern) and self.pattern[end] not in ":)":
                    end += 1
                flags, closing = self.pattern[self.at : end], self.pattern[end : end + 1]
                self.at = end + 1
                opening = self.flags(flags)
                if closing == ")":
                    return self.flags_for_the_rest(opening)
                opening = opening or "(?:"
        else:
            self.captures += 1
            index = self.captures
        inner = self.alternatives(depth + 1)
        self.dot_all = outer
        if not self.take(")"):
            raise Unsupported('a "(" that is never closed')
        return Node(f"{opening}{inner.text})", "group", parts=[inner], index=index)

    def flags(self, flags: str) -> str:
        """Take inline flags over and return the opening of a group that has those which the engine needs."""
        on, _, off = flags.partition("-")
        if not set(on + off) <= set("imsU"):
            raise Unsupported(f'the flags "(?{flags})"')
        self.dot_all = ("s" in on or self.dot_all) and "s" not in off
        kept_on, kept_off = (
            "".join(flag for flag in "im" if flag in on),
            "".join(flag for flag in "im" if flag in off),
        )
        return f"(?{kept_on}{'-' if kept_off else ''}{kept_off}:" if kept_on or kept_off else ""

    def flags_for_the_rest(self, opening: str) -> Node | None:
        if opening == "(?i:" and not self.pattern[: self.at].replace("(?i)", "").replace("(?s)", ""):
            self.caseless = True  # at the very start: the whole expression
            return None
        return Node(opening[:-1] + ")", "edge") if opening else None

    def escape(self) -> Node:
        if self.at >= len(self.pattern):
            raise Unsupported("a backslash at the end")
        char = self.pattern[self.at]
        self.at += 1
        if char.isdigit() and char != "0":
            raise Unsupported(f"a back-reference at {self.at - 2}")
        if char in "kg":
            raise Unsupported(f"a back-reference at {self.at - 2}")
        if char in "pPXRCNcK":
            raise Unsupported(f'"\\{char}" at {self.at - 2}: it is about characters, patterns see bytes')
        if char in "bBAzZ":
            return Node("\\" + char, "edge")
        if char in "dwsh":
            return Node("\\" + char, "chars", _SETS[char])
        if char in "DWSH":
            return Node("\\" + char, "chars", "".join(c for c in _PRINTABLE if c not in _SETS[char.lower()]))
        if char == "Q":
            end = self.pattern.find("\\E", self.at)
            end = len(self.pattern) if end < 0 else end
            text, self.at = self.pattern[self.at : end], min(end + 2, len(self.pattern))
            return Node(literal(text), "sequence", parts=[Node(_escaped(c), "chars", c) for c in text])
        return self.char(self.escaped_char(char))

    def escaped_char(self, char: str) -> str:
        """Return the character that an escape stands for, at the letter after the backslash."""
        if char in "xu":
            if self.take("{"):
                close = self.pattern.find("}", self.at)
                digits, self.at = self.pattern[self.at : close], close + 1
            else:
                size = 2 if char == "x" else 4
                digits = self.pattern[self.at : self.at + size]
                self.at += size
            try:
                code = int(digits, 16)
                if 0xD800 <= code <= 0xDFFF:
                    raise Unsupported("half of a surrogate pair: no text holds it")
                return chr(code)
            except (ValueError, OverflowError):
                raise Unsupported(f'"\\{char}{digits}" is no number of a character') from None
        if char == "0":
            return "\0"
        return _CONTROL.get(char, char)

    def char_class(self) -> Node:
        start = self.at - 1
        negated = self.take("^")
        chars: list[str] = []
        first = True
        while first or not self.pattern.startswith("]", self.at):
            if self.at >= len(self.pattern):
                raise Unsupported('a "[" that is never closed')
            first = False
            if self.take("[:"):
                close = self.pattern.find(":]", self.at)
                name, self.at = self.pattern[self.at : close], close + 2
                if name not in _POSIX:
                    raise Unsupported(f'the class "[:{name}:]"')
                chars.append(_POSIX[name])
                continue
            low = self.class_item()
            if len(low) == 1 and self.pattern.startswith("-", self.at) and self.pattern[self.at + 1 : self.at + 2] not in {"", "]"}:  # fmt: skip
                self.at += 1
                high = self.class_item()
                if len(high) == 1:
                    if ord(high) < ord(low):
                        raise Unsupported(f'the range "{low}-{high}" is upside down')
                    if ord(high) - ord(low) > MOST_LETTERS + 0x80:
                        raise Unsupported(f"a class of more than {MOST_LETTERS} characters outside ASCII")
                    chars.append("".join(map(chr, range(ord(low), ord(high) + 1))))
                    continue
                chars.append("-" + high)
            chars.append(low)
        self.at += 1
        return self.class_node(self.pattern[start : self.at], "".join(dict.fromkeys("".join(chars))), negated)

    def class_item(self) -> str:
        char = self.pattern[self.at]
        self.at += 1
        if char != "\\":
            return char
        char = self.pattern[self.at : self.at + 1]
        self.at += 1
        if char in _SETS:
            return _SETS[char]
        if char in {"D", "W", "S", "H"}:
            return "".join(map(chr, [c for c in range(0x80) if chr(c) not in _SETS[char.lower()]]))
        if char in {"p", "P"}:
            raise Unsupported('"\\p" in a class: it is about characters, patterns see bytes')
        return "\b" if char == "b" else self.escaped_char(char)

    def class_node(self, written: str, chars: str, negated: bool) -> Node:
        wide = [char for char in chars if ord(char) > 0x7F]
        if negated:
            if wide:
                raise Unsupported("a class of all but some characters outside ASCII")
            if not chars:
                raise Unsupported("an empty class")
            left = "".join(c for c in _PRINTABLE if c not in chars) or "\x80"
            return Node(written.replace("\\/", "/"), "chars", left)
        everything = {"\\s\\S", "\\S\\s", "\\d\\D", "\\D\\d", "\\w\\W", "\\W\\w"}
        if written[1:-1] in everything:
            return Node(written, "any")
        if not wide:
            printable = "".join(c for c in chars if c.isprintable())
            return Node(written, "chars", printable or chars)
        if len(wide) > MOST_LETTERS:
            raise Unsupported(f"a class of more than {MOST_LETTERS} characters outside ASCII")
        narrow = "".join(f"\\x{ord(char):02x}" for char in chars if ord(char) <= 0x7F)
        options = ([f"[{narrow}]"] if narrow else []) + wide
        return Node(f"(?:{'|'.join(options)})", "chars", chars)


_GROUPS = {
    "=": "look-ahead",
    "!": "look-ahead",
    "<=": "look-behind",
    "<!": "look-behind",
    ">": "an atomic group",
    "(": "a condition",
    "R": "recursion",
    "&": "recursion",
    "P=": "a back-reference",
    "P>": "recursion",
}


def _only(node: Node) -> list[Node]:
    """Return the parts of a group that is one repetition, or a choice of them."""
    if node.kind == "either":
        return [inner for part in node.parts for inner in _only(part)]
    if node.kind in {"sequence", "group"} and len(node.parts) == 1:
        return _only(node.parts[0])
    return [node]
