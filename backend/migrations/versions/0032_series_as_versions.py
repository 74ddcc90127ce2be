"""stored series are versions that an import makes and an undo takes back; imports are jobs

Each import makes series of its own, and what they replace is kept for a while. A series carries the
calendar by which its bars close.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from kuber.market.instruments import traits_of

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_UNIQUE = "uq_bar_series_symbol_user_id_timeframe"
_OF_IMPORT = ("symbols", "first_at", "last_at", "timeframe")


def upgrade() -> None:
    op.add_column(
        "bar_series", sa.Column("state", sa.Text(), nullable=False, server_default="active")
    )
    op.add_column("bar_series", sa.Column("calendar", sa.Text(), nullable=True))
    op.add_column("bar_series", sa.Column("gaps", sa.Integer(), nullable=True))
    op.add_column("bar_series", sa.Column("replaced_by", sa.Uuid(), nullable=True))
    op.add_column("bar_series", sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True))
    connection = op.get_bind()
    symbols = connection.execute(sa.text("select distinct symbol from bar_series")).scalars().all()
    for symbol in symbols:
        connection.execute(
            sa.text("update bar_series set calendar = :calendar where symbol = :symbol"),
            {"calendar": traits_of(symbol).calendar, "symbol": symbol},
        )
    op.alter_column("bar_series", "calendar", nullable=False)
    op.alter_column("bar_series", "state", server_default=None)
    op.create_check_constraint(
        op.f("ck_bar_series_known_state"),
        "bar_series",
        "state in ('loading', 'active', 'replaced', 'dropped')",
    )
    op.drop_constraint(_UNIQUE, "bar_series", type_="unique")
    op.create_index(
        "ix_bar_series_active",
        "bar_series",
        ["symbol", "user_id", "timeframe"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_bar_series_replaced_by", "bar_series", ["replaced_by"])
    _imports()


def _imports() -> None:
    for column in (
        sa.Column("status", sa.Text(), nullable=False, server_default="done"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("done_bytes", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("said", JSONB(), nullable=False, server_default="{}"),
        sa.Column("found", JSONB(), nullable=False, server_default="{}"),
        sa.Column("problems", JSONB(), nullable=False, server_default="[]"),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("bar_imports", column)
    for name in ("status", "size_bytes", "done_bytes", "said", "found", "problems"):
        op.alter_column("bar_imports", name, server_default=None)
    for name in _OF_IMPORT[1:]:
        op.alter_column("bar_imports", name, nullable=True)
    op.create_check_constraint(
        op.f("ck_bar_imports_known_status"),
        "bar_imports",
        "status in ('checking', 'previewed', 'refused', 'queued', 'loading', 'done', 'failed',"
        " 'undone')",
    )
    op.create_index(
        "ix_bar_imports_due",
        "bar_imports",
        ["created_at"],
        postgresql_where=sa.text("status in ('checking', 'queued', 'loading')"),
    )
    op.create_index(
        "ix_bar_imports_expires_at",
        "bar_imports",
        ["expires_at"],
        postgresql_where=sa.text("expires_at is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_bar_imports_expires_at", "bar_imports")
    op.drop_index("ix_bar_imports_due", "bar_imports")
    op.drop_constraint(op.f("ck_bar_imports_known_status"), "bar_imports")
    op.execute("delete from bar_imports where status <> 'done'")
    for name in (
        "status",
        "size_bytes",
        "done_bytes",
        "said",
        "found",
        "problems",
        "claimed_until",
        "expires_at",
    ):
        op.drop_column("bar_imports", name)
    for name in _OF_IMPORT[1:]:
        op.alter_column("bar_imports", name, nullable=False)
    op.drop_index("ix_bar_series_replaced_by", "bar_series")
    op.drop_index("ix_bar_series_active", "bar_series")
    op.execute("delete from bar_series where state <> 'active'")
    op.create_unique_constraint(
        _UNIQUE,
        "bar_series",
        ["symbol", "user_id", "timeframe"],
        postgresql_nulls_not_distinct=True,
    )
    op.drop_constraint(op.f("ck_bar_series_known_state"), "bar_series")
    for name in ("replaced_at", "replaced_by", "gaps", "calendar", "state"):
        op.drop_column("bar_series", name)
