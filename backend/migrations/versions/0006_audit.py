"""the record: entries, their chain, checkpoints; orders outlive their runs

Stop what trades first. From its first change of a table until the upgrade commits it holds
`access exclusive` on `orders` and `fills` and `share row exclusive` on `runs` and `users`: nobody
reads orders meanwhile. A lock that it does not get within 5 s stops the upgrade, and nothing has
changed then. Its time goes into an entry for each order: 27 s for 20,000 orders, measured on two
processors that were busy with other work. All of it is one transaction with the migrations around
it, so that no record begins with half of the orders.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kuber.audit.canonical import canonical

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BATCH = 1000
_ORDERS = sa.text("""
    select o.id, o.user_id, o.run_id, o.node_id, o.mode, o.symbol, o.side, o.quantity,
           o.reference_price, o.levels, o.status, o.reason, r.correlation_id,
           coalesce((select json_agg(json_build_object(
               'number', f.number, 'time', f.time, 'quantity', f.quantity::text,
               'price', f.price::text, 'commission', f.commission::text) order by f.number)
             from fills f where f.order_id = o.id), '[]') as fills
    from orders o join runs r on r.id = o.run_id order by o.created_at, o.id
""")
_ADOPT = sa.text("""
    with added as (
        insert into audit_entries (event_id, correlation_id, event_type, at, data, user_id)
        values (gen_random_uuid(), :correlation_id, 'order_adopted', now(), :data, :user_id)
        returning id
    )
    insert into audit_pending (entry_id) select id from added
""")
_INSERT_ONLY = ("audit_entries", "audit_links", "audit_checkpoints")


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("correlation_id", sa.String(length=100), nullable=False),
        sa.Column("event_type", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_user_id_id", "audit_entries", ["user_id", "id"])
    op.create_table(
        "audit_pending",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "appended_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_pending")),
    )
    # A queue: its dead rows are cleared by their number, not by their share.
    op.execute(
        "alter table audit_pending set (autovacuum_vacuum_scale_factor = 0,"
        " autovacuum_vacuum_threshold = 5000)"
    )
    op.create_table(
        "audit_links",
        sa.Column("chain_position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", postgresql.BYTEA(), nullable=False),
        sa.Column("previous_hash", postgresql.BYTEA(), nullable=False),
        sa.PrimaryKeyConstraint("chain_position", name=op.f("pk_audit_links")),
    )
    op.create_index("uq_audit_links_entry_id", "audit_links", ["entry_id"], unique=True)
    op.create_table(
        "audit_checkpoints",
        sa.Column("chain_position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chain_id", sa.Uuid(), nullable=False),
        sa.Column("hash", postgresql.BYTEA(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("signature", postgresql.BYTEA(), nullable=False),
        sa.PrimaryKeyConstraint("chain_position", name=op.f("pk_audit_checkpoints")),
    )
    op.create_table(
        "audit_published",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chain_position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_published")),
    )
    op.create_table(
        "audit_personal",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("salt", postgresql.BYTEA(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "field", name=op.f("pk_audit_personal")),
    )
    op.create_index("ix_audit_personal_user_id", "audit_personal", ["user_id"])
    _refuse_changes()
    _let_orders_outlive_their_runs()
    _adopt_orders()


def downgrade() -> None:
    # Orders whose run was deleted have no place in the tables of before.
    op.execute("""
        do $$ begin
            if exists (select from orders where run_id is null) then
                raise exception 'there are orders of deleted runs: keep them elsewhere first';
            end if;
        end $$
    """)
    for table, column, other in (
        ("orders", "run_id", "runs"),
        ("orders", "user_id", "users"),
        ("fills", "order_id", "orders"),
    ):
        _reference(table, column, other, "CASCADE")
    op.alter_column("orders", "run_id", existing_type=sa.Uuid(), nullable=False)
    for table in (
        "audit_personal",
        "audit_published",
        "audit_checkpoints",
        "audit_links",
        "audit_pending",
        "audit_entries",
    ):
        op.drop_table(table)
    op.execute("drop function refuse_audit_change()")


def _refuse_changes() -> None:
    """Guard against mistakes, not against the owner of the database: that is the chain's part."""
    op.execute("""
        create function refuse_audit_change() returns trigger language plpgsql as
        $$ begin raise exception 'the record is append-only: % is never changed', tg_table_name;
        end $$
    """)
    for table in _INSERT_ONLY:
        op.execute(
            f"create trigger refuse_change before update or delete or truncate on {table}"
            " for each statement execute function refuse_audit_change()"
        )


def _let_orders_outlive_their_runs() -> None:
    op.alter_column("orders", "run_id", existing_type=sa.Uuid(), nullable=True)
    _reference("orders", "run_id", "runs", "SET NULL")
    _reference("orders", "user_id", "users", None)
    _reference("fills", "order_id", "orders", None)


def _reference(table: str, column: str, other: str, ondelete: str | None) -> None:
    name = op.f(f"fk_{table}_{column}")
    op.drop_constraint(name, table, type_="foreignkey")
    op.create_foreign_key(name, table, other, [column], ["id"], ondelete=ondelete)


def _adopt_orders() -> None:
    """Put on record how the orders stand with which the record begins."""
    connection = op.get_bind()
    orders = connection.execute(_ORDERS, execution_options={"yield_per": _BATCH})
    for part in orders.mappings().partitions(_BATCH):
        connection.execute(
            _ADOPT,
            [
                {
                    "correlation_id": row["correlation_id"],
                    "user_id": row["user_id"],
                    "data": canonical(
                        {
                            "order_id": row["id"],
                            **{
                                name: row[name]
                                for name in (
                                    *("run_id", "node_id", "mode", "symbol", "side", "quantity"),
                                    *("reference_price", "status", "reason", "fills"),
                                )
                            },
                            **row["levels"],
                        }
                    ),
                }
                for row in part
            ],
        )
