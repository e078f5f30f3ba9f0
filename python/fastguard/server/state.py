"""What a server knows at one moment: configuration, guards and keys, made whole and swapped in one step."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastguard import Guard, __version__, _core
from fastguard.errors import FastguardError
from fastguard.pack import Pack
from fastguard.server.config import Config, Project
from fastguard.server.errors import ConfigError, RequestError
from fastguard.server.judge import PolicyGuard


@dataclass(frozen=True, slots=True)
class State:
    """Immutable but for what it remembers: a request takes the state once and ends with it, whatever is loaded meanwhile."""

    config: Config
    guards: Mapping[str, PolicyGuard]
    pack: Pack
    loaded: float
    slow: bool
    """Whether a judgement may take long (a deep model), so that it runs on a thread."""
    revision: str
    """The first digits of a hash over packs, policies and model: it changes whenever verdicts may."""
    hosts: set[bytes] = field(default_factory=set, compare=False)
    """Values of the header Host that were found allowed, so that the next request need not be looked at again."""

    def project(self, id: str | None) -> Project:  # noqa: A002
        """Return a project; None is the default one. Raises `RequestError` (404) that says project."""
        project = self.config.projects.get(id or "default")
        if project is None:
            raise RequestError(404, "project_id: there is no such project here", param="project_id")
        return project

    def guard(self, policy: str | None) -> PolicyGuard:
        """Return the guard of a policy; None is the default one. Raises `RequestError` (400)."""
        guard = self.guards.get(policy or "default")
        if guard is None:
            raise RequestError(400, "policy: there is no such policy here", param="policy")
        return guard

    def dev_info(self) -> dict[str, str]:
        """Return what Lakera's clients know as dev_info."""
        return {
            "git_revision": self.revision,
            "git_timestamp": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(_built())),
            "model_version": self.guards["default"].guard.model,
            "version": __version__,
        }


def _built() -> float:
    """When the engine was built: the time of its file."""
    return os.stat(_core.__file__).st_mtime


def load_state(config: Config) -> State:
    """Build everything that a configuration names. Raises `FastguardError` that names file and field."""
    pack = Pack.load(config.packs)
    guards = {}
    digest = hashlib.sha256(f"{__version__} {pack.digest}".encode())
    for name, entry in config.policies.items():
        try:
            guard = Guard(
                policy=entry.file or None,
                depth=entry.depth,
                packs=config.packs,
                model=None if config.model == "none" else config.model,
            )
            if guard._model:  # noqa: SLF001  (the first request must not be the one that loads the graph)
                guard._model.warm()  # noqa: SLF001
            guard.check("ready")
        except FastguardError as problem:
            raise ConfigError(
                str(problem), file=config.file, field="guard" if name == "default" else f"policies.{name}"
            ) from problem
        guards[name] = PolicyGuard(name, guard)
        digest.update(f"{name} {guard.policy.to_dict()} {guard.model} {guard.deep}".encode())
    slow = any(guard.slow for guard in guards.values())
    return State(config, guards, pack, time.time(), slow, digest.hexdigest()[:8])
