"""Events as lines of JSON in a file that several workers add to, rotated by size."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from fastguard.server.store import line

if TYPE_CHECKING:
    from fastguard.server.events import Event


class JsonlSink:
    """One JSON object a line. A file that would grow beyond `limit` bytes becomes ``PATH.1``, that ``PATH.2``, and so on.

    At most `files` old ones are kept. Who holds the lock of the file that has the name may write and rotate, so workers
    never mix lines and never rotate twice; a file that somebody else moved away is left for the new one.
    """

    def __init__(self, path: str, salt: bytes, *, limit: int, files: int) -> None:
        self._path = path
        self._salt = salt
        self._limit = limit
        self._files = files
        self._file = self._open()

    def write(self, events: Sequence[Event]) -> None:
        """Write a batch and hand it to the system."""
        lines = [(line(event.to_dict(self._salt)) + "\n").encode() for event in events]
        at = 0
        while at < len(lines):
            self._lock()
            try:
                size = os.fstat(self._file).st_size
                end = at
                while end < len(lines) and (size + len(lines[end]) <= self._limit or not size):
                    size += len(lines[end])
                    end += 1
                _write_all(self._file, b"".join(lines[at:end]))
                if end < len(lines):
                    self._rotate()
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
            at = end

    def tend(self) -> None:
        """Do nothing: rotation is part of writing."""

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def _lock(self) -> None:
        """Hold the lock of the file that has the name now."""
        while True:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.stat(self._path), os.fstat(self._file)):
                    return
            fresh = self._open()
            os.close(self._file)
            self._file = fresh

    def _rotate(self) -> None:
        for number in range(self._files, 0, -1):
            with suppress(FileNotFoundError):
                os.replace(f"{self._path}.{number - 1}" if number > 1 else self._path, f"{self._path}.{number}")
        if not self._files:
            os.unlink(self._path)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
