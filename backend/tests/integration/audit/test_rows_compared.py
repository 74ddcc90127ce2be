"""Orders and fills that were changed under an intact chain are found, and honest ones are not."""

from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg import AsyncConnection

from kuber.api.verification import COMPARISONS
from kuber.audit.chain import Damage
from kuber.audit.keys import KeyFile
from kuber.audit.linker import Linker
from kuber.audit.outside import OutsideFiles, read_outside
from kuber.audit.verify import verify
from kuber.kernel.clock import SystemClock
from tests.fixtures.traders import Trader
from tests.fixtures.workers import Installation

GOLDEN_DAY = "2009-05-14T21:00:00Z"
SEED = 7
NEW = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
async def order_id(installation: Installation, trader: Trader) -> str:
    pipeline = trader.create(template="golden-cross")
    run = trader.wait(trader.run(pipeline["id"], as_of=GOLDEN_DAY, seed=SEED))
    assert run["trade"] is not None
    with psycopg.connect(installation.database_url) as connection:
        row = connection.execute("select id from orders where run_id = %s", (run["id"],)).fetchone()
    assert row is not None
    return str(row[0])


async def found(url: str, folder: Path) -> list[tuple[Damage, bool]]:
    """Link what is pending, verify, and return what is wrong and whether it has a place."""
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        linker = Linker(KeyFile(folder), partial(OutsideFiles, folder), SystemClock())
        await linker.begin(connection)
        while await linker.link(connection):
            pass
        linker.rest()
    result = verify(url, COMPARISONS, partial(read_outside, folder, None))
    return [(one.damage, one.chain_position is not None) for one in result.findings]


