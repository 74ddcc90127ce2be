"""Transactional outbox: events are rows of the transaction that made them true."""

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, String, insert, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import Base, JsonObject
from kuber.kernel.events import Event


class OutboxRow(Base):
    """One message on its way to Kafka. Rows leave after they were published."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_unpublished", "id", postgresql_where=text("published_at is null")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    topic: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(200))
    payload: Mapped[JsonObject]
    headers: Mapped[JsonObject]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    published_at: Mapped[datetime | None]


def outbox_values(event: Event) -> JsonObject:
    """Return the column values of the row that announces `event`."""
    return {
        "event_id": event.event_id,
        "topic": event.topic,
        "key": event.key(),
        "payload": {
            key: _plain(value)
            for key, value in (
                (field.name, getattr(event, field.name)) for field in dataclasses.fields(event)
            )
        },
        "headers": {
            "type": type(event).__name__,
            "schema_version": str(event.schema_version),
            "correlation_id": event.correlation_id,
            "idempotency_key": str(event.event_id),
        },
    }


async def announce(session: AsyncSession, events: Iterable[Event]) -> None:
    """Add `events` to the outbox within the caller's transaction, in order."""
    rows = [outbox_values(event) for event in events]
    if rows:
        await session.execute(insert(OutboxRow), rows)


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | str() | float():
            return value.value if isinstance(value, Enum) else value
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case tuple() | list():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    raise TypeError(f"an event cannot carry a {type(value).__name__}")
