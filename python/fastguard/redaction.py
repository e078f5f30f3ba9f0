"""What stands in place of personal data and secrets that were redacted: a placeholder, a hash, or a mask.

>>> from fastguard import Guard
>>> Guard(model=None).redact_as("Card 4111 1111 1111 1111, mail ann@example.org", {"PAYMENT_CARD": "partial"})
('Card **** **** **** 1111, mail <EMAIL_1>', {'<EMAIL_1>': 'ann@example.org'})
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from typing import Final, Literal

from fastguard.fields import did_you_mean, one_of, show

Mode = Literal["placeholder", "hash", "mask", "partial"]
MODES: Final[tuple[Mode, ...]] = ("placeholder", "hash", "mask", "partial")
_PLACEHOLDER: Final = re.compile(r"<([A-Z][A-Z0-9_]*)_\d+>")
_KEPT: Final = 4
_LEAST_PARTIAL: Final = 8
_HASH_DIGITS: Final = 16
_ROUNDS: Final = 4


def redact_as(
    redact: Callable[[str], tuple[str, dict[str, str]]],
    text: str,
    how: Mode | Mapping[str, Mode],
    *,
    key: bytes | None = None,
) -> tuple[str, dict[str, str]]:
    """Return the text with each entity as `how` says, and the placeholders that are left with their values.

    `redact` is a guard's. What a mask or hash would leave to be found again is masked wholly.
    """
    modes = _checked(how, key)
    out, mapping = redact(text)
    kept: dict[str, str] = {}

    def put(match: re.Match[str]) -> str:
        placeholder, entity = match[0], match[1]
        if placeholder not in mapping:
            return placeholder  # of the text itself
        mode = modes.get(entity, modes.get("*", "placeholder"))
        if mode == "placeholder":
            kept[placeholder] = mapping[placeholder]
            return placeholder
        return _shown(mode, entity, mapping[placeholder], key or b"")

    out = _PLACEHOLDER.sub(put, out)
    for _ in range(_ROUNDS):
        again, found = redact(out)
        if not found:
            break
        out = again
        for placeholder, value in found.items():
            out = out.replace(placeholder, _mask(value))
    return out, kept


def _checked(how: Mode | Mapping[str, Mode], key: bytes | None) -> dict[str, Mode]:
    modes: dict[str, Mode] = {"*": how} if isinstance(how, str) else dict(how)
    for entity, mode in modes.items():
        if mode not in MODES:
            raise ValueError(f"how[{show(entity)}]: got {show(mode)}{did_you_mean(str(mode), MODES)}; {one_of(MODES)}")
    if "hash" in modes.values() and not key:
        raise ValueError("key: missing; a hash without a key can be looked up in a table of all telephone numbers")
    return modes


def _shown(mode: Mode, entity: str, value: str, key: bytes) -> str:
    if mode == "hash":
        digest = hmac.new(key, value.encode("utf-8", "surrogatepass"), "sha256").hexdigest()
        return f"<{entity}:{digest[:_HASH_DIGITS]}>"
    return _mask(value, _KEPT if mode == "partial" and sum(map(str.isalnum, value)) >= _LEAST_PARTIAL else 0)


def _mask(value: str, kept: int = 0) -> str:
    """Return the value with stars for its letters and digits but the last `kept`."""
    left = sum(map(str.isalnum, value)) - kept
    out = []
    for char in value:
        if char.isalnum():
            out.append("*" if left > 0 else char)
            left -= 1
        else:
            out.append(char)
    return "".join(out)
