"""corporate actions, and the splits of a version

Revision ID: 0039
Revises: 0038
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_SHARES = sa.Numeric(24, 0)


def upgrade() -> None:
    _add_actions()
    op.create_table(
        "series_splits",
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("new_shares", _SHARES, nullable=False),
        sa.Column("old_shares", _SHARES, nullable=False),
        sa.Column("told_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "new_shares > 0 AND old_shares > 0", name=op.f("ck_series_splits_positive_ratio")
        ),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["bar_series.id"],
            name=op.f("fk_series_splits_series_id_bar_series"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("series_id", "opened_at", name=op.f("pk_series_splits")),
    )
    op.create_index("ix_series_splits_told_by", "series_splits", ["told_by"])


def _add_actions() -> None:
    op.create_table(
        "corporate_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ex_date", sa.Date(), nullable=False),
        sa.Column("new_shares", _SHARES, nullable=True),
        sa.Column("old_shares", _SHARES, nullable=True),
        sa.Column("amount", sa.Numeric(20, 8), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("replaced_by", sa.Uuid(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('active', 'replaced')", name=op.f("ck_corporate_actions_known_state")
        ),
        sa.CheckConstraint(
            "CASE kind WHEN 'split' THEN new_shares > 0 AND old_shares > 0 AND amount IS NULL"
            " WHEN 'dividend' THEN amount > 0 AND new_shares IS NULL AND old_shares IS NULL"
            " ELSE false END",
            name=op.f("ck_corporate_actions_ratio_or_amount"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_corporate_actions_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["bar_imports.id"],
            name=op.f("fk_corporate_actions_import_id_bar_imports"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corporate_actions")),
    )
    op.create_index(
        "ix_corporate_actions_active",
        "corporate_actions",
        ["symbol", "user_id", "ex_date", "kind"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
        postgresql_nulls_not_distinct=True,
    )
    for column in ("user_id", "import_id", "replaced_by"):
        op.create_index(f"ix_corporate_actions_{column}", "corporate_actions", [column])


def downgrade() -> None:
    op.drop_table("series_splits")
    op.drop_table("corporate_actions")
