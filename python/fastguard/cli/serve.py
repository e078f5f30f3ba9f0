"""``fastguard serve``: the guard behind HTTP."""

from __future__ import annotations

import argparse
import importlib.util
import logging

from fastguard.cli.terminal import fail

_EPILOG = """\
examples:
  fastguard serve
  fastguard serve --config server.toml --check
  fastguard serve --new-key gateway
  FASTGUARD_GATEWAY_FAIL=open fastguard serve --config server.toml
  LAKERA_API_BASE=http://127.0.0.1:8470 litellm --config proxy.yaml

Without a key it listens on 127.0.0.1 (or a Unix socket) only. Every setting of the tables server, limits, guard and
events is also a variable, FASTGUARD_<TABLE>_<KEY>. SIGHUP reloads packs, policies, projects and keys; SIGTERM drains.
"""
_NEEDED = ("uvicorn", "orjson", "aiohttp", "jinja2")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "serve",
        help="serve the guard over HTTP",
        description="Serves the guard over HTTP: Lakera, LiteLLM, OpenAI moderations, Presidio and LLM Guard clients work unchanged.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--config", metavar="FILE", help="the configuration in TOML (default: built-in)")
    parser.add_argument("--check", action="store_true", help="check the configuration, load what it names, and end")
    parser.add_argument(
        "--new-key", metavar="NAME", help="make a key: shows it once, with the lines for the configuration"
    )
    parser.add_argument(
        "--write-deploy",
        metavar="DIR",
        help="write Dockerfile, compose, Kubernetes, systemd and Grafana files there, and end",
    )
    group = parser.add_argument_group("instead of the configuration's")
    group.add_argument("--host", metavar="ADDRESS", help="address to listen on (default: 127.0.0.1)")
    group.add_argument("--port", metavar="N", type=int, help="port, 0 for any that is free (default: 8470)")
    group.add_argument("--socket", metavar="PATH", help="a Unix socket instead")
    group.add_argument("--workers", metavar="N", type=int, help="processes (default: 1)")
    group.add_argument("--policy", metavar="FILE", help="the default policy in TOML")
    group.add_argument(
        "--store", metavar="FILE", help='where events are kept, a file or postgresql://...; "" for nowhere'
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until told to end."""
    if options.write_deploy is not None:
        return _write_deploy(options.write_deploy)
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        return fail(f"serve needs {', '.join(missing)}: pip install 'fastguard-engine[server]', or '.[server]' here")
    from fastguard.server.config import Config, load_config

    if options.new_key is not None:
        return _new_key(options.new_key)

    def read() -> Config:
        server = {name: getattr(options, name) for name in ("host", "port", "socket", "workers")}
        tables = {"server": server, "guard": {"policy": options.policy}, "events": {"store": options.store}}
        return load_config(options.config, options=tables)

    config = read()
    if options.check:
        from fastguard.server.state import load_state

        state = load_state(config)
        print(f"valid: {len(state.guards)} policies, {len(config.keys)} keys, {len(state.pack)} signatures")
        return 0
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    from fastguard.server.run import serve

    return serve(config, read)


def _write_deploy(folder: str) -> int:
    """Copy the files for deployment; nothing that exists is overwritten."""
    import shutil
    from pathlib import Path

    import fastguard

    source, target = Path(fastguard.__file__).parent / "server" / "deploy", Path(folder)
    names = sorted(path.name for path in source.iterdir() if path.is_file())
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in names:
            if (target / name).exists():
                return fail(f"{target / name} exists; --write-deploy overwrites nothing")
        for name in names:
            shutil.copyfile(source / name, target / name)
    except OSError as problem:
        return fail(f"{folder}: {problem.strerror or problem}")
    print(f"wrote {', '.join(names)} to {folder}")
    return 0


def _new_key(name: str) -> int:
    from fastguard.server.keys import hash_key, new_key

    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        return fail("--new-key: expected a name of letters, digits, - and _")
    key = new_key()
    print(f'key, shown only now: {key}\n\n[keys.{name}]\nhash = "{hash_key(key)}"\nscopes = ["check"]')
    return 0
