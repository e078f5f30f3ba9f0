"""Bodies that are meant to hurt: every one gets a 4xx in JSON, and the server answers on."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import time
import zlib
from urllib.parse import urlsplit

import pytest
from fastguard.server.body import parse_json, unpack
from fastguard.server.config import Limits, load_config
from fastguard.server.errors import RequestError
from hypothesis import given
from hypothesis import strategies as st
from serving import Running

LIMITS = Limits(body_bytes=10_000, depth=8, values=100, read_seconds=1)


def refused(body: bytes) -> str:
    with pytest.raises(RequestError) as caught:
        parse_json(body, LIMITS)
    assert caught.value.status == 400
    return caught.value.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"{", "not JSON"),
        (b'{"a": 1, "a": 2}', "same key twice"),
        (b'{"a": {"b": 1, "b": 2}}', "same key twice"),
        (b'{"a:": 1, "\\u0061:": 2}', "same key twice"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": "\\ud83d"}', "not JSON"),
        (b'{"a": "\xff"}', "not JSON"),
        (b"[" * 9 + b"]" * 9, "deeper than 8"),
        (b'{"a":' * 9 + b"1" + b"}" * 9, "deeper than 8"),
        (b"[" + b"1," * 200 + b"1]", "more than 100 values"),
        (b"[" * 4000 + b"]" * 4000, "not JSON"),
    ],
)
def test_what_parsers_disagree_about_is_refused(body: bytes, said: str) -> None:
    assert said in refused(body)


def test_the_deepest_and_the_fullest_pass() -> None:
    assert parse_json(b"[" * 8 + b"]" * 8, LIMITS) is not None
    assert parse_json(b'{"a": "b:\\":\\\\", "c": ":"}', LIMITS) == {"a": 'b:":\\', "c": ":"}


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(values)
def test_whatever_json_writes_is_read_as_it_was(value: object) -> None:
    limits = Limits(body_bytes=10**6, depth=64, values=10_000, read_seconds=1)
    for ascii_only in (True, False):
        assert parse_json(json.dumps(value, ensure_ascii=ascii_only).encode(), limits) == value


def test_bombs_are_not_unpacked() -> None:
    bomb = gzip.compress(b"a" * 50_000_000)
    with pytest.raises(RequestError) as caught:
        unpack(bomb, b"gzip", LIMITS)
    assert caught.value.status == 413
    for body, encoding, status in (
        (b"plain", b"gzip", 400),
        (gzip.compress(b"{}")[:-4], b"gzip", 400),
        (gzip.compress(b"{}") * 2, b"gzip", 400),
        (b"{}", b"br", 415),
    ):
        with pytest.raises(RequestError) as caught:
            unpack(body, encoding, LIMITS)
        assert caught.value.status == status
    assert unpack(gzip.compress(b"{}"), b"gzip", LIMITS) == b"{}"
    assert unpack(zlib.compress(b"{}"), b"deflate", LIMITS) == b"{}"


SECRET = "the quick brown secret sentence"


@pytest.mark.parametrize("path", ["/v2/guard", "/v1/moderations", "/v1/check", "/analyze", "/analyze/prompt"])
def test_every_route_refuses_in_json_and_logs_no_text(server: Running, path: str) -> None:
    text = SECRET.encode()
    bodies: list[tuple[bytes, dict[str, str]]] = [
        (b"{" + text, {}),
        (b'{"text": "' + text + b'", "text": 1}', {}),
        (b'"' + text + b'"', {}),
        (b'{"messages": {"a": "' + text + b'"}, "input": 3, "prompt": 3, "language": 3}', {}),
        (b"[" * 100_000, {}),
        (text * 200_000, {}),
        (gzip.compress(b" " * 30_000_000), {"content_encoding": "gzip"}),
        (b'{"a": "\\udc00"}', {}),
    ]
    for body, headers in bodies:
        answer = server.post(path, body, **headers)
        assert 400 <= answer.status < 500
        assert answer.json()["error"]
        assert SECRET not in answer.body.decode()
    assert server.get("/livez").status == 200
    assert SECRET not in server.log.read_text()


def test_other_methods_and_paths(server: Running) -> None:
    assert server.get("/v2/guard").status == 405
    assert server.post("/nothing", {}).status == 404
    assert "openapi" in server.get("/nothing").json()["message"]


def test_pages_of_other_sites_and_other_names_are_refused(server: Running) -> None:
    assert server.post("/v1/check", {"text": "x"}, origin="https://evil.example").status == 403
    assert server.post("/v1/check", {"text": "x"}, host="evil.example").status == 403
    assert server.post("/v1/check", {"text": "x"}, origin=server.url).status == 200


def test_a_client_that_stops_in_its_body_gets_a_timeout(serve) -> None:
    running = serve("--store", "", environment={"FASTGUARD_LIMITS_READ_SECONDS": "1"})
    parts = urlsplit(running.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as client:
        client.sendall(b"POST /v1/check HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50\r\n\r\n{")
        answer = client.recv(4096)
    assert b" 408 " in answer.split(b"\r\n")[0]
    assert running.post("/v1/check", {"text": "x"}).status == 200


def said_to(running: Running, *parts: bytes, wait: float = 0.0) -> bytes:
    """All that a server says to parts of a request, until it closes."""
    place = urlsplit(running.url)
    said = b""
    with socket.create_connection((place.hostname, place.port), timeout=10) as client:
        with contextlib.suppress(OSError):  # it need not read to the end
            for part in parts:
                client.sendall(part)
                time.sleep(wait)
        with contextlib.suppress(ConnectionResetError):
            while chunk := client.recv(65536):
                said += chunk
    return said


WHOLE = b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n"


def test_heads_that_are_slow_endless_or_none_are_refused_in_json(serve) -> None:
    running = serve("--store", "", environment={"FASTGUARD_LIMITS_READ_SECONDS": "1"})
    begun = time.monotonic()
    assert said_to(running) == b""  # a connection on which nothing comes is closed
    slow = said_to(running, b"GET /livez HTTP/1.1\r\n", *[b"x-a: 1\r\n"] * 8, wait=0.2)
    assert time.monotonic() - begun < 8
    again = said_to(running, WHOLE + b"GET /livez")  # the second request of a connection
    endless = said_to(running, b"GET /livez HTTP/1.1\r\nhost: localhost\r\n", *[b"x-a: %s\r\n" % (b"y" * 10_000)] * 7)
    other = said_to(running, b"SSH-2.0-client\r\n\r\n")
    assert again.startswith(b"HTTP/1.1 200")
    for answer, status in ((slow, 408), (again[again.rindex(b"HTTP/1.1") :], 408), (endless, 431), (other, 400)):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert int(head.split()[1]) == status
        assert json.loads(body)["message"]
    kept = said_to(
        running, WHOLE, WHOLE, WHOLE + WHOLE.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"), wait=0.6
    )
    assert kept.count(b"HTTP/1.1 200") == 4  # over more than a second: time is counted from a head's first byte
    assert running.get("/livez").status == 200


def test_default_limits_are_those_of_the_readme() -> None:
    assert load_config(environment={}).limits == Limits(
        body_bytes=4 * 1024 * 1024, depth=64, values=100_000, read_seconds=20
    )


class Pairs(list):  # type: ignore[type-arg]
    """An object that may have a key twice."""


def written(document: object) -> str:
    if isinstance(document, Pairs):
        return "{" + ", ".join(f"{json.dumps(key)}: {written(value)}" for key, value in document) + "}"
    if isinstance(document, list):
        return "[" + ",".join(map(written, document)) + "]"
    return json.dumps(document)


def twice(document: object) -> bool:
    if isinstance(document, Pairs):
        keys = [key for key, _ in document]
        return len(set(keys)) < len(keys) or any(twice(value) for _, value in document)
    return isinstance(document, list) and any(map(twice, document))


def plain(document: object) -> object:
    if isinstance(document, Pairs):
        return {key: plain(value) for key, value in document}
    return [plain(item) for item in document] if isinstance(document, list) else document


_KEYS = st.sampled_from(["a", "b", "a:", ",", '"', "\\", "\u00e9"])
_PAIRS = st.recursive(
    st.integers(0, 9) | st.text('a:,"\\{}[]', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(_KEYS, inner), max_size=3).map(Pairs),
    max_leaves=10,
)


@given(_PAIRS)
def test_keys_given_twice_are_found_whatever_stands_in_strings(document: object) -> None:
    """The count of colons against a parser that keeps all pairs."""
    limits = load_config(environment={}).limits
    if twice(document):
        with pytest.raises(RequestError, match="same key twice"):
            parse_json(written(document).encode(), limits)
    else:
        assert parse_json(written(document).encode(), limits) == plain(document)
