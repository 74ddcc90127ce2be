"""one user's imported symbols in order

Revision ID: 0011
Revises: 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_bar_series_user_id_symbol", "bar_series", ["user_id", "symbol"])
    op.drop_index("ix_bar_series_user_id", table_name="bar_series")


def downgrade() -> None:
    op.create_index("ix_bar_series_user_id", "bar_series", ["user_id"])
    op.drop_index("ix_bar_series_user_id_symbol", table_name="bar_series")
