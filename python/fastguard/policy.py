"""The policy: which detectors are on, what each level leads to, what is allowed, and the limits."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from fastguard import _core
from fastguard.errors import PolicyError
from fastguard.fields import Fields, did_you_mean, one_of, read_toml, show
from fastguard.frozen import FrozenMap

if TYPE_CHECKING:
    from os import PathLike

    from fastguard.pack import CompiledPack

Depth = Literal["gate", "fast", "deep"]
"""How far a check goes: the native gate alone, the model where the gate is unsure, or a transformer where both are."""

DEPTHS: Final[tuple[Depth, ...]] = ("gate", "fast", "deep")
LEVELS: Final = 5
_HARD_MAX_BYTES: Final = 2**31 - 1
_HARD_MAX_FINDINGS: Final = 1_000_000
_EVERY_SOURCE: Final = "*"
PROTECTED: Final = "system_prompt_leak/protected"
"""The detector of protected texts and canaries."""
_NAMED: Final = "system_prompt_leak"  # what a switch for it begins with
VIEWS: Final = tuple(view for view in _core.SIGNATURE_VIEWS if view not in {"raw", "folded"})
"""Views that a policy may leave out; what a text says as it stands is looked at in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Up to which level a category blocks and flags: 1 (confident) to 5 (unlikely), 0 for never.

    >>> Levels(block=2, flag=3)
    Levels(block=2, flag=3)
    """

    block: int = 0
    flag: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one check may cost; a limit that is reached is in `Verdict.truncated`.

    `max_bytes` of UTF-8 are read of a text. `max_findings` are reported, and beyond it the first finding of a signature
    that has none, so that a crowd of findings hides no other; of one signature at most 512 in a piece of 64 KB. Where a
    crowd of matches keeps the check from looking at others of their kind, the text is at least escalated.

    Of each piece of 64 KB that a text is read in, at most `max_children` texts are decoded, `max_depth` codes deep (a code over itself is one), of
    `max_decoded_bytes` in all (and never more than four times the piece, or 16 KB of a small one); 0 for one of the
    three decodes nothing. Where one of them keeps the check from looking at something, `truncated` says
    ``decode_budget`` and the text is at least escalated.

    `max_tokens` of a text, 0 for any number, by the estimate of `Guard.tokens`: what is longer is read all the same and
    has a finding of ``model_dos.load.token_limit`` at the word with which it passes the limit, which blocks by default.
    Without a limit nothing is estimated.

    `budget_us` is a time in microseconds, 0 for none: once the reading of a text has taken it, no further piece and no
    further decoded text is looked at, and no model is asked. `truncated` then says ``budget_us``, and the text is at
    least escalated. The clock is looked at between pieces and between decoded texts only, so a check takes up to one of
    them longer; a model that is asked in time is waited for; `Guard.redact` and `Guard.leaks`, which must see all of a
    text, take the time they need. Of a batch or conversation each text has this time, of a stream the judging of it, without
    the time between chunks. What is found in time depends on the machine and its load: a verdict under a budget that
    was reached is not replayable.
    """

    max_bytes: int = 64 * 1024 * 1024
    max_findings: int = 1000
    max_tokens: int = 0
    budget_us: int = 0
    max_children: int = _core.MAX_CHILDREN
    max_decoded_bytes: int = _core.MAX_DECODED_BYTES
    max_depth: int = _core.MAX_DEPTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """What is no finding: matches wholly inside one of `phrases`, addresses on one of `hosts` (and below it).

    Where there are `hosts`, a link to any other is a finding of the category ``unknown_link``, which leads to nothing
    unless `actions` say so, and hosts that look like one of them are findings of ``malicious_link``.

    >>> strict = Policy(allow=Allow(hosts=("example.com",)), actions={"unknown_link": Levels(block=3, flag=3)})
    """

    phrases: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


_DEFAULT_ACTIONS: Final[Mapping[str, Levels]] = {
    "prompt_injection": Levels(block=2, flag=3),
    "jailbreak": Levels(block=2, flag=3),
    "system_prompt_leak": Levels(block=2, flag=3),
    "pii": Levels(block=0, flag=3),
    "secret": Levels(block=2, flag=3),
    "malicious_link": Levels(block=2, flag=3),
    "toxicity": Levels(block=1, flag=2),
    "insecure_output": Levels(block=1, flag=3),
    "tool_abuse": Levels(block=2, flag=3),
    "model_dos": Levels(block=2, flag=3),
    "supply_chain": Levels(block=2, flag=3),
    "ungrounded": Levels(block=0, flag=2),
    "hidden_text": Levels(block=2, flag=3),
    "custom": Levels(block=2, flag=3),
    # Told, for who gives a list of hosts; what it leads to is for the policy to say.
    "unknown_link": Levels(),
}

