"""outbox rows that stay until they are recorded

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbox", sa.Column("sent_partition", sa.Integer(), nullable=True))
    op.add_column("outbox", sa.Column("sent_offset", sa.BigInteger(), nullable=True))
    op.add_column(
        "outbox", sa.Column("times_sent", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("outbox", sa.Column("send_again_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbox", sa.Column("dead_letter_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_outbox_dead_letter_id"),
        "outbox",
        "dead_letters",
        ["dead_letter_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_index(
        "ix_outbox_unsent",
        "outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text("sent_at is null and refused_at is null"),
    )
    op.create_index(
        "ix_outbox_sent",
        "outbox",
        ["sent_partition", "sent_offset"],
        unique=False,
        postgresql_where=sa.text("sent_at is not null"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_outbox_sent", table_name="outbox", postgresql_where=sa.text("sent_at is not null")
    )
    op.drop_index(
        "ix_outbox_unsent",
        table_name="outbox",
        postgresql_where=sa.text("sent_at is null and refused_at is null"),
    )
    op.drop_constraint(op.f("fk_outbox_dead_letter_id"), "outbox", type_="foreignkey")
    # What was sent and not recorded would be sent a second time: consumers drop what they know.
    for name in (
        "dead_letter_id",
        "send_again_at",
        "times_sent",
        "sent_offset",
        "sent_partition",
        "sent_at",
    ):
        op.drop_column("outbox", name)
