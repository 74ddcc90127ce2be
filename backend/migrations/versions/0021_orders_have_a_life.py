"""orders have a life; fills are unique by venue, account and execution

Stop what trades first: while it runs nobody reads orders or fills. Its time goes into one update
of every order and fill.

What the simulated venue filled in part it does not fill any further: such orders are `cancelled`
from now on, in its books as in ours. The record keeps what it said, and verification knows.

Revision ID: 0021
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0018"
branch_labels = None
depends_on = None

_ENDS = ("filled", "cancelled", "expired")
_TRANSITIONS = {
    "intended": (
        "submitted",
        "working",
        "partially_filled",
        *_ENDS,
        "rejected",
        "validated",
    ),
    "submitted": ("working", "partially_filled", *_ENDS, "rejected"),
    "working": ("partially_filled", *_ENDS, "rejected"),
    "partially_filled": _ENDS,
}
_STATUSES = (*_TRANSITIONS, *_ENDS, "rejected", "validated")
_OPEN = sa.text("status in ('intended', 'partially_filled', 'submitted', 'working')")
_GUARD = """
    create function refuse_order_transition() returns trigger language plpgsql as $$
    begin
        if not exists (select from order_transitions t
                       where t.before = old.status and t.after = new.status) then
            raise exception 'order % is % and cannot become %', old.id, old.status, new.status
                using errcode = 'check_violation';
        end if;
        return new;
    end $$
"""
_GUARDED = """
    create trigger guard_status before update on orders for each row
    when (old.status is distinct from new.status) execute function refuse_order_transition()
"""
_MONEY = sa.Numeric(20, 8)


def upgrade() -> None:
    _add_transitions()
    for column in (
        sa.Column("venue", sa.String(length=32), nullable=True),
        sa.Column("origin_key", postgresql.JSONB(), nullable=True),
        sa.Column("leg", sa.String(length=16), server_default="entry", nullable=False),
        sa.Column("attempt", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("filled_quantity", _MONEY, server_default=sa.text("0"), nullable=False),
        sa.Column("answers", sa.Integer(), server_default=sa.text("0"), nullable=False),
    ):
        op.add_column("orders", column)
    op.execute("""
        update orders o set venue = mode, answers = (status <> 'intended')::int,
            status = case status when 'partially_filled' then 'cancelled' else status end,
            origin_key = jsonb_build_array(coalesce(run_id, account_id)::text, node_id),
            filled_quantity = coalesce(
                (select sum(f.quantity) from fills f where f.order_id = o.id), 0)
    """)
    op.alter_column("orders", "leg", server_default=None)
    op.alter_column("orders", "attempt", server_default=None)
    op.alter_column("orders", "venue", existing_type=sa.String(length=32), nullable=False)
    op.alter_column("orders", "origin_key", existing_type=postgresql.JSONB(), nullable=False)
    op.alter_column("orders", "node_id", existing_type=sa.String(length=100), nullable=True)
    statuses = ", ".join(f"'{status}'" for status in _STATUSES)
    op.create_check_constraint(op.f("ck_orders_status"), "orders", f"status in ({statuses})")
    op.create_check_constraint(op.f("ck_orders_attempt"), "orders", "attempt > 0")
    op.drop_index("ix_orders_intended", table_name="orders")
    op.create_index("ix_orders_open", "orders", ["sent_at"], postgresql_where=_OPEN)
    op.execute(_GUARD)
    op.execute(_GUARDED)
    _fills_by_execution()
    _keep_checked_orders()
    op.execute("""
        update simulated_orders set report = jsonb_set(report, '{status}', '"cancelled"')
        where report ->> 'status' = 'partially_filled'
    """)


def _add_transitions() -> None:
    table = op.create_table(
        "order_transitions",
        sa.Column("before", sa.String(length=20), nullable=False),
        sa.Column("after", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("before", "after", name=op.f("pk_order_transitions")),
    )
    op.bulk_insert(
        table,
        [
            {"before": before, "after": after}
            for before, following in _TRANSITIONS.items()
            for after in following
        ],
    )


def _fills_by_execution() -> None:
    for column in (
        sa.Column("venue", sa.String(length=32), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("execution_id", sa.String(length=100), nullable=True),
        sa.Column("answer", sa.Integer(), nullable=True),
    ):
        op.add_column("fills", column)
    # The ids that the simulated venue gives the executions in its books.
    op.execute("""
        update fills f set venue = o.venue, account_id = o.account_id, answer = 1,
            execution_id = concat(f.order_id, '-', f.number)
        from orders o where o.id = f.order_id
    """)
    op.drop_constraint(op.f("pk_fills"), "fills", type_="primary")
    op.drop_column("fills", "number")
    for name, kind in (
        ("venue", sa.String(length=32)),
        ("account_id", sa.Uuid()),
        ("execution_id", sa.String(length=100)),
        ("answer", sa.Integer()),
    ):
        op.alter_column("fills", name, existing_type=kind, nullable=False)
    op.create_primary_key(op.f("pk_fills"), "fills", ["venue", "account_id", "execution_id"])
    op.create_index("ix_fills_order_id", "fills", ["order_id"])


def _keep_checked_orders() -> None:
    op.create_table(
        "validated_orders",
        sa.Column("client_order_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_validated_orders_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("client_order_id", name=op.f("pk_validated_orders")),
    )
    op.create_index(
        "ix_validated_orders_account_id_created_at",
        "validated_orders",
        ["account_id", "created_at"],
    )
    op.execute("""
        insert into validated_orders (client_order_id, user_id, account_id, created_at)
        select id, user_id, account_id, created_at from orders where status = 'validated'
    """)


def downgrade() -> None:
    op.execute("""
        update simulated_orders set report = jsonb_set(report, '{status}', '"partially_filled"')
        where report ->> 'status' = 'cancelled'
    """)
    op.drop_table("validated_orders")

    op.add_column("fills", sa.Column("number", sa.Integer(), nullable=True))
    op.execute("""
        update fills f set number = n.number
        from (select venue, account_id, execution_id, row_number() over (
                  partition by order_id order by time, execution_id) as number from fills) n
        where (f.venue, f.account_id, f.execution_id) = (n.venue, n.account_id, n.execution_id)
    """)
    op.alter_column("fills", "number", existing_type=sa.Integer(), nullable=False)
    op.drop_index("ix_fills_order_id", table_name="fills")
    op.drop_constraint(op.f("pk_fills"), "fills", type_="primary")
    for column in ("answer", "execution_id", "account_id", "venue"):
        op.drop_column("fills", column)
    op.create_primary_key(op.f("pk_fills"), "fills", ["order_id", "number"])

    op.execute("drop trigger guard_status on orders")
    op.execute("drop function refuse_order_transition()")
    op.drop_table("order_transitions")
    op.drop_constraint(op.f("ck_orders_attempt"), "orders", type_="check")
    op.drop_constraint(op.f("ck_orders_status"), "orders", type_="check")
    op.execute("""
        update orders set status = 'partially_filled' where status = 'cancelled'
            and filled_quantity > 0
    """)
    op.drop_index("ix_orders_open", table_name="orders")
    op.create_index(
        "ix_orders_intended", "orders", ["sent_at"], postgresql_where=sa.text("status = 'intended'")
    )
    op.execute("update orders set node_id = '' where node_id is null")
    op.alter_column("orders", "node_id", existing_type=sa.String(length=100), nullable=False)
    for column in ("answers", "filled_quantity", "attempt", "leg", "origin_key", "venue"):
        op.drop_column("orders", column)
