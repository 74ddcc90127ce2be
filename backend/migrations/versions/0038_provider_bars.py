"""the bars that providers gave, as versions

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("covered", TSTZMULTIRANGE(), nullable=False),
        sa.Column("answered", TSTZMULTIRANGE(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_series")),
        sa.CheckConstraint(
            "state in ('active', 'replaced', 'dropped')",
            name=op.f("ck_provider_series_known_state"),
        ),
    )
    op.create_index(
        "ix_provider_series_active",
        "provider_series",
        ["source", "provider", "symbol", "timeframe"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        "ix_provider_series_replaced_at",
        "provider_series",
        ["replaced_at"],
        postgresql_where=sa.text("state <> 'active'"),
    )
    op.create_table(
        "provider_bars",
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Numeric(), nullable=False) for name in ("open", "high", "low")),
        *(sa.Column(name, sa.Numeric(), nullable=False) for name in ("close", "volume")),
        sa.Column("adj_close", sa.Numeric(), nullable=True),
        sa.PrimaryKeyConstraint("series_id", "opened_at", name=op.f("pk_provider_bars")),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["provider_series.id"],
            name=op.f("fk_provider_bars_series_id"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "low > 0 AND high >= low AND volume >= 0", name=op.f("ck_provider_bars_sane_prices")
        ),
    )


def downgrade() -> None:
    op.drop_table("provider_bars")
    op.drop_table("provider_series")
