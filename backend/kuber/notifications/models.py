"""Tables of notices. Private to this package."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Sequence, String, Text, text
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import Base, JsonObject

NOTICES_SEQUENCE = Sequence("notices_sequence", metadata=Base.metadata)


class NoticeOutboxRow(Base):
    """What somebody is to be told, written with what causes it; the notifier takes it from here.

    No foreign keys: writing it locks nothing else.
    """

    __tablename__ = "notice_outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    data: Mapped[JsonObject]
    subject: Mapped[str | None] = mapped_column(String(200))
    dedupe_key: Mapped[str | None] = mapped_column(String(200))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    refused_at: Mapped[datetime | None]
    """When the notifier gave it up; it holds up nothing."""
    refusal: Mapped[str | None] = mapped_column(Text)


class NoticeRow(Base):
    """One notice of a user, or several of the same subject as one."""

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_user_id_last_at_id", "user_id", "last_at", "id"),
        Index("ix_notices_last_at", "last_at"),
        Index("ix_notices_unread", "user_id", postgresql_where=text("in_app and read_at is null")),
        Index(
            "uq_notices_user_id_dedupe_key",
            "user_id",
            "dedupe_key",
            unique=True,
            postgresql_where=text("dedupe_key is not null"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str | None] = mapped_column(String(200))
    dedupe_key: Mapped[str | None] = mapped_column(String(200))
    data: Mapped[JsonObject]
    """Of the newest that it stands for."""
    count: Mapped[int] = mapped_column(server_default=text("1"))
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    sequence: Mapped[int] = mapped_column(BigInteger, server_default=NOTICES_SEQUENCE.next_value())
    """Rises with each change that is news; of one user's notices in the order of the commits."""
    in_app: Mapped[bool]
    """Whether it is shown in the app; one that is not is there for its mail."""


class NoticePreferenceRow(Base):
    """A user's choice for one kind; without one the kind's own rules hold."""

    __tablename__ = "notice_preferences"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    in_app: Mapped[bool]
    mail: Mapped[bool]


class MailAddressRow(Base):
    """A user's address for mail, and whether it was shown to be theirs.

    Of a code that was sent only the keyed hash is kept.
    """

    __tablename__ = "mail_addresses"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    address: Mapped[str] = mapped_column(String(254))
    confirmed_at: Mapped[datetime | None]
    code_hash: Mapped[bytes | None] = mapped_column(BYTEA)
    code_expires_at: Mapped[datetime | None]
    code_attempts: Mapped[int] = mapped_column(server_default=text("0"))


class NoticeDeliveryRow(Base):
    """One mail on its way, or what became of it."""

    __tablename__ = "notice_deliveries"
    __table_args__ = (
        Index("ix_notice_deliveries_user_id_id", "user_id", "id"),
        Index("ix_notice_deliveries_notice_id", "notice_id"),
        Index(
            "ix_notice_deliveries_due",
            "next_attempt_at",
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    notice_id: Mapped[UUID | None] = mapped_column(ForeignKey("notices.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(10))
    purpose: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(8), server_default="waiting")
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime | None]
    """When it is tried next; while it is being tried, when another process may try it."""
    finished_at: Mapped[datetime | None]
