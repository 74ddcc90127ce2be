"""Why a request is not let in, in words that help."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Error as PsycopgError

from kuber.identity.errors import NotSignedIn
from kuber.identity.limit_kinds import LimitName
from kuber.kernel.errors import ErrorKind, KuberError, Problem


class TooManyRequests(KuberError):
    """The caller or the server has too much under way; `retry_after_s` says when to come back."""

    kind = ErrorKind.RATE_LIMITED
    code = "too_many_requests"
    title = "Too many requests"


class ServerBusy(TooManyRequests):
    """Everybody together sends more than is taken at a time."""

    code = "busy"
    title = "The server is busy"


class NoRoomForBody(KuberError):
    """Too many large bodies are under way."""

    kind = ErrorKind.UNAVAILABLE
    code = "busy"
    title = "The server is busy"


class SlotsAway(KuberError):
    """PostgreSQL does not answer, so nobody knows how many imports are at work."""

    kind = ErrorKind.UNAVAILABLE
    code = "unavailable"
    title = "The database cannot be reached"


@contextmanager
def slots_asked() -> Iterator[None]:
    """Raise SlotsAway for what AdvisorySlots raise within the block when PostgreSQL is away."""
    try:
        yield
    except (PsycopgError, OSError, TimeoutError) as error:
        raise SlotsAway("The database does not answer. Try again soon.") from error


def no_room_for_body() -> NoRoomForBody:
    """Return the refusal of a large body while many are under way."""
    return NoRoomForBody(
        "Too many large requests are under way.",
        [Problem("There is no room for the body.", "Send it again in a few seconds.")],
        retry_after_s=2,
    )


def too_many_this_minute(per_minute: int, wait_s: int) -> TooManyRequests:
    """Return the refusal of a request beyond those of a minute."""
    return TooManyRequests(
        f"You may send {per_minute} requests a minute. Try again in {wait_s} seconds.",
        [
            Problem(
                "The requests of this minute are used up.",
                "Send fewer at a time, and wait as long as Retry-After says.",
                code=LimitName.REQUESTS_PER_MINUTE,
            )
        ],
        retry_after_s=wait_s,
    )


def sign_in_first() -> NotSignedIn:
    """Return the refusal of a large body that somebody unknown sends."""
    return NotSignedIn(
        "Sign in first: a request of this size is read for signed-in people only.",
        [
            Problem(
                "No valid access token was sent.",
                "Send the header Authorization: Bearer <token>.",
                field="Authorization",
            )
        ],
    )


def too_many_at_once(most: int) -> TooManyRequests:
    """Return the refusal of one request more than a user may have under way."""
    return TooManyRequests(
        f"You may have {most} requests under way at a time.",
        [
            Problem(
                "Too many requests are under way.",
                "Wait for the answer of some before sending more.",
                code=LimitName.REQUESTS_AT_ONCE,
            )
        ],
        retry_after_s=1,
    )


def too_many_imports(detail: str) -> TooManyRequests:
    """Return the refusal of an import while there is no place for it."""
    return TooManyRequests(
        detail,
        [
            Problem(
                "There is no free place for an import.",
                "Send the file again in a few seconds, one file at a time.",
                code=LimitName.IMPORTS_AT_WORK,
            )
        ],
        retry_after_s=5,
    )


def busy() -> ServerBusy:
    """Return the refusal of a request while every place is taken."""
    return ServerBusy(
        "The server has as many requests under way as it takes.",
        [Problem("There is no free place.", "Send the request again in a few seconds.")],
        retry_after_s=2,
    )
