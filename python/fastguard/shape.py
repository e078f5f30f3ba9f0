"""What a regular expression looks like, without compiling it: its literals and the constructs that a pack may not use."""

from __future__ import annotations

from dataclasses import dataclass, field

LEAST_LITERAL = 2
"""Characters that a pattern's literal must have: shorter ones occur in every text."""

_CLASS_ESCAPES = frozenset("dDwWsShHvVNRXpPC")
_ZERO_WIDTH_ESCAPES = frozenset("bBAzZG")
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b", "0": "\0"}
_FORBIDDEN_GROUPS = {
    "?=": "look-ahead",
    "?!": "look-ahead",
    "?<=": "look-behind",
    "?<!": "look-behind",
    "?>": "an atomic group",
    "?(": "a condition",
    "?R": "recursion",
    "?&": "recursion",
    "?P=": "a back-reference",
    "?P>": "recursion",
}
_ANY_CLASSES = frozenset({"\\s\\S", "\\S\\s", "\\d\\D", "\\D\\d", "\\w\\W", "\\W\\w"})


@dataclass(slots=True)
class Shape:
    """What `shape_of` found: the longest literal that every match must hold, and what is forbidden, in words.

    `opening`: every match begins where the text does and has a limited length, so that no more than that is looked at.
    """

    literal: str = ""
    problems: list[str] = field(default_factory=list)
    opening: bool = False


@dataclass(slots=True)
class _Piece:
    """A parsed part: `exact` where it is literals only (its shortest form), else the literals it begins with and holds."""

    exact: str | None
    best: str = ""
    prefix: str = ""
    any: bool = False
    zero_width: bool = False


def shape_of(pattern: str) -> Shape:
    r"""Return the shape of a pattern; reads it once and never fails (what is malformed the compiler reports).

    >>> shape_of(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b").literal
    'AKIA'
    >>> shape_of(r"token=.*(?=x)").problems
    ['an open ".*"', 'look-ahead']
    """
    parser = _Parser(pattern)
    piece = parser.alternatives(0)
    literal = piece.best if piece.exact is None else max(piece.exact, piece.best, key=len)
    return Shape(literal, parser.problems, opening=parser.anchored and parser.limited)


