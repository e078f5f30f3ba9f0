"""What all tests share: a cache of compiled packs that is their own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_tests(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compile the default pack once, not in every session, and never in the user's own cache.

    Without pytest's own cache (`-p no:cacheprovider`, as under sanitizers) the session has a folder to itself.
    """
    cache = getattr(request.config, "cache", None)
    folder = tmp_path_factory.mktemp("packs") if cache is None else cache.mkdir("fastguard-packs")
    folder.chmod(0o700)
    before = os.environ.get("FASTGUARD_CACHE_DIR")
    os.environ["FASTGUARD_CACHE_DIR"] = str(folder)
    yield
    if before is None:
        del os.environ["FASTGUARD_CACHE_DIR"]
    else:
        os.environ["FASTGUARD_CACHE_DIR"] = before
