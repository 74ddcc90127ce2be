"""pending runs are found in the order in which they are claimed

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_PENDING = sa.text("status = 'pending'")


def upgrade() -> None:
    op.drop_index("ix_runs_pending", table_name="runs")
    op.create_index(
        "ix_runs_pending",
        "runs",
        [sa.text("(started_by <> 'manual')"), "id"],
        postgresql_where=_PENDING,
    )


def downgrade() -> None:
    op.drop_index("ix_runs_pending", table_name="runs")
    op.create_index("ix_runs_pending", "runs", ["id"], postgresql_where=_PENDING)
