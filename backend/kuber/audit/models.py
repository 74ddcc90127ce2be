"""Tables of the record. Private to this package; nothing of them is ever changed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    String,
    Table,
    Text,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import Base


class AuditEntryRow(Base):
    """One entry, written in the transaction of what it records.

    No foreign keys: the record outlives what it speaks of, and writing it locks nothing else.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_user_id_id", "user_id", "id"),
        # For the last days' entries among other events.
        Index("ix_audit_entries_at", "at"),
        Index("ix_audit_entries_user_id_at", "user_id", "at"),
        Index("ix_audit_entries_correlation_id_at", "correlation_id", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[UUID]
    correlation_id: Mapped[str] = mapped_column(String(100))
    event_type: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
    data: Mapped[str] = mapped_column(Text)
    """Canonical JSON; hashed as it stands."""
    user_id: Mapped[UUID | None]


class AuditPendingRow(Base):
    """An entry that is not linked yet."""

    __tablename__ = "audit_pending"

    entry_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    appended_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    """By the database's clock: how long it waits is asked of the same clock."""


class AuditLinkRow(Base):
    """The place of an entry in the chain."""

    __tablename__ = "audit_links"
    __table_args__ = (
        Index("uq_audit_links_entry_id", "entry_id", unique=True),
        CheckConstraint("chain_position >= 1", name="from_one"),
    )

    chain_position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(BYTEA)
    previous_hash: Mapped[bytes] = mapped_column(BYTEA)


class AuditCheckpointRow(Base):
    """The chain's state at one position, signed; also kept outside the database."""

    __tablename__ = "audit_checkpoints"

    chain_position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    chain_id: Mapped[UUID]
    hash: Mapped[bytes] = mapped_column(BYTEA)
    at: Mapped[datetime]
    key_id: Mapped[str] = mapped_column(String(64))
    signature: Mapped[bytes] = mapped_column(BYTEA)


class AuditPublishedRow(Base):
    """How far the chain was sent to Kafka; one row."""

    __tablename__ = "audit_published"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    chain_position: Mapped[int] = mapped_column(BigInteger)


class AuditPersonalRow(Base):
    """A text that says who somebody is, of which the chain holds the salted hash; erasable."""

    __tablename__ = "audit_personal"
    __table_args__ = (Index("ix_audit_personal_user_id", "user_id"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(String(60), primary_key=True)
    user_id: Mapped[UUID | None]
    salt: Mapped[bytes] = mapped_column(BYTEA)
    value: Mapped[str] = mapped_column(Text)


# Against mistakes, not against the owner of the database: that is the chain's part.
_REFUSE = """
    create or replace function refuse_audit_change() returns trigger language plpgsql as
    $$ begin raise exception 'the record is append-only: %% is never changed', tg_table_name;
    end $$
"""
_GUARD = """
    create trigger refuse_change before update or delete or truncate on %(table)s
    for each statement execute function refuse_audit_change()
"""
for _row in (AuditEntryRow, AuditLinkRow, AuditCheckpointRow):
    _table = _row.__table__
    assert isinstance(_table, Table), "a mapped class has a table"
    event.listen(_table, "after_create", DDL(_REFUSE))  # type: ignore[no-untyped-call]
    event.listen(_table, "after_create", DDL(_GUARD))  # type: ignore[no-untyped-call]
