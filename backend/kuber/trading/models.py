"""Accounts, and the journal of their orders and fills. Private to this package."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    String,
    Text,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import MONEY, Base, JsonObject
from kuber.kernel.orders import OrderType, TimeInForce
from kuber.trading.account_types import AccountKind, AccountStatus
from kuber.trading.lifecycle import OPEN
from kuber.trading.order_types import OrderEffect, RequestKind, SettlementStatus, SwitchState

LEDGER = Numeric(38, 18)
"""As the ledger has it, for amounts that are sums of prices times quantities."""


def _one_of(column: str, values: type[StrEnum]) -> str:
    return f"{column} in ({', '.join(repr(one) for one in sorted(one.value for one in values))})"


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
    entries_blocked: Mapped[str | None] = mapped_column(String(500))
    """Why no entry leaves it: a difference that the reconciliation found and that lasts."""


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
        Index(None, "position_id"),
        Index("ix_orders_open", "sent_at", postgresql_where=text(_OPEN)),
        Index(
            "uq_orders_caller_reference",
            "account_id",
            "caller_reference",
            unique=True,
            postgresql_where=text("caller_reference is not null"),
        ),
        CheckConstraint(_one_of("type", OrderType), name="type"),
        CheckConstraint(_one_of("time_in_force", TimeInForce), name="time_in_force"),
        CheckConstraint(_one_of("effect", OrderEffect), name="effect"),
        CheckConstraint(_one_of("settlement_status", SettlementStatus), name="settlement_status"),
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
    type: Mapped[str] = mapped_column(String(16), server_default="market")
    time_in_force: Mapped[str] = mapped_column(String(4), server_default="day")
    limit_price: Mapped[Decimal | None] = mapped_column(MONEY)
    stop_price: Mapped[Decimal | None] = mapped_column(MONEY)
    trail_amount: Mapped[Decimal | None] = mapped_column(MONEY)
    trail_percent: Mapped[Decimal | None] = mapped_column(MONEY)
    effect: Mapped[str] = mapped_column(String(5), server_default="open")
    """open or close; what closes never does more than that."""
    position_id: Mapped[UUID | None] = mapped_column(ForeignKey("positions.id"))
    order_group: Mapped[str | None] = mapped_column(Text)
    """Orders of one group share one quantity."""
    replaces: Mapped[UUID | None]
    expires_at: Mapped[datetime | None]
    remaining: Mapped[Decimal | None] = mapped_column(MONEY)
    """What may yet be filled, None before the venue has it."""
    reserved: Mapped[Decimal | None] = mapped_column(LEDGER)
    """Money that was granted for it at admission."""
    extended_hours: Mapped[bool] = mapped_column(Boolean, server_default=false())
    settlement_status: Mapped[str] = mapped_column(String(8), server_default="pending")
    waits_for: Mapped[str | None] = mapped_column(String(16))
    """Why it does not trade although it could, see `exchange.events.HoldReason`."""
    caller_reference: Mapped[str | None] = mapped_column(String(128))
    """What a caller of the API names it; unique in its account."""
    asked: Mapped[str | None] = mapped_column(String(64))
    """A digest of what a caller of the API asked for: a repetition is the same order."""
    estimated: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """No exchange filled it: its fill was reckoned, as in every scratch account."""


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


class PositionRow(Base):
    """A position: an entry with all that followed it. `state` says everything; the columns beside
    it are what is asked for, and are written with it."""

    __tablename__ = "positions"
    __table_args__ = (
        Index("ix_positions_user_id_created_at", "user_id", "created_at"),
        Index(None, "account_id"),
        Index(None, "run_id"),
        Index(None, "pipeline_id"),
        Index("ix_positions_live", "symbol", postgresql_where=text("status <> 'closed'")),
        CheckConstraint(
            "status in ('closed', 'closing', 'dust', 'frozen', 'open', 'opening')", name="status"
        ),
        CheckConstraint("side in ('buy', 'sell')", name="side"),
        CheckConstraint("(status = 'closed') = (closed_at is not null)", name="closed"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    mode: Mapped[str] = mapped_column(String(12))
    symbol: Mapped[str] = mapped_column(String(32))
    pipeline_id: Mapped[UUID | None]
    """Whose it is, also once that was deleted; None by hand."""
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    entry_order_id: Mapped[UUID]
    owner: Mapped[str] = mapped_column(String(120))
    """Whose it is in words of the management: a pipeline's id, or `by hand`."""
    side: Mapped[str] = mapped_column(String(4))
    """That of its entry."""
    quantity: Mapped[Decimal] = mapped_column(MONEY)
    """What is held, without a sign."""
    average_price: Mapped[Decimal | None] = mapped_column(MONEY)
    """Of the entry's fills."""
    realised_pnl: Mapped[Decimal] = mapped_column(LEDGER, server_default=text("0"))
    """What exits brought less what they had cost, and all fees."""
    fees: Mapped[Decimal] = mapped_column(LEDGER, server_default=text("0"))
    stop: Mapped[Decimal | None] = mapped_column(MONEY)
    targets: Mapped[JsonObject]
    """`{"items": [{"price", "quantity", "status"}]}`, decimals as text."""
    protected_by: Mapped[str] = mapped_column(String(12))
    """venue, monitor or nothing."""
    unprotected: Mapped[Decimal] = mapped_column(MONEY, server_default=text("0"))
    unprotected_since: Mapped[datetime | None]
    unprotected_seconds: Mapped[Decimal] = mapped_column(Numeric(38, 6), server_default=text("0"))
    """Quantity times seconds without an accepted stop so far."""
    status: Mapped[str] = mapped_column(String(8))
    exit_reason: Mapped[str | None] = mapped_column(String(24))
    created_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    """When its entry was first filled."""
    closed_at: Mapped[datetime | None]
    next_look_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(Text)
    """As `management.stored` writes it."""
    version: Mapped[int] = mapped_column(BigInteger)


