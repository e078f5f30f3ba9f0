"""uvicorn's HTTP protocol, which writes the head of an answer and its body at once."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

_HEAD = b"HTTP/1."


class Joining(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
    """The protocol that uvicorn would take, on a transport that joins head and body.

    Each write is a system call, a packet and a waking of the client: for small answers more than all of HTTP beside it.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin a connection."""
        super().connection_made(cast("asyncio.Transport", Joined(transport, asyncio.get_running_loop())))


class Joined:
    """A transport that keeps the head of an answer back until the body follows, at most to the loop's next turn."""

    __slots__ = ("_head", "_soon", "_transport", "_write")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._write = transport.write
        self._soon = loop.call_soon
        self._head = b""

    def write(self, data: bytes) -> None:
        """Write data, after the head that waits."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(_HEAD):  # or a body like it: then it waits for as long
            self._head = data
            self._soon(self.flush)
            return
        self._write(data)

    def flush(self) -> None:
        """Write the head that waits, if one does."""
        if self._head:
            head, self._head = self._head, b""
            self._write(head)

    def close(self) -> None:
        """Close the connection once everything is written."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
