"""The cache of compiled packs: one checked file a pack, in a folder that only the user can write.

Nothing here raises: a cache that cannot be used or trusted is as good as none, and the pack is compiled again.
"""

# pathlib alone takes a quarter of the time that `import fastguard` may take.
# ruff: noqa: PTH118, PTH123
from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import time

_MAGIC = b"fastguard cache 1\n"
_DIGEST = 32
_SUFFIX = ".fgc"
_MOST_FILES = 8


def cache_folder() -> str | None:
    """Return the folder for compiled packs, or None where there is none that can be trusted.

    It is ``FASTGUARD_CACHE_DIR``, else ``fastguard`` in ``XDG_CACHE_HOME``, else in ``~/.cache``. A process that runs
    with other rights than its user's (setuid) has none.
    """
    if sys.platform == "win32" or os.getuid() != os.geteuid() or os.getgid() != os.getegid():
        return None
    own = os.environ.get("FASTGUARD_CACHE_DIR", "")
    if own:
        return own if os.path.isabs(own) else None
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # the XDG specification: relative paths are to be ignored
        home = os.environ.get("HOME", "")
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, ".cache")
    return os.path.join(base, "fastguard")


def load(key: str) -> memoryview | None:
    """Return what `store` wrote under this key, or None: absent, damaged, or writable by others.

    It is a view of the file's bytes, not a copy: they are many, and a second block of that size leaves a hole behind.
    """
    folder = cache_folder()
    if folder is None or not _is_ours(folder):
        return None
    try:
        descriptor = os.open(_path(folder, key), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:
            state = os.fstat(stream.fileno())
            if not stat.S_ISREG(state.st_mode) or not _only_ours(state):
                return None
            content = stream.read()
    except (OSError, ValueError):
        return None
    head = len(_MAGIC) + _DIGEST
    if len(content) < head or content[: len(_MAGIC)] != _MAGIC:
        return None
    payload = memoryview(content)[head:]
    if hashlib.sha256(payload).digest() != content[len(_MAGIC) : head]:
        return None
    return payload


def store(key: str, *parts: bytes) -> bool:
    """Write a payload, given in parts, under this key, whole or not at all; return whether it is there now."""
    folder = cache_folder()
    if folder is None:
        return False
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if not _is_ours(folder):
            return False
        temporary = os.path.join(folder, f"new-{os.getpid()}-{os.urandom(8).hex()}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        return False
    try:
        with open(descriptor, "wb") as stream:
            digest = hashlib.sha256()
            for part in parts:
                digest.update(part)
            stream.write(_MAGIC)
            stream.write(digest.digest())
            stream.writelines(parts)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, _path(folder, key))
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        return False
    _prune(folder, key)
    return True


def _path(folder: str, key: str) -> str:
    return os.path.join(folder, key + _SUFFIX)


def _only_ours(state: os.stat_result) -> bool:
    return state.st_uid == os.geteuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _is_ours(folder: str) -> bool:
    try:
        state = os.stat(folder)
    except (OSError, ValueError):
        return False
    return stat.S_ISDIR(state.st_mode) and _only_ours(state)


def _prune(folder: str, key: str) -> None:
    """Remove all but the newest files, and what writers that died an hour ago left behind."""
    with contextlib.suppress(OSError):
        found = []
        for entry in os.scandir(folder):
            written = entry.stat(follow_symlinks=False).st_mtime
            if entry.name.startswith("new-") and entry.name.endswith(".tmp") and written < time.time() - 3600:
                os.unlink(entry.path)
            elif entry.name.endswith(_SUFFIX) and entry.name != key + _SUFFIX:
                found.append((written, entry.path))
        for _, path in sorted(found, reverse=True)[_MOST_FILES - 1 :]:
            os.unlink(path)
