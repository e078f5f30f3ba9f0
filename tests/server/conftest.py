"""A server once for all tests that only ask it, and servers of a test's own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from fastguard import Guard

for _module in ("uvicorn", "orjson", "aiohttp", "jinja2"):
    pytest.importorskip(_module, reason=f"the extra server is not installed ({_module})")

sys.path.insert(0, str(Path(__file__).parent))
from serving import Running, start, stop  # noqa: E402


@pytest.fixture(scope="session")
def guard() -> Guard:
    return Guard()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with everything at its default, shared: tests do not change it."""
    running = start(tmp_path_factory.mktemp("server"))
    yield running
    stop(running)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start servers of a test's own; what still runs at its end is ended."""
    started: list[Running] = []

    def begin(*arguments: str, environment: Mapping[str, str] | None = None) -> Running:
        started.append(start(tmp_path, *arguments, environment=environment))
        return started[-1]

    yield begin
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
