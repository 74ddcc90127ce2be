"""runs may have a parent; nodes and their costs are kept by symbol; seeds name their rule

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_NODES = op.f("pk_node_runs")
_COSTS = op.f("pk_cost_tracking")
_PARENT = op.f("fk_runs_parent_id")


def upgrade() -> None:
    op.add_column("runs", sa.Column("parent_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(_PARENT, "runs", "runs", ["parent_id"], ["id"], ondelete="CASCADE")
    op.create_index(op.f("ix_runs_parent_id"), "runs", ["parent_id"])
    # What was accepted up to here draws, and draws again, from the seeds that it began with.
    op.add_column(
        "runs", sa.Column("seed_rule", sa.SmallInteger(), server_default="1", nullable=False)
    )
    op.alter_column("runs", "seed_rule", server_default="2")

    op.add_column("node_runs", sa.Column("symbol", sa.String(length=32), nullable=True))
    op.execute("update node_runs n set symbol = r.symbol from runs r where r.id = n.run_id")
    op.alter_column("node_runs", "symbol", nullable=False)
    op.drop_constraint(_NODES, "node_runs", type_="primary")
    op.create_primary_key(_NODES, "node_runs", ["run_id", "node_id", "symbol"])

    op.drop_constraint(_COSTS, "cost_tracking", type_="primary")
    op.create_primary_key(_COSTS, "cost_tracking", ["run_id", "node_id", "symbol", "attempt"])


def downgrade() -> None:
    # Up to this revision each run has one symbol: the shorter keys are unique.
    op.drop_constraint(_COSTS, "cost_tracking", type_="primary")
    op.create_primary_key(_COSTS, "cost_tracking", ["run_id", "node_id", "attempt"])

    op.drop_constraint(_NODES, "node_runs", type_="primary")
    op.create_primary_key(_NODES, "node_runs", ["run_id", "node_id"])
    op.drop_column("node_runs", "symbol")

    op.drop_column("runs", "seed_rule")
    op.drop_index(op.f("ix_runs_parent_id"), table_name="runs")
    op.drop_constraint(_PARENT, "runs", type_="foreignkey")
    op.drop_column("runs", "parent_id")
