"""The root of every error that Kuber raises on purpose."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class ErrorKind(StrEnum):
    """What sort of failure it is; `api/errors.py` alone turns a kind into an HTTP status."""

    INVALID = "invalid"
    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    STALE = "stale"
    PRECONDITION_REQUIRED = "precondition_required"
    TOO_LARGE = "too_large"
    UNSUPPORTED_TYPE = "unsupported_type"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input, and how to put it right."""

    message: str
    remedy: str
    field: str | None = None
    node_id: str | None = None
    line: int | None = None
    code: str | None = None


class KuberError(Exception):
    """Base of all expected failures.

    Subclasses fix `kind`, `code` and `title`; `detail` says what happened this time. `usual_remedy`
    is what to do where no problem says so; some kinds have one for all (`api/problems`).
    """

    kind: ClassVar[ErrorKind] = ErrorKind.INVALID
    code: ClassVar[str] = "invalid"
    title: ClassVar[str] = "The request cannot be carried out"
    usual_remedy: ClassVar[str] = ""

    def __init__(
        self,
        detail: str,
        problems: Sequence[Problem] = (),
        *,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = tuple(problems)
        self.retry_after_s = retry_after_s

    @property
    def answered_code(self) -> str:
        """The code that a client is told: that of the kind, unless a venue has one of its own."""
        return self.code

    @property
    def remedy(self) -> str:
        """What to do about it, as the first problem says, else the usual; empty where none does."""
        return self.problems[0].remedy if self.problems else self.usual_remedy
