"""What goes wrong in a server: configuration that is not valid, and requests that cannot be answered."""

from __future__ import annotations

from fastguard.errors import FastguardError


class ConfigError(FastguardError):
    """A configuration that says something impossible; names the file (or variable), the key and what was expected."""


class RequestError(Exception):
    """A request that gets an error as its answer; the message says where, and never repeats the text to be judged.

    `error` is the short name that clients compare, `param` the place in the body where one is known.
    """

    def __init__(self, status: int, message: str, *, error: str = "", param: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error = error or NAMES.get(status, "Error")
        self.param = param


NAMES = {
    400: "Invalid Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Payload Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Entity",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
