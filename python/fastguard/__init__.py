"""fastguard: judges what goes into and comes out of language models; calibrated, with exact spans, offline.

>>> from fastguard import Guard
>>> guard = Guard()
>>> guard.check("What is the capital of France?").flagged
False
"""

from fastguard._core import __version__ as __version__
from fastguard.errors import FastguardError as FastguardError
from fastguard.errors import ModelError as ModelError
from fastguard.errors import PackError as PackError
from fastguard.errors import PolicyError as PolicyError
from fastguard.guard import Guard as Guard
from fastguard.policy import Allow as Allow
from fastguard.policy import Levels as Levels
from fastguard.policy import Limits as Limits
from fastguard.policy import Policy as Policy
from fastguard.types import Action as Action
from fastguard.types import Category as Category
from fastguard.types import Finding as Finding
from fastguard.types import Verdict as Verdict

__all__ = [
    "Action",
    "Allow",
    "Category",
    "FastguardError",
    "Finding",
    "Guard",
    "Levels",
    "Limits",
    "ModelError",
    "PackError",
    "Policy",
    "PolicyError",
    "Verdict",
    "__version__",
]
