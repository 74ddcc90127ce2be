"""Positions that could not be worked and are left alone until they can.

Revision ID: 0045
Revises: 0044
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "positions_set_aside",
        sa.Column("position_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position_id", name="pk_positions_set_aside"),
        sa.ForeignKeyConstraint(
            ["position_id"],
            ["positions.id"],
            name="fk_positions_set_aside_position_id_positions",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("positions_set_aside")
