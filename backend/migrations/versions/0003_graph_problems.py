"""graph problems

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    nodes = sa.Column("node_count", sa.Integer(), server_default="0", nullable=False)
    problems = postgresql.JSONB(astext_type=sa.Text())
    op.add_column("pipelines", nodes.copy())
    op.add_column(
        "pipelines", sa.Column("problem_count", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(
        "pipelines",
        sa.Column("problems", problems, server_default=sa.text("'[]'"), nullable=False),
    )
    # Stays empty: the graphs are checked when they are next seen, or by the API in the background.
    op.add_column(
        "pipelines", sa.Column("checked_with", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("pipeline_versions", nodes.copy())
    for table in ("pipelines", "pipeline_versions"):
        op.execute(
            f"update {table} set node_count = jsonb_array_length(graph -> 'nodes')"  # noqa: S608
            " where jsonb_typeof(graph -> 'nodes') = 'array'"
        )
    # What starts by hand is not active: there is nothing to switch off.
    op.execute(
        "update pipelines set status = 'draft'"
        " where status = 'active' and trigger ->> 'kind' = 'manual'"
    )


def downgrade() -> None:
    op.drop_column("pipeline_versions", "node_count")
    for column in ("checked_with", "problems", "problem_count", "node_count"):
        op.drop_column("pipelines", column)
