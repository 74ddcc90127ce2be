"""runs say what they wait for; each attempt that was paid has a cost entry of its own

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_KEY = op.f("pk_cost_tracking")


def upgrade() -> None:
    op.add_column("runs", sa.Column("waits_for", sa.String(length=12), nullable=True))
    op.add_column(
        "runs", sa.Column("trigger_waits", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("node_runs", sa.Column("waits_for", sa.String(length=12), nullable=True))
    # Up to here runs waited for triggers only.
    op.execute("update runs set waits_for = 'trigger' where status = 'waiting'")
    op.execute("update node_runs set waits_for = 'trigger' where status = 'waiting'")
    op.execute("update runs set trigger_waits = wait_count where finished_at is null")

    op.add_column("cost_tracking", sa.Column("attempt", sa.Integer(), nullable=True))
    op.execute("update cost_tracking set attempt = 1")
    op.alter_column("cost_tracking", "attempt", nullable=False)
    op.drop_constraint(_KEY, "cost_tracking", type_="primary")
    op.create_primary_key(_KEY, "cost_tracking", ["run_id", "node_id", "attempt"])


def downgrade() -> None:
    # One entry for each node again: the last attempt's, with what all of them cost.
    op.execute(
        "update cost_tracking c set input_tokens = s.input_tokens,"
        " output_tokens = s.output_tokens, tokens_estimated = s.tokens_estimated,"
        " runtime_ms = s.runtime_ms, token_cost = s.token_cost, rental_cost = s.rental_cost,"
        " api_cost = s.api_cost, amount = s.amount"
        " from (select run_id, node_id, max(attempt) as attempt,"
        " sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens,"
        " bool_or(tokens_estimated) as tokens_estimated, sum(runtime_ms) as runtime_ms,"
        " sum(token_cost) as token_cost, sum(rental_cost) as rental_cost,"
        " sum(api_cost) as api_cost, sum(amount) as amount"
        " from cost_tracking group by run_id, node_id having count(*) > 1) s"
        " where (c.run_id, c.node_id, c.attempt) = (s.run_id, s.node_id, s.attempt)"
    )
    op.execute(
        "delete from cost_tracking c using cost_tracking later"
        " where later.run_id = c.run_id and later.node_id = c.node_id"
        " and later.attempt > c.attempt"
    )
    op.drop_constraint(_KEY, "cost_tracking", type_="primary")
    op.create_primary_key(_KEY, "cost_tracking", ["run_id", "node_id"])
    op.drop_column("cost_tracking", "attempt")

    # An older release gives what waits for another reason a trigger's look: at once.
    op.drop_column("node_runs", "waits_for")
    op.drop_column("runs", "trigger_waits")
    op.drop_column("runs", "waits_for")
