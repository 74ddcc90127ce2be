"""Small things that several resources' routes share."""

from typing import Annotated, cast

from fastapi import Depends, Query
from structlog.contextvars import get_contextvars

from kuber.kernel.ids import new_id

Limit = Annotated[int, Query(ge=1, le=200, description="Rows on one page.")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before.")
]


async def _correlation_id() -> str:
    return cast(str, get_contextvars().get("correlation_id") or str(new_id()))


CorrelationId = Annotated[str, Depends(_correlation_id)]
"""The id under which everything that this request causes can be found."""