# A system prompt is the caller's own and may give orders. Data has no business giving any, so less evidence blocks it.
_ORDERS: Final = ("prompt_injection", "jailbreak", "system_prompt_leak")
_DEFAULT_SOURCES: Final[Mapping[str, Mapping[str, Levels]]] = {
    "system": dict.fromkeys(_ORDERS, Levels(block=0, flag=0)),
    "retrieved": {"prompt_injection": Levels(block=3, flag=3)},
    "tool_result": {"prompt_injection": Levels(block=3, flag=3)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a guard looks for and what it does about it; immutable, made in code or from TOML.

    Everything has a default, and what is given replaces just that part. `detectors` and `signatures` switch by name
    (``prompt_injection/override``, ``secret.cloud.*``) to true or false: later entries win over earlier ones,
    signatures over detectors. `actions` says per category what its levels lead to, `sources` the same for texts of one
    source only. `views` are the disguises that are undone, of ``skeleton``, ``decoded``, ``squeezed``, ``visual``,
    ``unmarked`` and ``flipped``: all unless told otherwise. `thresholds` sets the least score of single levels instead of those measured with the model.

    >>> policy = Policy(
    ...     detectors={"pii/*": False, "pii/email": True},
    ...     actions={"pii": Levels(block=2, flag=3)},
    ...     sources={"user": {"pii": Levels(flag=3)}},
    ... )
    >>> policy.levels("pii", source="assistant"), policy.levels("pii", source="user")
    (Levels(block=2, flag=3), Levels(block=0, flag=3))
    >>> Policy(actions={"pii": Levels(block=7)})
    Traceback (most recent call last):
    fastguard.errors.PolicyError: policy: actions.pii.block: got 7; expected an integer from 0 to 5
    """

    name: str = "default"
    depth: Depth = "fast"
    limits: Limits = Limits()
    views: tuple[str, ...] = VIEWS
    detectors: Mapping[str, bool] = FrozenMap()
    signatures: Mapping[str, bool] = FrozenMap()
    actions: Mapping[str, Levels] = FrozenMap()
    thresholds: Mapping[str, Mapping[int, float]] = FrozenMap()
    sources: Mapping[str, Mapping[str, Levels]] = FrozenMap()
    allow: Allow = Allow()

    def __post_init__(self) -> None:
        # One way in: what code gives is written as a table and read like a file.
        checked = _read(Fields(self.to_dict(), PolicyError, file="policy"))
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @staticmethod
    def load(path: str | PathLike[str]) -> Policy:
        """Return the policy of a TOML file. Raises `PolicyError` that names the field and what was expected."""
        import os

        return Policy.from_dict(read_toml(os.fspath(path), PolicyError), file=os.fspath(path))

    @staticmethod
    def from_dict(data: Mapping[str, object], *, file: str = "policy") -> Policy:
        """Return the policy of a table in the form of the TOML file; `file` is what errors name.

        >>> Policy.from_dict({"actions": {"secret": {"block": 3}}}).levels("secret")
        Levels(block=3, flag=0)
        """
        fields = Fields(data, PolicyError, file=file)
        if "schema" in fields:
            fields.integer("schema", low=1, high=1)
        return Policy(**cast("Any", _read(fields)))

    def to_dict(self) -> dict[str, object]:
        """Return the policy as the table that its TOML file would hold, for logs and for `from_dict`."""
        return {
            "name": self.name,
            "depth": self.depth,
            "limits": _plain(self.limits),
            "views": _plain(self.views),
            "detectors": _plain(self.detectors),
            "signatures": _plain(self.signatures),
            "actions": _plain(self.actions),
            "thresholds": _plain(self.thresholds),
            "sources": _plain_sources(self.sources),
            "allow": _plain(self.allow),
        }

    def levels(self, category: str, *, source: str = "user") -> Levels:
        """Return what the levels of a category lead to for texts of a source; the last line that says so wins."""
        result = Levels()
        for where, what, levels in self._actions():
            if what == category and where in {_EVERY_SOURCE, source}:
                result = levels
        return result

    def is_on(self, signature: str, *, default: bool = True) -> bool:
        """Return whether a signature is looked for; `default` is what its pack says.

        What `Guard.protect` and `Guard.canary` were given is looked for unless a switch says its name: whoever switches
        everything off and one thing on does not mean that.

        >>> Policy(signatures={"secret.generic.*": False}).is_on("secret.generic.password_assignment")
        False
        >>> Policy(detectors={"*": False}).is_on("system_prompt_leak.protected.canary")
        True
        >>> Policy(detectors={"system_prompt_leak/protected": False}).is_on("system_prompt_leak.protected.canary")
        False
        """
        from fnmatch import fnmatchcase

        detector = "/".join(signature.split(".")[:2])
        on = default
        for name, switches in ((detector, self.detectors), (signature, self.signatures)):
            for pattern, value in switches.items():
                if fnmatchcase(name, pattern) and (value or detector != PROTECTED or pattern.startswith(_NAMED)):
                    on = value
        return on

    def _actions(self) -> Iterable[tuple[str, str, Levels]]:
        """Yield (source, category, levels) from the weakest to the strongest."""
        for category, levels in _DEFAULT_ACTIONS.items():
            yield _EVERY_SOURCE, category, levels
        for source, actions in _DEFAULT_SOURCES.items():
            for category, levels in actions.items():
                yield source, category, levels
        for category, levels in self.actions.items():
            yield _EVERY_SOURCE, category, levels
        for source, actions in self.sources.items():
            for category, levels in actions.items():
                yield source, category, levels

    def spec(
        self,
        pack: CompiledPack,
        cuts: Mapping[str, tuple[float, ...]],
        deep_cuts: Mapping[str, tuple[float, ...]] = FrozenMap(),
        *,
        depth: Depth | None = None,
    ) -> _core.PolicySpec:
        """Return this policy as the engine takes it, for one pack; `cuts` are the level cuts of the model.

        `deep_cuts` are those of the deep tier. Raises `PolicyError` for a switch that names nothing in the pack.
        """
        self._check_switches(pack)
        on = {name for name in pack.detectors if self.is_on(name, default=name not in pack.off)}
        return _core.PolicySpec(
            depth=depth or self.depth,
            max_bytes=self.limits.max_bytes,
            max_findings=self.limits.max_findings,
            max_tokens=self.limits.max_tokens,
            budget_us=self.limits.budget_us,
            max_children=self.limits.max_children,
            max_decoded_bytes=self.limits.max_decoded_bytes,
            max_depth=self.limits.max_depth,
            views=["raw", "folded", *self.views],
            disabled=[name for name in pack.detectors if name not in on],
            enabled=sorted(on & pack.off),
            actions=[(source, category, levels.block, levels.flag) for source, category, levels in self._actions()],
            cuts=self._merged(cuts),
            deep_cuts=self._merged(deep_cuts),
            allow_phrases=list(self.allow.phrases),
            allow_hosts=list(self.allow.hosts),
        )

    def _merged(self, cuts: Mapping[str, tuple[float, ...]]) -> dict[str, list[float]]:
        """Return the cuts with those of `thresholds` in their place."""
        merged = {category: list(values) for category, values in cuts.items()}
        for category, thresholds in self.thresholds.items():
            base = merged.setdefault(category, list(DEFAULT_CUTS))
            for level, cut in thresholds.items():
                base[level - 1] = cut
            for level in range(1, LEVELS):
                if base[level] > base[level - 1]:
                    raise PolicyError(
                        f"level {level} would need {base[level - 1]:g} and level {level + 1} {base[level]:g}",
                        file=self.name,
                        field=f"thresholds.{category}",
                        expected="cuts that fall from level 1 to 5, together with those not given",
                    )
        return merged

    def _check_switches(self, pack: CompiledPack) -> None:
        from fnmatch import fnmatchcase

        detectors = sorted(set(pack.detectors.values()))
        for key, switches, names in (
            ("detectors", self.detectors, detectors),
            ("signatures", self.signatures, list(pack.detectors)),
        ):
            for pattern in switches:
                if not any(fnmatchcase(name, pattern) for name in names):
                    raise PolicyError(
                        f"{show(pattern)} names nothing in the pack{did_you_mean(pattern, names)}",
                        file=self.name,
                        field=key,
                        expected="a name or a glob such as " + show(names[0] if names else "category/*"),
                    )


DEFAULT_CUTS: Final = (0.95, 0.85, 0.60, 0.35, 0.05)
"""Least scores of levels 1 to 5 for a category that no model was measured for."""


def _plain(value: object) -> Any:
    """Return configuration objects as tables and lists, everything else as it is (so that reading it can object)."""
    if isinstance(value, (Levels, Limits, Allow)):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key) if isinstance(key, int) else key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return list(value)
    return value


def _plain_sources(sources: object) -> object:
    """Return the rules of each source as the file has them: in a table `actions`."""
    plain = _plain(sources)
    return {source: {"actions": actions} for source, actions in plain.items()} if isinstance(plain, dict) else plain


def _read(fields: Fields) -> dict[str, object]:
    """Return the arguments of `Policy` from a table, each part checked."""
    parts: dict[str, object] = {
        "name": fields.string("name", "default"),
        "depth": fields.string("depth", "fast", choices=DEPTHS),
        "limits": _read_limits(fields.table("limits")),
        "views": _read_views(fields),
        "detectors": _read_switches(fields.table("detectors"), "/"),
        "signatures": _read_switches(fields.table("signatures"), "."),
        "actions": _read_actions(fields.table("actions")),
        "thresholds": _read_thresholds(fields.table("thresholds")),
        "sources": _read_sources(fields.table("sources")),
        "allow": _read_allow(fields.table("allow")),
    }
    fields.close()
    return parts


def _read_limits(fields: Fields) -> Limits:
    defaults = Limits()
    limits = Limits(
        max_bytes=fields.integer("max_bytes", defaults.max_bytes, low=1, high=_HARD_MAX_BYTES),
        max_findings=fields.integer("max_findings", defaults.max_findings, low=1, high=_HARD_MAX_FINDINGS),
        max_tokens=fields.integer("max_tokens", defaults.max_tokens, low=0, high=_core.MAX_TOKENS),
        budget_us=fields.integer("budget_us", defaults.budget_us, low=0, high=_core.MAX_BUDGET_US),
        max_children=fields.integer("max_children", defaults.max_children, low=0, high=_core.MAX_CHILDREN),
        max_decoded_bytes=fields.integer(
            "max_decoded_bytes", defaults.max_decoded_bytes, low=0, high=_core.MAX_DECODED_BYTES
        ),
        max_depth=fields.integer("max_depth", defaults.max_depth, low=0, high=_core.MAX_DEPTH),
    )
    fields.close()
    return limits


def _read_views(fields: Fields) -> tuple[str, ...]:
    views = fields.strings("views", VIEWS)
    for i, view in enumerate(views):
        if view not in VIEWS:
            fields.fail(f"views[{i}]", f"got {show(view)}{did_you_mean(view, VIEWS)}", one_of(VIEWS))
    return tuple(view for view in VIEWS if view in views)


def _read_switches(fields: Fields, separator: str) -> FrozenMap[str, bool]:
    example = "category/detector" if separator == "/" else "category.detector.name"
    switches = {}
    for name in fields.keys():  # noqa: SIM118
        other = "." if separator == "/" else "/"
        if other in name or (separator not in name and "*" not in name):
            fields.fail("", f"got {show(name)}", f'a name such as "{example}", or a glob')
        switches[name] = fields.boolean(name, default=True)
    return FrozenMap(switches)


def _read_actions(fields: Fields) -> FrozenMap[str, Levels]:
    actions = {}
    for category in fields.keys():  # noqa: SIM118
        _check_name(fields, category, "category", _core.CATEGORIES)
        table = fields.table(category)
        levels = Levels(
            block=table.integer("block", 0, low=0, high=LEVELS), flag=table.integer("flag", 0, low=0, high=LEVELS)
        )
        if levels.flag and levels.flag < levels.block:
            table.fail("flag", f"got {levels.flag}", f"0, or a level from {levels.block} (block) to {LEVELS}")
        table.close()
        actions[category] = levels
    return FrozenMap(actions)


def _read_thresholds(fields: Fields) -> FrozenMap[str, Mapping[int, float]]:
    thresholds: dict[str, Mapping[int, float]] = {}
    for category in fields.keys():  # noqa: SIM118
        _check_name(fields, category, "category", _core.CATEGORIES)
        table = fields.table(category)
        cuts: dict[int, float] = {}
        for level in range(1, LEVELS + 1):
            if str(level) in table:
                cuts[level] = table.number(str(level), low=0.0, high=1.0)
        table.close()
        given = list(cuts.items())
        for (before, high), (level, low) in itertools.pairwise(given):
            if low > high:
                table.fail(str(level), f"got {low:g}", f"at most {high:g}, the cut of level {before}")
        thresholds[category] = FrozenMap(cuts)
    return FrozenMap(thresholds)


def _read_sources(fields: Fields) -> FrozenMap[str, Mapping[str, Levels]]:
    sources: dict[str, Mapping[str, Levels]] = {}
    for source in fields.keys():  # noqa: SIM118
        _check_name(fields, source, "source", _core.SOURCES)
        table = fields.table(source)
        sources[source] = _read_actions(table.table("actions"))
        table.close()
    return FrozenMap(sources)


def _read_allow(fields: Fields) -> Allow:
    phrases = fields.strings("phrases", ())
    hosts = fields.strings("hosts", ())
    for i, host in enumerate(hosts):
        if (
            not all(char.isalnum() or char in "-." for char in host)
            or ".." in host
            or host[0] in "-."
            or host[-1] in "-."
        ):
            fields.fail(
                f"hosts[{i}]", f"got {show(host)}", 'a host name such as "example.com", no scheme, port or path'
            )
    fields.close()
    return Allow(phrases=phrases, hosts=tuple(host.lower() for host in hosts))


def _check_name(fields: Fields, name: str, what: str, known: tuple[str, ...]) -> None:
    if name not in known:
        fields.fail(name, f"unknown {what}{did_you_mean(name, known)}", one_of(known))
