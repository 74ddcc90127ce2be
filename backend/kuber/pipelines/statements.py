"""The SQL of pipelines that other packages put into statements of their own, as subqueries."""

OWNED = "select id, user_id from pipelines"
"""Every pipeline with its owner."""

RUNNABLE = """
    select id, user_id, version, mode, trigger ->> 'kind' as trigger_kind
    from pipelines where status = 'active'
"""
"""The pipelines that start by themselves, each with the version that runs."""

GRAPH = "select graph from pipeline_versions where pipeline_id = %s and version = %s"
"""The graph of one version of a pipeline; takes their ids."""
