"""MCP servers (Python SDK 2.x): middleware that judges what clients ask of tools and what tools answer.

from mcp.server.mcpserver import MCPServer
from fastguard.adapters.mcp import guard_middleware
server = MCPServer("files", middleware=[guard_middleware()])
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from mcp.shared.exceptions import MCPError

from fastguard.adapters.common import Blocked, Screen, as_text

BLOCKED_CODE = -32001
"""Code of the error that a request gets whose texts block."""

_LISTS = {"tools/list": "tools", "prompts/list": "prompts", "resources/list": "resources"}
_TEXTS = {"tools/call": "tool_result", "prompts/get": "retrieved", "resources/read": "retrieved"}
_FIELDS = (
    "content",
    "structuredContent",
    "messages",
    "contents",
    "description",
)  # of results; the others are the protocol's
_SETTINGS = frozenset({"type", "role", "data", "blob", "mimeType", "uri", "_meta"})

Middleware = Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any]]


def guard_middleware(screen: Screen | None = None) -> Middleware:
    """Return middleware for `MCPServer` and `Server`.

    Arguments that block raise `MCPError` with `BLOCKED_CODE` before the tool runs. A tool's result that blocks becomes an
    error result, a prompt's or resource's an error; a screen that redacts replaces secrets and personal data. Tools,
    prompts and resources whose descriptions block are left out of their lists: an agent would read them as orders.
    """
    using = screen if screen is not None else Screen()

    async def middleware(context: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        method = context.method
        if method in _TEXTS and context.params is not None:
            arguments = {key: value for key, value in context.params.items() if key != "_meta"}
            try:
                for text in _strings(arguments):
                    using.require(text, "assistant")
            except Blocked as blocked:
                raise MCPError(BLOCKED_CODE, str(blocked)) from None
        result = _as_dict(await call_next(context))
        if not isinstance(result, dict):
            return result
        if method in _LISTS:
            return _listed(using, result, _LISTS[method])
        return _answered(using, result, method) if method in _TEXTS else result

    return middleware


def _as_dict(result: Any) -> Any:
    dump = getattr(result, "model_dump", None)
    return dump(mode="json", by_alias=True, exclude_none=True) if dump is not None else result


def _listed(screen: Screen, result: dict[str, Any], key: str) -> dict[str, Any]:
    kept = [
        item
        for item in result.get(key) or ()
        if not screen.blocks(screen.judge_texts((text, "tool_definition") for text in (as_text(item), *_strings(item))))
    ]
    return {**result, key: kept}


def _answered(screen: Screen, result: dict[str, Any], method: str) -> dict[str, Any]:
    try:
        clean = {key: _passing(screen, result[key], _TEXTS[method]) for key in _FIELDS if key in result}
    except Blocked as blocked:
        if method != "tools/call":
            raise MCPError(BLOCKED_CODE, str(blocked)) from None
        kept = {key: value for key, value in result.items() if key not in _FIELDS}
        return {**kept, "content": [{"type": "text", "text": str(blocked)}], "isError": True}
    return {**result, **clean}


def _passing(screen: Screen, value: Any, source: str, key: str = "") -> Any:
    """Return a result with its texts as they may pass; binary parts are not read. Raises `Blocked`."""
    if isinstance(value, str):
        return value if key in _SETTINGS else screen.passing(value, source)
    if isinstance(value, Mapping):
        return {name: _passing(screen, inner, source, name) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_passing(screen, inner, source, key) for inner in value]
    return value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(name, str) and " " in name:
                yield name
            yield from _strings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _strings(inner)
