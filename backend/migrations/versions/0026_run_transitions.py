"""a run's status moves as its life allows

Revision ID: 0026
Revises: 0025
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_ENDS = ("succeeded", "failed", "cancelled")
_TRANSITIONS = {
    "pending": ("running", "cancelled"),
    "running": ("pending", "waiting", *_ENDS),
    "waiting": ("pending", "cancelled"),
}
_REFUSE = """
    create function refuse_run_transition() returns trigger language plpgsql as $$
    begin
        raise exception 'run % is % and cannot become %', old.id, old.status, new.status
            using errcode = 'check_violation';
    end $$
"""
# The condition stands in the trigger, so that a move that is allowed calls no function.
_GUARD = """
    create trigger guard_status before update on runs for each row
    when (old.status is distinct from new.status and (old.status, new.status) not in ({allowed}))
    execute function refuse_run_transition()
"""


def upgrade() -> None:
    pairs = [(before, after) for before, following in _TRANSITIONS.items() for after in following]
    op.execute(_REFUSE)
    op.execute(_GUARD.format(allowed=", ".join(f"('{one}', '{two}')" for one, two in pairs)))


def downgrade() -> None:
    op.execute("drop trigger guard_status on runs")
    op.execute("drop function refuse_run_transition()")
