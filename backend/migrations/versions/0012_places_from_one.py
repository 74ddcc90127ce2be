"""no place of the chain before the first

Revision ID: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not valid: what somebody put there already is for verification to name, and stops no update.
    op.execute(
        "alter table audit_links add constraint ck_audit_links_from_one"
        " check (chain_position >= 1) not valid"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_audit_links_from_one"), "audit_links", type_="check")
