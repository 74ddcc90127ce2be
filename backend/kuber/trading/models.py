"""Accounts, and the journal of their orders and fills. Private to this package."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import MONEY, Base, JsonObject
from kuber.trading.account_types import AccountKind, AccountStatus
from kuber.trading.lifecycle import OPEN


def _one_of(column: str, values: type[AccountKind | AccountStatus]) -> str:
    return f"{column} in ({', '.join(repr(one.value) for one in values)})"


class AccountRow(Base):
    """Where orders are placed. A lasting account is its user's, on the books of the ledger. A run
    in simulation or validation has a scratch account of its own: its id is the run's."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index(None, "user_id"),
        Index(
            "ix_accounts_lasting",
            "user_id",
            "created_at",
            "id",
            postgresql_where=text("kind = 'lasting'"),
        ),
        Index("uq_accounts_replaced_by", "replaced_by", unique=True),
        CheckConstraint(_one_of("kind", AccountKind), name="kind"),
        CheckConstraint(_one_of("status", AccountStatus), name="status"),
        CheckConstraint("(status = 'reset') = (replaced_by is not null)", name="replaced"),
        CheckConstraint("kind = 'lasting' or status = 'open'", name="scratch_stays_open"),
        CheckConstraint(
            "(kind = 'lasting' and mode = 'simulation') = (simulation is not null)",
            name="simulation",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    mode: Mapped[str] = mapped_column(String(12))
    connection_id: Mapped[UUID | None]
    """The connection to a broker; None for accounts that Kuber keeps itself."""
    currency: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    name: Mapped[str] = mapped_column(String(120), server_default="")
    """What its user calls it; empty for scratch accounts."""
    kind: Mapped[str] = mapped_column(String(8), server_default="scratch")
    status: Mapped[str] = mapped_column(String(8), server_default="open")
    simulation: Mapped[JsonObject | None]
    """Options of a lasting simulation account, see `accounts.schemas`; decimals are strings."""
    replaced_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    """The account that a reset opened in its place."""


_OPEN = f"status in ({', '.join(repr(status.value) for status in sorted(OPEN))})"


class OrderTransitionRow(Base):
    """A change of status that orders may make: what `lifecycle.TRANSITIONS` says. A trigger on
    `orders` refuses any other."""

    __tablename__ = "order_transitions"

    before: Mapped[str] = mapped_column(String(20), primary_key=True)
    after: Mapped[str] = mapped_column(String(20), primary_key=True)


class OrderRow(Base):
    """One intent and what the venue said of it so far."""

    __tablename__ = "orders"
    __table_args__ = (
        Index(None, "run_id"),
        Index(None, "user_id", "created_at"),
        Index(None, "account_id"),
        Index("ix_orders_open", "sent_at", postgresql_where=text(_OPEN)),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """The client order id, a function of origin, leg and attempt."""
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    """None once the run was deleted: an order outlives the run and the pipeline it came from."""
    node_id: Mapped[str | None] = mapped_column(String(100))
    """None for orders of other origins than runs."""
    mode: Mapped[str] = mapped_column(String(12))
    symbol: Mapped[str] = mapped_column(String(32))
    side: Mapped[str] = mapped_column(String(4))
    quantity: Mapped[Decimal] = mapped_column(MONEY)
    reference_price: Mapped[Decimal] = mapped_column(MONEY)
    levels: Mapped[JsonObject]
    """`{"stop_loss": price, "targets": [price, ...]}`, decimal strings."""
    status: Mapped[str] = mapped_column(String(20))
    """One of `OrderStatus`, changed along `lifecycle.TRANSITIONS` alone."""
    reason: Mapped[str] = mapped_column(String(500), server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    answered_at: Mapped[datetime | None]
    """When the venue's first word was booked."""
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    origin: Mapped[str] = mapped_column(String(12), server_default="run")
    """run, monitor, person or switch: what kind of thing wanted it."""
    origin_key: Mapped[list[str]] = mapped_column(JSONB)
    """Which one: `[run id, node id]` of a run, also once that was deleted."""
    leg: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(SmallInteger)
    """From 1; the next is a new order, made once this one has ended."""
    venue: Mapped[str] = mapped_column(String(32))
    estimated: Mapped[bool] = mapped_column(server_default=text("false"))
    """No exchange filled it: its fill was reckoned, as in every scratch account."""
    filled_quantity: Mapped[Decimal] = mapped_column(MONEY, server_default=text("0"))
    """The sum of its fills."""
    answers: Mapped[int] = mapped_column(server_default=text("0"))
    """How many words of the venue were booked; each is an entry on record."""
    correlation_id: Mapped[str] = mapped_column(String(100))
    sent_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    """When it was last about to be sent."""
    asked_at: Mapped[datetime | None]
    """When the venue was last asked what became of it, by others than its sender."""
    not_found_at: Mapped[datetime | None]
    """When the venue, asked after `sent_at`, first did not know it."""


class FillRow(Base):
    """One execution that was booked; append-only."""

    __tablename__ = "fills"
    __table_args__ = (Index(None, "order_id"),)

    venue: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    execution_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    """The venue's: whatever is told twice is booked once."""
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    answer: Mapped[int]
    """With which of the order's answers it was booked."""
    time: Mapped[datetime]
    quantity: Mapped[Decimal] = mapped_column(MONEY)
    price: Mapped[Decimal] = mapped_column(MONEY)
    commission: Mapped[Decimal] = mapped_column(MONEY)
