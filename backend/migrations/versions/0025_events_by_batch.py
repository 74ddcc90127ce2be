"""a run's events are kept by the batch that recorded them

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run_events", sa.Column("events", JSONB(), nullable=True))
    op.execute(
        "update run_events set events = jsonb_build_array(jsonb_build_object("
        "'sequence', sequence, 'type', type, 'data', data, 'at',"
        """ to_char("at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))"""
        " || case when node_id is null then '{}' else jsonb_build_object('node_id', node_id) end)"
    )
    op.alter_column("run_events", "events", nullable=False)
    for name in ("type", "at", "node_id", "data"):
        op.drop_column("run_events", name)


def downgrade() -> None:
    op.add_column("run_events", sa.Column("type", sa.String(length=40), nullable=True))
    op.add_column("run_events", sa.Column("at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("run_events", sa.Column("node_id", sa.String(length=100), nullable=True))
    op.add_column("run_events", sa.Column("data", JSONB(), nullable=True))
    op.execute(
        "with batches as (delete from run_events returning run_id, events)"
        ' insert into run_events (run_id, sequence, type, "at", node_id, data, events)'
        " select b.run_id, e.sequence, e.type, e.at, e.node_id, e.data, '[]'"
        " from batches b, jsonb_to_recordset(b.events)"
        ' as e(sequence int, type text, "at" timestamptz, node_id text, data jsonb)'
    )
    for name in ("type", "at", "data"):
        op.alter_column("run_events", name, nullable=False)
    op.drop_column("run_events", "events")
