"""A PostgreSQL server of the tests' own: a fresh cluster in a temporary folder, asked over a Unix socket."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # where Debian keeps them, newest first


def program(name: str) -> str:
    """Where a program of PostgreSQL is; skips the test where it is not installed."""
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, _FOLDERS)]))
    if path is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install postgresql)")
    return os.path.realpath(path)


@dataclass
class Cluster:
    """A server that can be ended and started again."""

    folder: Path
    account: int | None
    port: int
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql://guard@:{self.port}/{database}?host={self.folder}"

    def run(self, *command: str) -> None:
        done = subprocess.run(
            command, check=False, user=self.account, group=self.account, cwd=self.folder, capture_output=True
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        options = ["-k", str(self.folder), "-p", str(self.port), "-c", "fsync=off", "-c", "max_connections=20"]
        options += ["-c", "listen_addresses=127.0.0.1"]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [program("postgres"), "-D", str(self.folder / "data"), *options],
                user=self.account,
                group=self.account,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + 30
        while not (self.folder / f".s.PGSQL.{self.port}").exists():
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            assert time.monotonic() < end
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT breaks connections off at once and in order."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(30)

    def database(self, name: str) -> str:
        """Make a database, waiting for the server; return its URL."""
        import pg8000.exceptions
        from fastguard.server.pgurl import Address, connect

        end = time.monotonic() + 30
        while True:
            try:
                db = connect(Address.of(self.url("postgres")), {}, timeout=10)
                break
            except (OSError, pg8000.exceptions.Error):
                assert time.monotonic() < end
                time.sleep(0.1)
        db.execute_simple(f"CREATE DATABASE {name}")
        db.close()
        return self.url(name)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running server, gone at the end. As root it runs under the account nobody, since it refuses root."""
    initdb = program("initdb")
    program("postgres")
    account = 65534 if os.getuid() == 0 else None
    folder = Path(
        tempfile.mkdtemp(prefix="fg-pg-")
    )  # not pytest's: only root may enter that, and a socket's path is short
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Cluster(folder, account, port)
    try:
        if account is not None:
            os.chown(folder, account, account)
        made.run(initdb, "-D", str(folder / "data"), "-U", "guard", "-E", "UTF8", "--locale=C", "-N",
                 "--auth-local=trust", "--auth-host=scram-sha-256")  # fmt: skip
        made.start()
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.stop(signal.SIGQUIT)
        shutil.rmtree(folder)
