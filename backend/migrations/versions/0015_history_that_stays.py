"""costs and runs outlive what they came from; the outbox tells its relay

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_NOTIFY = """
    create or replace function tell_outbox_relay() returns trigger language plpgsql as $$
    begin
        if exists (select from added) and pg_try_advisory_xact_lock(461530886008) then
            perform pg_notify('kuber_outbox', '');
        end if;
        return null;
    end $$
"""
_TRIGGER = """
    create trigger tell_relay after insert on outbox referencing new table as added
    for each statement execute function tell_outbox_relay()
"""


def upgrade() -> None:
    op.add_column("pipelines", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))

    op.add_column("cost_tracking", sa.Column("pipeline_id", sa.Uuid(), nullable=True))
    op.add_column("cost_tracking", sa.Column("pipeline_name", sa.String(length=120), nullable=True))
    op.execute(
        "update cost_tracking c set pipeline_id = p.id, pipeline_name = p.name"
        " from runs r join pipelines p on p.id = r.pipeline_id where r.id = c.run_id"
    )
    op.alter_column("cost_tracking", "pipeline_id", nullable=False)
    op.alter_column("cost_tracking", "pipeline_name", nullable=False)
    op.drop_constraint(op.f("fk_cost_tracking_run_id"), "cost_tracking", type_="foreignkey")

    op.drop_constraint(op.f("fk_runs_pipeline_id"), "runs", type_="foreignkey")
    op.create_foreign_key(op.f("fk_runs_pipeline_id"), "runs", "pipelines", ["pipeline_id"], ["id"])

    op.execute("update event_history set type = 'RunFinished' where type = 'execution_finished'")
    op.execute(_NOTIFY)
    op.execute(_TRIGGER)


def downgrade() -> None:
    op.execute("drop trigger tell_relay on outbox")
    op.execute("drop function tell_outbox_relay()")
    op.execute("update event_history set type = 'execution_finished' where type = 'RunFinished'")

    op.drop_constraint(op.f("fk_runs_pipeline_id"), "runs", type_="foreignkey")
    op.create_foreign_key(
        op.f("fk_runs_pipeline_id"),
        "runs",
        "pipelines",
        ["pipeline_id"],
        ["id"],
        ondelete="CASCADE",
    )
    # What outlived its run cannot refer to it any more.
    op.execute(
        "delete from cost_tracking c where not exists (select from runs r where r.id = c.run_id)"
    )
    op.create_foreign_key(
        op.f("fk_cost_tracking_run_id"),
        "cost_tracking",
        "runs",
        ["run_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.drop_column("cost_tracking", "pipeline_name")
    op.drop_column("cost_tracking", "pipeline_id")
    op.drop_column("pipelines", "deleted_at")
