"""The pooled client for the model APIs, and which headers pass in each direction."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from types import TracebackType
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from fastguard.server.gateway.connection import Connection, UpstreamFault, head_of
from fastguard.server.gateway.settings import Gateway, Upstream

_KEEP_SECONDS: Final = 15.0  # that a connection waits for its next request

# Of one connection, not of the message; and what the client's own side decides.
_NOT_FORWARDED: Final = frozenset(
    b"""connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade
    host content-length content-encoding accept-encoding expect forwarded x-forwarded-for x-forwarded-host
    x-forwarded-proto x-real-ip cookie origin referer""".split()
)  # fmt: skip
_NOT_RETURNED: Final = frozenset(
    b"""connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade content-length
    content-encoding set-cookie server date alt-svc strict-transport-security""".split()
)  # fmt: skip


_KEYS: Final = frozenset({b"authorization", b"x-api-key", b"api-key"})


def request_headers(
    headers: Iterable[tuple[bytes, bytes]], upstream: Upstream, shape: str
) -> list[tuple[bytes, bytes]]:
    """Return the headers that go on to an upstream: the client's, with the key of the upstream where it has one."""
    named = {name.strip().lower() for key, value in headers if key == b"connection" for name in value.split(b",")}
    out = []
    for key, value in headers:
        if key in _NOT_FORWARDED or key in named or key.startswith(b"x-fastguard-"):
            continue
        if upstream.key and key in _KEYS:
            continue
        out.append((key, value))
    out.append((b"accept-encoding", b"identity"))
    if upstream.key:
        key = upstream.key.encode("ascii")
        out.append((b"x-api-key", key) if shape == "anthropic" else (b"authorization", b"Bearer " + key))
    return out


def answer_headers(response: Connection) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer that go on to the client."""
    named = {name.strip().lower() for name in response.header(b"connection").split(b",")}
    return [
        (name, value)
        for name, value in response.headers
        if name not in _NOT_RETURNED and name not in named and not name.startswith(b"x-fastguard-")
    ]


class Place(NamedTuple):
    """Where an upstream is."""

    host: str
    port: int
    secure: bool
    name: bytes  # of the header `host`


def place_of(url: str) -> tuple[Place, bytes]:
    """Return the place of an address and the path there.

    >>> place_of("https://api.example.com/v1/models?limit=2")
    (Place(host='api.example.com', port=443, secure=True, name=b'api.example.com'), b'/v1/models?limit=2')
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host = parts.hostname or ""
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    name = f"[{host}]" if ":" in host else host
    port = parts.port or (443 if secure else 80)
    if parts.port and parts.port != (443 if secure else 80):
        name += f":{parts.port}"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(host, port, secure, name.encode("ascii")), target.encode("latin-1")


class Client:
    """One pool of connections for all upstreams; made at the first request, on the loop that uses it."""

    def __init__(self, *, native: bool = True) -> None:
        self._native = native
        self._free: dict[Place, list[Connection]] = {}
        self._open: set[Connection] = set()
        self._room: asyncio.Semaphore | None = None
        self._tls: ssl.SSLContext | None = None

    async def close(self) -> None:
        """Close all connections."""
        for connection in list(self._open):
            connection.close()

    def request(
        self, settings: Gateway, method: str, url: str, headers: list[tuple[bytes, bytes]], body: bytes | None
    ) -> Request:
        """Return a request to be sent by ``async with``, which gives the answer once its head is there."""
        return Request(self, settings, method, url, headers, body)

    async def take(self, place: Place, settings: Gateway, *, fresh: bool) -> Connection:
        """Return a connection for one request. Raises `UpstreamFault`."""
        free = self._free.get(place, [])
        while free:
            found = free.pop()
            if found.usable and not fresh:
                return found
            found.close()
        context = None
        if place.secure:
            if self._tls is None:
                self._tls = ssl.create_default_context()
            context = self._tls
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(settings.connect_seconds):
                _, made = await loop.create_connection(
                    lambda: Connection(native=self._native, on_close=self._gone), place.host, place.port, ssl=context
                )
        except TimeoutError:
            raise UpstreamFault(504, "the upstream did not answer in time", "upstream_timeout") from None
        except (OSError, UnicodeError):
            raise UpstreamFault(502, "the upstream cannot be reached", "upstream_unreachable") from None
        self._open.add(made)
        return made

    def give(self, place: Place, connection: Connection) -> None:
        """Keep a connection for the next request, or close it."""
        if connection.end(_KEEP_SECONDS):
            self._free.setdefault(place, []).append(connection)

    def room(self, settings: Gateway) -> asyncio.Semaphore:
        """Return what bounds the requests under way."""
        if self._room is None:
            self._room = asyncio.Semaphore(settings.connections)
        return self._room

    def _gone(self, connection: Connection) -> None:
        self._open.discard(connection)
        for place, free in list(self._free.items()):
            if connection in free:
                free.remove(connection)
            if not free:
                del self._free[place]


class Request:
    """One request and, within ``async with``, its answer. Raises `UpstreamFault`."""

    __slots__ = ("_body", "_client", "_connection", "_headers", "_method", "_place", "_room", "_settings", "_url")

    def __init__(
        self,
        client: Client,
        settings: Gateway,
        method: str,
        url: str,
        headers: list[tuple[bytes, bytes]],
        body: bytes | None,
    ) -> None:
        self._client = client
        self._settings = settings
        self._method = method
        self._url = url
        self._headers = headers
        self._body = body
        self._connection: Connection | None = None

    async def __aenter__(self) -> Connection:
        settings = self._settings
        try:
            self._place, target = place_of(self._url)
        except UnicodeError:
            raise UpstreamFault(502, "the upstream's name is none", "upstream_unreachable") from None
        head = head_of(self._method, target, self._place.name, self._headers, self._body)
        self._room = self._client.room(settings)
        await self._room.acquire()
        try:
            for again in (False, True):
                found = self._connection = await self._client.take(self._place, settings, fresh=again)
                try:
                    await found.ask(
                        head, self._body or b"", read_seconds=settings.read_seconds, limit=settings.answer_bytes
                    )
                except UpstreamFault:
                    # One of the pool that was closed meanwhile says nothing of the upstream: one more time, on a new one.
                    if again or not found.stale:
                        raise
                    found.end(0)
                else:
                    break
        except BaseException:
            self._leave()
            raise
        return found

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        # What was not read to its end is not wanted: then the connection is closed, which tells the upstream to stop.
        if self._connection is not None:
            self._client.give(self._place, self._connection)
            self._connection = None
        self._room.release()


async def read_all(response: Connection, limit: int) -> bytes:
    """Return the whole body. Raises `UpstreamFault`, also for one over the limit."""
    chunks, size = [], 0
    while chunk := await response.read():
        size += len(chunk)
        if size > limit:
            raise UpstreamFault(
                502, f"the answer is larger than {limit} bytes (gateway.answer_bytes)", "upstream_large"
            )
        chunks.append(chunk)
    return b"".join(chunks)
