"""notices: the order in which they could be seen

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create sequence notices_sequence")
    op.add_column("notices", sa.Column("sequence", sa.BigInteger(), nullable=True))
    op.execute("""
        update notices n set sequence = o.number
        from (select id, row_number() over (order by last_at, id) as number from notices) o
        where o.id = n.id
    """)
    op.execute("select setval('notices_sequence', coalesce(max(sequence), 0) + 1) from notices")
    op.alter_column(
        "notices",
        "sequence",
        existing_type=sa.BigInteger(),
        nullable=False,
        server_default=sa.text("nextval('notices_sequence')"),
    )


def downgrade() -> None:
    op.drop_column("notices", "sequence")
    op.execute("drop sequence notices_sequence")
