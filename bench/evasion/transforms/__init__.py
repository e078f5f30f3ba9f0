"""The transforms, by class: importing this package fills `registry.ALL`."""

from bench.evasion.transforms import (
    channel as channel,
)
from bench.evasion.transforms import (
    compose as compose,
)
from bench.evasion.transforms import (
    encoding as encoding,
)
from bench.evasion.transforms import (
    escape as escape,
)
from bench.evasion.transforms import (
    invisible as invisible,
)
from bench.evasion.transforms import (
    keyed as keyed,
)
from bench.evasion.transforms import (
    lookalike as lookalike,
)
from bench.evasion.transforms import (
    markup as markup,
)
from bench.evasion.transforms import (
    noise as noise,
)
from bench.evasion.transforms import (
    order as order,
)
from bench.evasion.transforms import (
    puzzle as puzzle,
)
from bench.evasion.transforms import (
    segmentation as segmentation,
)
from bench.evasion.transforms.registry import ALL as ALL
from bench.evasion.transforms.registry import CLASSES as CLASSES
from bench.evasion.transforms.registry import STRENGTHS as STRENGTHS
from bench.evasion.transforms.registry import VERSION as VERSION
from bench.evasion.transforms.registry import Transform as Transform

compose.define()