class BookRow(Base):
    """The order book of one instrument at the simulated venue, see `exchange.book`."""

    __tablename__ = "venue_books"

    symbol: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInteger)
    """Grows with each write; who writes from an older one has lost the book to another process."""
    updated_at: Mapped[datetime]


class SwitchRow(Base):
    """A switch that is not off, or was."""

    __tablename__ = "trading_switches"
    __table_args__ = (
        Index(None, "user_id"),
        CheckConstraint(_one_of("state", SwitchState), name="state"),
    )

    scope: Mapped[str] = mapped_column(String(80), primary_key=True)
    """`platform`, `user:<id>` or `pipeline:<id>`."""
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    """Whose; None for the platform's."""
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(500))
    set_by: Mapped[str] = mapped_column(String(80))
    set_at: Mapped[datetime]
    report: Mapped[JsonObject | None]
    """What the last flattening closed, and what it did not."""


class LatchRow(Base):
    """One row: a switch adds to `epoch`, and a round of the order service that began before it
    does not commit."""

    __tablename__ = "trading_latch"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    epoch: Mapped[int] = mapped_column(BigInteger)
    watched_at: Mapped[datetime | None]
    """When the order service last looked at positions and prices."""


class RequestRow(Base):
    """What people and switches want of the order service, beside new orders."""

    __tablename__ = "order_requests"
    __table_args__ = (
        Index(None, "user_id"),
        Index(
            "ix_order_requests_waiting", "requested_at", postgresql_where=text("done_at is null")
        ),
        CheckConstraint(_one_of("kind", RequestKind), name="kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    target: Mapped[UUID]
    """The order or the position."""
    args: Mapped[JsonObject]
    correlation_id: Mapped[str] = mapped_column(String(100))
    requested_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(500))
    """Why it could not be done; None when it could."""


class EquityRow(Base):
    """What an account was worth at one moment, at the prices of then."""

    __tablename__ = "account_equity"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    equity: Mapped[Decimal] = mapped_column(LEDGER)
    cash: Mapped[Decimal] = mapped_column(LEDGER)
    """Free and reserved, less debt."""
    holdings: Mapped[Decimal] = mapped_column(LEDGER)
    open_risk: Mapped[Decimal] = mapped_column(LEDGER)
    """What is lost when every stop is hit at its price."""


class ReconciliationRow(Base):
    """A comparison of an account's ledger, balances, positions and executions."""

    __tablename__ = "reconciliations"
    __table_args__ = (
        Index("ix_reconciliations_account_id_at", "account_id", "at"),
        CheckConstraint("status in ('clean', 'differs')", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(8))
    differences: Mapped[JsonObject]
    """`{"items": [{"kind", "symbol", "ours", "theirs", "text"}]}`."""
