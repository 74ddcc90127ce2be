"""limits

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_DEFAULTS = {
    "pipelines": 500,
    "versions_per_pipeline": 200,
    "stored_bytes": 3_000_000_000,
    "sockets": 20,
    "queued_runs": 1000,
    "requests_per_minute": 1200,
    "requests_at_once": 32,
    "imports_at_work": 3,
}
_MEASURE = """
    update pipelines p set stored_bytes = pg_column_size(p.graph) + coalesce(
        (select sum(pg_column_size(v.graph)) from pipeline_versions v
         where v.pipeline_id = p.id), 0)
"""
_ADD_UP_ANSWERS = """
    insert into answer_bytes (user_id, hour, bytes)
    select user_id, date_trunc('hour', created_at), sum(coalesce(octet_length(answer), 0))
    from idempotency_keys where user_id is not null group by 1, 2
"""


def upgrade() -> None:
    limits = op.create_table(
        "limits",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "name", name=op.f("pk_limits")),
    )
    rows = [{"scope": "default", "name": name, "value": value} for name, value in _DEFAULTS.items()]
    op.bulk_insert(limits, rows)
    op.create_table(
        "answer_bytes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_answer_bytes_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "hour", name=op.f("pk_answer_bytes")),
    )
    op.execute(_ADD_UP_ANSWERS)
    op.add_column(
        "pipelines",
        sa.Column("stored_bytes", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.execute(_MEASURE)
    op.create_index(
        "ix_runs_queued",
        "runs",
        ["user_id"],
        unique=False,
        postgresql_where=sa.text("status in ('pending', 'waiting')"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_runs_queued",
        table_name="runs",
        postgresql_where=sa.text("status in ('pending', 'waiting')"),
    )
    op.drop_column("pipelines", "stored_bytes")
    op.drop_table("answer_bytes")
    op.drop_table("limits")
