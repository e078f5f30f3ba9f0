"""The columns of the matrix: guards that differ in how much is switched on.

    signatures  the signatures on the raw and folded text alone
    views       and on every view of the text
    decoders    and on what decoders find in it
    learned     the gate and the model beside the signatures, with no view and no decoder
    everything  the guard that `Guard()` makes

One operating point for all: the default policy. Where the package cannot switch views off, their columns are left out.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from fastguard import Guard, Policy

COLUMNS: Final = ("signatures", "views", "decoders", "learned", "everything")


def policies() -> dict[str, tuple[Policy, bool]]:
    """Return the policy of each column that this package can make, and whether the learned score takes part."""
    every = Policy()
    if "views" not in {field.name for field in dataclasses.fields(Policy)}:
        return {"signatures": (every, False), "everything": (every, True)}
    none: dict[str, Any] = {"views": ()}
    all_but_decoded: dict[str, Any] = {"views": [view for view in every.to_dict()["views"] if view != "decoded"]}  # type: ignore[attr-defined]
    return {
        "signatures": (Policy(**none), False),
        "views": (Policy(**all_but_decoded), False),
        "decoders": (every, False),
        "learned": (Policy(**none), True),
        "everything": (every, True),
    }


def guards() -> dict[str, Guard]:
    """Return the guard of each column."""
    return {
        name: Guard(policy=policy, model="default" if learned else None)
        for name, (policy, learned) in policies().items()
    }