@pytest.mark.parametrize(
    ("change", "undo", "damage"),
    [
        (
            "update fills set price = price + 0.00000001 where order_id = '{0}'",
            "update fills set price = price - 0.00000001 where order_id = '{0}'",
            [(Damage.ROW_DIFFERS, True)],
        ),
        (
            "update orders set mode = 'live' where id = '{0}'",
            "update orders set mode = 'simulation' where id = '{0}'",
            [(Damage.ROW_DIFFERS, True)],
        ),
        (
            "update orders set origin = 'person' where id = '{0}'",
            "update orders set origin = 'run' where id = '{0}'",
            [(Damage.ROW_DIFFERS, True)],
        ),
        (
            "update orders set status = 'rejected' where id = '{0}'",
            "update orders set status = 'filled' where id = '{0}'",
            [(Damage.ROW_DIFFERS, True)],
        ),
        (
            (
                "insert into fills (venue, account_id, execution_id, order_id, answer, time,"
                " quantity, price, commission) select venue, account_id, 'more', order_id, 1, time,"
                " quantity, price, commission from fills where order_id = '{0}'"
            ),
            "delete from fills where order_id = '{0}' and execution_id = 'more'",
            [(Damage.ROW_DIFFERS, True)],
        ),
        (
            (
                "insert into fills (venue, account_id, execution_id, order_id, answer, time,"
                " quantity, price, commission) select venue, account_id, 'more', order_id, 2, time,"
                " 0, price, commission from fills where order_id = '{0}'"
            ),
            "delete from fills where order_id = '{0}' and execution_id = 'more'",
            [(Damage.ROW_UNRECORDED, False)],
        ),
        *(
            (
                (
                    "insert into fills (venue, account_id, execution_id, order_id, answer, time,"
                    f" quantity, price, commission) select {where}, 'more', order_id, 1, time,"
                    " 1000, 1, 777 from fills where order_id = '{0}'"
                ),
                "delete from fills where order_id = '{0}' and execution_id = 'more'",
                [(Damage.ROW_DIFFERS, True)],
            )
            for where in ("venue, gen_random_uuid()", "'elsewhere', account_id")
        ),
        *(
            (
                f"update {table} set {column} = {changed} where {key} = '{{0}}'",
                f"update {table} set {column} = {back} where {key} = '{{0}}'",
                [(Damage.ROW_DIFFERS, True)],
            )
            for table, key, column, changed, back in (
                (
                    "fills",
                    "order_id",
                    "execution_id",
                    "execution_id || 'x'",
                    "rtrim(execution_id, 'x')",
                ),
                ("fills", "order_id", "venue", "'elsewhere'", "'simulation'"),
                ("orders", "id", "leg", "'stop'", "'entry'"),
                ("orders", "id", "attempt", "attempt + 1", "attempt - 1"),
                ("orders", "id", "estimated", "not estimated", "not estimated"),
                ("orders", "id", "type", "'limit'", "'market'"),
                ("orders", "id", "time_in_force", "'gtc'", "'day'"),
                ("orders", "id", "limit_price", "1", "null"),
                ("orders", "id", "stop_price", "1", "null"),
                ("orders", "id", "effect", "'close'", "'open'"),
                ("orders", "id", "order_group", "'g'", "null"),
                ("orders", "id", "filled_quantity", "filled_quantity + 1", "filled_quantity - 1"),
            )
        ),
        (
            "update orders set venue = 'elsewhere' where id = '{0}'",
            "update orders set venue = 'simulation' where id = '{0}'",
            [(Damage.ROW_DIFFERS, True), (Damage.ROW_DIFFERS, True)],  # and from its fills
        ),
        (
            "update orders set answers = answers + 1 where id = '{0}'",
            "update orders set answers = answers - 1 where id = '{0}'",
            [(Damage.ROW_UNRECORDED, False)],
        ),
        (
            (
                "insert into orders select (jsonb_populate_record(o,"
                " jsonb_build_object('id', '{1}'))).* from orders o where id = '{0}'"
            ),
            "delete from orders where id = '{1}'",
            [(Damage.ROW_UNRECORDED, False), (Damage.ROW_UNRECORDED, False)],
        ),
        *(
            (
                f"update orders set {column} = {changed} where id = '{{0}}'",
                (
                    f"update orders o set {column} = e.at from audit_entries e where o.id = '{{0}}'"
                    f" and e.event_type = '{kind}' and e.data::jsonb ->> 'order_id' = '{{0}}'"
                ),
                [(Damage.ROW_DIFFERS, True)],
            )
            for column, kind in (
                ("created_at", "order_intended"),
                ("answered_at", "order_answered"),
            )
            for changed in (f"{column} - interval '1 hour'", "'infinity'")
        ),
    ],
    ids=[
        *("price of a fill", "mode", "origin", "status", "a fill more", "a fill of no answer"),
        *("a fill in another account", "a fill at another venue"),
        *("execution", "venue of a fill", "leg", "attempt", "estimated"),
        *("type", "time in force", "limit", "stop", "effect", "group"),
        *("filled quantity", "venue"),
        *("an answer more", "an order more"),
        *("when it was made", "made at no time", "when it was answered", "answered at no time"),
    ],
)
async def test_a_changed_row_is_found(
    installation: Installation,
    order_id: str,
    tmp_path: Path,
    change: str,
    undo: str,
    damage: list[tuple[Damage, bool]],
) -> None:
    url = installation.database_url
    assert await found(url, tmp_path) == []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")  # the trigger is off
        connection.execute(change.format(order_id, NEW).encode())
        assert await found(url, tmp_path) == damage
        connection.execute(undo.format(order_id, NEW).encode())
    assert await found(url, tmp_path) == []


async def test_orders_outlive_their_pipeline_and_the_record_stays_intact(
    installation: Installation, trader: Trader, tmp_path: Path
) -> None:
    pipeline = trader.create(template="golden-cross")
    run = trader.wait(trader.run(pipeline["id"], as_of=GOLDEN_DAY, seed=SEED))
    with psycopg.connect(installation.database_url, autocommit=True) as connection:
        query = "select id, run_id from orders where user_id = %s"
        (before,) = connection.execute(query, (trader.id,)).fetchall()
        assert str(before[1]) == run["id"]
        assert trader.http.delete(f"/pipelines/{pipeline['id']}").status_code == 204
        assert connection.execute(query, (trader.id,)).fetchall() == [before]
        connection.execute("delete from runs where id = %s", (run["id"],))
        assert connection.execute(query, (trader.id,)).fetchall() == [(before[0], None)]
    assert await found(installation.database_url, tmp_path) == []


async def test_a_changed_row_is_found_in_a_slice_that_is_not_the_last(
    installation: Installation, order_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuber.audit.verify.SLICE", 1)
    with psycopg.connect(installation.database_url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")  # the trigger is off
        connection.execute("update orders set node_id = node_id || 'x' where id = %s", (order_id,))
        assert await found(installation.database_url, tmp_path) == [(Damage.ROW_DIFFERS, True)]
        connection.execute(
            "update orders set node_id = rtrim(node_id, 'x') where id = %s", (order_id,)
        )
    assert await found(installation.database_url, tmp_path) == []
