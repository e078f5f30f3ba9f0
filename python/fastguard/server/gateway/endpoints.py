"""Paths of model APIs, and the upstream that a request goes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fastguard.server.errors import RequestError

if TYPE_CHECKING:
    from fastguard.server.gateway.settings import Upstream
    from fastguard.server.state import State


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path of a model API. `answers` says that what comes back is text."""

    name: str
    path: str
    shape: str
    method: str = "POST"
    answers: bool = True


ENDPOINTS: Final = (
    Endpoint("chat", "/chat/completions", "openai"),
    Endpoint("responses", "/responses", "openai"),
    Endpoint("embeddings", "/embeddings", "openai", answers=False),
    Endpoint("messages", "/messages", "anthropic"),
    Endpoint("count_tokens", "/messages/count_tokens", "anthropic", answers=False),
    Endpoint("models", "/models", "openai", method="GET", answers=False),
)


_BY_PATH: Final = {endpoint.path: endpoint for endpoint in ENDPOINTS}


def find(path: str) -> tuple[Endpoint, str] | None:
    """Return the endpoint of a path and the name of the upstream that it asks for (empty: the first that fits).

    >>> find("/v1/chat/completions")[1], find("/u/azure/v1/responses")[1], find("/v1/check")
    ('', 'azure', None)
    """
    name = ""
    if path.startswith("/u/"):
        name, _, path = path[3:].partition("/")
        path = "/" + path
        if not name:
            return None
    endpoint = _BY_PATH.get(path.removeprefix("/v1")) if path.startswith("/v1/") else None
    return (endpoint, name) if endpoint else None


def choose(state: State, endpoint: Endpoint, name: str) -> Upstream:
    """Return the upstream that a request goes to. Raises `RequestError` (404)."""
    upstreams = state.config.gateway.upstreams
    found = upstreams.get(name) if name else state.config.gateway.upstream(endpoint.shape)
    if found is None:
        what = "there is no such upstream" if name else f"no upstream speaks {endpoint.shape}"
        raise RequestError(404, f"{what} here; [upstreams.NAME] with a url sets one")
    return found
