"""Keys of clients: made at random, kept as hashes, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SCOPES = ("check", "metrics", "admin")
_PREFIX = "sha256:"


@dataclass(frozen=True, slots=True)
class Key:
    """A key that may call: its name, the SHA-256 of the key itself, and what it is good for."""

    name: str
    digest: bytes
    scopes: frozenset[str]


def new_key() -> str:
    """Return a fresh key of 256 random bits: nothing that can be guessed, so one round of SHA-256 keeps it safe."""
    return "fg-" + secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    """Return what the configuration keeps of a key.

    >>> hash_key("fg-demo")[:14]
    'sha256:de3eb07'
    """
    return _PREFIX + hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def parse_hash(text: str) -> bytes | None:
    """Return the digest of a hash as `hash_key` writes it, or None."""
    digits = text.removeprefix(_PREFIX)
    if digits == text or len(digits) != 64:
        return None
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None


class Keys:
    """The keys of a configuration; immutable."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = tuple(keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def find(self, presented: bytes) -> Key | None:
        """Return the key that was presented, or None; looks at every key, whichever it is."""
        digest = hashlib.sha256(presented).digest()
        found = None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found
