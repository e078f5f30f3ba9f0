"""The native engine: everything that touches bytes, tokens or findings. Written in C++; see cpp/README.md."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, final, overload

from typing_extensions import disjoint_base

__version__: Final[str]

CATEGORIES: Final[tuple[str, ...]]
SOURCES: Final[tuple[str, ...]]
VIEWS: Final[tuple[str, ...]]
SIGNATURE_VIEWS: Final[tuple[str, ...]]
MAX_CHILDREN: Final[int]
MAX_DECODED_BYTES: Final[int]
MAX_DEPTH: Final[int]
MAX_BUDGET_US: Final[int]
SEVERITIES: Final[tuple[str, ...]]
CANDIDATES: Final[tuple[str, ...]]
LINK_TRAITS: Final[tuple[str, ...]]
LOAD_TRAITS: Final[tuple[str, ...]]
MAX_TOKENS: Final[int]

class PackBuildError(ValueError):
    """A signature or concept that cannot be built; `args` is (message, id, field)."""

class DatabaseError(ValueError):
    """Serialized databases that this engine cannot load: compile again."""

class SignatureSpec:
    """One signature as the pack loader hands it to the engine; plain data."""

    def __init__(
        self,
        *,
        id: str,  # noqa: A002
        category: str,
        severity: str,
        tier: int,
        kind: Literal["pattern", "phrase", "candidate"],
        views: Sequence[str],
        summary: str = "",
        atlas: Sequence[str] = (),
        owasp: Sequence[str] = (),
        cwe: Sequence[str] = (),
        sources: Sequence[str] = (),
        enabled: bool = True,
        mention: bool = False,
        fallback: bool = False,
        pattern: str = "",
        validators: Sequence[str] = (),
        entropy: float = 0.0,
        keep_value: bool = False,
        slots: Sequence[str] = (),
        within: int = 0,
        ordered: bool = False,
        unless: Sequence[str] = (),
        candidate: str = "",
        formats: Sequence[str] = (),
        context: Sequence[str] = (),
        needs_context: bool = False,
    ) -> None: ...
    @property
    def id(self) -> str: ...

class Pack:
    """Signatures compiled to Hyperscan databases and concept tables; immutable, shared by all threads."""

    @staticmethod
    def build(
        signatures: Sequence[SignatureSpec],
        concepts: Mapping[str, Sequence[str]],
        databases: bytes | memoryview | None = None,
    ) -> Pack:
        """Compile, or load `databases` made by `Pack.databases()` for the same signatures on the same engine."""
    def databases(self) -> bytes: ...
    @property
    def signatures(self) -> tuple[str, ...]: ...
    def __len__(self) -> int: ...

class PolicySpec:
    """A policy as numbers; made by `fastguard.Policy`."""

    def __init__(
        self,
        *,
        depth: Literal["gate", "fast", "deep"] = "fast",
        max_bytes: int,
        max_findings: int,
        max_tokens: int = 0,
        budget_us: int = 0,
        max_children: int = ...,
        max_decoded_bytes: int = ...,
        max_depth: int = ...,
        views: Sequence[str] = ...,
        disabled: Sequence[str] = (),
        enabled: Sequence[str] = (),
        actions: Sequence[tuple[str, str, int, int]] = (),
        cuts: Mapping[str, Sequence[float]] = ...,
        deep_cuts: Mapping[str, Sequence[float]] = ...,
        allow_phrases: Sequence[str] = (),
        allow_hosts: Sequence[str] = (),
    ) -> None:
        """Take a policy as numbers; `views` are those that are looked into besides raw and folded.

        `actions`: (source or "*", category, block level, flag level), later ones win; a level of 0 means never.
        `cuts`: per category the five score cuts of levels 1 to 5, falling; `deep_cuts` those of the deep tier.
        """

class ModelSpec:
    """The gate and how scores become probabilities; made by `fastguard.model`."""

    def __init__(
        self,
        *,
        table: bytes,
        labels: Sequence[str],
        categories: Sequence[str],
        sources: Sequence[Sequence[str]],
        scale: float,
        bias: Sequence[float],
        dense: Sequence[Sequence[float]],
        gate_calibration: Sequence[Sequence[float]],
        model_calibration: Sequence[Sequence[float]],
        low: Sequence[float],
        high: Sequence[float],
    ) -> None:
        """Take the gate's table and what goes with each label.

        `table`: int16 little-endian, FEATURE_BUCKETS x 8 labels, row-major (unused labels zero).
        A window's gate logit of label l: scale * sum(table[id & (FEATURE_BUCKETS - 1), l]) / sqrt(count of ids != 0)
        + bias[l] + dot(dense[l], dense features). Row 0 of the table is not used. The text's logit is the maximum over its windows.
        Probability = 1 / (1 + exp(-(a * (logit - w * log(windows)) + b))) with (a, b) or (a, b, w) of the calibration.
        The gate decides a text when for every label p <= low[l] or p >= high[l]; otherwise the ONNX model is asked.
        """

class DeepSpec:
    """What the answers of a deep model mean; made by `fastguard.deep`."""

    def __init__(
        self,
        *,
        labels: Sequence[str],
        categories: Sequence[str],
        sources: Sequence[Sequence[str]],
        calibration: Sequence[tuple[float, float]],
        fast: Sequence[int],
        share: Sequence[float],
        bands: Mapping[str, tuple[float, float]],
    ) -> None:
        """Take what goes with each label.

        Probability = 1 / (1 + exp(-(a * (logit + share * log-odds of label `fast` of the model before it) + b))); -1: none.
        `bands`: per category the probabilities of the tiers before between which this one is asked.
        """

@final
class Category:
    """What one category came to: `score` (calibrated probability) and `level` (1 confident .. 5 unlikely)."""

    @property
    def score(self) -> float: ...
    @property
    def level(self) -> int: ...
    def __iter__(self) -> Iterator[float | int]: ...

@final
class Finding:
    """One place in the caller's text that a signature matched."""

    @property
    def signature(self) -> str: ...
    @property
    def detector(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def tier(self) -> int: ...
    @property
    def score(self) -> float: ...
    @property
    def view(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def byte_start(self) -> int: ...
    @property
    def byte_end(self) -> int: ...
    @property
    def utf16_start(self) -> int: ...
    @property
    def utf16_end(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def decoded(self) -> str | None:
        """What was found as it reads without its disguise, where `view` is a decoded or other child view.

        Of `hidden_text` what the tags, variation selectors or zero-width characters in it say. At most 256 bytes of
        UTF-8, cut at a character; bytes that are no UTF-8 are U+FFFD. None where the text itself says it.
        """
    @property
    def message(self) -> int | None: ...
    @property
    def mention(self) -> bool: ...
    @property
    def atlas(self) -> tuple[str, ...]: ...
    @property
    def owasp(self) -> tuple[str, ...]: ...
    @property
    def cwe(self) -> tuple[str, ...]: ...
    def to_dict(self) -> dict[str, Any]: ...

@final
class Verdict:
    """The answer of one check; immutable, hashable, picklable."""

    @property
    def flagged(self) -> bool: ...
    @property
    def action(self) -> Any: ...
    @property
    def score(self) -> float: ...
    @property
    def level(self) -> int: ...
    @property
    def categories(self) -> dict[str, Category]: ...
    @property
    def findings(self) -> tuple[Finding, ...]: ...
    @property
    def truncated(self) -> tuple[str, ...]: ...
    @property
    def degraded(self) -> tuple[str, ...]: ...
    @property
    def tier(self) -> Literal["gate", "fast", "deep"]: ...
    def to_dict(self) -> dict[str, Any]: ...

@disjoint_base
class GuardBase:
    """The native part of `fastguard.Guard`: `check` is here, so that no Python runs on the hot path."""

    def __init__(
        self,
        pack: Pack,
        policy: PolicySpec,
        model: ModelSpec | None,
        scorer: Callable[[bytes, bytes, int], bytes | None] | None = None,
        deep: DeepSpec | None = None,
        deep_scorer: Callable[[bytes], tuple[bytes, bool] | None] | None = None,
    ) -> None:
        """Take what a check needs; called again, it swaps all of it at once.

        `scorer(ids, dense, windows)` gives the ONNX logits (float32, windows x labels) or None where no model can run;
        a call under way asks the scorer that came with its engine. Without one `_score_windows` is asked.
        `deep_scorer(text)`, which `deep` needs, gives the deep tier's logits of a UTF-8 text (float32, labels) and whether
        it saw all of it, or None as above; no logits where the deep model has nothing to say of such a text.
        """
    def check(
        self,
        text: str | bytes | None = None,
        *,
        messages: Sequence[Mapping[str, Any]] | None = None,
        source: str = "user",
    ) -> Verdict: ...
    def check_batch(self, texts: Sequence[str | bytes], *, source: str = "user", threads: int = 0) -> list[Verdict]: ...
    def check_arrow(self, column: Any, *, source: str = "user", threads: int = 0) -> list[Verdict | None]: ...
    def redact(self, text: str, *, source: str = "user") -> tuple[str, dict[str, str]]: ...
    def explain(self, text: str | bytes, *, source: str = "user") -> dict[str, Any]: ...
    def leaks(self, text: str | bytes, *, source: str = "assistant") -> list[tuple[str, int, int]]:
        """What of a text is protected: (name, start, end) in code points.

        ValueError for a text longer than the policy's `max_bytes`: no leak is passed over in silence.
        """
    def unprotect(self, name: str, /) -> bool: ...
    def _protect(self, name: str, text: str) -> None: ...
    def _protect_word(self, name: str, word: str) -> None: ...
    def _protected(self) -> tuple[str, ...]: ...
    def _make_canary(self) -> str: ...
    def _score_windows(self, ids: bytes, dense: bytes, windows: int) -> bytes | None:
        """For subclasses that are their own scorer; this one has no model."""

@disjoint_base
class StreamBase:
    """The native part of `fastguard.stream.Stream`."""

    def __init__(
        self, guard: GuardBase, source: str, redact: bool = False, holdback: int = 512, longest: int = 8192
    ) -> None: ...
    @overload
    def feed(self, chunk: str, /) -> str: ...
    @overload
    def feed(self, chunk: bytes, /) -> bytes: ...
    def close(self) -> Any:
        """End the text, judge it and return the rest: bytes where bytes were fed, else str."""

    def leave(self) -> None: ...
    @property
    def verdict(self) -> Verdict: ...
    @property
    def blocked(self) -> bool: ...
    @property
    def closed(self) -> bool: ...
    @property
    def holdback_bytes(self) -> int: ...
    @property
    def mapping(self) -> dict[str, Any]: ...
    @property
    def buffer_bytes(self) -> int: ...

def merge_verdicts(verdicts: Sequence[Verdict], messages: Sequence[int], degraded: Sequence[str] = ()) -> Verdict:
    """Join the verdicts of a conversation's texts; `messages[i]` is the message that text i belongs to."""

FEATURE_VERSION: Final[int]
FEATURE_BUCKETS: Final[int]  # rows of the gate's table, 2**14
FEATURE_IDS: Final[int]  # ids are in 1 .. FEATURE_IDS - 1 (2**16); 0 is padding
FEATURE_WINDOW: Final[int]  # tokens a window, 128
FEATURE_STRIDE: Final[int]  # tokens between window starts, 64
FEATURE_SLOTS: Final[int]  # ids a token: word, bigram with the word before, prefix (0 where the word is short)
BRIEF_WORDS: Final[int]  # a text of fewer is brief: calibration asks more of it
FEATURE_DENSE: Final[int]  # dense features of a text
FEATURE_DENSE_NAMES: Final[tuple[str, ...]]

def features(text: str | bytes) -> tuple[bytes, bytes, int]:
    """(ids int32 [windows, FEATURE_WINDOW * FEATURE_SLOTS] token-major, dense float32 [FEATURE_DENSE], windows)."""

def stage_times(guard: GuardBase, text: str | bytes, *, source: str, turns: int) -> dict[str, float]:
    """Median nanoseconds of the steps of a check, each by itself, and of the engine's whole (``check``)."""

def fold(text: str) -> str: ...
def skeleton(text: str) -> str: ...
def view_origin(text: str, view: str) -> tuple[str, list[int]]:
    """The view and, for each of its code points, the index of the source code point; one more entry for the end."""

def decoded(text: str | bytes) -> list[tuple[str, bytes, list[tuple[int, int]], int]]:
    """What a text says in codes: (kind, UTF-8, for each byte the bytes of the text that carried it, depth)."""

def tokens(text: str, view: Literal["folded", "skeleton"] = "folded") -> list[tuple[str, int, int]]:
    """Tokens of a view: (token, start, end) in code points of the caller's text."""

GROUPED_LANGUAGES: tuple[str, ...]
LANGUAGE_BUCKETS: int

def estimate_tokens(text: str | bytes) -> int:
    """About how many tokens a text is to a model."""

def language_of(text: str) -> tuple[str, str, float]:
    """Language, script and confidence of a text."""

def language_segments(text: str) -> list[tuple[int, int, str, str, float]]:
    """Runs of one language: start and end in code points, language, script, confidence."""

def language_buckets(text: str) -> list[int]:
    """The buckets of a text's letter groups, for training."""

def links(text: str, hosts: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Each link of a text: {"text", "host", "registrable", "suffix", "traits", "brand", "score", "dense", "ids"}.

    `hosts` are the caller's own; `dense` and `ids` are what the learned score is made of, empty where it was not asked.
    """

def validate(name: str, text: str) -> bool: ...
def validator_names() -> tuple[str, ...]: ...
def pattern_info(pattern: str, caseless: bool) -> dict[str, Any]:
    """Compile one pattern alone: {"error": str | None, "min_width": int, "max_width": int | None, "matches_empty": bool}."""

def engine_version() -> str: ...
def kernels() -> tuple[str, ...]: ...
def kernel() -> str: ...
def set_kernel(name: str) -> None:
    """For tests: choose a kernel for the whole process; ValueError where this CPU lacks it."""

def allocation_count() -> int:
    """Heap allocations made by the engine's own scratch since import; constant after warm-up."""

def register_actions(members: tuple[Any, Any, Any, Any]) -> None: ...
def pack_cache_key(signatures: Sequence[SignatureSpec]) -> str:
    """Text that changes whenever serialized databases would: patterns, flags, engine version, CPU features."""

class WordPiece:
    """The tokenizer of BERT over a vocabulary; `PackBuildError` where that cannot be used. Threads may share it."""

    def __init__(
        self,
        vocabulary: Sequence[str],
        *,
        uncased: bool = True,
        unknown: str = "[UNK]",
        prefix: str = "##",
        longest_word: int = 100,
    ) -> None: ...
    def __len__(self) -> int: ...
    def encode(self, text: str | bytes) -> list[tuple[int, int, int]]:
        """Pieces of a text: id, first byte and end in its UTF-8."""

    def windows(
        self,
        text: str | bytes,
        *,
        width: int,
        stride: int,
        before: Sequence[int],
        after: Sequence[int],
        padding: int,
        view: Literal["raw", "folded"] = "raw",
        most: int = ...,
    ) -> tuple[bytes, bytes, int]:
        """int64 ids of all windows, padded to the longest; their lengths; the longest. At most `most` units are read."""
