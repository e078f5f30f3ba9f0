"""Who may see the pages: everyone who can reach a server without keys, else whoever showed an admin key."""

from __future__ import annotations

import hashlib
import hmac
import time
from http.cookies import CookieError, SimpleCookie
from typing import Final

from fastguard.server.keys import Key
from fastguard.server.state import State

COOKIE: Final = "fastguard_session"
_SECONDS: Final = 12 * 3600


def open_session(state: State, secret: bytes, presented: str, now: float | None = None) -> str | None:
    """Return the value of a cookie for an admin key, or None for any other text."""
    key = state.config.keys.find(presented.strip().encode("utf-8", "replace"))
    if key is None or "admin" not in key.scopes:
        return None
    end = int((time.time() if now is None else now) + _SECONDS)
    return f"{key.name}.{end}.{_seal(secret, key, end)}"


def is_open(state: State, secret: bytes, cookies: str, now: float | None = None) -> bool:
    """Return whether a cookie header holds a session that is still good: the key is still there and time is not up."""
    try:
        jar = SimpleCookie(cookies)
    except CookieError:
        return False
    value = jar[COOKIE].value if COOKIE in jar else ""
    name, _, rest = value.partition(".")
    end, _, seal = rest.partition(".")
    if not end.isascii() or not end.isdigit() or len(end) > 12:
        return False
    key = next((key for key in state.config.keys if key.name == name and "admin" in key.scopes), None)
    if key is None or int(end) < (time.time() if now is None else now):
        return False
    return hmac.compare_digest(seal.encode(), _seal(secret, key, int(end)).encode())


def cookie(value: str, *, secure: bool) -> bytes:
    """Return the header's value that sets a session, or ends it where `value` is empty."""
    text = f"{COOKIE}={value}; Path=/ui; HttpOnly; SameSite=Strict; Max-Age={_SECONDS if value else 0}"
    return (text + ("; Secure" if secure else "")).encode("latin-1", "replace")


def _seal(secret: bytes, key: Key, end: int) -> str:
    # The key's hash is part of it: a key that was taken out or replaced ends its sessions.
    return hmac.new(secret, f"session {key.name} {end} ".encode() + key.digest, hashlib.sha256).hexdigest()
