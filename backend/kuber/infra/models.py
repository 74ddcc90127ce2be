"""Tables of the machinery: dead letters, the heartbeats of services, and the event history."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import Base, JsonObject


class DeadLetterRow(Base):
    """A message that a consumer could not use, whole, with the reason and where it stood."""

    __tablename__ = "dead_letters"
    __table_args__ = (
        UniqueConstraint("fingerprint"),
        Index("ix_dead_letters_consumer_id", "consumer", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """Of consumer and message: the same message put away twice is one row."""
    consumer: Mapped[str] = mapped_column(String(60))
    topic: Mapped[str] = mapped_column(String(100))
    partition: Mapped[int]
    message_offset: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[bytes | None] = mapped_column(BYTEA)
    payload: Mapped[bytes] = mapped_column(BYTEA)
    headers: Mapped[JsonObject]
    reason: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    replayed_at: Mapped[datetime | None]


class ServiceBeatRow(Base):
    """The last sign of life of one instance of a long-running service."""

    __tablename__ = "service_beats"

    service: Mapped[str] = mapped_column(String(60), primary_key=True)
    instance: Mapped[str] = mapped_column(String(120), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    """starting, running, waiting, failing or stopped."""
    detail: Mapped[JsonObject]
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    progress_at: Mapped[datetime]
    waiting_for: Mapped[str | None] = mapped_column(String(60))


class EventHistoryRow(Base):
    """One thing that happened in the last days: for looking it up, nothing depends on it.

    No foreign keys: writing it locks nothing else. Rows are inserted, never changed, and deleted in
    batches at their oldest end.
    """

    __tablename__ = "event_history"
    __table_args__ = (
        Index("ix_event_history_user_id_at_id", "user_id", "at", "id"),
        Index("ix_event_history_at_id", "at", "id"),
        Index("ix_event_history_correlation_id_at", "correlation_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """The event's own."""
    at: Mapped[datetime]
    type: Mapped[str] = mapped_column(String(60))
    service: Mapped[str] = mapped_column(String(60))
    """The process in which it happened: api, worker, dispatcher, ..."""
    correlation_id: Mapped[str] = mapped_column(String(100))
    user_id: Mapped[UUID | None]
    """Whose it is; None for the platform's."""
    data: Mapped[JsonObject]
