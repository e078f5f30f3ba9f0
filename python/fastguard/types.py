"""The values that a check returns: `Action` here, the native ones re-exported."""

from __future__ import annotations

from enum import StrEnum

from fastguard import _core
from fastguard._core import Category as Category
from fastguard._core import Finding as Finding
from fastguard._core import Verdict as Verdict

__all__ = ["Action", "Category", "Finding", "Verdict"]


class Action(StrEnum):
    """What the policy says about a text; a `str`, so it goes into JSON and logs as it is.

    `ALLOW`: nothing the policy cares about. `FLAG`: let it pass and take note. `ESCALATE`: too close to call; ask a
    slower judge. `BLOCK`: do not let it pass.

    >>> Action("block") is Action.BLOCK, str(Action.BLOCK)
    (True, 'block')
    """

    ALLOW = "allow"
    FLAG = "flag"
    ESCALATE = "escalate"
    BLOCK = "block"


_core.register_actions((Action.ALLOW, Action.FLAG, Action.ESCALATE, Action.BLOCK))
