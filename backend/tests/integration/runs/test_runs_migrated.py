"""Runs from before nodes were kept by symbol and events by batch: none loses a record."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from alembic import command

from kuber.installation import alembic_config
from kuber.runs.live_events import run_event

USER, PIPELINE, RUN = (f"00000000-0000-4000-8000-00000000000{number}" for number in "123")
BEFORE = f"""
    insert into users (id, email, password_hash, role, tier, created_at)
        values ('{USER}', 'a@example.com', '', 'user', 'FREE', now());
    insert into pipelines (id, user_id, name, graph, mode, trigger, status, revision, version,
                           updated_at)
        values ('{PIPELINE}', '{USER}', 'Old', '{{"nodes": [], "edges": []}}', 'simulation', '{{}}',
                'draft', 1, 1, now());
    insert into pipeline_versions
        values ('{PIPELINE}', 1, '{{"nodes": [], "edges": []}}', now(), 0);
    insert into runs (id, user_id, pipeline_id, pipeline_version, mode, symbol, symbols, as_of,
                      real_time, seed, correlation_id, status)
        values ('{RUN}', '{USER}', '{PIPELINE}', 1, 'simulation', 'AAPL', array['AAPL'], now(),
                true, 7, 'c', 'running');
    insert into node_runs (run_id, node_id, agent_type, status, attempts)
        values ('{RUN}', 'a', 'bias', 'succeeded', 1), ('{RUN}', 'b', 'bias', 'running', 2);
    insert into run_events (run_id, sequence, type, at, node_id, data) values
        ('{RUN}', 1, 'execution_started', '2026-01-05T14:30:00.5Z', null,
         '{{"symbol": "AAPL", "mode": "simulation", "as_of": "2026-01-05T14:30:00Z"}}'),
        ('{RUN}', 4, 'agent_started', '2026-01-05T14:30:01Z', 'a',
         '{{"agent_type": "bias", "attempt": 1}}');
"""
FAR_FROM_UTC = """
    do $$ begin
        execute format('alter database %I set timezone to %L', current_database(), 'Asia/Tokyo');
    end $$
"""
"""So that a time that is written down without its zone is another one."""
NODES = "select node_id, status, attempts from node_runs order by 1"
EVENTS = "select sequence, type, at, node_id, data from run_events order by 1"


@pytest.fixture
def old(empty_postgres_url: str) -> str:
    """The address of a database of the release before, with a run under way."""
    config = alembic_config(empty_postgres_url)
    command.upgrade(config, "0014")
    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        connection.execute(BEFORE.encode())
        connection.execute(FAR_FROM_UTC.encode())
    command.upgrade(config, "0023")
    return empty_postgres_url


def test_a_run_from_before_keeps_its_seeds_nodes_and_events(old: str) -> None:
    with psycopg.connect(old, autocommit=True) as connection:
        nodes = connection.execute(NODES).fetchall()
        command.upgrade(alembic_config(old), "0025")
        assert connection.execute("select seed, seed_rule from runs").fetchall() == [(7, 1)]
        assert connection.execute(NODES).fetchall() == nodes
        symbols = connection.execute("select distinct symbol from node_runs").fetchall()
        assert symbols == [("AAPL",)]
        batches = connection.execute("select sequence, events from run_events order by 1")
        stored = [(number, event) for number, [event] in batches.fetchall()]
    assert [number for number, _ in stored] == [1, 4]
    told = [run_event({**event, "execution_id": RUN}) for _, event in stored]
    at = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
    assert [(one.sequence, one.type, one.at - at) for one in told] == [
        (1, "execution_started", timedelta(seconds=0.5)),
        (4, "agent_started", timedelta(seconds=1)),
    ]
    assert told[1].model_dump()["node_id"] == "a"


def test_the_way_back_unfolds_batches_and_loses_nothing(old: str) -> None:
    config = alembic_config(old)
    with psycopg.connect(old, autocommit=True) as connection:
        nodes, events = connection.execute(NODES).fetchall(), connection.execute(EVENTS).fetchall()
        command.upgrade(config, "0025")
        # As a worker of the new release records them.
        connection.execute(
            "with one as (delete from run_events returning run_id, sequence, events)"
            " insert into run_events (run_id, sequence, events)"
            " select o.run_id, max(o.sequence), jsonb_agg(e order by o.sequence)"
            " from one o, jsonb_array_elements(o.events) e group by 1"
        )
        command.downgrade(config, "0023")
        assert connection.execute(NODES).fetchall() == nodes
        assert connection.execute(EVENTS).fetchall() == events
