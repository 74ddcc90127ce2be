"""Orders from before they had a life keep ids, fills and a record that verifies."""

import json
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from alembic import command

from kuber.api.verification import verify_record
from kuber.audit.canonical import canonical
from kuber.audit.chain import Damage
from kuber.installation import alembic_config
from kuber.kernel.ids import RunId
from kuber.trading.origins import Origin
from tests.integration.audit.test_t15_tampering import Record

OWNER, RUN, ACCOUNT = (f"00000000-0000-4000-8000-00000000000{n}" for n in range(1, 4))
NODES = ("filled", "part", "refused", "checked", "open")
IDS = {name: str(Origin.of_node(RunId(UUID(RUN)), name).order_id()) for name in NODES}
STATUSES = {"filled": "filled", "part": "partially_filled", "refused": "rejected"}
STATUSES |= {"checked": "validated", "open": "intended"}
FILL = {"number": 1, "time": "2013-03-01T21:00:00+00:00", "price": "100.1", "commission": "0.05"}


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _recorded(event_type: str, data: dict[str, object]) -> str:
    return (
        "with added as (insert into audit_entries"
        " (event_id, correlation_id, event_type, at, data, user_id) values"
        f" (gen_random_uuid(), 'x', '{event_type}', now(), '{canonical(data)}', '{OWNER}')"
        " returning id) insert into audit_pending (entry_id) select id from added"
    )


def _order(name: str, mode: str) -> list[str]:
    """Return what the release before wrote of an order of the node `name`."""
    order_id, status = IDS[name], STATUSES[name]
    quantity = "4" if name == "part" else "10"
    fills = [{**FILL, "quantity": quantity}] if name in ("filled", "part") else []
    levels = {"stop_loss": "95", "targets": ["110"]}
    said: dict[str, object] = {
        "order_id": order_id,
        "run_id": RUN,
        "node_id": name,
        "mode": mode,
        "symbol": "ACME",
    }
    said |= {"side": "buy", "quantity": "10", "reference_price": "100", **levels}
    said |= {"account_id": ACCOUNT, "origin": "run"}
    report = {"client_order_id": order_id, "status": status, "reason": "So.", "fills": fills}
    statements = [
        (
            "insert into orders (id, user_id, account_id, node_id, mode, symbol, side, quantity,"
            " reference_price, levels, status, reason, answered_at, correlation_id) values"
            f" ('{order_id}', '{OWNER}', '{ACCOUNT}', '{name}', '{mode}', 'ACME', 'buy', 10, 100,"
            f" '{json.dumps(levels)}', '{status}', '{'' if name == 'open' else 'So.'}',"
            f" {'null' if name == 'open' else 'now()'}, 'x')"
        ),
        _recorded("order_intended", said),
    ]
    if name != "open":
        answer: dict[str, object] = {
            "order_id": order_id,
            "status": status,
            "reason": "So.",
            "fills": fills,
        }
        statements.append(_recorded("order_answered", answer))
    if fills:
        statements.append(
            "insert into fills (order_id, number, time, quantity, price, commission) values"
            f" ('{order_id}', 1, '{FILL['time']}', {quantity}, 100.1, 0.05)"
        )
    if mode == "simulation" and name != "open":
        statements.append(
            "insert into simulated_orders (client_order_id, user_id, scope, symbol,"
            " filled_quantity, average_price, commission, report) values"
            f" ('{order_id}', '{OWNER}', '{ACCOUNT}', 'ACME', 1, 1, 0, '{json.dumps(report)}')"
        )
    return statements


@pytest.fixture
async def record(empty_postgres_url: str, tmp_path: Path) -> Record:
    """An installation of the release before, with an order of each kind, all on record."""
    url = empty_postgres_url
    command.upgrade(alembic_config(url), "0017")
    execute(
        url,
        "insert into users (id, email, password_hash, role, tier, created_at)"
        f" values ('{OWNER}', 'a@example.com', '', 'user', 'FREE', now())",
        "insert into accounts (id, user_id, mode, currency)"
        f" values ('{ACCOUNT}', '{OWNER}', 'simulation', 'USD')",
        *(
            statement
            for name in NODES
            for statement in _order(name, "validation" if name == "checked" else "simulation")
        ),
    )
    made = Record(url, tmp_path)
    await made.link()
    return made


def found(record: Record) -> list[Damage]:
    return [one.damage for one in verify_record(record.url, str(record.folder), None).findings]


async def test_orders_keep_their_ids_and_the_record_stays_intact(record: Record) -> None:
    config = alembic_config(record.url)
    rows = partial(_rows, record.url)
    for _ in range(2):
        command.upgrade(config, "head")
        assert found(record) == []
        assert rows(
            "select node_id, id::text, status, venue, leg, attempt, answers, filled_quantity::int,"
            " origin_key from orders"
        ) == {
            ("filled", IDS["filled"], "filled", "simulation", "entry", 1, 1, 10),
            ("part", IDS["part"], "cancelled", "simulation", "entry", 1, 1, 4),
            ("refused", IDS["refused"], "rejected", "simulation", "entry", 1, 1, 0),
            ("checked", IDS["checked"], "validated", "validation", "entry", 1, 1, 0),
            ("open", IDS["open"], "intended", "simulation", "entry", 1, 0, 0),
        }
        assert rows("select venue, account_id::text, execution_id, answer from fills") == {
            ("simulation", ACCOUNT, f"{IDS[name]}-1", 1) for name in ("filled", "part")
        }
        assert rows("select distinct estimated from orders") == {(False,)}
        command.downgrade(config, "0017")
        assert rows("select node_id, status from orders") == set(STATUSES.items())
        assert rows("select order_id::text, number from fills") == {
            (IDS[name], 1) for name in ("filled", "part")
        }


@pytest.mark.parametrize(
    "change",
    [
        f"update orders set status = 'filled' where id = '{IDS['part']}'",
        f"update orders set status = 'partially_filled' where id = '{IDS['part']}'",
        f"update fills set execution_id = 'x' where order_id = '{IDS['part']}'",
        f"update fills set quantity = 5 where order_id = '{IDS['filled']}'",
        f"delete from fills where order_id = '{IDS['part']}'",
    ],
)
async def test_what_was_changed_in_an_old_order_is_found(record: Record, change: str) -> None:
    command.upgrade(alembic_config(record.url), "head")
    execute(record.url, f"set session_replication_role = replica; {change}")
    assert found(record) == [Damage.ROW_DIFFERS]


def _rows(url: str, statement: str) -> set[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        found = connection.execute(statement.encode()).fetchall()
    return {tuple(value for value in row if not isinstance(value, list)) for row in found}
