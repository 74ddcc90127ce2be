"""Splits and dividends that reached positions, and the ledger's lines of splits.

Revision ID: 0046
Revises: 0045
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_BEFORE = (
    "kind in ('deposit', 'units', 'cost', 'realised_pnl', 'fee', 'rounding', 'dividend', 'spent',"
    " 'hold', 'release', 'debt', 'repayment', 'reset')"
)
_KINDS = _BEFORE.replace("'dividend', ", "'dividend', 'split', ")
_MONEY = sa.Numeric(20, 8)
_LEDGER = sa.Numeric(38, 18)


def upgrade() -> None:
    op.create_table(
        "position_actions",
        sa.Column("position_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("ex_date", sa.Date(), nullable=False),
        sa.Column("told", sa.String(length=80), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("before", _MONEY, nullable=False),
        sa.Column("after", _MONEY, nullable=False),
        sa.Column("cash", _LEDGER, nullable=True),
        sa.Column("factor", _LEDGER, nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('dividend', 'split')", name=op.f("ck_position_actions_kind")),
        sa.CheckConstraint(
            "outcome in ('applied', 'not_applied')", name=op.f("ck_position_actions_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["position_id"],
            ["positions.id"],
            name=op.f("fk_position_actions_position_id_positions"),
        ),
        sa.PrimaryKeyConstraint("position_id", "kind", "ex_date", name=op.f("pk_position_actions")),
    )
    _allow(_KINDS)


def downgrade() -> None:
    op.drop_table("position_actions")
    _allow(_BEFORE)


def _allow(kinds: str) -> None:
    """Let transfers be of these kinds; every row there is of one already."""
    name = op.f("ck_ledger_transfers_kind")
    op.drop_constraint(name, "ledger_transfers", type_="check")
    op.create_check_constraint(name, "ledger_transfers", kinds, postgresql_not_valid=True)
