"""What the Python tests share: guards that are made once, and a cache of compiled packs that is the tests' own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastguard import Guard
from fastguard.model import DEFAULT_MANIFEST

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compile the default pack once, not in every session, and never in the user's own cache."""
    folder = request.config.cache.mkdir("fastguard-packs")
    folder.chmod(0o700)
    before = os.environ.get("FASTGUARD_CACHE_DIR")
    os.environ["FASTGUARD_CACHE_DIR"] = str(folder)
    yield
    if before is None:
        del os.environ["FASTGUARD_CACHE_DIR"]
    else:
        os.environ["FASTGUARD_CACHE_DIR"] = before


@pytest.fixture(scope="session")
def signatures_guard() -> Guard:
    """A guard of the default signatures without a model."""
    return Guard(model=None)


@pytest.fixture(scope="session")
def guard() -> Guard:
    """The guard that `Guard()` makes."""
    if not Path(DEFAULT_MANIFEST).exists():
        pytest.skip("the default model is not there: run ./dev train")
    return Guard()


def acme_signature(name: str = "key", **fields: str) -> str:
    """Return a signature in TOML whose fields are replaced by `fields` (TOML values)."""
    table = {
        "id": f'"custom.acme.{name}"',
        "summary": '"A key of Acme"',
        "severity": '"high"',
        "tier": "1",
        "pattern": "'acme_[0-9a-f]{16}'",
        "match": '["acme_0123456789abcdef", "x acme_fedcba9876543210 y"]',
        "no_match": '["acme_0123", "acme is a name"]',
    }
    table.update(fields)
    return "[[signature]]\n" + "".join(f"{key} = {value}\n" for key, value in table.items() if value)


def acme_pack(*signatures: str) -> str:
    """Return a detector's file in TOML."""
    return 'schema = 1\ntitle = "Acme"\n\n' + "\n".join(signatures or (acme_signature(),))


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """A folder with one signature of category custom, and nothing else."""
    path = tmp_path / "packs" / "custom" / "acme.toml"
    path.parent.mkdir(parents=True)
    path.write_text(acme_pack(), encoding="utf-8")
    return path.parent.parent
