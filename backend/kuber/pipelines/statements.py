"""The SQL of pipelines that other packages put into statements of their own, as subqueries."""

OWNED = "select id, user_id from pipelines"
"""Every pipeline with its owner."""

STARTING_BY_ITSELF = """
    select id, user_id, mode, published_graph_id as graph_id, version,
           published_trigger ->> 'kind' as kind
    from pipelines where status = 'active' and published_graph_id is not null
"""
"""The pipelines that schedules and signals may start, what they run, and what starts them."""

SCHEDULED = """
    select id, user_id, version, published_trigger as trigger, next_run_at,
           published_trigger @> '{"continuous": true}' as continuous
    from pipelines where next_run_at is not null
"""
"""The pipelines that the schedule starts, when next, and whether as soon as they may."""

GRAPH = """
    select g.graph, sha256(convert_to(g.graph::text, 'UTF8')) from pipeline_graphs g where g.id = %s
"""
"""The graph that a run is bound to, and its SHA-256; takes its id."""

GRAPH_DIGEST = """
    (select sha256(convert_to(g.graph::text, 'UTF8')) from pipeline_graphs g
     where g.id = {graph_id})
"""
"""The SHA-256 of the graph that the expression `graph_id` names: of what is stored, whatever its
column `digest` says."""
