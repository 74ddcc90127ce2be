"""generator problems

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signal_generators", sa.Column("problem", sa.Text(), nullable=True))
    # Stays empty: the API examines the settings in the background when it starts.
    op.add_column(
        "signal_generators",
        sa.Column("checked_with", sa.Text(), server_default="", nullable=False),
    )


def downgrade() -> None:
    for column in ("checked_with", "problem"):
        op.drop_column("signal_generators", column)
