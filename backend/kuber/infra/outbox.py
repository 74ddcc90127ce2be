"""Transactional outbox: events are rows of the transaction that made them true."""

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import (
    DDL,
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    String,
    Table,
    Text,
    insert,
    text,
)
from sqlalchemy.event import listen
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import Base, JsonObject, RawConnection
from kuber.infra.headers import event_id_of
from kuber.infra.history import MOVE_TO_HISTORY
from kuber.infra.kafka import IncomingMessage
from kuber.infra.models import DeadLetterRow
from kuber.infra.telemetry import process_name, traceparent
from kuber.kernel.events import Event


class OutboxRow(Base):
    """One message on its way to Kafka.

    The relay moves it into the event history once the cluster has it. Of a topic that a consumer
    confirms (`kafka.CONFIRMED_BY`) it marks the row as sent; the consumer moves it in the
    transaction that records the message.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_unsent",
            "id",
            postgresql_where=text("sent_at is null and refused_at is null"),
        ),
        Index(
            "ix_outbox_sent",
            "sent_partition",
            "sent_offset",
            postgresql_where=text("sent_at is not null"),
        ),
    )

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
    sent_at: Mapped[datetime | None]
    """When the cluster acknowledged it; null until then, and once it has to be sent again."""
    sent_partition: Mapped[int | None]
    sent_offset: Mapped[int | None] = mapped_column(BigInteger)
    times_sent: Mapped[int] = mapped_column(server_default=text("0"))
    send_again_at: Mapped[datetime | None]
    """Before this it is not sent again, unless the cluster has lost it."""
    dead_letter_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(DeadLetterRow.id, ondelete="CASCADE")
    )
    """Whose key and payload are sent, byte for byte, in place of the row's own."""


NEXT_UNSENT = """
    select o.id, o.topic, o.key, o.payload::text, o.headers, d.key, d.payload
    from outbox o left join dead_letters d on d.id = o.dead_letter_id
    where o.sent_at is null and o.refused_at is null order by o.id limit %s
"""
COUNT_UNSENT = "select count(*) from outbox where sent_at is null and refused_at is null"
SET_ASIDE = "update outbox set refused_at = now(), refusal = %s where id = %s"
ANNOUNCEMENT = "insert into outbox (event_id, topic, key, payload, headers)"
"""Begins the statement that announces an event: the values of `outbox_values` follow."""

OUTBOX_CHANNEL = "kuber_outbox"
"""PostgreSQL notifies here, without a payload, when transactions that announced commit."""

# A trigger, so that whoever writes a row is heard. PostgreSQL lets transactions that notify commit
# one after the other, each with its own flush; so of those that are under way at once one notifies.
# The relay looks again soon after for what the others wrote.
_TELL = f"""
    create or replace function tell_outbox_relay() returns trigger language plpgsql as $$
    begin
        if exists (select from added) and pg_try_advisory_xact_lock({0x6B75626F78}) then
            perform pg_notify('{OUTBOX_CHANNEL}', '');
        end if;
        return null;
    end $$
"""
_TELL_RELAY = """
    create trigger tell_relay after insert on outbox referencing new table as added
    for each statement execute function tell_outbox_relay()
"""
_TABLE = OutboxRow.__table__
assert isinstance(_TABLE, Table), "a mapped class has a table"
listen(_TABLE, "after_create", DDL(_TELL))  # type: ignore[no-untyped-call]
listen(_TABLE, "after_create", DDL(_TELL_RELAY))  # type: ignore[no-untyped-call]


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
            "service": process_name(),
            **({"traceparent": parent} if (parent := traceparent()) else {}),
        },
    }


async def announce(session: AsyncSession, events: Iterable[Event]) -> None:
    """Add `events` to the outbox within the caller's transaction, in order."""
    rows = [outbox_values(event) for event in events]
    if rows:
        await session.execute(insert(OutboxRow), rows)


_COLUMNS = "event_id uuid, topic text, key text, payload jsonb, headers jsonb"
_INSERT = f"""
    insert into outbox (event_id, topic, key, payload, headers)
    select event_id, topic, key, payload, headers from jsonb_to_recordset(%(outbox)s)
      as e({_COLUMNS})
"""  # noqa: S608  put together from constants


async def announce_events(connection: RawConnection, events: Iterable[Event]) -> None:
    """The same within the transaction of a plain connection."""
    await connection.execute(_INSERT, {"outbox": Jsonb(outbox_json(events))})


def outbox_insert_for(source: str, known: str) -> str:
    """Return SQL that puts events into the outbox that belong to rows of the query `source`.

    `outbox` is a Jsonb of their `outbox_json`; each has the `id` of its row as `about`, and is
    announced with that row.

    `known` is SQL for an object of what the payload takes from the row.
    """
    return f"""
    insert into outbox (event_id, topic, key, payload, headers)
    select e.event_id, e.topic, e.key, e.payload || {known}, e.headers
    from {source} join jsonb_to_recordset(%(outbox)s) as e(about uuid, {_COLUMNS})
      on e.about = {source}.id
    order by e.event_id
"""  # noqa: S608  put together from constants


def outbox_insert_of(source: str) -> str:
    """Return SQL that puts events into the outbox that rows of the query `source` hold: its column
    `events` has the rows of `outbox_json`."""
    return f"""
    insert into outbox (event_id, topic, key, payload, headers)
    select e.event_id, e.topic, e.key, e.payload, e.headers
    from {source}, jsonb_to_recordset({source}.events) as e({_COLUMNS})
    order by e.event_id
"""  # noqa: S608  put together from constants


def outbox_json(events: Iterable[Event]) -> list[JsonObject]:
    """Return the rows of the outbox for hand-written statements."""
    return [
        {**values, "event_id": str(values["event_id"])}
        for values in (outbox_values(event) for event in events)
    ]


_CONFIRM = MOVE_TO_HISTORY.format(
    which="id in (select id from outbox where event_id = any(%s) order by id for update)"
)


async def confirm(connection: RawConnection, messages: Sequence[IncomingMessage]) -> None:
    """Move the rows that announced `messages` into the event history, in the transaction that
    records what they say.

    For messages that are known already, too: one of them was sent a second time.
    """
    await confirm_events(connection, [event_id_of(message.headers) for message in messages])


async def confirm_events(connection: RawConnection, event_ids: Iterable[UUID | None]) -> None:
    """The same by the messages' event ids; None stands for a message of somebody else."""
    ours = [event_id for event_id in event_ids if event_id is not None]
    if ours:
        await connection.execute(_CONFIRM, (ours,))


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
