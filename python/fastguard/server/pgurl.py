"""The address of a PostgreSQL database: ``postgresql://user:password@host:port/database``, as libpq reads it, strictly."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from fastguard.fields import one_of, show
from fastguard.server.errors import ConfigError

_MODES: Final = ("disable", "prefer", "require", "verify-full")
_PARAMETERS: Final = ("host", "sslmode", "sslrootcert")
_EXPECTED: Final = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with ?host=/FOLDER for a Unix socket"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is and who asks. `socket` is the folder of a Unix socket, empty for TCP."""

    host: str
    port: int
    socket: str
    user: str
    database: str
    mode: str
    root: str
    password: str | None = field(repr=False)

    @staticmethod
    def of(url: str) -> Address:
        """Read a URL; the password may also stand in ``PGPASSWORD``. Raises `ConfigError`, which never shows it.

        >>> Address.of("postgresql://guard@db.example/events?sslmode=verify-full").port
        5432
        """
        try:
            parts = urlsplit(url)
            port = parts.port or 5432
            query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        except ValueError:
            raise _wrong(url, "not an address", _EXPECTED) from None
        given = dict(query)
        for name, _ in query:
            if name not in _PARAMETERS:
                raise _wrong(url, f"unknown parameter {show(name)}", one_of(_PARAMETERS))
        host = given.get("host") or unquote(parts.hostname or "")
        mode = given.get("sslmode", "prefer")
        if mode not in _MODES:
            raise _wrong(url, f"sslmode is {show(mode)}", one_of(_MODES))
        user = unquote(parts.username or "")
        database = unquote(parts.path.removeprefix("/"))
        if not host or not user or not database or "/" in database or parts.fragment:
            raise _wrong(url, "incomplete", _EXPECTED)
        password = unquote(parts.password) if parts.password is not None else os.environ.get("PGPASSWORD")
        socket = host if host.startswith("/") else ""
        return Address(host, port, socket, user, database, mode, given.get("sslrootcert", ""), password)

    def tls(self) -> ssl.SSLContext | bool | None:
        """Return what pg8000 takes: False for none, None for TLS where the server has it, else a context."""
        if self.socket or self.mode == "disable":
            return False
        if self.mode == "prefer":
            return None
        context = ssl.create_default_context(cafile=self.root or None)
        if self.mode == "require" and not self.root:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _wrong(url: str, problem: str, expected: str) -> ConfigError:
    return ConfigError(problem, file=show_url(url), field="events.store", expected=expected)


def show_url(url: str) -> str:
    """Return a URL without its password and parameters.

    >>> show_url("postgresql://guard:hunter2@db/events?sslmode=require")
    'postgresql://guard@db/events'
    """
    try:
        parts = urlsplit(url)
        place = parts.netloc.rpartition("@")
        user = place[0].partition(":")[0]
        return urlunsplit((parts.scheme, f"{user}@{place[2]}" if user else place[2], parts.path, "", ""))
    except ValueError:
        return url.partition("://")[0] + "://..."


def connect(address: Address, settings: Mapping[str, str], *, timeout: float) -> Any:  # pg8000 has no types
    """Return a connection of pg8000 with settings of the session; `timeout` is in seconds, for each answer of the server."""
    import pg8000.native

    return pg8000.native.Connection(
        address.user,
        host=address.host,
        port=address.port,
        unix_sock=os.path.join(address.socket, f".s.PGSQL.{address.port}") if address.socket else None,  # noqa: PTH118
        database=address.database,
        password=address.password,
        ssl_context=address.tls(),
        timeout=timeout,
        application_name="fastguard",
        startup_params=dict(settings),
    )
