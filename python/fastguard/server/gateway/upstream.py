"""The pooled client for the model APIs, and how each of their faults is called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from fastguard.server.gateway.settings import Gateway, Upstream

if TYPE_CHECKING:
    import aiohttp

# Of one connection, not of the message; and what the client's own side decides.
_NOT_FORWARDED: Final = frozenset(
    """connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade
    host content-length content-encoding accept-encoding expect forwarded x-forwarded-for x-forwarded-host
    x-forwarded-proto x-real-ip cookie origin referer""".split()  # noqa: SIM905
)  # fmt: skip
_NOT_RETURNED: Final = frozenset(
    """connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade content-length
    content-encoding set-cookie server date alt-svc strict-transport-security""".split()  # noqa: SIM905
)  # fmt: skip


class UpstreamFault(Exception):  # noqa: N818  (the fault is the upstream's)
    """An upstream that gave no usable answer: the status and code that the client gets, and the name in the counters."""

    def __init__(self, status: int, message: str, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


def request_headers(headers: Iterable[tuple[bytes, bytes]], upstream: Upstream, shape: str) -> list[tuple[str, str]]:
    """Return the headers that go on to an upstream: the client's, with the key of the upstream where it has one."""
    named = {
        name.strip().lower()
        for key, value in headers
        if key == b"connection"
        for name in value.decode("latin-1").split(",")
    }
    out = []
    for key, value in headers:
        name = key.decode("latin-1")
        if name in _NOT_FORWARDED or name in named or name.startswith("x-fastguard-"):
            continue
        if upstream.key and name in {"authorization", "x-api-key", "api-key"}:
            continue
        out.append((name, value.decode("latin-1")))
    out.append(("accept-encoding", "identity"))
    if upstream.key:
        out.append(("x-api-key", upstream.key) if shape == "anthropic" else ("authorization", f"Bearer {upstream.key}"))
    return out


def answer_headers(response: aiohttp.ClientResponse) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer that go on to the client."""
    return [
        (name.lower(), value)
        for name, value in response.raw_headers
        if name.decode("latin-1").lower() not in _NOT_RETURNED and not name.lower().startswith(b"x-fastguard-")
    ]


class Client:
    """One pool of connections for all upstreams; made at the first request, on the loop that uses it."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self, settings: Gateway) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=settings.connections, ttl_dns_cache=300),
                cookie_jar=aiohttp.DummyCookieJar(),  # one client's cookies are not another's
                skip_auto_headers=("user-agent", "accept", "accept-encoding", "content-type"),
                trust_env=False,
            )
        return self._session

    @asynccontextmanager
    async def request(
        self, settings: Gateway, method: str, url: str, headers: list[tuple[str, str]], body: bytes | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request; yield the answer once its head is there. Raises `UpstreamFault`."""
        import aiohttp

        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=settings.connect_seconds, sock_read=settings.read_seconds
        )
        session = self._open(settings)

        def ask() -> Awaitable[aiohttp.ClientResponse]:
            asked: Awaitable[aiohttp.ClientResponse] = session.request(
                method, url, headers=headers, data=body, timeout=timeout, allow_redirects=False
            )
            return asked

        try:
            try:
                response = await ask()
            except aiohttp.ServerDisconnectedError:
                response = (
                    await ask()
                )  # a connection of the pool that was closed meanwhile says nothing of the upstream
        except (TimeoutError, aiohttp.ServerTimeoutError):
            raise UpstreamFault(504, "the upstream did not answer in time", "upstream_timeout") from None
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL):
            raise UpstreamFault(502, "the upstream cannot be reached", "upstream_unreachable") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise UpstreamFault(502, "the upstream broke off", "upstream_cut") from None
        try:
            yield response
        finally:
            # What was not read to its end is not wanted: closing tells the upstream to stop.
            response.close()


async def pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield the body as it comes. Raises `UpstreamFault` where it is late or ends too early."""
    while chunk := await piece(response):
        yield chunk


async def piece(response: aiohttp.ClientResponse) -> bytes:
    """Return what has come of the body, empty at its end. Raises `UpstreamFault` where it is late or ends too early."""
    try:
        return await response.content.readany()
    except TimeoutError:
        raise UpstreamFault(504, "the upstream fell silent", "upstream_timeout") from None
    except Exception as problem:
        import aiohttp

        if isinstance(problem, aiohttp.ServerTimeoutError):
            raise UpstreamFault(504, "the upstream fell silent", "upstream_timeout") from None
        if isinstance(problem, (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError)):
            raise UpstreamFault(502, "the upstream broke off", "upstream_cut") from None
        raise


async def read_all(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Return the whole body. Raises `UpstreamFault`, also for one over the limit."""
    chunks, size = [], 0
    async for chunk in pieces(response):
        size += len(chunk)
        if size > limit:
            raise UpstreamFault(
                502, f"the answer is larger than {limit} bytes (gateway.answer_bytes)", "upstream_large"
            )
        chunks.append(chunk)
    return b"".join(chunks)
