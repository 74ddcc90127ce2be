"""Orders from before there were accounts get the one that they were placed in."""

import psycopg
from alembic import command

from kuber.installation import alembic_config

OWNER, PIPELINE, RUN, GONE, LONE = (f"00000000-0000-4000-8000-00000000000{n}" for n in range(1, 6))
ORDER = """
    insert into orders (id, user_id, run_id, node_id, mode, symbol, side, quantity,
                        reference_price, levels, status)
    values ('{}', '{}', {}, 'trade', '{}', 'ACME', 'buy', 1, 1, '{{}}', 'intended')
"""


def test_an_order_finds_its_account_by_its_run_or_by_the_venue(empty_postgres_url: str) -> None:
    config = alembic_config(empty_postgres_url)
    command.upgrade(config, "0012")
    in_run, of_gone, lone = (f"10000000-0000-4000-8000-00000000000{n}" for n in range(3))
    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        for statement in (
            (
                "insert into users (id, email, password_hash, role, tier, created_at)"
                f" values ('{OWNER}', 'a@example.com', '', 'user', 'FREE', now())"
            ),
            (
                "insert into pipelines (id, user_id, name, graph, mode, trigger, status, revision,"
                f" version, updated_at) values ('{PIPELINE}', '{OWNER}', 'Old', '{{}}',"
                " 'simulation', '{}', 'draft', 1, 1, now())"
            ),
            (
                "insert into runs (id, user_id, pipeline_id, pipeline_version, mode, symbol,"
                " symbols, as_of, real_time, seed, correlation_id, status)"
                f" values ('{RUN}', '{OWNER}', '{PIPELINE}', 1, 'simulation', 'ACME',"
                " '{ACME}', now(), false, 1, 'c',"
                " 'failed')"
            ),
            ORDER.format(in_run, OWNER, f"'{RUN}'", "simulation"),
            ORDER.format(of_gone, OWNER, "null", "simulation"),
            ORDER.format(lone, OWNER, "null", "validation"),
            (
                "insert into simulated_orders (client_order_id, user_id, scope, symbol,"
                " filled_quantity, average_price, commission, report)"
                f" values ('{of_gone}', '{OWNER}', '{GONE}', 'ACME', 1, 1, 0, '{{}}')"
            ),
        ):
            connection.execute(statement.encode())
        command.upgrade(config, "0014")
        rows = connection.execute("""
            select o.id::text, o.account_id::text, a.mode, a.user_id::text, o.origin,
                   o.correlation_id, o.sent_at = o.created_at
            from orders o join accounts a on a.id = o.account_id order by o.id
        """).fetchall()
    assert rows == [
        (in_run, RUN, "simulation", OWNER, "run", "c", True),
        (of_gone, GONE, "simulation", OWNER, "run", of_gone, True),
        (lone, lone, "validation", OWNER, "run", lone, True),
    ]
    command.downgrade(config, "0013")
