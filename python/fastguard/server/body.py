"""Bodies of requests: read within limits, unpacked within limits, and parsed by one strict JSON parser."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Callable, Coroutine, Generator, MutableMapping
from typing import Any, Final

import orjson

from fastguard.server.config import Limits
from fastguard.server.errors import RequestError

Message = MutableMapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, Message]]

# Everything of a JSON document that is in quotes; possessive, so linear.
_STRINGS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)

_BEFORE_COLONS: Final = (b'"', b" ", b"\n", b"\r", b"\t")  # of keys
_AFTER_KEYS: Final = tuple(end + b":" for end in _BEFORE_COLONS)
_FEW_COLONS: Final = 64

_DRAINED: Final = 8  # times the limit is read of a body that is too large


class Disconnected(Exception):  # noqa: N818  (nobody is left to answer: not an error of ours)
    """The client has gone before its request was whole."""


async def read_body(receive: Receive, headers: dict[bytes, bytes], limits: Limits) -> bytes:
    """Return the body, unpacked. Raises `RequestError` for one that is too large or too slow."""
    chunks: list[bytes] = []
    size = 0
    coming = receive()
    try:
        # A small body has come with its head: then nothing waits, and no timer is set.
        waiting = _Begun(coming, coming.send(None))
    except StopIteration as come:
        message: Message = come.value
        if message["type"] == "http.request" and not message.get("more_body", False):
            whole: bytes = message.get("body", b"")
            if len(whole) > limits.body_bytes:
                raise _too_large(limits) from None
            encoding = headers.get(b"content-encoding")
            return whole if encoding is None else unpack(whole, encoding, limits)
        waiting = None
    try:
        async with asyncio.timeout(limits.read_seconds):
            if waiting is not None:
                message = await waiting
            while True:
                if message["type"] == "http.disconnect":
                    raise Disconnected
                chunk = message.get("body", b"")
                size += len(chunk)
                if size <= limits.body_bytes:
                    chunks.append(chunk)
                elif size > _DRAINED * limits.body_bytes:
                    raise _too_large(limits)
                else:
                    chunks.clear()  # read on and forget: a client that still writes would not read the answer
                if not message.get("more_body", False):
                    break
                message = await receive()
    except TimeoutError:
        raise RequestError(408, f"the body did not arrive within {limits.read_seconds} s") from None
    if size > limits.body_bytes:
        raise _too_large(limits)
    return unpack(b"".join(chunks), headers.get(b"content-encoding", b""), limits)


class _Begun:
    """A coroutine that was begun and waits for `pending`: awaited, it goes on from there."""

    __slots__ = ("_coming", "_pending")

    def __init__(self, coming: Coroutine[Any, Any, Message], pending: Any) -> None:
        self._coming = coming
        self._pending = pending

    def __await__(self) -> Generator[Any, Any, Message]:
        pending = self._pending
        try:
            while True:
                try:
                    value = yield pending
                except BaseException as problem:  # noqa: BLE001  (it is the coroutine's to answer)
                    pending = self._coming.throw(problem)
                else:
                    pending = self._coming.send(value)
        except StopIteration as come:
            message: Message = come.value
            return message


def unpack(body: bytes, encoding: bytes, limits: Limits) -> bytes:
    """Return a body without its content encoding; no more than the limit is ever unpacked."""
    name = encoding.strip().lower()
    if name in {b"", b"identity"}:
        return body
    if name not in {b"gzip", b"deflate"}:
        raise RequestError(415, "content-encoding: expected gzip, deflate or identity")
    machine = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = machine.decompress(body, limits.body_bytes + 1)
    except zlib.error:
        raise RequestError(400, f"the body is not {name.decode()}") from None
    if len(plain) > limits.body_bytes:
        raise _too_large(limits)
    if not machine.eof or machine.unused_data:
        raise RequestError(400, f"the body is not one whole {name.decode()} stream")
    return plain


def _too_large(limits: Limits) -> RequestError:
    return RequestError(413, f"the body is larger than {limits.body_bytes} bytes (limits.body_bytes)")


def parse_json(body: bytes, limits: Limits) -> Any:
    """Return the value of a JSON document. Raises `RequestError` for everything that parsers disagree about.

    Refused: what is not UTF-8, lone surrogates, NaN, a key twice in one object, nesting and values over the limits.
    Linear in the body.
    """
    if not body:
        raise RequestError(400, "the body is empty; expected JSON")
    colons = body.count(b":")
    if len(body) > limits.values and colons + body.count(b",") > limits.values and sum(_outside(body)) > limits.values:
        raise RequestError(400, f"the body holds more than {limits.values} values (limits.values)")
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise RequestError(400, f"the body is not JSON: {problem}") from None
    pairs, depth = _measure(data, limits.depth)
    if depth > limits.depth:
        raise RequestError(400, f"the body is nested deeper than {limits.depth} levels (limits.depth)")
    # A colon stands outside of strings once for each key, after a quote or a space: where all, or all such, make no more than
    # the keys that are left, none was dropped. Texts may hold some as well; then strings are left out.
    if colons != pairs and _like_keys(body, colons) != pairs and pairs != _outside(body)[0]:
        raise RequestError(400, "the body has an object with the same key twice")
    return data


def _like_keys(body: bytes, colons: int) -> int:
    """Return how many of the colons stand where those of keys do, of which some may be in strings."""
    if colons > _FEW_COLONS:
        return sum(map(body.count, _AFTER_KEYS))
    return sum(before.endswith(_BEFORE_COLONS) for before in body.split(b":")[:-1])


def _outside(body: bytes) -> tuple[int, int]:
    """Return how many colons and commas stand outside of strings."""
    skeleton = _STRINGS.sub(b"", body)
    return skeleton.count(b":"), skeleton.count(b",")


def _measure(data: object, deepest: int) -> tuple[int, int]:
    """Return how many keys all objects have together, and the nesting; stops below `deepest`."""
    level: list[Any] = [data]
    pairs = depth = 0
    while level and depth <= deepest:
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                pairs += len(item)
                below += [value for value in item.values() if type(value) is dict or type(value) is list]
            elif type(item) is list:
                below += [value for value in item if type(value) is dict or type(value) is list]
        if type(data) is dict or type(data) is list:
            depth += 1
        level = below
    return pairs, depth
