"""The errors of fastguard: each names the file, the entry and the field at fault, and what was expected there."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing alone takes a sixth of the time that `import fastguard` may take
if TYPE_CHECKING:
    from typing import Self


class FastguardError(Exception):
    """Something given to fastguard is wrong; the base of all its errors.

    The message reads ``file: id: field: problem; expected ...`` with the parts that are known. The parts are attributes
    too, so that an editor or a CI step can point at the place.

    >>> error = PolicyError("got 7", file="policy.toml", field="actions.pii.block", expected="an integer from 0 to 5")
    >>> print(error)
    policy.toml: actions.pii.block: got 7; expected an integer from 0 to 5
    >>> error.field
    'actions.pii.block'
    """

    def __init__(self, problem: str, *, file: str = "", id: str = "", field: str = "", expected: str = "") -> None:  # noqa: A002
        self.problem = problem
        self.file = file
        self.id = id
        self.field = field
        self.expected = expected
        place = "".join(f"{part}: " for part in (file, id, field) if part)
        super().__init__(f"{place}{problem}; expected {expected}" if expected else f"{place}{problem}")

    def at(self, *, file: str = "", id: str = "", field: str = "") -> Self:  # noqa: A002
        """Return this error with the place filled in where it was empty.

        >>> str(PackError("got 3").at(file="packs/secret/demo.toml", field="tier"))
        'packs/secret/demo.toml: tier: got 3'
        """
        return type(self)(
            self.problem,
            file=self.file or file,
            id=self.id or id,
            field=self.field or field,
            expected=self.expected,
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.problem, self.file, self.id, self.field, self.expected)


class PackError(FastguardError):
    """A pack of signatures that does not build: a file, a signature or a concept of it is wrong."""


class PolicyError(FastguardError):
    """A policy that says something impossible, or names a detector or category that does not exist."""


class ModelError(FastguardError):
    """A model that is not what its manifest says, or that gives other numbers than it did when it was made."""


class StreamBlocked(Exception):  # noqa: N818  (it says what happened; nothing given to fastguard is wrong)
    """A stream with ``on_block="raise"`` releases nothing more; `text` is what could still be released before.

    >>> error = StreamBlocked("What I can say is: ")
    >>> error.text
    'What I can say is: '
    """

    def __init__(self, text: str | bytes) -> None:
        self.text = text
        super().__init__("the policy blocks the rest of this stream")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.text,)


class LearnError(FastguardError):
    """Reviewed texts that cannot be read or that say too little to learn from."""


def _rebuild(
    kind: type[FastguardError],
    problem: str,
    file: str,
    id: str,  # noqa: A002
    field: str,
    expected: str,
) -> FastguardError:
    return kind(problem, file=file, id=id, field=field, expected=expected)
