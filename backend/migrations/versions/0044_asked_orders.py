"""What was asked for with an order by hand, by which a repetition is told from another order.

Revision ID: 0044
Revises: 0043
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("asked", sa.String(64), nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "asked")
