"""What the gateway itself says, in the shape of each protocol: errors, refusals, and answers that were withheld."""

from __future__ import annotations

from typing import Any, Final

NOTE: Final = "fastguard withheld this"

_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    504: "timeout_error",
}


def error(shape: str, status: int, message: str, code: str, param: str = "") -> dict[str, Any]:
    """Return the body of an error.

    >>> error("anthropic", 502, "it is gone", "upstream_cut")
    {'type': 'error', 'error': {'type': 'api_error', 'message': 'it is gone', 'code': 'upstream_cut'}}
    """
    if shape == "anthropic":
        return {"type": "error", "error": {"type": _TYPES.get(status, "api_error"), "message": message, "code": code}}
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "param": param or None, "code": code}}


def refused(shape: str, reasons: set[str], number: str) -> dict[str, Any]:
    """Return the error of a request that was blocked: status 400 and the code that content filters use."""
    why = ", ".join(sorted(reasons)) or "policy"
    return error(shape, 400, f"fastguard blocked the request: {why} (request {number})", "content_filter", "prompt")


def withhold(endpoint: str, data: dict[str, Any]) -> None:
    """Take out of an answer all that the model said, and say so where the protocol has a place for it."""
    if endpoint == "messages":
        data["content"] = []
        data["stop_reason"] = "refusal"
        data["stop_sequence"] = None
    elif endpoint == "responses":
        data["status"] = "incomplete"
        data["incomplete_details"] = {"reason": "content_filter"}
        data["output"] = []
        data.pop("output_text", None)
    else:
        for i, choice in enumerate(data.get("choices") or []):
            index = choice.get("index", i) if isinstance(choice, dict) else i
            data["choices"][i] = {
                "index": index,
                "message": {"role": "assistant", "content": None, "refusal": NOTE},
                "logprobs": None,
                "finish_reason": "content_filter",
            }
