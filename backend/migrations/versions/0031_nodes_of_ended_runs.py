"""Nodes of runs that ended before them no longer count as under way; schedules in the zone of the
server go by UTC.

Revision ID: 0031
Revises: 0030
"""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_TRIGGERS = (
    ("pipelines", "trigger"),
    ("pipelines", "published_trigger"),
    ("pipeline_versions", "trigger"),
)


def upgrade() -> None:
    op.execute(
        """
        update node_runs n set status = 'cancelled', finished_at = r.finished_at, wake_at = null
        from runs r
        where n.run_id = r.id and r.status in ('failed', 'cancelled')
            and n.status in ('pending', 'running', 'waiting')
        """
    )
    for table, column in _TRIGGERS:
        op.execute(
            f"""
            update {table} set {column} = jsonb_set({column}, '{{timezone}}', '"UTC"')
            where {column} ->> 'timezone' in ('localtime', 'Factory')
            """  # noqa: S608  put together from constants
        )


def downgrade() -> None:
    """What they were is not known any more, and nothing asks for it."""
