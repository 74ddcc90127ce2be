"""Users, active pipelines and listed tickers, written straight into a database without an API."""

from collections.abc import Mapping, Sequence
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

from kuber.kernel.ids import PipelineId, UserId

_PIPELINE = """
    with made as (
        insert into pipelines (id, user_id, name, graph, graph_digest, mode, trigger, status,
                               revision, version, updated_at)
        values (%(id)s, %(user)s, 'Waits', '{}', '', 'paper', %(trigger)s, 'active', 1, 1, now())
        returning id
    ), kept as (
        insert into pipeline_graphs (id, pipeline_id, digest, graph, node_count, created_at)
        select gen_random_uuid(), id, '', '{}', 0, now() from made
        returning id, pipeline_id
    )
    insert into pipeline_versions (pipeline_id, version, graph_id, trigger, created_at)
    select pipeline_id, 1, id, %(trigger)s, now() from kept
"""
_PUBLISH = """
    update pipelines p set published_graph_id = v.graph_id, published_digest = p.graph_digest,
        published_trigger = p.trigger, published_at = now()
    from pipeline_versions v where v.pipeline_id = p.id and p.id = %(id)s
"""
_LIST = """
    with listing as (
        insert into bar_imports (id, status, source, filename, sha256, size_bytes, done_bytes, said,
                                 found, problems, timeframe, symbols, bar_count, first_at, last_at,
                                 created_at)
        values (gen_random_uuid(), 'done', 'imported', 'list', 'x', 0, 0, '{}', '{}', '[]', '1d',
                %s, 1, now(), now(), now())
        returning id
    )
    insert into bar_series (id, symbol, timeframe, source, state, calendar, import_id, bar_count,
                            first_at, last_at)
    select gen_random_uuid(), name, '1d', 'imported', 'active', 'XNYS', listing.id, 1, now(), now()
    from listing, unnest(%s::text[]) as name
"""


def add_user(url: str) -> UserId:
    """Return a new user of the free tier."""
    user = UserId(uuid4())
    _execute(
        url,
        "insert into users (id, email, password_hash, role, tier, created_at)"
        " values (%s, %s, 'x', 'user', 'FREE', now())",
        (user, f"{user}@example.com"),
    )
    return user


def add_pipeline(url: str, user: UserId) -> PipelineId:
    """Return a new active pipeline that waits for golden crosses of 50 or more."""
    pipeline = PipelineId(uuid4())
    trigger = {
        "kind": "signal",
        "scanner_id": str(uuid4()),
        "subscriptions": [{"signal_type": "golden_cross", "min_confidence": 50}],
    }
    values = {"id": pipeline, "user": user, "trigger": Jsonb(trigger)}
    _execute(url, _PIPELINE, values)
    _execute(url, _PUBLISH, values)
    return pipeline


def list_tickers(url: str, names: Sequence[str]) -> None:
    """Make every name an instrument that has prices, as far as the dispatcher asks."""
    _execute(url, _LIST, (list(names), list(names)))


def count(url: str, what: str, *values: object) -> int:
    """Return how many rows of `what`, a table with or without conditions, there are."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(f"select count(*) from {what}".encode(), values).fetchone()
    assert row is not None
    return int(row[0])


def _execute(url: str, statement: str, values: Sequence[object] | Mapping[str, object]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode(), values)
