"""Tables of the ledger. Private to this package.

Transactions and transfers are append-only. Accounts, lots and open holds follow from them: they are
what is served, and `rebuild` compares them.

Every account of a transaction is under its owner, counter accounts too: no row is shared by two
owners, and whoever posts waits for others of the same owner alone.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    String,
    Table,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import Base, JsonObject
from kuber.ledger.types import Book, HoldPurpose, Kind, TransferState
from kuber.ledger.units import PLACES

AMOUNT = Numeric(38, PLACES)


def _one_of(column: str, values: type[Book | HoldPurpose | Kind | TransferState]) -> str:
    return f"{column} in ({', '.join(repr(one.value) for one in values)})"


class LedgerTransactionRow(Base):
    """A fact that was posted; its transfers follow from it."""

    __tablename__ = "ledger_transactions"
    __table_args__ = (
        Index("ix_ledger_transactions_owner", "owner", "book", "number"),
        CheckConstraint(_one_of("book", Book), name="book"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """Of whoever posts it: what is repeated is posted once."""
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    """The order of an owner's transactions."""
    book: Mapped[str] = mapped_column(String(8))
    owner: Mapped[UUID]
    """The trading account, or who pays. Without foreign key: history outlives its cause."""
    currency: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(16))
    symbol: Mapped[str | None] = mapped_column(String(32))
    order_id: Mapped[UUID | None]
    venue_execution_id: Mapped[str | None] = mapped_column(String(100))
    memo: Mapped[str] = mapped_column(String(500))
    fact: Mapped[JsonObject]


class LedgerTransferRow(Base):
    """An amount that moved from one account of the transaction's owner to another."""

    __tablename__ = "ledger_transfers"
    __table_args__ = (
        # A hold is made once, and ends once.
        Index(
            "uq_ledger_transfers_hold_made",
            "book",
            "hold_key",
            "hold_number",
            unique=True,
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "uq_ledger_transfers_hold_ended",
            "book",
            "hold_key",
            "hold_number",
            unique=True,
            postgresql_where=text("state <> 'pending' and hold_key is not null"),
        ),
        CheckConstraint("amount > 0", name="positive"),
        CheckConstraint("debit <> credit", name="two_sides"),
        CheckConstraint(_one_of("book", Book), name="book"),
        CheckConstraint(_one_of("kind", Kind), name="kind"),
        CheckConstraint(_one_of("state", TransferState), name="state"),
        CheckConstraint(
            "num_nonnulls(hold_key, hold_number) in (0, 2)"
            " and (state = 'posted' or hold_key is not null)",
            name="hold",
        ),
    )

    transaction_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    book: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(8))
    debit: Mapped[str] = mapped_column(String(48))
    credit: Mapped[str] = mapped_column(String(48))
    amount: Mapped[Decimal] = mapped_column(AMOUNT)
    unit: Mapped[str] = mapped_column(String(32))
    hold_key: Mapped[UUID | None]
    hold_number: Mapped[int | None]
    expires_at: Mapped[datetime | None]


class LedgerAccountRow(Base):
    """The balance of an account: what it was debited minus what it was credited."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        # An owner has one currency. Its cash is also the lock of all that is under it.
        Index(
            "uq_ledger_accounts_cash",
            "owner",
            "book",
            unique=True,
            postgresql_where=text("path = 'cash'"),
        ),
        CheckConstraint("path not in ('cash', 'reserved') or balance >= 0", name="not_overdrawn"),
        CheckConstraint("path <> 'debt' or balance <= 0", name="not_overpaid"),
        CheckConstraint(_one_of("book", Book), name="book"),
    )

    owner: Mapped[UUID] = mapped_column(primary_key=True)
    book: Mapped[str] = mapped_column(String(8), primary_key=True)
    path: Mapped[str] = mapped_column(String(48), primary_key=True)
    unit: Mapped[str] = mapped_column(String(32), primary_key=True)
    balance: Mapped[Decimal] = mapped_column(AMOUNT)


class LedgerLotRow(Base):
    """An open lot; quantity and cost are negative when it is short."""

    __tablename__ = "ledger_lots"
    __table_args__ = (
        CheckConstraint("quantity <> 0 and sign(cost) in (0, sign(quantity))", name="one_sign"),
    )

    owner: Mapped[UUID] = mapped_column(primary_key=True)
    book: Mapped[str] = mapped_column(String(8), primary_key=True)
    symbol: Mapped[str] = mapped_column(String(32), primary_key=True)
    position_id: Mapped[UUID] = mapped_column(primary_key=True)
    """All zeros for what belongs to no position."""
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    quantity: Mapped[Decimal] = mapped_column(AMOUNT)
    cost: Mapped[Decimal] = mapped_column(AMOUNT)


class LedgerHoldRow(Base):
    """An open hold; of one key there is one at a time."""

    __tablename__ = "ledger_holds"
    __table_args__ = (
        Index("ix_ledger_holds_owner", "owner", "book"),
        Index(
            "ix_ledger_holds_expires_at",
            "book",
            "expires_at",
            postgresql_where=text("expires_at is not null"),
        ),
        CheckConstraint("amount > 0", name="positive"),
        CheckConstraint(_one_of("purpose", HoldPurpose), name="purpose"),
        CheckConstraint("purpose <> 'order' or expires_at is null", name="orders_do_not_expire"),
    )

    book: Mapped[str] = mapped_column(String(8), primary_key=True)
    key: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int]
    owner: Mapped[UUID]
    currency: Mapped[str] = mapped_column(String(12))
    amount: Mapped[Decimal] = mapped_column(AMOUNT)
    purpose: Mapped[str] = mapped_column(String(8))
    expires_at: Mapped[datetime | None]


class LedgerCheckRow(Base):
    """One night's comparison of what is served with the entries."""

    __tablename__ = "ledger_checks"

    day: Mapped[date] = mapped_column(primary_key=True)
    """In UTC: one instance makes the check of a day."""
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    differences: Mapped[int | None]


# Against mistakes, not against the owner of the database.
_REFUSE = """
    create or replace function refuse_ledger_change() returns trigger language plpgsql as
    $$ begin raise exception 'the ledger is append-only: %% is never changed', tg_table_name;
    end $$
"""
_GUARD = """
    create trigger refuse_change before update or delete or truncate on %(table)s
    for each statement execute function refuse_ledger_change()
"""
for _row in (LedgerTransactionRow, LedgerTransferRow):
    _table = _row.__table__
    assert isinstance(_table, Table), "a mapped class has a table"
    event.listen(_table, "after_create", DDL(_REFUSE))  # type: ignore[no-untyped-call]
    event.listen(_table, "after_create", DDL(_GUARD))  # type: ignore[no-untyped-call]
