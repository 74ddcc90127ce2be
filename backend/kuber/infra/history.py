"""The event history: what happened in the last 7 days, to look it up. Nothing else depends on it.

What was announced comes here from the outbox, once Kafka has it: there is no other way in.
"""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.models import EventHistoryRow
from kuber.infra.past_events import PastEvent, PastEventQuery, Source, Stretch, newest

KEPT = timedelta(days=7)

# A message sent again is no event; of a dead letter, where it stood is told and not what it said.
# Whatever a payload holds, nothing of it may keep the row in the outbox.
MOVE_TO_HISTORY = """
    with gone as (
        delete from outbox where {which}
        returning event_id, topic, payload, headers, created_at, dead_letter_id
    )
    insert into event_history (id, at, type, service, correlation_id, user_id, data)
    select event_id,
           case when pg_input_is_valid(payload->>'occurred_at', 'timestamptz')
             then (payload->>'occurred_at')::timestamptz else created_at end,
           left(coalesce(headers->>'type', topic), 60),
           left(coalesce(headers->>'service', 'unknown'), 60),
           left(coalesce(headers->>'correlation_id', event_id::text), 100),
           case when pg_input_is_valid(payload->>'user_id', 'uuid')
             then (payload->>'user_id')::uuid end,
           case headers->>'type' when 'DeadLetter' then payload - 'payload' else payload end
    from gone where dead_letter_id is null
    on conflict do nothing
"""
"""Deletes the rows of the outbox that `which` names and keeps what they announced."""

_SOURCE = Source(
    key=EventHistoryRow.id,
    id=EventHistoryRow.id,
    at=EventHistoryRow.at,
    type=EventHistoryRow.type,
    correlation_id=EventHistoryRow.correlation_id,
    user_id=EventHistoryRow.user_id,
    data=EventHistoryRow.data,
)


async def newest_events(session: AsyncSession, query: PastEventQuery) -> Stretch:
    """Return the newest events that meet `query`, without what they hold."""
    service = [] if query.service is None else [EventHistoryRow.service == query.service]
    return await newest(session, _SOURCE, query, service)


async def events_of(session: AsyncSession, keys: Collection[int | UUID]) -> list[PastEvent]:
    """Return the events that `newest_events` found under `keys`, in no order."""
    if not keys:
        return []
    rows = await session.scalars(select(EventHistoryRow).where(EventHistoryRow.id.in_(keys)))
    return [PastEvent.model_validate(row, from_attributes=True) for row in rows]
