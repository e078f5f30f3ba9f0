"""What type checkers are to infer of the public API; read by mypy, never run (see tests/python/test_typing.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, assert_type

from fastguard import (
    Action,
    Allow,
    Category,
    FastguardError,
    Finding,
    Guard,
    Levels,
    Limits,
    ModelError,
    PackError,
    Policy,
    PolicyError,
    Verdict,
    __version__,
)

guard = Guard()
guard = Guard(policy="policy.toml", depth="deep", packs=[Path("packs"), "more"], model=None, cache=False)
guard = Guard(policy=Policy(depth="gate"), model=Path("manifest.json"))

verdict = guard.check("text")
assert_type(verdict, Verdict)
assert_type(guard.check(b"bytes", source="retrieved"), Verdict)
assert_type(guard.check(messages=[{"role": "user", "content": "hi"}]), Verdict)
assert_type(guard.check_batch(["a", b"b"], threads=2), list[Verdict])
assert_type(guard.redact("text"), tuple[str, dict[str, str]])
assert_type(guard.policy, Policy)
guard.reload()

assert_type(verdict.flagged, bool)
assert_type(verdict.score, float)
assert_type(verdict.level, int)
assert_type(verdict.categories, dict[str, Category])
assert_type(verdict.findings, tuple[Finding, ...])
assert_type(verdict.tier, Literal["gate", "fast", "deep"])
assert_type(verdict.truncated, tuple[str, ...])
for finding in verdict.findings:
    assert_type(finding.start, int)
    assert_type(finding.text, str)
    assert_type(finding.message, int | None)
    assert_type(finding.atlas, tuple[str, ...])

assert_type(Action("block"), Action)
assert_type(Policy.load("policy.toml"), Policy)
assert_type(Policy().levels("pii", source="memory"), Levels)
Policy(limits=Limits(max_bytes=1), allow=Allow(hosts=("example.com",)), detectors={"pii/*": False})

guard.check(3)  # type: ignore[arg-type]
Guard(depth="slow")  # type: ignore[arg-type]
Guard("policy.toml")  # type: ignore[call-arg]
Policy(depth="slow")  # type: ignore[arg-type]
Levels(2, 3)  # type: ignore[call-arg]
verdict.level = 3  # type: ignore[misc]
Policy().depth = "deep"  # type: ignore[misc]


def place(error: FastguardError) -> tuple[str, str, str, str]:
    return error.file, error.id, error.field, error.expected


errors: tuple[type[FastguardError], ...] = (PackError, PolicyError, ModelError)
assert_type(__version__, str)
