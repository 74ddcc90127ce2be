"""every published version, and every one that was dropped, is on record

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

from kuber.audit.canonical import canonical

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_BATCH = 1000
_SAID = """
    with said as (
        select d.pipeline_id, d.version from (
            select data::jsonb as data from audit_entries where event_type = 'pipeline_published'
            offset 0
        ) e cross join lateral jsonb_to_record(e.data) as d(pipeline_id uuid, version int)
    )
"""
# Those of before publishing, of which no entry speaks.
_UNRECORDED = sa.text(f"""
    {_SAID}
    select p.user_id, v.pipeline_id, v.version, v.trigger,
           encode(sha256(convert_to(g.graph::text, 'UTF8')), 'hex') as graph_sha256
    from pipeline_versions v
    join pipelines p on p.id = v.pipeline_id
    join pipeline_graphs g on g.id = v.graph_id
    where not exists (
        select from said s where s.pipeline_id = v.pipeline_id and s.version = v.version)
    order by v.pipeline_id, v.version
""")  # noqa: S608
# Those that the quota, or a deletion that kept the history, dropped without an entry.
_GONE = sa.text(f"""
    {_SAID}
    select distinct p.user_id, s.pipeline_id, s.version
    from said s join pipelines p on p.id = s.pipeline_id
    where not exists (
        select from pipeline_versions v
        where v.pipeline_id = s.pipeline_id and v.version = s.version)
    order by s.pipeline_id, s.version
""")  # noqa: S608
_RECORD = sa.text("""
    with added as (
        insert into audit_entries (event_id, correlation_id, event_type, at, data, user_id)
        values (gen_random_uuid(), 'migration-0022', :event_type, now(), :data, :user_id)
        returning id
    )
    insert into audit_pending (entry_id) select id from added
""")


def upgrade() -> None:
    names = ("pipeline_id", "version", "graph_sha256", "trigger")
    _put_on_record("pipeline_version_adopted", _UNRECORDED, names)
    _put_on_record("pipeline_version_dropped", _GONE, ("pipeline_id", "version"))


def _put_on_record(event_type: str, query: sa.TextClause, names: tuple[str, ...]) -> None:
    connection = op.get_bind()
    found = connection.execute(query, execution_options={"yield_per": _BATCH})
    for part in found.mappings().partitions(_BATCH):
        entries = [
            {
                "event_type": event_type,
                "user_id": row["user_id"],
                "data": canonical({name: row[name] for name in names}),
            }
            for row in part
        ]
        connection.execute(_RECORD, entries)


def downgrade() -> None:
    """Entries on record stay: nothing takes them back."""
