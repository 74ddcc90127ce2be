"""Costs from before they stood for themselves get what a bill needs."""

import psycopg
from alembic import command

from kuber.installation import alembic_config

USER, PIPELINE, RUN = (f"00000000-0000-4000-8000-00000000000{number}" for number in "123")
BEFORE = f"""
    insert into users (id, email, password_hash, role, tier, created_at)
        values ('{USER}', 'a@example.com', '', 'user', 'FREE', now());
    insert into pipelines (id, user_id, name, graph, mode, trigger, status, revision, version,
                           updated_at)
        values ('{PIPELINE}', '{USER}', 'Old', '{{}}', 'simulation', '{{}}', 'draft', 1, 1, now());
    insert into runs (id, user_id, pipeline_id, pipeline_version, mode, symbol, symbols, as_of,
                      real_time, seed, correlation_id, status)
        values ('{RUN}', '{USER}', '{PIPELINE}', 1, 'simulation', 'AAPL', array['AAPL'], now(),
                true, 1, 'c', 'succeeded');
    insert into cost_tracking (run_id, node_id, user_id, agent_type, mode, symbol, input_tokens,
                               output_tokens, tokens_estimated, runtime_ms, token_cost,
                               rental_cost, api_cost, amount)
        values ('{RUN}', 'a', '{USER}', 'bias', 'simulation', 'AAPL', 0, 0, false, 1, 0, 1, 0, 1);
    insert into event_history (id, at, type, service, correlation_id, user_id, data)
        values ('{RUN}', now(), 'execution_finished', 'worker', 'c', '{USER}', '{{}}');
"""


def test_what_was_charged_before_names_its_pipeline(empty_postgres_url: str) -> None:
    config = alembic_config(empty_postgres_url)
    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        command.upgrade(config, "0014")
        connection.execute(BEFORE.encode())
        command.upgrade(config, "0015")
        charged = "select pipeline_id::text, pipeline_name, amount from cost_tracking"
        assert connection.execute(charged.encode()).fetchall() == [(PIPELINE, "Old", 1)]
        told = connection.execute("select type from event_history").fetchall()
        assert told == [("RunFinished",)]
        command.downgrade(config, "0014")
        assert connection.execute("select amount from cost_tracking").fetchall() == [(1,)]
        command.upgrade(config, "0015")
        connection.execute("delete from runs")
        assert connection.execute(charged.encode()).fetchall() == [(PIPELINE, "Old", 1)]


def test_a_user_goes_with_their_pipelines_runs_and_costs(empty_postgres_url: str) -> None:
    config = alembic_config(empty_postgres_url)
    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        command.upgrade(config, "0014")
        connection.execute(BEFORE.encode())
        command.upgrade(config, "0015")
        connection.execute("delete from users")
        for table in ("pipelines", "runs", "cost_tracking"):
            assert connection.execute(f"select 1 from {table}".encode()).fetchall() == []
