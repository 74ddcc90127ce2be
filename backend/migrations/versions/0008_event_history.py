"""the event history; entries of the record found by their time

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OF_ENTRIES = (
    ("ix_audit_entries_at", ["at"]),
    ("ix_audit_entries_user_id_at", ["user_id", "at"]),
    ("ix_audit_entries_correlation_id_at", ["correlation_id", "at"]),
)


def upgrade() -> None:
    op.create_table(
        "event_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("service", sa.String(length=60), nullable=False),
        sa.Column("correlation_id", sa.String(length=100), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_history")),
    )
    op.create_index("ix_event_history_user_id_at_id", "event_history", ["user_id", "at", "id"])
    op.create_index("ix_event_history_at_id", "event_history", ["at", "id"])
    op.create_index("ix_event_history_correlation_id_at", "event_history", ["correlation_id", "at"])
    # Rows are inserted at one end and deleted at the other, an hour's worth at a time, of some 170
    # hours: by the usual fifth of the table, the room of a day and a half would lie idle. What was
    # inserted is looked at as often, so that walks along an index find pages known to be visible.
    op.execute(
        "alter table event_history set (autovacuum_vacuum_scale_factor = 0.02,"
        " autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0.02,"
        " autovacuum_analyze_scale_factor = 0.05)"
    )
    for name, columns in _OF_ENTRIES:
        op.create_index(name, "audit_entries", columns)


def downgrade() -> None:
    for name, _ in _OF_ENTRIES:
        op.drop_index(name, table_name="audit_entries")
    op.drop_table("event_history")
