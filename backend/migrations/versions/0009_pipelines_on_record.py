"""the record: pipelines that existed before it are adopted

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from kuber.audit.canonical import canonical

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_BATCH = 1000
# Entries are not read as JSON, since one that somebody damaged is no reason to stop here. Rows are
# locked, so that whoever changes one meanwhile is on record behind its adoption.
_PIPELINES = sa.text("""
    select id, user_id, version, status, mode, trigger from pipelines p
    where not exists (
        select from audit_entries e
        where e.event_type in ('pipeline_created', 'pipeline_adopted')
          and substring(e.data from '"pipeline_id":"([0-9a-f-]{36})"') = p.id::text)
    order by id for share of p
""")
_ADOPT = sa.text("""
    with added as (
        insert into audit_entries (event_id, correlation_id, event_type, at, data, user_id)
        values (gen_random_uuid(), 'migration-0009', 'pipeline_adopted', now(), :data, :user_id)
        returning id
    )
    insert into audit_pending (entry_id) select id from added
""")


def upgrade() -> None:
    connection = op.get_bind()
    pipelines = connection.execute(_PIPELINES, execution_options={"yield_per": _BATCH})
    for part in pipelines.mappings().partitions(_BATCH):
        connection.execute(
            _ADOPT,
            [
                {
                    "user_id": row["user_id"],
                    "data": canonical(
                        {
                            "pipeline_id": row["id"],
                            **{
                                name: row[name] for name in ("version", "status", "mode", "trigger")
                            },
                        }
                    ),
                }
                for row in part
            ],
        )


def downgrade() -> None:
    """Nothing: entries stay, as entries do."""
