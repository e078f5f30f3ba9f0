"""The configuration of the server: a TOML file, then variables of the environment, all of it checked before use."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from fastguard.fields import Fields, read_toml, show
from fastguard.policy import DEPTHS, Depth
from fastguard.server.errors import ConfigError
from fastguard.server.gateway.settings import Gateway, read_gateway
from fastguard.server.keys import SCOPES, Key, Keys, parse_hash
from fastguard.server.pgurl import Address

Mode = Literal["block", "detect"]

DEFAULT_PORT = 8470
PREFIX = "FASTGUARD_"
# Tables whose keys a variable can set, FASTGUARD_<TABLE>_<KEY>; the others hold tables of their own.
_FLAT = ("server", "limits", "guard", "events", "gateway", "web")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where the server listens and how it ends. `drain_seconds` is how long calls under way may take at the end."""

    host: str
    port: int
    socket: str
    workers: int
    tls_certificate: str
    tls_key: str
    drain_seconds: int
    allowed_hosts: tuple[str, ...]

    @property
    def loopback(self) -> bool:
        """Whether only programs of this machine can reach it."""
        return bool(self.socket) or is_loopback(self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may cost: bytes of its body (also unpacked), nesting, JSON values, seconds to send it."""

    body_bytes: int
    depth: int
    values: int
    read_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEntry:
    """A policy by name: its file (empty: the built-in one) and a depth instead of the file's."""

    name: str
    file: str
    depth: Depth | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What clients name: a policy, and whether its verdicts count (``block``) or are only reported (``detect``)."""

    id: str
    policy: str
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Where verdicts are kept. `store` is a SQLite file or the URL of a PostgreSQL database (empty: nowhere).

    `excerpt` keeps text with data redacted. `jsonl` is a file that is rotated at `jsonl_bytes`, with `jsonl_files` old ones;
    `otlp` the base address of a collector.
    """

    store: str
    jsonl: str
    jsonl_bytes: int
    jsonl_files: int
    otlp: str
    queue: int
    excerpt: bool
    retention_days: int
    max_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that a server is told; immutable."""

    file: str
    listen: Listen
    limits: Limits
    packs: tuple[str, ...]
    model: str
    policies: Mapping[str, PolicyEntry]
    projects: Mapping[str, Project]
    keys: Keys
    events: Events
    gateway: Gateway
    benchmarks: str
    """The folder of records that the page of benchmarks shows; empty: those of a checkout, where this runs in one."""


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("localhost")
    (True, True, False, True)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_config(
    file: str | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    options: Mapping[str, Mapping[str, object]] | None = None,
) -> Config:
    """Return the configuration of a file (None: defaults), then the environment's, then `options` per table.

    Relative paths in the file count from its folder. Raises `ConfigError`.

    >>> load_config(environment={"FASTGUARD_SERVER_PORT": "9000"}).listen.port
    9000
    """
    environment = os.environ if environment is None else environment
    name = file or "configuration"
    data: dict[str, Any] = cast("dict[str, Any]", read_toml(file, ConfigError)) if file else {}
    base = os.path.dirname(os.path.abspath(file)) if file else os.getcwd()  # noqa: PTH100, PTH109, PTH120
    _add_environment(data, environment, name)
    for table, values in (options or {}).items():
        for key, value in values.items():
            if value is not None:
                data.setdefault(table, {})[key] = value
    return _read(Fields(data, ConfigError, file=name), name, base, environment)


def _add_environment(data: dict[str, Any], environment: Mapping[str, str], name: str) -> None:
    for variable in sorted(environment):
        for table in _FLAT:
            start = f"{PREFIX}{table.upper()}_"
            if variable.startswith(start):
                inner = data.setdefault(table, {})
                if not isinstance(inner, dict):
                    raise ConfigError(f"got {show(inner)}", file=name, field=table, expected="a table")
                inner[variable.removeprefix(start).lower()] = _value(environment[variable])


def _value(text: str) -> object:
    """Return the value of a variable: what TOML makes of it, else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text


def _read(fields: Fields, name: str, base: str, environment: Mapping[str, str]) -> Config:
    if "schema" in fields:
        fields.integer("schema", low=1, high=1)
    listen = _read_listen(fields.table("server"), base)
    guard = fields.table("guard")
    packs = tuple(_path(base, item) for item in guard.strings("packs", ()))
    model = guard.string("model", "default")
    policies = _read_policies(fields.table("policies"), guard, base)
    guard.close()
    config = Config(
        file=name,
        listen=listen,
        limits=_read_limits(fields.table("limits")),
        packs=packs,
        model=model if model in {"default", "none"} else _path(base, model),
        policies=policies,
        projects=_read_projects(fields.table("projects"), policies),
        keys=_read_keys(fields.table("keys")),
        events=_read_events(fields.table("events"), base),
        gateway=read_gateway(fields.table("gateway"), fields.table("upstreams"), base, environment),
        benchmarks=_read_web(fields.table("web"), base),
    )
    fields.close()
    if not listen.loopback and not len(config.keys):
        raise ConfigError(
            f"{show(listen.host)} can be reached by others and no key is set",
            file=name,
            field="server.host",
            expected="a loopback address, or [keys.NAME] with a hash that `fastguard serve --new-key NAME` prints",
        )
    return config


def _path(base: str, path: str) -> str:
    return os.path.join(base, os.path.expanduser(path))  # noqa: PTH118, PTH111


def _optional(fields: Fields, key: str) -> str:
    """Return a string that may be empty, which means switched off."""
    value = fields.value(key, "a string") if key in fields else ""
    if not isinstance(value, str):
        fields.fail(key, f"got {show(value)}", "a string")
    return value


def _read_listen(fields: Fields, base: str) -> Listen:
    socket = _optional(fields, "socket")
    certificate, key = _optional(fields, "tls_certificate"), _optional(fields, "tls_key")
    listen = Listen(
        host=fields.string("host", "127.0.0.1"),
        port=fields.integer("port", DEFAULT_PORT, low=0, high=65535),
        socket=_path(base, socket) if socket else "",
        workers=fields.integer("workers", 1, low=1, high=256),
        tls_certificate=_path(base, certificate) if certificate else "",
        tls_key=_path(base, key) if key else "",
        drain_seconds=fields.integer("drain_seconds", 10, low=0, high=3600),
        allowed_hosts=tuple(host.lower() for host in fields.strings("allowed_hosts", ())),
    )
    if bool(certificate) != bool(key):
        fields.fail("tls_key" if certificate else "tls_certificate", "missing", "certificate and key together")
    for name, path in (("tls_certificate", listen.tls_certificate), ("tls_key", listen.tls_key)):
        if path and not os.access(path, os.R_OK):
            fields.fail(name, f"{show(path)} cannot be read", "a file in PEM form")
    fields.close()
    return listen


def _read_limits(fields: Fields) -> Limits:
    limits = Limits(
        body_bytes=fields.integer("body_bytes", 4 * 1024 * 1024, low=1024, high=1024**3),
        depth=fields.integer("depth", 64, low=4, high=256),
        values=fields.integer("values", 100_000, low=100, high=10_000_000),
        read_seconds=fields.integer("read_seconds", 20, low=1, high=3600),
    )
    fields.close()
    return limits


def _read_policies(fields: Fields, guard: Fields, base: str) -> dict[str, PolicyEntry]:
    policies = {}
    tables = [("default", guard, "policy")]
    tables += [(name, fields.table(name), "file") for name in fields.keys()]  # noqa: SIM118
    for name, table, key in tables:
        file = _optional(table, key)
        depth = table.string("depth", choices=DEPTHS) if "depth" in table else None
        if table is not guard:
            table.close()
        policies[name] = PolicyEntry(name=name, file=_path(base, file) if file else "", depth=cast("Depth", depth))
    return policies


def _read_projects(fields: Fields, policies: Mapping[str, PolicyEntry]) -> dict[str, Project]:
    projects = {"default": Project(id="default", policy="default", mode="block")}
    for name in fields.keys():  # noqa: SIM118
        table = fields.table(name)
        policy = table.string("policy", "default", choices=policies)
        mode = cast("Mode", table.string("mode", "block", choices=("block", "detect")))
        projects[name] = Project(id=name, policy=policy, mode=mode)
        table.close()
    return projects


def _read_keys(fields: Fields) -> Keys:
    keys = []
    for name in fields.keys():  # noqa: SIM118
        table = fields.table(name)
        expected = '"sha256:" and 64 hexadecimal digits, as `fastguard serve --new-key NAME` prints them'
        digest = parse_hash(table.string("hash", expected=expected))
        if digest is None:
            table.fail("hash", "not a hash (its value is not shown)", expected)
        scopes = table.strings("scopes", ("check",), least=1)
        for i, scope in enumerate(scopes):
            if scope not in SCOPES:
                table.fail(f"scopes[{i}]", f"got {show(scope)}", f"one of {', '.join(SCOPES)}")
        table.close()
        keys.append(Key(name, digest, frozenset(scopes)))
    return Keys(keys)


def _read_web(fields: Fields, base: str) -> str:
    folder = _optional(fields, "benchmarks")
    fields.close()
    if folder and not os.path.isdir(_path(base, folder)):  # noqa: PTH112
        fields.fail("benchmarks", f"{show(folder)} is no folder", "a folder of records, as bench/record is one")
    return _path(base, folder) if folder else ""


def _store(base: str, store: str) -> str:
    """Return a store's path from the folder of the configuration, or its URL once that is known to be one."""
    if store.startswith(("postgresql://", "postgres://")):
        Address.of(store)
        return store
    return _path(base, store) if store else ""


def _read_events(fields: Fields, base: str) -> Events:
    default = os.path.join(os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"), "fastguard")  # noqa: PTH111, PTH118
    store = _optional(fields, "store") if "store" in fields else os.path.join(default, "events.db")  # noqa: PTH118
    jsonl = _optional(fields, "jsonl")
    otlp = _optional(fields, "otlp")
    if otlp and not otlp.startswith(("http://", "https://")):
        fields.fail("otlp", f"got {show(otlp)}", "the base address of a collector, such as http://127.0.0.1:4318")
    events = Events(
        store=_store(base, store),
        jsonl=_path(base, jsonl) if jsonl else "",
        jsonl_bytes=fields.integer("jsonl_bytes", 256 * 1024**2, low=4096, high=2**50),
        jsonl_files=fields.integer("jsonl_files", 8, low=0, high=1000),
        otlp=otlp,
        queue=fields.integer("queue", 20_000, low=1, high=10_000_000),
        excerpt=fields.boolean("excerpt", default=False),
        retention_days=fields.integer("retention_days", 30, low=1, high=36_500),
        max_bytes=fields.integer("max_bytes", 2 * 1024**3, low=1024**2, high=2**50),
    )
    fields.close()
    return events
