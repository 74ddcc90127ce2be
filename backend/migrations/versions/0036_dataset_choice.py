"""a user's choice of the prices of an instrument

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("instruments", sa.Column("dataset", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_instruments_known_dataset"),
        "instruments",
        "dataset in ('imported', 'sample', 'provider')",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_instruments_known_dataset"), "instruments")
    op.drop_column("instruments", "dataset")
