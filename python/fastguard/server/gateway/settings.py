"""What the gateway is told: upstreams, what becomes of what is found, limits and times."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, cast
from urllib.parse import urlsplit

from fastguard.fields import Fields, show

Treatment = Literal["block", "redact"]
Fail = Literal["closed", "open"]
Unscanned = Literal["pass", "block"]

PROTOCOLS: Final = ("openai", "anthropic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A model API. `url` ends before ``/chat/completions``; without a `key` the client's own goes through."""

    name: str
    url: str
    protocols: tuple[str, ...]
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """How the gateway treats what passes.

    `fail` is what happens where no part could judge, or an answer cannot be read: ``closed`` refuses, ``open`` passes.
    `requests` and `answers` say what becomes of secrets and personal data: judged like the rest, or replaced.
    `unscanned` says whether parts that are no text (images, audio) may pass; they are reported in any case.
    `read_seconds` is the longest silence of an upstream, `event_bytes` the largest single event of a stream.
    """

    fail: Fail
    requests: Treatment
    answers: Treatment
    unscanned: Unscanned
    holdback: int
    answer_bytes: int
    event_bytes: int
    connections: int
    connect_seconds: int
    read_seconds: int
    upstreams: Mapping[str, Upstream]

    def upstream(self, protocol: str) -> Upstream | None:
        """Return the first upstream of the configuration that speaks a protocol."""
        return next((item for item in self.upstreams.values() if protocol in item.protocols), None)


def read_gateway(fields: Fields, upstreams: Fields, base: str, environment: Mapping[str, str]) -> Gateway:
    """Return the settings of the tables ``gateway`` and ``upstreams``. Raises `ConfigError`."""
    gateway = Gateway(
        fail=cast("Fail", fields.string("fail", "closed", choices=("closed", "open"))),
        requests=cast("Treatment", fields.string("requests", "block", choices=("block", "redact"))),
        answers=cast("Treatment", fields.string("answers", "redact", choices=("block", "redact"))),
        unscanned=cast("Unscanned", fields.string("unscanned", "pass", choices=("pass", "block"))),
        holdback=fields.integer("holdback", 512, low=256, high=8192),
        answer_bytes=fields.integer("answer_bytes", 32 * 1024**2, low=1024, high=1024**3),
        event_bytes=fields.integer("event_bytes", 1024**2, low=1024, high=1024**3),
        connections=fields.integer("connections", 200, low=1, high=100_000),
        connect_seconds=fields.integer("connect_seconds", 10, low=1, high=600),
        read_seconds=fields.integer("read_seconds", 120, low=1, high=3600),
        upstreams={name: _read_upstream(name, upstreams.table(name), base, environment) for name in upstreams.keys()},  # noqa: SIM118
    )
    fields.close()
    return gateway


def _read_upstream(name: str, fields: Fields, base: str, environment: Mapping[str, str]) -> Upstream:
    expected = "an address such as https://api.example.com/v1"
    url = fields.string("url", expected=expected)
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid or parts.query or parts.fragment or "@" in parts.netloc:
        fields.fail("url", f"got {show(url.rpartition('@')[2])}", f"{expected}, without user, query or fragment")
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        fields.fail("", f"the name {show(name)}", "letters, digits, - and _, as the name is part of a path")
    protocols = fields.strings("protocols", PROTOCOLS, least=1)
    for i, protocol in enumerate(protocols):
        if protocol not in PROTOCOLS:
            fields.fail(f"protocols[{i}]", f"got {show(protocol)}", f"one of {', '.join(PROTOCOLS)}")
    key = ""
    if "key_env" in fields:
        variable = fields.string("key_env")
        key = environment.get(variable, "")
        if not key:
            fields.fail("key_env", f"the variable {show(variable)} is not set", "a variable that holds the key")
    if "key_file" in fields:
        path = os.path.join(base, fields.string("key_file"))  # noqa: PTH118
        try:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123
                key = file.read().strip()
        except (OSError, UnicodeDecodeError) as problem:
            fields.fail("key_file", f"{show(path)} cannot be read ({type(problem).__name__})", "a file with the key")
    if not key.isascii() or not key.isprintable():
        fields.fail("key_env" if "key_env" in fields else "key_file", "the key has characters that no header holds")
    fields.close()
    return Upstream(name=name, url=url.rstrip("/"), protocols=protocols, key=key)
