"""Every failure becomes a problem document here, and only here a kind becomes a status."""

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg import OperationalError as PsycopgOperationalError
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as ConnectionsExhausted
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ExceptionHandler

from kuber.api.problems import ProblemItem, ProblemResponse, problem_response
from kuber.api.validation import problem_items
from kuber.infra.kafka import KafkaUnavailable
from kuber.kernel.errors import ErrorKind, KuberError

_log = structlog.get_logger(__name__)

STATUS: Mapping[ErrorKind, HTTPStatus] = {
    ErrorKind.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorKind.MALFORMED: HTTPStatus.BAD_REQUEST,
    ErrorKind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    ErrorKind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorKind.CONFLICT: HTTPStatus.CONFLICT,
    ErrorKind.STALE: HTTPStatus.PRECONDITION_FAILED,
    ErrorKind.PRECONDITION_REQUIRED: HTTPStatus.PRECONDITION_REQUIRED,
    ErrorKind.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorKind.UNSUPPORTED_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ErrorKind.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorKind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}

_RETRY_AFTER_S = 5

_HTTP_ERRORS: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "The request cannot be read."),
    401: ("not_signed_in", "Sign in first: this needs an access token."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    408: ("too_slow", "The request did not arrive in time. Send it again."),
    413: ("too_large", "The request is larger than this address takes."),
    503: ("busy", "The server is busy. Send the request again in a few seconds."),
}

_AWAY: Mapping[type[Exception], str] = {
    OperationalError: "The database",
    InterfaceError: "The database",
    ConnectionsExhausted: "The database",
    PsycopgOperationalError: "The database",
    PoolTimeout: "The database",
    RedisError: "Redis",
    KafkaUnavailable: "Kafka",
}


class RevisionRequired(KuberError):
    """A change must say which revision it was made from."""

    kind = ErrorKind.PRECONDITION_REQUIRED
    code = "revision_required"
    title = "The revision is missing"


def install_error_handlers(app: FastAPI) -> None:
    """Make every failure that routes can raise an answer of type application/problem+json."""
    handlers: Mapping[type[Exception], ExceptionHandler] = {
        KuberError: _kuber_error,
        RequestValidationError: _invalid_request,
        HTTPException: _http_error,
        DataError: _unstorable,
        UnicodeEncodeError: _unstorable,
        DBAPIError: _database_error,
        ClientDisconnect: _client_gone,
        **dict.fromkeys(_AWAY, _service_away),
    }
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)


async def _kuber_error(_request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, KuberError)
    return kuber_problem(error)


def kuber_problem(error: KuberError) -> ProblemResponse:
    """Return the answer for an expected failure."""
    headers: dict[str, str] = {}
    retry_after_s = error.retry_after_s
    if retry_after_s is None and error.kind is ErrorKind.UNAVAILABLE:
        retry_after_s = _RETRY_AFTER_S
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    items = [
        ProblemItem(
            message=problem.message,
            remedy=problem.remedy,
            field=problem.field,
            node_id=problem.node_id,
            line=problem.line,
            code=problem.code,
        )
        for problem in error.problems
    ]
    return problem_response(
        STATUS[error.kind],
        error.answered_code,
        error.title,
        error.detail,
        errors=items,
        remedy=error.usual_remedy,
        headers=headers,
    )


async def _invalid_request(_request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["loc"][:1] == ("path",) for item in found):
        # An id that cannot exist is treated like one that does not.
        return _plain_problem(404)
    items = problem_items(found)
    return problem_response(
        422,
        "invalid",
        "The request is not valid",
        items[0].message if len(items) == 1 else f"{len(items)} things are wrong with the request.",
        errors=items,
    )


async def _http_error(_request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)
    return _plain_problem(error.status_code, error.headers)


def _plain_problem(status: int, headers: Mapping[str, str] | None = None) -> ProblemResponse:
    phrase = HTTPStatus(status).phrase
    code, detail = _HTTP_ERRORS.get(status, (phrase.lower().replace(" ", "_"), f"{phrase}."))
    return problem_response(status, code, phrase, detail, headers=headers)


def too_large(limit: int) -> ProblemResponse:
    """Return the answer for a body of more than `limit` bytes."""
    most = f"{limit / 1_000_000:g} MB" if limit >= 1_000_000 else f"{limit / 1000:g} kB"
    detail = f"The request is larger than the {most} that this address takes."
    item = ProblemItem(
        message=detail, remedy="Send less at a time: split a file by symbol or by month."
    )
    phrase = HTTPStatus(413).phrase
    return problem_response(413, "too_large", phrase, detail, errors=[item])


async def _unstorable(_request: Request, error: Exception) -> ProblemResponse:
    _log.warning("value_cannot_be_stored", exc_info=error)
    item = ProblemItem(
        message="A text is not valid Unicode or holds a NUL character, or a number is too large.",
        remedy="Correct the value and send the request again.",
    )
    return problem_response(422, "invalid", "The request is not valid", item.message, errors=[item])


async def _database_error(_request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, DBAPIError)
    if error.connection_invalidated:
        return _away("The database", error)
    return server_error(error)


async def _client_gone(_request: Request, _error: Exception) -> ProblemResponse:
    """Answer nobody: the client left before its body was there, which is no failure of ours."""
    _log.info("client_gone")
    return _plain_problem(408)


async def _service_away(_request: Request, error: Exception) -> ProblemResponse:
    service = next(name for kind, name in _AWAY.items() if isinstance(error, kind))
    return _away(service, error)


def _away(service: str, error: Exception) -> ProblemResponse:
    _log.warning("service_away", what=service, error=type(error).__name__)
    return problem_response(
        503,
        "unavailable",
        "Kuber cannot do this right now",
        f"{service} does not answer. Nothing was changed; try again in a few seconds.",
        headers={"Retry-After": str(_RETRY_AFTER_S)},
    )


def server_error(error: Exception) -> ProblemResponse:
    """Return the answer for a defect: what happened is in the log, under the correlation id."""
    _log.error("request_failed", exc_info=error)
    return problem_response(
        500,
        "internal_error",
        "Something went wrong on our side",
        "The failure was recorded. Quote the correlation id when you report it.",
    )
