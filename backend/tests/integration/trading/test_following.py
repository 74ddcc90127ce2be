"""The feed of a running service follows what is ordered, soon after the commit (M9)."""

import psycopg
from psycopg.types.json import Jsonb

from kuber.kernel.ids import new_id
from kuber.market.feed.notifying import FOLLOW_CHANNEL
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation

WITHIN_S = 5
"""Half of what it takes until the feed looks again by itself."""
_INTENT = """
    insert into orders (id, user_id, account_id, venue, origin, origin_key, leg, attempt, mode,
        symbol, side, quantity, reference_price, levels, status, correlation_id)
    select %(id)s, user_id, id, 'simulation', 'person', %(key)s, 'entry', 1, 'simulation',
        %(symbol)s, 'buy', 1, 1, '{"stop_loss": "1", "targets": []}', 'intended', 'c'
    from accounts where id = %(account)s
"""


def test_m09_an_order_for_a_symbol_that_nobody_quotes_is_told_at_once(
    installation: Installation, trader: Trader
) -> None:
    (account,) = trader.http.get("/accounts").json()["items"]
    service = installation.services("feed")

    def intend(symbol: str) -> None:
        id_ = new_id()
        values = {
            "id": id_,
            "key": Jsonb([str(id_)]),
            "symbol": symbol,
            "account": account["id"],
        }
        with psycopg.connect(installation.database_url) as connection:
            connection.execute(_INTENT, values)
            connection.execute("select pg_notify(%s, '')", (FOLLOW_CHANNEL,))

    def told(symbol: str) -> bool:
        lines = installation.log_of(service).splitlines()
        return any("held_symbols_not_quoted" in line and symbol in line for line in lines)

    intend("NOQUOTEA")
    until(lambda: told("NOQUOTEA"), "the first symbol")
    intend("NOQUOTEB")  # the feed has just looked
    until(lambda: told("NOQUOTEB"), "the second symbol", WITHIN_S)
    with psycopg.connect(installation.database_url) as connection:
        connection.execute("update orders set status = 'cancelled' where symbol like 'NOQUOTE_'")
    service.stop()
