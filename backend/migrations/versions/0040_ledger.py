"""the ledger: transactions and transfers, and what is served of them

Adds tables alone; nothing reads or writes them yet.

Every account of a transaction is under its owner, counter accounts too, so that no row is shared
by two owners: whoever posts waits for others of the same owner alone, and books never wait for
each other.

Revision ID: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_AMOUNT = sa.Numeric(38, 18)
_BOOKS = "book in ('trading', 'usage')"
_KINDS = (
    "kind in ('deposit', 'units', 'cost', 'realised_pnl', 'fee', 'rounding', 'dividend', 'spent',"
    " 'hold', 'release', 'debt', 'repayment', 'reset')"
)
_INSERT_ONLY = ("ledger_transactions", "ledger_transfers")


def upgrade() -> None:
    _add_transactions()
    _add_transfers()
    _add_what_is_served()
    # Guards against mistakes, not against the owner of the database.
    op.execute("""
        create function refuse_ledger_change() returns trigger language plpgsql as
        $$ begin raise exception 'the ledger is append-only: % is never changed', tg_table_name;
        end $$
    """)
    for table in _INSERT_ONLY:
        op.execute(
            f"create trigger refuse_change before update or delete or truncate on {table}"
            " for each statement execute function refuse_ledger_change()"
        )


def _add_transactions() -> None:
    op.create_table(
        "ledger_transactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("book", sa.String(length=8), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("symbol", sa.String(length=32), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("venue_execution_id", sa.String(length=100), nullable=True),
        sa.Column("memo", sa.String(length=500), nullable=False),
        sa.Column("fact", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(_BOOKS, name=op.f("ck_ledger_transactions_book")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transactions")),
    )
    op.create_index(
        "ix_ledger_transactions_owner", "ledger_transactions", ["owner", "book", "number"]
    )


def _add_transfers() -> None:
    op.create_table(
        "ledger_transfers",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("book", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("debit", sa.String(length=48), nullable=False),
        sa.Column("credit", sa.String(length=48), nullable=False),
        sa.Column("amount", _AMOUNT, nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("hold_key", sa.Uuid(), nullable=True),
        sa.Column("hold_number", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_transfers_positive")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_ledger_transfers_two_sides")),
        sa.CheckConstraint(_BOOKS, name=op.f("ck_ledger_transfers_book")),
        sa.CheckConstraint(_KINDS, name=op.f("ck_ledger_transfers_kind")),
        sa.CheckConstraint(
            "state in ('pending', 'posted', 'voided')", name=op.f("ck_ledger_transfers_state")
        ),
        sa.CheckConstraint(
            "num_nonnulls(hold_key, hold_number) in (0, 2)"
            " and (state = 'posted' or hold_key is not null)",
            name=op.f("ck_ledger_transfers_hold"),
        ),
        sa.PrimaryKeyConstraint("transaction_id", "number", name=op.f("pk_ledger_transfers")),
    )
    for name, condition in (
        ("made", "state = 'pending'"),
        ("ended", "state <> 'pending' and hold_key is not null"),
    ):
        op.create_index(
            f"uq_ledger_transfers_hold_{name}",
            "ledger_transfers",
            ["book", "hold_key", "hold_number"],
            unique=True,
            postgresql_where=sa.text(condition),
        )


def _add_what_is_served() -> None:
    op.create_table(
        "ledger_accounts",
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("book", sa.String(length=8), nullable=False),
        sa.Column("path", sa.String(length=48), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("balance", _AMOUNT, nullable=False),
        sa.CheckConstraint(
            "path not in ('cash', 'reserved') or balance >= 0",
            name=op.f("ck_ledger_accounts_not_overdrawn"),
        ),
        sa.CheckConstraint(
            "path <> 'debt' or balance <= 0", name=op.f("ck_ledger_accounts_not_overpaid")
        ),
        sa.CheckConstraint(_BOOKS, name=op.f("ck_ledger_accounts_book")),
        sa.PrimaryKeyConstraint("owner", "book", "path", "unit", name=op.f("pk_ledger_accounts")),
    )
    op.create_index(
        "uq_ledger_accounts_cash",
        "ledger_accounts",
        ["owner", "book"],
        unique=True,
        postgresql_where=sa.text("path = 'cash'"),
    )
    op.create_table(
        "ledger_lots",
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("book", sa.String(length=8), nullable=False),
        sa.Column("symbol", sa.String(length=32), nullable=False),
        sa.Column("position_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quantity", _AMOUNT, nullable=False),
        sa.Column("cost", _AMOUNT, nullable=False),
        sa.CheckConstraint(
            "quantity <> 0 and sign(cost) in (0, sign(quantity))",
            name=op.f("ck_ledger_lots_one_sign"),
        ),
        sa.PrimaryKeyConstraint(
            "owner", "book", "symbol", "position_id", "number", name=op.f("pk_ledger_lots")
        ),
    )
    _add_holds()
    # Rows that change all the time leave room for their next version on the same page.
    for table in ("ledger_accounts", "ledger_lots"):
        op.execute(f"alter table {table} set (fillfactor = 70)")


def _add_holds() -> None:
    op.create_table(
        "ledger_holds",
        sa.Column("book", sa.String(length=8), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column("amount", _AMOUNT, nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_holds_positive")),
        sa.CheckConstraint(
            "purpose in ('order', 'margin', 'usage')", name=op.f("ck_ledger_holds_purpose")
        ),
        sa.CheckConstraint(
            "purpose <> 'order' or expires_at is null",
            name=op.f("ck_ledger_holds_orders_do_not_expire"),
        ),
        sa.PrimaryKeyConstraint("book", "key", name=op.f("pk_ledger_holds")),
    )
    op.create_index("ix_ledger_holds_owner", "ledger_holds", ["owner", "book"])
    op.create_index(
        "ix_ledger_holds_expires_at",
        "ledger_holds",
        ["book", "expires_at"],
        postgresql_where=sa.text("expires_at is not null"),
    )


def downgrade() -> None:
    for table in (
        "ledger_holds",
        "ledger_lots",
        "ledger_accounts",
        "ledger_transfers",
        "ledger_transactions",
    ):
        op.drop_table(table)
    op.execute("drop function refuse_ledger_change()")
