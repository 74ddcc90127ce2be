"""Orders of positions under an intact record: honest ones are found in order, changed ones not."""

from pathlib import Path

import httpx
import psycopg

from kuber.config import Settings
from tests.fixtures.trading_hall import COIN, Hall, hold, place, until
from tests.integration.audit.test_rows_compared import found

EXIT = "effect = 'close'"


async def test_orders_of_a_position_are_compared_with_the_record(
    ann: httpx.AsyncClient,
    hall: Hall,
    settings: Settings,
    tmp_path: Path,
) -> None:
    account, position = await hold(ann, hall)
    waiting = await place(
        ann,
        account_id=account["id"],
        symbol=COIN,
        side="buy",
        type="stop_limit",
        quantity="1",
        limit_price="121.00",
        stop_price="120",
        stop_loss="110",
    )
    await until(ann, f"/api/v1/orders/{waiting['id']}", status="working")
    assert (await ann.post(f"/api/v1/positions/{position['id']}/close")).status_code == 202
    await until(ann, f"/api/v1/positions/{position['id']}", status="closed")
    assert (await ann.post(f"/api/v1/accounts/{account['id']}/reset")).status_code == 200
    await hall.silence()
    await hall.stop()
    url = settings.database_url.get_secret_value()
    assert await found(url, tmp_path) == []
    with psycopg.connect(url, autocommit=True) as connection:
        for column, changed in (
            ("position_id", "null"),
            ("type", "'limit'"),
            ("time_in_force", "'ioc'"),
            ("stop_price", "1"),
            ("effect", "'open'"),
        ):
            kept = f"create table kept as select id, {column} from orders where {EXIT}"
            connection.execute(kept.encode())
            connection.execute(f"update orders set {column} = {changed} where {EXIT}".encode())
            assert await found(url, tmp_path) != [], column
            back = f"update orders o set {column} = k.{column} from kept k where k.id = o.id"
            connection.execute(back.encode())
            connection.execute("drop table kept")
    assert await found(url, tmp_path) == []
