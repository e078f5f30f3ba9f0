"""Options and fixtures of the benchmarks. `./dev bench` runs them; see run.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastguard import Guard

from bench.subject import open_guard

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fastguard")
    group.addoption("--seconds", type=float, default=3.0, help="time for one comparison (default 3)")
    group.addoption("--no-model", action="store_true", help="signatures alone, to work on the engine")
    group.addoption("--data", type=Path, default=DATA, help="folder with benign texts, default ../shared/data")


@pytest.fixture(scope="session")
def seconds(request: pytest.FixtureRequest) -> float:
    return float(request.config.getoption("--seconds"))


@pytest.fixture(scope="session")
def with_model(request: pytest.FixtureRequest) -> bool:
    return not request.config.getoption("--no-model")


@pytest.fixture(scope="session")
def data_folder(request: pytest.FixtureRequest) -> Path:
    return Path(request.config.getoption("--data"))


@pytest.fixture(scope="session")
def guard(with_model: bool) -> Guard:
    return open_guard(model=with_model)
