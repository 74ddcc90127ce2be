"""Which symbols the feed is told to follow."""

from kuber.infra.db import Database, JsonObject
from kuber.signals.followed import followed_symbols
from tests.fakes.graphs import steps
from tests.fixtures.traders import Trader
from tests.fixtures.workers import Installation


async def followed(installation: Installation) -> frozenset[str]:
    database = Database(installation.database_url, pool_size=1)
    try:
        async with database.transaction() as session:
            return await followed_symbols(session)
    finally:
        await database.close()


def pipeline(trader: Trader, trigger: JsonObject) -> str:
    """Return a pipeline that was activated."""
    made = trader.create(graph=steps(work={}), trigger=trigger)
    activated = trader.http.post(f"/pipelines/{made['id']}/activate")
    assert activated.status_code == 200, activated.text
    return str(made["id"])


def scanner(trader: Trader, *tickers: str) -> str:
    body = {"name": "Mine", "kind": "manual", "tickers": tickers}
    made = trader.http.post("/scanners", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def test_symbols_of_what_is_active_are_followed_and_of_nothing_else(
    installation: Installation, trader: Trader
) -> None:
    before = await followed(installation)
    scanner(trader, "UNH")
    subscriptions = [{"signal_type": "golden_cross", "min_confidence": 50}]
    waits = {
        "kind": "signal",
        "scanner_id": scanner(trader, "JNJ", "PG"),
        "subscriptions": subscriptions,
    }
    waiting = pipeline(trader, waits)
    runs = pipeline(trader, {"kind": "periodic", "every_minutes": 5, "symbols": ["CVX"]})
    body = {"name": "Mine", "kind": "rsi", "symbols": ["KO"], "enabled": True}
    assert trader.http.post("/generators", json=body).status_code == 201
    body = {"name": "Off", "kind": "rsi", "symbols": ["XOM"], "enabled": False}
    assert trader.http.post("/generators", json=body).status_code == 201
    assert await followed(installation) - before == {"JNJ", "PG", "CVX", "KO"}

    assert trader.http.post(f"/pipelines/{runs}/deactivate").status_code == 200
    assert await followed(installation) - before == {"JNJ", "PG", "KO"}
    assert trader.http.post(f"/pipelines/{waiting}/deactivate").status_code == 200
    assert await followed(installation) - before == {"KO"}
