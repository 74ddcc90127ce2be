"""Transactional outbox: events are rows of the transaction that made them true."""

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

from sqlalchemy import BigInteger, Identity, String, Text, insert, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import Base, JsonObject
from kuber.infra.telemetry import traceparent
from kuber.kernel.events import Event


class OutboxRow(Base):
    """One message on its way to Kafka; the relay deletes it once the cluster has it."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    topic: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(200))
    payload: Mapped[JsonObject]
    headers: Mapped[JsonObject]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    refused_at: Mapped[datetime | None]
    """When Kafka refused it for good; the relay passes it by."""
    refusal: Mapped[str | None] = mapped_column(Text)


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
            **({"traceparent": parent} if (parent := traceparent()) else {}),
        },
    }


async def announce(session: AsyncSession, events: Iterable[Event]) -> None:
    """Add `events` to the outbox within the caller's transaction, in order."""
    rows = [outbox_values(event) for event in events]
    if rows:
        await session.execute(insert(OutboxRow), rows)


OUTBOX_INSERT = """
    insert into outbox (event_id, topic, key, payload, headers)
    select event_id, topic, key, payload, headers
    from jsonb_to_recordset(%(outbox)s)
      as e(event_id uuid, topic text, key text, payload jsonb, headers jsonb)
"""
"""The same for hand-written statements: `outbox` is a Jsonb of `outbox_json(events)`."""


def outbox_json(events: Iterable[Event]) -> list[JsonObject]:
    """Return the rows for `OUTBOX_INSERT`."""
    return [
        {**values, "event_id": str(values["event_id"])}
        for values in (outbox_values(event) for event in events)
    ]


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
