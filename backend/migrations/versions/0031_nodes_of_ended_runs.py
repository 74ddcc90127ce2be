"""Nodes of runs that ended before them no longer count as under way.

Revision ID: 0031
Revises: 0030
"""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        update node_runs n set status = 'cancelled', finished_at = r.finished_at, wake_at = null
        from runs r
        where n.run_id = r.id and r.status in ('failed', 'cancelled')
            and n.status in ('pending', 'running', 'waiting')
        """
    )


def downgrade() -> None:
    """What they were is not known any more, and nothing asks for it."""
