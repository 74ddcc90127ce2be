"""accounts; orders belong to one, say where they come from, and when the venue was asked for them

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Until now an account was the run's. Where the run is gone the simulated venue still knows it; what
# never reached that has an account of its own.
_ACCOUNT = """
    coalesce(o.run_id,
             (select s.scope from simulated_orders s where s.client_order_id = o.id), o.id)
"""
_CORRELATION = """
    coalesce((select r.correlation_id from runs r where r.id = o.run_id), o.id::text)
"""


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_accounts_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_index("ix_accounts_user_id", "accounts", ["user_id"])
    for column in (
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("origin", sa.String(length=12), server_default="run", nullable=False),
        sa.Column("correlation_id", sa.String(length=100), nullable=True),
        sa.Column(
            "sent_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_found_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("orders", column)
    op.execute(f"""
        update orders o set account_id = {_ACCOUNT}, correlation_id = {_CORRELATION},
            sent_at = o.created_at
    """)  # noqa: S608
    op.execute("""
        insert into accounts (id, user_id, mode, currency, created_at)
        select distinct on (account_id) account_id, user_id, mode, 'USD', created_at
        from orders order by account_id, created_at
    """)
    op.alter_column("orders", "account_id", existing_type=sa.Uuid(), nullable=False)
    op.alter_column("orders", "correlation_id", existing_type=sa.String(length=100), nullable=False)
    op.create_foreign_key(
        op.f("fk_orders_account_id_accounts"), "orders", "accounts", ["account_id"], ["id"]
    )
    op.create_index("ix_orders_account_id", "orders", ["account_id"])
    op.create_index(
        "ix_orders_intended", "orders", ["sent_at"], postgresql_where=sa.text("status = 'intended'")
    )


def downgrade() -> None:
    op.drop_index("ix_orders_intended", table_name="orders")
    for column in ("not_found_at", "asked_at", "sent_at", "correlation_id", "origin", "account_id"):
        op.drop_column("orders", column)
    op.drop_table("accounts")
