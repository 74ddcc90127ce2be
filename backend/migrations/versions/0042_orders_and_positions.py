"""Orders of every type, positions, order books, switches, and what is asked of the order service.

Orders from before were market orders that opened; those with fills are settled. New columns of
`orders` have defaults, so that runs of the version before go on recording theirs.

Revision ID: 0042
Revises: 0041
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_MONEY = sa.Numeric(20, 8)
_LEDGER = sa.Numeric(38, 18)
_AT = sa.DateTime(timezone=True)
_ORDER_COLUMNS: tuple[sa.Column[Any], ...] = (
    sa.Column("type", sa.String(16), server_default="market", nullable=False),
    sa.Column("time_in_force", sa.String(4), server_default="day", nullable=False),
    sa.Column("limit_price", _MONEY, nullable=True),
    sa.Column("stop_price", _MONEY, nullable=True),
    sa.Column("trail_amount", _MONEY, nullable=True),
    sa.Column("trail_percent", _MONEY, nullable=True),
    sa.Column("effect", sa.String(5), server_default="open", nullable=False),
    sa.Column("position_id", sa.Uuid(), nullable=True),
    sa.Column("order_group", sa.Text(), nullable=True),
    sa.Column("replaces", sa.Uuid(), nullable=True),
    sa.Column("expires_at", _AT, nullable=True),
    sa.Column("remaining", _MONEY, nullable=True),
    sa.Column("reserved", _LEDGER, nullable=True),
    sa.Column("extended_hours", sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column("settlement_status", sa.String(8), server_default="pending", nullable=False),
    sa.Column("waits_for", sa.String(16), nullable=True),
    sa.Column("caller_reference", sa.String(128), nullable=True),
    sa.Column("estimated", sa.Boolean(), server_default=sa.false(), nullable=False),
)
_CHECKS = {
    "type": "type in ('limit', 'market', 'stop', 'stop_limit', 'trailing_stop')",
    "time_in_force": "time_in_force in ('cls', 'day', 'fok', 'gtc', 'ioc', 'opg')",
    "effect": "effect in ('close', 'open')",
    "settlement_status": "settlement_status in ('failed', 'pending', 'settled')",
}


def upgrade() -> None:
    op.create_table(
        "positions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.String(12), nullable=False),
        sa.Column("symbol", sa.String(32), nullable=False),
        sa.Column("pipeline_id", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("entry_order_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(120), nullable=False),
        sa.Column("side", sa.String(4), nullable=False),
        sa.Column("quantity", _MONEY, nullable=False),
        sa.Column("average_price", _MONEY, nullable=True),
        sa.Column("realised_pnl", _LEDGER, server_default="0", nullable=False),
        sa.Column("fees", _LEDGER, server_default="0", nullable=False),
        sa.Column("stop", _MONEY, nullable=True),
        sa.Column("targets", postgresql.JSONB(), nullable=False),
        sa.Column("protected_by", sa.String(12), nullable=False),
        sa.Column("unprotected", _MONEY, server_default="0", nullable=False),
        sa.Column("unprotected_since", _AT, nullable=True),
        sa.Column("unprotected_seconds", sa.Numeric(38, 6), server_default="0", nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("exit_reason", sa.String(24), nullable=True),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("opened_at", _AT, nullable=True),
        sa.Column("closed_at", _AT, nullable=True),
        sa.Column("next_look_at", _AT, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status in ('closed', 'closing', 'dust', 'frozen', 'open', 'opening')",
            name=op.f("ck_positions_status"),
        ),
        sa.CheckConstraint("side in ('buy', 'sell')", name=op.f("ck_positions_side")),
        sa.CheckConstraint(
            "(status = 'closed') = (closed_at is not null)", name=op.f("ck_positions_closed")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_positions_user_id_users")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_positions_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
            name=op.f("fk_positions_run_id_runs"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_positions")),
    )
    op.create_index("ix_positions_user_id_created_at", "positions", ["user_id", "created_at"])
    op.create_index(op.f("ix_positions_account_id"), "positions", ["account_id"])
    op.create_index(op.f("ix_positions_run_id"), "positions", ["run_id"])
    op.create_index(
        "ix_positions_live",
        "positions",
        ["symbol"],
        postgresql_where=sa.text("status <> 'closed'"),
    )
    op.create_index(op.f("ix_positions_pipeline_id"), "positions", ["pipeline_id"])
    op.create_table(
        "venue_books",
        sa.Column("symbol", sa.String(32), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("symbol", name=op.f("pk_venue_books")),
    )
    op.create_table(
        "trading_switches",
        sa.Column("scope", sa.String(80), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("set_by", sa.String(80), nullable=False),
        sa.Column("set_at", _AT, nullable=False),
        sa.Column("report", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(
            "state in ('halted', 'off', 'paused', 'reduce_only')",
            name=op.f("ck_trading_switches_state"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_trading_switches_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_trading_switches")),
    )
    op.create_index(op.f("ix_trading_switches_user_id"), "trading_switches", ["user_id"])
    op.create_table(
        "trading_latch",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("watched_at", _AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trading_latch")),
    )
    op.execute("insert into trading_latch (id, epoch) values (1, 1)")
    op.create_table(
        "order_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target", sa.Uuid(), nullable=False),
        sa.Column("args", postgresql.JSONB(), nullable=False),
        sa.Column("correlation_id", sa.String(100), nullable=False),
        sa.Column("requested_at", _AT, nullable=False),
        sa.Column("done_at", _AT, nullable=True),
        sa.Column("outcome", sa.String(500), nullable=True),
        sa.CheckConstraint(
            "kind in ('cancel_order', 'close_position', 'withdraw_entry')",
            name=op.f("ck_order_requests_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_order_requests_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_requests")),
    )
    op.create_index(op.f("ix_order_requests_user_id"), "order_requests", ["user_id"])
    op.create_index(
        "ix_order_requests_waiting",
        "order_requests",
        ["requested_at"],
        postgresql_where=sa.text("done_at is null"),
    )
    op.create_table(
        "account_equity",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("equity", _LEDGER, nullable=False),
        sa.Column("cash", _LEDGER, nullable=False),
        sa.Column("holdings", _LEDGER, nullable=False),
        sa.Column("open_risk", _LEDGER, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_equity_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", "at", name=op.f("pk_account_equity")),
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("differences", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            "status in ('clean', 'differs')", name=op.f("ck_reconciliations_status")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_reconciliations_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
    )
    op.create_index("ix_reconciliations_account_id_at", "reconciliations", ["account_id", "at"])
    op.add_column("accounts", sa.Column("entries_blocked", sa.String(500), nullable=True))
    op.add_column("pipelines", sa.Column("account_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_pipelines_account_id_accounts"),
        "pipelines",
        "accounts",
        ["account_id"],
        ["id"],
    )
    op.create_index(op.f("ix_pipelines_account_id"), "pipelines", ["account_id"])
    for column in _ORDER_COLUMNS:
        op.add_column("orders", column)
    for name, rule in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_orders_{name}"), "orders", rule)
    op.create_foreign_key(
        op.f("fk_orders_position_id_positions"), "orders", "positions", ["position_id"], ["id"]
    )
    op.create_index(op.f("ix_orders_position_id"), "orders", ["position_id"])
    op.create_index(
        "uq_orders_caller_reference",
        "orders",
        ["account_id", "caller_reference"],
        unique=True,
        postgresql_where=sa.text("caller_reference is not null"),
    )
    op.execute("update orders set settlement_status = 'settled' where filled_quantity > 0")


def downgrade() -> None:
    op.drop_index("uq_orders_caller_reference", "orders")
    op.drop_index(op.f("ix_orders_position_id"), "orders")
    op.drop_constraint(op.f("fk_orders_position_id_positions"), "orders")
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_orders_{name}"), "orders")
    for column in reversed(_ORDER_COLUMNS):
        op.drop_column("orders", column.name)
    op.drop_index(op.f("ix_pipelines_account_id"), "pipelines")
    op.drop_constraint(op.f("fk_pipelines_account_id_accounts"), "pipelines")
    op.drop_column("pipelines", "account_id")
    op.drop_column("accounts", "entries_blocked")
    for table in (
        "reconciliations",
        "account_equity",
        "order_requests",
        "trading_latch",
        "trading_switches",
        "venue_books",
        "positions",
    ):
        op.drop_table(table)
