"""a pipeline's draft, and what of it is published

Revision ID: 0015
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kuber.audit.canonical import canonical

revision = "0015"
down_revision = "0012"
branch_labels = None
depends_on = None

_BATCH = 1000
_DIGEST = "sha256(convert_to({graph}::text, 'UTF8'))"

# Equal graphs of a pipeline become one.
_GRAPHS = f"""
    insert into pipeline_graphs (id, pipeline_id, digest, graph, node_count, created_at)
    select distinct on (pipeline_id, digest) gen_random_uuid(), pipeline_id, digest, graph,
           node_count, created_at
    from (select v.*, {_DIGEST.format(graph="v.graph")} as digest from pipeline_versions v) v
    order by pipeline_id, digest, version
"""  # noqa: S608
_VERSIONS = f"""
    update pipeline_versions v set graph_id = g.id from pipeline_graphs g
    where g.pipeline_id = v.pipeline_id and g.digest = {_DIGEST.format(graph="v.graph")}
"""  # noqa: S608
_RUNS = """
    update runs r set graph_id = v.graph_id from pipeline_versions v
    where v.pipeline_id = r.pipeline_id and v.version = r.pipeline_version
"""
_DRAFTS = f"update pipelines set graph_digest = {_DIGEST.format(graph='graph')}"  # noqa: S608
# What starts by itself goes on doing so, and what can run is taken as finished; whether a graph
# that was never checked can run is not known.
_PUBLISH = """
    update pipelines p set published_graph_id = v.graph_id, published_digest = g.digest,
        published_trigger = p.trigger, published_at = v.created_at,
        published_checked_with = case when p.problem_count = 0 then p.checked_with else '' end
    from pipeline_versions v join pipeline_graphs g on g.id = v.graph_id
    where v.pipeline_id = p.id and v.version = p.version
      and (p.status = 'active' or (p.problem_count = 0 and p.checked_with <> ''))
"""
_PUBLISHED_VERSIONS = """
    update pipeline_versions v set trigger = p.published_trigger from pipelines p
    where p.id = v.pipeline_id and p.version = v.version and p.published_graph_id is not null
"""
_MEASURE = """
    update pipelines p set stored_bytes = pg_column_size(p.graph) + coalesce(
        (select sum(pg_column_size(g.graph)) from pipeline_graphs g where g.pipeline_id = p.id), 0)
"""
_PUBLISHED = sa.text("""
    select id, user_id, version, encode(published_digest, 'hex') as graph_sha256,
           published_trigger as trigger
    from pipelines where published_graph_id is not null order by id
""")
_RECORD = sa.text("""
    with added as (
        insert into audit_entries (event_id, correlation_id, event_type, at, data, user_id)
        values (gen_random_uuid(), 'migration-0015', 'pipeline_published', now(), :data, :user_id)
        returning id
    )
    insert into audit_pending (entry_id) select id from added
