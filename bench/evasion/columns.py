"""The columns of the matrix: guards that differ in how much is switched on.

    signatures  the signatures on the raw and folded text alone
    views       and on every view of the text
    decoders    and on what decoders find in it
    learned     the gate and the model, with no view or decoder that can be switched off
    everything  the guard that `Guard()` makes

One operating point for all: the default policy. Where the package cannot switch a part off, its column is left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from fastguard import Guard, Policy

COLUMNS: Final = ("signatures", "views", "decoders", "learned", "everything")


def policies() -> dict[str, tuple[Policy, bool]]:
    """Return the policy of each column that this package can make, and whether the learned score takes part."""
    known = {field.name for field in dataclasses.fields(Policy)}
    if "views" not in known or "decode" not in known:
        return {"signatures": (Policy(), False), "everything": (Policy(), True)}
    off: Mapping[str, Any] = {"views": False, "decode": False}
    return {
        "signatures": (Policy(**off), False),
        "views": (Policy(**{**off, "views": True}), False),
        "decoders": (Policy(), False),
        "learned": (Policy(**off), True),
        "everything": (Policy(), True),
    }


def guards() -> dict[str, Guard]:
    """Return the guard of each column."""
    return {
        name: Guard(policy=policy, model="default" if learned else None)
        for name, (policy, learned) in policies().items()
    }
