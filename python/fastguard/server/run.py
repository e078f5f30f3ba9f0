"""Starting, draining and reloading: one process, or a parent that keeps workers alive on one socket."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Final

from fastguard.errors import FastguardError
from fastguard.server.config import Config, Listen
from fastguard.server.errors import ConfigError

if TYPE_CHECKING:
    import uvicorn

    from fastguard.server.app import Application

log = logging.getLogger("fastguard.server")

_FAILED_START: Final = 3
# Seconds that the thread of the events may keep the loop waiting; Python's own is ten times that.
_SWITCH: Final = 0.0005
_BACKLOG: Final = 2048
_QUICK: Final = 2.0  # seconds: a worker that ends sooner is started again only after as long
_PARENT_SECONDS: Final = 1.0  # between two looks of a worker at whether its parent is still there


def bind(listen: Listen, file: str) -> list[socket.socket]:
    """Return the listening sockets, one for each worker. Raises `ConfigError` where they cannot be had.

    The kernel deals connections out over sockets of one port; from a socket that workers share, the first that wakes takes
    nearly all of a burst. A Unix socket is one, whatever the workers.
    """
    try:
        if listen.socket:
            return [_bind_unix(listen.socket)] * listen.workers
        first = _tcp(listen.host, listen.port, shared=False)  # fails where another server is
        if listen.workers == 1 or not hasattr(socket, "SO_REUSEPORT"):
            sockets = [first] * listen.workers
        else:
            port = first.getsockname()[1]
            first.close()
            sockets = [_tcp(listen.host, port, shared=True) for _ in range(listen.workers)]
        for bound in sockets:
            bound.listen(_BACKLOG)
    except OSError as problem:
        field = "server.socket" if listen.socket else "server.host"
        where = listen.socket or f"{listen.host}:{listen.port}"
        raise ConfigError(f"{where}: {problem.strerror or problem}", file=file, field=field) from None
    return sockets


def _tcp(host: str, port: int, *, shared: bool) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _bind_unix(path: str) -> socket.socket:
    """Bind a Unix socket that only this user and group reach; one left by a server that has gone is replaced."""
    if os.path.exists(path):  # noqa: PTH110
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise OSError(17, "exists and is no socket")
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(path) == 0:
                raise OSError(98, "another server listens there")
        os.unlink(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        bound.bind(path)
    finally:
        os.umask(before)
    bound.listen(_BACKLOG)
    return bound


def address(listen: Listen, bound: socket.socket) -> str:
    """Return where clients reach the server."""
    if listen.socket:
        return f"unix:{listen.socket}"
    host, port = bound.getsockname()[:2]
    scheme = "https" if listen.tls_certificate else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def serve(config: Config, reread: Callable[[], Config]) -> int:
    """Serve until SIGTERM or SIGINT; SIGHUP reloads. Return the exit status."""
    sockets = bind(config.listen, config.file)
    with tempfile.TemporaryDirectory(prefix="fastguard-") as folder:
        try:
            if config.listen.workers == 1:
                return _worker(config, reread, sockets[0], folder, 0, parent=0)
            return _Parent(config, reread, sockets, folder).run()
        finally:
            for bound in sockets:
                bound.close()
            if config.listen.socket and os.path.exists(config.listen.socket):  # noqa: PTH110
                os.unlink(config.listen.socket)


def uvicorn_config(application: Application, listen: Listen) -> uvicorn.Config:
    """Return the settings of the HTTP server."""
    import uvicorn

    from fastguard.server.protocol import Joining

    return uvicorn.Config(
        application,
        http=Joining,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=listen.drain_seconds,
        timeout_keep_alive=75,
        ws="none",
        backlog=_BACKLOG,
        ssl_certfile=listen.tls_certificate or None,
        ssl_keyfile=listen.tls_key or None,
    )


def settle() -> None:
    """Make the process one that serves: what is loaded by now is never looked at by the garbage collector."""
    sys.setswitchinterval(_SWITCH)
    gc.collect()
    gc.freeze()


def _worker(
    config: Config, reread: Callable[[], Config], bound: socket.socket, folder: str, number: int, *, parent: int
) -> int:
    import uvicorn

    from fastguard.server.app import Application
    from fastguard.server.service import Service

    try:
        service = Service(config, reread=reread, folder=folder, worker=number)
    except FastguardError as problem:
        print(f"fastguard: {problem}", file=sys.stderr)
        return _FAILED_START
    application = Application(service)
    if parent:
        service.on_reload = lambda: os.kill(parent, signal.SIGHUP)
    settings = uvicorn_config(application, config.listen)

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            # uvicorn would raise the signal again once it has drained, before the events are written.
            loop = asyncio.get_running_loop()
            for name in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(name, self._end, name)
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if not parent:
                log.warning("listening on %s", address(config.listen, bound))

        def _end(self, name: int) -> None:
            service.ready = False
            self.handle_exit(name, None)

    async def run() -> None:
        loop = asyncio.get_running_loop()

        def reload() -> None:
            loop.run_in_executor(None, _reload)

        loop.add_signal_handler(signal.SIGHUP, reload)
        server = Server(settings)
        watch = asyncio.create_task(_leave_with(parent, server)) if parent else None
        await server.serve(sockets=[bound])
        if watch is not None:
            watch.cancel()
        await application.leave()

    def _reload() -> None:
        try:
            state = service.reload()
        except FastguardError as problem:
            log.error("reload refused, everything stays as it was: %s", problem)  # noqa: TRY400  (the message says where)
        else:
            log.warning("reloaded: revision %s", state.revision)

    settle()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(run())
    finally:
        application.close()
        service.close()
    return 0


async def _leave_with(parent: int, server: uvicorn.Server) -> None:
    """Drain the server once the parent is gone: nobody could end or replace this worker any more."""
    while os.getppid() == parent:
        await asyncio.sleep(_PARENT_SECONDS)
    log.error("the parent has ended; this worker drains and ends as well")
    server.should_exit = True


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


class _Parent:
    """Forks workers before anything heavy is loaded, passes signals on and replaces workers that die."""

    def __init__(
        self, config: Config, reread: Callable[[], Config], sockets: Sequence[socket.socket], folder: str
    ) -> None:
        self._config = config
        self._reread = reread
        self._sockets = sockets  # of all workers: what waits in one whose worker has died is for the next
        self._folder = folder
        self._children: dict[int, tuple[int, float]] = {}
        self._ending = False

    def run(self) -> int:
        """Return when all workers have ended."""
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, self._pass_on)
        for number in range(self._config.listen.workers):
            self._start(number)
        log.warning("listening on %s, %d workers", address(self._config.listen, self._sockets[0]), len(self._children))
        status = 0
        while self._children:
            pid, code = os.wait()
            number, started = self._children.pop(pid)
            if self._ending:
                continue
            if os.waitstatus_to_exitcode(code) == _FAILED_START:
                status = 2
                self._end()
                continue
            log.error("worker %d ended with status %d; starting another", number, os.waitstatus_to_exitcode(code))
            time.sleep(max(0.0, _QUICK - (time.monotonic() - started)))
            if not self._ending:
                self._start(number)
        return status

    def _start(self, number: int) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self._children[pid] = number, time.monotonic()
            return
        status = 1
        try:
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the worker has loaded what a reload would load
            status = _worker(self._config, self._reread, self._sockets[number], self._folder, number, parent=parent)
        finally:
            os._exit(status)  # nothing of the parent's runs twice

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        del frame
        if number != signal.SIGHUP:
            self._ending = True
        for pid in self._children:
            os.kill(pid, number)

    def _end(self) -> None:
        self._pass_on(signal.SIGTERM, None)
