"""Reading the record: page by page, and its entries among other events."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, JsonValue
from sqlalchemy import ColumnElement, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.audit.canonical import object_of
from kuber.audit.models import AuditEntryRow, AuditLinkRow
from kuber.audit.statements import shown
from kuber.audit.types import AuditEventType
from kuber.infra.past_events import (
    MOST_PASSED,
    NOTHING,
    PastEvent,
    PastEventQuery,
    Source,
    Stretch,
    newest,
)
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import UserId


class AuditEntryOut(BaseModel):
    """One entry of the record at its place in the chain; hashes are 64 hex digits."""

    event_id: UUID
    correlation_id: str
    event_type: str
    timestamp: datetime
    user_id: UUID | None
    data: dict[str, JsonValue]
    hash: str
    previous_hash: str
    chain_position: int


class AuditEntryList(BaseModel):
    items: list[AuditEntryOut]
    next_cursor: str | None


async def page(
    session: AsyncSession,
    user_id: UserId | None,
    event_type: AuditEventType | None,
    cursor: str | None,
    limit: int,
    up_to: int | None = None,
) -> AuditEntryList:
    """Return entries by place, the last first; of everybody when `user_id` is None.

    Raises BadCursor. The id of an entry orders nothing: it is not hashed.

    With `up_to` those at that place of the chain and before, whether there is one at it or not.

    An entry appears once it has its place, within a second. In search of a type a page passes at
    most `MOST_PASSED` entries; it may be empty although more follow, as its cursor says.
    """
    place, linked = AuditLinkRow.chain_position, AuditLinkRow.entry_id == AuditEntryRow.id
    conditions: list[ColumnElement[bool]] = []
    if user_id is not None:
        conditions.append(AuditEntryRow.user_id == user_id)
    if up_to is not None:
        conditions.append(place <= up_to)
    if cursor is not None:
        conditions.append(place < _place(cursor))
    floor = None
    if event_type is not None:
        passed = select(place).join(AuditEntryRow, linked).where(*conditions)
        passed = passed.order_by(place.desc()).offset(MOST_PASSED - 1).limit(1)
        floor = await session.scalar(passed)
        conditions.append(AuditEntryRow.event_type == event_type.value)
        if floor is not None:
            conditions.append(place >= floor)
    query = (
        select(
            AuditEntryRow.event_id,
            AuditEntryRow.correlation_id,
            AuditEntryRow.event_type,
            _AT,
            AuditEntryRow.user_id,
            AuditEntryRow.data,
            AuditLinkRow.hash,
            AuditLinkRow.previous_hash,
            place,
        )
        .join(AuditLinkRow, linked)
        .where(*conditions)
        .order_by(place.desc())
        .limit(limit + 1)
    )
    found = (await session.execute(query)).all()
    rows = found[:limit]
    last = rows[-1].chain_position if len(found) > limit else floor
    following = None if last is None else encode_cursor(str(last))
    return AuditEntryList(items=[_shown(tuple(row)) for row in rows], next_cursor=following)


def _place(cursor: str) -> int:
    (text,) = decode_cursor(cursor, 1)
    digits = text.removeprefix("-")  # somebody may have put a link before the first place
    if not (text.isascii() and digits.isdigit() and len(digits) < 19):
        raise bad_cursor()
    return int(text)


_AT: ColumnElement[datetime] = literal_column(shown("audit_entries.at"), AuditEntryRow.at.type)
"""What somebody moved to an instant that Python does not have is shown at the nearest one."""


def _shown(row: tuple[Any, ...]) -> AuditEntryOut:
    event_id, correlation_id, event_type, at, user_id, data, hash_, previous, position = row
    return AuditEntryOut(
        event_id=event_id,
        correlation_id=correlation_id,
        event_type=event_type,
        timestamp=at,
        user_id=user_id,
        data=object_of(data),
        hash=hash_.hex(),
        previous_hash=previous.hex(),
        chain_position=position,
    )


SERVICE = "audit"
"""What events that are entries of the record name as their service."""

_SOURCE = Source(
    key=AuditEntryRow.id,
    id=AuditEntryRow.event_id,
    at=AuditEntryRow.at,
    type=AuditEntryRow.event_type,
    correlation_id=AuditEntryRow.correlation_id,
    user_id=AuditEntryRow.user_id,
    data=AuditEntryRow.data,
)


async def newest_entries(session: AsyncSession, query: PastEventQuery) -> Stretch:
    """Return the newest entries that meet `query`, without what they hold, linked or not."""
    if query.service not in (None, SERVICE):
        return NOTHING
    return await newest(session, _SOURCE, query)


async def events_of(session: AsyncSession, keys: Collection[int | UUID]) -> list[PastEvent]:
    """Return the entries that `newest_entries` found under `keys` as events, in no order."""
    if not keys:
        return []
    rows = await session.scalars(select(AuditEntryRow).where(AuditEntryRow.id.in_(keys)))
    return [
        PastEvent(
            id=row.event_id,
            at=row.at,
            type=row.event_type,
            service=SERVICE,
            correlation_id=row.correlation_id,
            user_id=row.user_id,
            data=object_of(row.data),
        )
        for row in rows
    ]
