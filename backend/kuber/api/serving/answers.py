"""Answers that the server gives by itself, before a request reaches the application."""

import json
from http import HTTPStatus

from kuber.api.problems import MEDIA_TYPE, Problem, ProblemItem
from kuber.kernel.ids import new_id


def _answer(
    status: HTTPStatus, code: str, title: str, detail: str, remedy: str, retry_after_s: int | None
) -> bytes:
    problem = Problem(
        type=f"urn:kuber:problem:{code}",
        title=title,
        status=status,
        code=code,
        detail=detail,
        correlation_id=str(new_id()),
        errors=[ProblemItem(message=detail, remedy=remedy)],
    )
    body = json.dumps(problem.model_dump(mode="json")).encode()
    head = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"content-type: {MEDIA_TYPE}",
        f"content-length: {len(body)}",
        "cache-control: no-store",
        "connection: close",
    ]
    if retry_after_s is not None:
        head.append(f"retry-after: {retry_after_s}")
    return "\r\n".join([*head, "", ""]).encode() + body


def head_too_large(limit: int) -> bytes:
    """Return the answer to a request line and headers over `limit` bytes."""
    return _answer(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "headers_too_large",
        "The headers are too large",
        f"The request line and headers may have {limit:,} bytes together.",
        "Send fewer or shorter headers, and large values in the body.",
        None,
    )


def too_slow(what: str) -> bytes:
    """Return the answer to a request that does not come to its end; `what` names the part."""
    return _answer(
        HTTPStatus.REQUEST_TIMEOUT,
        "request_too_slow",
        "The request took too long to arrive",
        f"The {what} of the request did not arrive in time. Nothing was changed.",
        "Send the request again, over a quicker connection if the body is large.",
        None,
    )


def malformed(detail: str) -> bytes:
    """Return the answer to what is not HTTP."""
    return _answer(
        HTTPStatus.BAD_REQUEST,
        "malformed_request",
        "This is not an HTTP request",
        detail,
        "Send a well-formed HTTP/1.1 request.",
        None,
    )


def refused(reason: str) -> bytes:
    """Return the answer to a connection that is one too many."""
    if reason == "address_limit":
        return _answer(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too_many_connections",
            "Too many connections",
            "Your address has too many connections open.",
            "Use connections again instead of opening new ones, and close what you do not need.",
            2,
        )
    return _answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "too_many_connections",
        "Too many connections",
        "The server has no connection left.",
        "Try again in a few seconds.",
        2,
    )