""")


def upgrade() -> None:
    _make_graphs()
    _bind_runs()
    _publish()
    op.execute(_MEASURE)
    _put_on_record()


def _make_graphs() -> None:
    op.create_table(
        "pipeline_graphs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("graph", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("node_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["pipeline_id"],
            ["pipelines.id"],
            name=op.f("fk_pipeline_graphs_pipeline_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_graphs")),
        sa.UniqueConstraint(
            "pipeline_id", "digest", name=op.f("uq_pipeline_graphs_pipeline_id_digest")
        ),
    )
    op.execute(_GRAPHS)
    trigger = postgresql.JSONB(astext_type=sa.Text(), none_as_null=True)
    op.add_column("pipeline_versions", sa.Column("graph_id", sa.Uuid(), nullable=True))
    op.add_column("pipeline_versions", sa.Column("trigger", trigger, nullable=True))
    op.add_column("pipeline_versions", sa.Column("name", sa.String(120), nullable=True))
    op.add_column("pipeline_versions", sa.Column("note", sa.String(2000), nullable=True))
    op.execute(_VERSIONS)
    _refer_to_graph("pipeline_versions")
    op.drop_column("pipeline_versions", "graph")
    op.drop_column("pipeline_versions", "node_count")


def _bind_runs() -> None:
    op.add_column("runs", sa.Column("graph_id", sa.Uuid(), nullable=True))
    op.execute(_RUNS)
    _refer_to_graph("runs")
    op.alter_column("runs", "pipeline_version", nullable=True)


def _refer_to_graph(table: str) -> None:
    op.alter_column(table, "graph_id", nullable=False)
    op.create_foreign_key(
        op.f(f"fk_{table}_graph_id"), table, "pipeline_graphs", ["graph_id"], ["id"]
    )
    op.create_index(op.f(f"ix_{table}_graph_id"), table, ["graph_id"], unique=False)


def _publish() -> None:
    trigger = postgresql.JSONB(astext_type=sa.Text(), none_as_null=True)
    for column in (
        sa.Column("graph_digest", sa.LargeBinary(), nullable=True),
        sa.Column("published_graph_id", sa.Uuid(), nullable=True),
        sa.Column("published_digest", sa.LargeBinary(), nullable=True),
        sa.Column("published_trigger", trigger, nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_checked_with", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("pipelines", column)
    op.execute(_DRAFTS)
    op.alter_column("pipelines", "graph_digest", nullable=False)
    op.create_foreign_key(
        op.f("fk_pipelines_published_graph_id"),
        "pipelines",
        "pipeline_graphs",
        ["published_graph_id"],
        ["id"],
    )
    op.create_index(
        op.f("ix_pipelines_published_graph_id"), "pipelines", ["published_graph_id"], unique=False
    )
    op.create_index(
        "ix_pipelines_published_scanner",
        "pipelines",
        [sa.text("(published_trigger ->> 'scanner_id')")],
        unique=False,
    )
    op.execute(_PUBLISH)
    op.execute(_PUBLISHED_VERSIONS)
    op.execute("update pipelines set version = 0 where published_graph_id is null")


def _put_on_record() -> None:
    connection = op.get_bind()
    pipelines = connection.execute(_PUBLISHED, execution_options={"yield_per": _BATCH})
    for part in pipelines.mappings().partitions(_BATCH):
        entries = [
            {
                "user_id": row["user_id"],
                "data": canonical(
                    {
                        "pipeline_id": row["id"],
                        **{name: row[name] for name in ("version", "graph_sha256", "trigger")},
                    }
                ),
            }
            for row in part
        ]
        connection.execute(_RECORD, entries)


def downgrade() -> None:
    # Every pipeline needs a version of the graph that it has, and every run the one that it ran.
    op.execute("delete from runs where pipeline_version is null")
    op.add_column("pipeline_versions", sa.Column("node_count", sa.Integer(), server_default="0"))
    op.add_column(
        "pipeline_versions",
        sa.Column("graph", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
    op.execute(
        "update pipeline_versions v set graph = g.graph, node_count = g.node_count"
        " from pipeline_graphs g where g.id = v.graph_id"
    )
    op.execute("""
        update pipelines p set status = case p.status when 'active' then 'draft' else p.status end,
            version = 1 + coalesce((select max(v.version) from pipeline_versions v
                                    where v.pipeline_id = p.id), 0),
            next_run_at = null
        where published_digest is distinct from graph_digest
    """)
    op.drop_constraint(op.f("fk_pipeline_versions_graph_id"), "pipeline_versions")
    op.drop_index(op.f("ix_pipeline_versions_graph_id"), table_name="pipeline_versions")
    for column in ("graph_id", "trigger", "name", "note"):
        op.drop_column("pipeline_versions", column)
    op.execute("""
        insert into pipeline_versions (pipeline_id, version, graph, node_count, created_at)
        select id, version, graph, node_count, updated_at from pipelines
        on conflict (pipeline_id, version) do nothing
    """)
    op.alter_column("pipeline_versions", "graph", nullable=False)
    op.alter_column("pipeline_versions", "node_count", nullable=False)
    op.alter_column("runs", "pipeline_version", nullable=False)
    op.drop_column("runs", "graph_id")
    op.drop_index("ix_pipelines_published_scanner", table_name="pipelines")
    for column in (
        "graph_digest",
        "published_graph_id",
        "published_digest",
        "published_trigger",
        "published_at",
        "published_checked_with",
    ):
        op.drop_column("pipelines", column)
    op.drop_table("pipeline_graphs")
