"""an index of the runs that wait by their users, who take turns

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_PENDING = sa.text("status = 'pending'")
_LATER = sa.text("(started_by <> 'manual')")


def upgrade() -> None:
    op.drop_index("ix_runs_pending", "runs")
    op.create_index("ix_runs_pending", "runs", ["user_id", _LATER, "id"], postgresql_where=_PENDING)


def downgrade() -> None:
    op.drop_index("ix_runs_pending", "runs")
    op.create_index("ix_runs_pending", "runs", [_LATER, "id"], postgresql_where=_PENDING)