class _Parser:
    __slots__ = ("anchored", "at", "extended", "limited", "pattern", "problems")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.extended = False
        self.anchored = pattern.startswith("^")  # each alternative of the whole begins with `^`
        self.limited = True  # nothing may be repeated without end
        self.problems: list[str] = []

    def problem(self, text: str) -> None:
        if text not in self.problems:
            self.problems.append(text)

    def peek(self, text: str) -> bool:
        return self.pattern.startswith(text, self.at)

    def alternatives(self, depth: int) -> _Piece:
        """Parse up to the closing parenthesis of this group, or to the end."""
        branches = [self.sequence(depth)]
        while self.peek("|"):
            self.at += 1
            if not depth and not self.peek("^"):
                self.anchored = False
            branches.append(self.sequence(depth))
        if len(branches) == 1:
            return branches[0]
        exact = None
        if all(branch.exact is not None for branch in branches):
            exact = min((branch.exact or "" for branch in branches), key=len)
        best = min((max(branch.exact or "", branch.best, key=len) for branch in branches), key=len)
        prefix = min((branch.prefix if branch.exact is None else branch.exact for branch in branches), key=len)
        return _Piece(exact, best, prefix)

    def sequence(self, depth: int) -> _Piece:
        run = best = ""
        prefix: str | None = None
        exact = True
        previous = ""
        while self.at < len(self.pattern) and not self.peek("|"):
            if self.peek(")"):
                if depth:
                    break
                self.at += 1  # unbalanced: the compiler says so
                continue
            start = self.at
            piece = self.piece(depth)
            if piece is None:
                continue
            self.word_edge(start, previous)
            previous = self.pattern[start : self.at]
            low, high = self.quantifier()
            self.limited = self.limited and high is not None
            if piece.any and high is None:
                self.problem(f'an open "{previous}{self.pattern[start + len(previous) : self.at]}"')
            if piece.zero_width:
                continue
            if previous in {"\\s", " "} and (low, high) == (0, 1):
                continue  # a space that may be absent parts no literal: the compiler makes one of each
            if piece.exact is not None and low == high:
                run += piece.exact * min(low, 64)
                continue
            if exact:
                prefix = run + (piece.prefix if piece.exact is None else piece.exact) * bool(low)
            exact = False
            if piece.exact is not None and low:
                run += piece.exact * min(low, 64)
                best = max(best, run, key=len)
                run = piece.exact if high is None else ""
            else:
                best = max(best, run + piece.prefix * bool(low), piece.best if low else "", key=len)
                run = ""
        return _Piece(run if exact else None, max(best, run, key=len), run if prefix is None else prefix)

    def word_edge(self, start: int, previous: str) -> None:
        """Note a word boundary beside a letter that it knows nothing about."""
        text = self.pattern[start : self.at]
        for edge, letter in ((previous, text[:1]), (text, previous[-1:])):
            if edge in {"\\b", "\\B"} and letter and ord(letter) > 127 and letter.isalpha():
                self.problem(f'"{edge}" beside the non-ASCII letter "{letter}"')

    def quantifier(self) -> tuple[int, int | None]:
        low, high = 1, 1
        bound: int | None = high
        if self.peek("*"):
            low, bound, self.at = 0, None, self.at + 1
        elif self.peek("+"):
            low, bound, self.at = 1, None, self.at + 1
        elif self.peek("?"):
            low, bound, self.at = 0, 1, self.at + 1
        elif self.peek("{"):
            close = self.pattern.find("}", self.at)
            first, comma, last = self.pattern[self.at + 1 : close].partition(",")
            if close < 0 or not first.isdigit() or (last and not last.isdigit()):
                return 1, 1
            low = int(first)
            bound = low if not comma else int(last) if last else None
            self.at = close + 1
        else:
            return 1, 1
        if self.peek("+"):
            self.problem("a possessive quantifier")
            self.at += 1
        elif self.peek("?"):
            self.at += 1
        return low, bound

    def piece(self, depth: int) -> _Piece | None:
        """Parse one atom; None for what has no width and no meaning here (comments, flags, free spaces)."""
        char = self.pattern[self.at]
        self.at += 1
        if self.extended and char.isspace():
            return None
        if self.extended and char == "#":
            end = self.pattern.find("\n", self.at)
            self.at = len(self.pattern) if end < 0 else end
            return None
        if char in "^$":
            return _Piece(None, zero_width=True)
        if char == ".":
            return _Piece(None, any=True)
        if char == "[":
            return self.char_class()
        if char == "(":
            return self.group(depth)
        if char == "\\":
            return self.escape()
        return _Piece(char)

    def group(self, depth: int) -> _Piece | None:
        if self.peek("?#"):
            end = self.pattern.find(")", self.at)
            self.at = len(self.pattern) if end < 0 else end + 1
            return None
        outer = self.extended
        if self.peek("?"):
            for prefix, name in _FORBIDDEN_GROUPS.items():
                if self.peek(prefix):
                    self.problem(name)
            end = self.at + 1
            while end < len(self.pattern) and self.pattern[end] not in ":)>=!(&":
                end += 1
            flags = self.pattern[self.at + 1 : end]
            if flags.isascii() and flags.replace("-", "").isalpha() and "P" not in flags:
                on, _, off = flags.partition("-")
                self.extended = ("x" in on or self.extended) and "x" not in off
            self.at = min(end + 1, len(self.pattern))
            if self.pattern[end : end + 1] == ")":
                return None  # flags for the rest of the enclosing group
        inner = self.alternatives(depth + 1)
        self.extended = outer
        if self.peek(")"):
            self.at += 1
        return inner

    def escape(self) -> _Piece:
        char = self.pattern[self.at : self.at + 1]
        self.at += 1
        if char.isdigit() and char != "0":
            self.problem("a back-reference")
            return _Piece(None)
        if char in {"k", "g"} and self.pattern[self.at : self.at + 1] in {"<", "{", "'"}:
            self.problem("a back-reference")
            return _Piece(None)
        if char == "x":
            return _Piece(self.hexadecimal())
        if char == "Q":
            end = self.pattern.find("\\E", self.at)
            end = len(self.pattern) if end < 0 else end
            literal, self.at = self.pattern[self.at : end], min(end + 2, len(self.pattern))
            return _Piece(literal)
        if char in _ZERO_WIDTH_ESCAPES:
            return _Piece(None, zero_width=True)
        if char in {"p", "P"} and self.peek("{"):
            self.at = self.pattern.find("}", self.at) + 1 or len(self.pattern)
            return _Piece(None)
        if char in _CLASS_ESCAPES:
            return _Piece(None, any=char in {"N", "C", "X"})
        return _Piece(_CONTROL.get(char, char))

    def hexadecimal(self) -> str:
        close = self.pattern.find("}", self.at) if self.peek("{") else -1
        if close > 0:
            digits, self.at = self.pattern[self.at + 1 : close], close + 1
        else:
            digits = self.pattern[self.at : self.at + 2]
            self.at += len(digits)
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            return "?"

    def char_class(self) -> _Piece:
        start = self.at
        if self.peek("^"):
            self.at += 1
        if self.peek("]"):
            self.at += 1
        while self.at < len(self.pattern) and not self.peek("]"):
            if self.peek("[:"):
                close = self.pattern.find(":]", self.at)
                self.at = close + 2 if close > 0 else self.at + 1
            else:
                self.at += 2 if self.peek("\\") else 1
        body = self.pattern[start : self.at]
        self.at = min(self.at + 1, len(self.pattern))
        if len(body) == 1 and body != "^":
            return _Piece(body)
        if len(body) == 2 and body[0] == "\\" and body[1] not in _CLASS_ESCAPES:
            return _Piece(_CONTROL.get(body[1], body[1]))
        if 1 < len(body) <= 8 and body.isalnum():
            return _Piece(body[0])  # few enough that the compiler makes a literal of each
        return _Piece(None, any=body in _ANY_CLASSES)
