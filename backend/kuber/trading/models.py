"""Accounts, and the journal of their orders and fills. Private to this package."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import MONEY, Base, JsonObject


class AccountRow(Base):
    """Where orders are placed. A run in simulation or validation has one of its own: its id is the
    run's."""

    __tablename__ = "accounts"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    mode: Mapped[str] = mapped_column(String(12))
    connection_id: Mapped[UUID | None]
    """The connection to a broker; None for accounts that Kuber keeps itself."""
    currency: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class OrderRow(Base):
    """One intent and, once the venue answered, its outcome."""

    __tablename__ = "orders"
    __table_args__ = (
        Index(None, "run_id"),
        Index(None, "user_id", "created_at"),
        Index(None, "account_id"),
        Index("ix_orders_intended", "sent_at", postgresql_where=text("status = 'intended'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """The client order id, derived from run, node and leg."""
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    """None once the run was deleted: an order outlives the run and the pipeline it came from."""
    node_id: Mapped[str] = mapped_column(String(100))
    mode: Mapped[str] = mapped_column(String(12))
    symbol: Mapped[str] = mapped_column(String(32))
    side: Mapped[str] = mapped_column(String(4))
    quantity: Mapped[Decimal] = mapped_column(MONEY)
    reference_price: Mapped[Decimal] = mapped_column(MONEY)
    levels: Mapped[JsonObject]
    """`{"stop_loss": price, "targets": [price, ...]}`, decimal strings."""
    status: Mapped[str] = mapped_column(String(20))
    """`intended` until the venue answered, then the venue's status."""
    reason: Mapped[str] = mapped_column(String(500), server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    answered_at: Mapped[datetime | None]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    origin: Mapped[str] = mapped_column(String(12), server_default="run")
    """run, monitor, person or switch: who wanted it."""
    correlation_id: Mapped[str] = mapped_column(String(100))
    sent_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    """When it was last about to be sent."""
    asked_at: Mapped[datetime | None]
    """When the venue was last asked what became of it, by others than its sender."""
    not_found_at: Mapped[datetime | None]
    """When the venue, asked after `sent_at`, first did not know it."""


class FillRow(Base):
    """One fill of one order; append-only."""

    __tablename__ = "fills"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[datetime]
    quantity: Mapped[Decimal] = mapped_column(MONEY)
    price: Mapped[Decimal] = mapped_column(MONEY)
    commission: Mapped[Decimal] = mapped_column(MONEY)
