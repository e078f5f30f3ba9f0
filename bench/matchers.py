"""Other ways to match from Python: `re` and google-re2 over the pattern signatures, and scanners as guards have them."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable
from typing import Any, Final

import re2
import regex
from fastguard.signature import Signature


class ReLoop:
    """`re.search` with one pattern after the other, on bytes, as most guards in Python do it."""

    def __init__(self, signatures: Iterable[Signature]) -> None:
        self.patterns: list[tuple[str, re.Pattern[bytes]]] = []
        self.refused: list[str] = []
        for signature in signatures:
            flags = re.DOTALL | (re.IGNORECASE if "folded" in signature.views else 0)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", FutureWarning)
                    self.patterns.append((signature.id, re.compile(signature.pattern.encode(), flags)))
            except re.error:
                self.refused.append(signature.id)

    def find(self, data: bytes) -> set[str]:
        """Return the ids of the signatures that occur."""
        return {name for name, pattern in self.patterns if pattern.search(data)}


class Re2Set:
    """google-re2's Set: all patterns in one automaton."""

    def __init__(self, signatures: Iterable[Signature]) -> None:
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.dot_nl = True
        options.log_errors = False
        options.max_mem = 512 << 20
        self._set = re2.Set.SearchSet(options)
        self.ids: list[str] = []
        self.refused: list[str] = []
        for signature in signatures:
            pattern = ("(?i)" if "folded" in signature.views else "") + signature.pattern
            try:
                self._set.Add(pattern.encode())
            except re2.error:
                self.refused.append(signature.id)
            else:
                self.ids.append(signature.id)
        self._set.Compile()

    def find(self, data: bytes) -> set[str]:
        """Return the ids of the signatures that occur."""
        return {self.ids[number] for number in self._set.Match(data) or ()}


# Kinds of patterns that the regex scanners of guards have; written for this benchmark.
SCANNERS: Final[dict[str, tuple[str, ...]]] = {
    "anonymize": (
        r"\b[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b",
        r"\b(?:\d[ -]?){13,19}\b",
        r"\b\d{3}-\d{2}-\d{4}\b",
        r"(?:\+|00)\d{1,3}[ ./-]?(?:\(?\d{1,4}\)?[ ./-]?){2,5}\d{2,4}\b",
        r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
        r"\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b",
        r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b",
        r"\b[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b",
        r"\b(?:bc1|[13])[a-km-zA-HJ-NP-Z1-9]{25,39}\b",
    ),
    "secrets": (
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        r"\bgh[pousr]_[0-9A-Za-z]{36}\b",
        r"\bxox[abprs]-[0-9A-Za-z-]{10,60}\b",
        r"\b(?:sk|rk)_live_[0-9A-Za-z]{24,}\b",
        r"\bAIza[0-9A-Za-z_-]{35}\b",
        r"-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----",
        r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
        r"(?i)\b(?:password|passwd|pwd|secret|token|api[_-]?key)\b\s*[:=]\s*['\"]?[^\s'\"]{8,}",
        r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,64}:[^\s/@]{1,64}@[^\s/]+",
        r"\b[0-9a-f]{40}\b",
        r"\b[A-Za-z0-9+/]{40,}={0,2}",
    ),
    "injection": (
        r"(?i)\b(?:ignore|disregard|forget)\b.{0,40}\b(?:previous|prior|above|earlier)\b.{0,40}\b(?:instructions?|rules?)\b",
        r"(?i)\b(?:reveal|print|show|repeat)\b.{0,40}\bsystem prompt\b",
        r"(?i)\byou are now\b.{0,40}\b(?:DAN|unrestricted|without any rules)\b",
        r"(?i)\bdeveloper mode\b",
        r"(?i)\bdo anything now\b",
        r"<\|(?:im_start|im_end|system|endoftext)\|>",
    ),
    "output": (
        r"(?i)<script\b[^>]*>",
        r"!\[[^\]]{0,200}\]\(https?://[^)\s]{1,400}\)",
        r"(?i)\bjavascript:\s*\w+",
        r"https?://[^\s<>\"]{4,200}",
        r"(?i)\brm\s+-rf\s+/",
    ),
}
_INVISIBLE: Final = frozenset({"Cf", "Co", "Cn"})


class RegexScanners:
    """Scanners one after the other, each with its list of patterns through `regex`, and one for invisible characters."""

    def __init__(self) -> None:
        self._scanners: dict[str, list[Any]] = {
            name: [regex.compile(pattern) for pattern in patterns] for name, patterns in SCANNERS.items()
        }

    def find(self, text: str) -> set[str]:
        """Return the names of the scanners that found something."""
        found = {name for name, patterns in self._scanners.items() if any(list(p.finditer(text)) for p in patterns)}
        if not text.isascii() and any(unicodedata.category(character) in _INVISIBLE for character in text):
            found.add("invisible")
        return found
