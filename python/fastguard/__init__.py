"""fastguard: judges what goes into and comes out of language models; calibrated, with exact spans, offline.

>>> from fastguard import Guard
>>> guard = Guard()
>>> guard.check("What is the capital of France?").flagged
False
"""

from fastguard._core import __version__ as __version__
from fastguard.errors import FastguardError as FastguardError
from fastguard.errors import LearnError as LearnError
from fastguard.errors import ModelError as ModelError
from fastguard.errors import PackError as PackError
from fastguard.errors import PolicyError as PolicyError
from fastguard.errors import StreamBlocked as StreamBlocked
from fastguard.guard import Guard as Guard
from fastguard.types import Action as Action
from fastguard.types import Category as Category
from fastguard.types import Finding as Finding
from fastguard.types import Verdict as Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastguard.policy import Allow as Allow
    from fastguard.policy import Levels as Levels
    from fastguard.policy import Limits as Limits
    from fastguard.policy import Policy as Policy

__all__ = [
    "Action",
    "Allow",
    "Category",
    "FastguardError",
    "Finding",
    "Guard",
    "LearnError",
    "Levels",
    "Limits",
    "ModelError",
    "PackError",
    "Policy",
    "PolicyError",
    "StreamBlocked",
    "Verdict",
    "__version__",
]

_OF_POLICY = frozenset({"Allow", "Levels", "Limits", "Policy"})


def __getattr__(name: str) -> object:
    # Configuration is made of dataclasses, and importing those takes as long as all the rest: only who asks pays.
    if name in _OF_POLICY:
        from fastguard import policy

        value: object = getattr(policy, name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_OF_POLICY})
