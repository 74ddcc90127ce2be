"""The shape of every error answer: application/problem+json (RFC 9457)."""

from collections.abc import Mapping, Sequence

from fastapi.responses import JSONResponse
from pydantic import BaseModel
from structlog.contextvars import get_contextvars

MEDIA_TYPE = "application/problem+json"

REMEDIES: Mapping[int, str] = {
    400: "Check the request against the documentation of this address.",
    401: "Sign in, and send the access token.",
    404: "Check the address, or list what there is.",
    405: "Use a method that the header Allow names.",
    408: "Send the request again.",
    413: "Send less at a time.",
    429: "Wait for as many seconds as the header Retry-After says.",
    500: "Try again; if it happens again, report it with the correlation id.",
    503: "Try again after as many seconds as the header Retry-After says.",
}
"""What to do about an answer of each status that says nothing else."""


class ProblemItem(BaseModel):
    """One thing that is wrong with a request, where it is, and how to put it right."""

    message: str
    remedy: str
    field: str | None = None
    node_id: str | None = None
    line: int | None = None
    code: str | None = None


class Problem(BaseModel):
    """Why a request was not carried out. `code` is for programs, `detail` for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    correlation_id: str | None = None
    errors: list[ProblemItem] = []


class ProblemResponse(JSONResponse):
    """An error answer."""

    media_type = MEDIA_TYPE


def problem_response(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[ProblemItem] = (),
    remedy: str = "",
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """Return an error answer that carries the request's correlation id.

    Without `errors` it has one, with the detail and `remedy`, else with that of the status.
    """
    remedy = remedy or REMEDIES.get(status, "")
    if not errors and remedy:
        errors = [ProblemItem(message=detail, remedy=remedy)]
    problem = Problem(
        type=f"urn:kuber:problem:{code}",
        title=title,
        status=status,
        code=code,
        detail=detail,
        correlation_id=get_contextvars().get("correlation_id"),
        errors=list(errors),
    )
    return ProblemResponse(
        problem.model_dump(mode="json"), int(status), headers=dict(headers) if headers else None
    )
