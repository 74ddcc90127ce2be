"""Answers that are kept for requests sent again, and their size. Private to this package."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import Base, JsonObject


class IdempotencyKeyRow(Base):
    """One Idempotency-Key and the answer it got.

    `user_id` is null for requests that need no log-in. `status` and `answer` are filled in the
    transaction that inserts the row, together with the effect that they report.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("user_id", "key", postgresql_nulls_not_distinct=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(200))
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    headers: Mapped[JsonObject | None]
    answer: Mapped[bytes | None]


class AnswerBytesRow(Base):
    """How many bytes of answers were kept for a user in one hour.

    Answers are forgotten a day later, so the hours since then add up to what is kept now, and no
    counter has to go down.
    """

    __tablename__ = "answer_bytes"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
