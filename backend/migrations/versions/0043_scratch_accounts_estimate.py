"""Scratch accounts have no venue: what the old ones kept of it goes

Their orders and fills are in the journal. An intent that was interrupted is answered when its run
goes on, by the estimate.

Revision ID: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_MONEY = sa.Numeric(20, 8)


def upgrade() -> None:
    op.drop_table("simulated_orders")
    op.drop_table("validated_orders")


def downgrade() -> None:
    op.create_table(
        "validated_orders",
        sa.Column("client_order_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        _created_at(),
        _owner("fk_validated_orders_user_id_users"),
        sa.PrimaryKeyConstraint("client_order_id", name=op.f("pk_validated_orders")),
    )
    op.create_index(
        "ix_validated_orders_account_id_created_at",
        "validated_orders",
        ["account_id", "created_at"],
    )
    op.create_table(
        "simulated_orders",
        sa.Column("client_order_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Uuid(), nullable=False),
        sa.Column("symbol", sa.String(length=32), nullable=False),
        sa.Column("filled_quantity", _MONEY, nullable=False),
        sa.Column("average_price", _MONEY, nullable=False),
        sa.Column("commission", _MONEY, nullable=False),
        sa.Column("report", postgresql.JSONB(), nullable=False),
        _created_at(),
        _owner("fk_simulated_orders_user_id"),
        sa.PrimaryKeyConstraint("client_order_id", name=op.f("pk_simulated_orders")),
    )
    op.create_index("ix_simulated_orders_scope_symbol", "simulated_orders", ["scope", "symbol"])


def _created_at() -> sa.Column[object]:
    return sa.Column(
        "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _owner(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(name), ondelete="CASCADE")
