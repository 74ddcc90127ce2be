"""`/api/v1/events`: what happened in the last 7 days."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from kuber.api.deps import ContainerDep, CurrentUser, Db
from kuber.api.v1.common import Cursor, Limit
from kuber.audit import service as audit
from kuber.identity.types import Role
from kuber.infra import history
from kuber.infra.past_events import PastEvent, PastEventQuery, Place, keys_of, merged
from kuber.kernel.wire import Instant

router = APIRouter(prefix="/events", tags=["events"])

_NAME = Annotated[str | None, Query(min_length=1, max_length=60)]


class PastEventList(BaseModel):
    """A page of events, newest first; it may be short, even empty, although more follow."""

    items: list[PastEvent]
    next_cursor: str | None


@router.get("", operation_id="list_events")
async def list_events(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    type_: Annotated[_NAME, Query(alias="type")] = None,
    service: _NAME = None,
    correlation_id: Annotated[str | None, Query(pattern=r"^[\x21-\x7e]{1,100}$")] = None,
    since: Annotated[
        Instant | None, Query(description="Events from here on; 7 days back at the most.")
    ] = None,
    until: Annotated[Instant | None, Query(description="Events before this.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PastEventList:
    """Return what happened in the last 7 days, newest first: the caller's own.

    Administrators see everybody's and what is nobody's own. Entries of the record name `audit` as
    their service.
    """
    earliest = container.clock.now() - history.KEPT
    query = PastEventQuery(
        user_id=None if user.role is Role.ADMIN else user.user_id,
        since=max(since, earliest) if since else earliest,
        until=until,
        type=type_,
        service=service,
        correlation_id=correlation_id,
        before=None if cursor is None else Place.of(cursor),
        limit=limit,
    )
    events = await history.newest_events(session, query)
    page, following = merged([events, await audit.newest_entries(session, query)], limit)
    found = [
        *await history.events_of(session, keys_of(page, 0)),
        *await audit.events_of(session, keys_of(page, 1)),
    ]
    found.sort(key=lambda one: (one.at, one.id), reverse=True)
    return PastEventList(items=found, next_cursor=following)
