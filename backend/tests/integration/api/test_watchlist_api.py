"""Watch lists over HTTP, and what else the page of a symbol asks for."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event, text

from kuber.market.feed.types import FeedSource, Quote
from kuber.market.previous_closes import session_open
from kuber.market.types import Timeframe
from kuber.market.watchlist import service

LIST = "/api/v1/market/watchlist"


async def watch(client: httpx.AsyncClient, symbol: str, **body: object) -> dict[str, Any]:
    answer = await client.put(f"{LIST}/{symbol}", json=body or None)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get(LIST)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [one["position"] for one in items] == list(range(len(items)))
    return [one["symbol"] for one in items]


async def quote(app: FastAPI, symbol: str, price: str, at: datetime) -> None:
    """Store a quote of the simulator, as the feed would."""
    async with app.state.container.database.transaction() as session:
        await session.execute(
            text(
                "insert into market_quotes (symbol, price, source, quoted_at, received_at)"
                " values (:symbol, :price, 'simulated', :at, :at)"
                " on conflict (symbol) do update set price = :price, quoted_at = :at"
            ),
            {"symbol": symbol, "price": Decimal(price), "at": at},
        )


async def test_symbols_are_watched_in_their_order_once_each_and_let_go(
    ann: httpx.AsyncClient,
) -> None:
    first = await watch(ann, "nvda")
    assert (first["symbol"], first["position"], first["name"]) == ("NVDA", 0, "Nvidia")
    await watch(ann, "GBP/USD")
    await watch(ann, "BTC%2FUSD")
    assert await listed(ann) == ["NVDA", "GBPUSD", "BTCUSD"]
    again = await watch(ann, "NASDAQ:NVDA")
    assert again["created_at"] == first["created_at"]
    assert await listed(ann) == ["NVDA", "GBPUSD", "BTCUSD"]
    assert (await ann.delete(f"{LIST}/GBP/USD")).status_code == 204
    assert await listed(ann) == ["NVDA", "BTCUSD"]
    gone = await ann.delete(f"{LIST}/GBPUSD")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_watched")


async def test_a_symbol_goes_to_the_place_it_is_given(ann: httpx.AsyncClient) -> None:
    for symbol in ("NVDA", "AMD", "V"):
        await watch(ann, symbol)
    assert (await watch(ann, "V", position=0))["position"] == 0
    assert await listed(ann) == ["V", "NVDA", "AMD"]
    await watch(ann, "V", position=99)
    assert await listed(ann) == ["NVDA", "AMD", "V"]
    await watch(ann, "KO", position=1)
    assert await listed(ann) == ["NVDA", "KO", "AMD", "V"]
    assert (await ann.put(f"{LIST}/V", json={"position": -1})).status_code == 422
    assert (await ann.put(f"{LIST}/V", json={"place": 1})).status_code == 422


async def test_only_what_has_prices_can_be_watched(ann: httpx.AsyncClient) -> None:
    for symbol in ("NOSUCHTICKER", "%20", "a'b", "%00", "..."):
        answer = await ann.put(f"{LIST}/{symbol}")
        assert answer.status_code in (404, 422), (symbol, answer.text)
    unknown = await ann.put(f"{LIST}/NOSUCHTICKER")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_symbol")
    assert "import its bars" in unknown.json()["detail"]
    assert await listed(ann) == []


async def test_a_full_list_says_so_and_keeps_taking_what_it_has(
    ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_WATCHED", 2)
    await watch(ann, "NVDA")
    await watch(ann, "AMD")
    full = await ann.put(f"{LIST}/V")
    assert (full.status_code, full.json()["code"]) == (409, "watch_list_full")
    assert full.json()["errors"][0]["field"] == "symbol"
    assert "Remove one" in full.json()["errors"][0]["remedy"]
    await watch(ann, "AMD", position=0)
    assert await listed(ann) == ["AMD", "NVDA"]


async def test_symbols_added_at_once_all_get_a_place_and_none_too_many(
    ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_WATCHED", 3)
    symbols = ["NVDA", "AMD", "V", "KO", "PG", "BA"]
    answers = await asyncio.gather(*(ann.put(f"{LIST}/{symbol}") for symbol in symbols))
    assert sorted(one.status_code for one in answers) == [200] * 3 + [409] * 3
    assert len(await listed(ann)) == 3


async def test_everybody_has_a_list_of_their_own(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    await watch(ann, "NVDA")
    await watch(bob, "AMD")
    assert (await listed(ann), await listed(bob)) == (["NVDA"], ["AMD"])
    assert (await bob.delete(f"{LIST}/NVDA")).status_code == 404
    assert await listed(ann) == ["NVDA"]


async def test_quotes_come_with_their_change_in_one_query(
    platform: FastAPI, ann: httpx.AsyncClient
) -> None:
    container = platform.state.container
    now = container.clock.now()
    for symbol in ("BTCUSD", "NVDA"):
        await watch(ann, symbol)
    opened_at = session_open(
        Quote("BTCUSD", Decimal(1), None, None, None, FeedSource.SIMULATED, now)
    )
    user = (await ann.get("/api/v1/users/me")).json()["id"]
    closes = await container.market.bars(user, "BTCUSD", Timeframe.D1, opened_at, 1)
    previous = Decimal(f"{closes.close[-1]:.8f}")
    await quote(platform, "BTCUSD", str(previous * 2), now)
    statements: list[str] = []
    engine = container.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    items = (await ann.get(LIST)).json()["items"]
    assert sum("watch_list" in one or "market_quotes" in one for one in statements) == 1
    shown = {one["symbol"]: one["quote"] for one in items}
    assert Decimal(shown["BTCUSD"]["previous_close"]) == previous
    assert shown["BTCUSD"]["change_percent"] == pytest.approx(100, abs=0.001)
    assert (shown["BTCUSD"]["stale"], shown["BTCUSD"]["simulated"]) == (False, True)
    assert shown["NVDA"] is None
    alone = await ann.get("/api/v1/market/quotes", params={"symbols": "BTCUSD"})
    assert alone.json()["items"] == [shown["BTCUSD"]]


async def test_an_old_quote_is_called_stale(platform: FastAPI, ann: httpx.AsyncClient) -> None:
    await watch(ann, "BTCUSD")
    await quote(platform, "BTCUSD", "5", platform.state.container.clock.now() - timedelta(hours=2))
    assert (await ann.get(LIST)).json()["items"][0]["quote"]["stale"] is True


async def test_the_feed_quotes_what_is_watched(platform: FastAPI, ann: httpx.AsyncClient) -> None:
    await watch(ann, "NVDA")
    async with platform.state.container.database.transaction() as session:
        assert "NVDA" in await service.watched_symbols(session)


async def test_an_instrument_is_found_however_it_is_written(ann: httpx.AsyncClient) -> None:
    for written in ("GBPUSD", "gbp%2Fusd", "GBP/USD", "OANDA:GBP_USD"):
        answer = await ann.get(f"/api/v1/market/symbols/{written}")
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["symbol"], found["timezone"]) == ("GBPUSD", "America/New_York")
    for unknown in ("%5EGSPC", "ES1!", "BRK.B", "..%2F..", "%25"):
        answer = await ann.get(f"/api/v1/market/symbols/{unknown}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_symbol"), answer.text


async def test_an_indicator_stands_at_the_bars_of_the_chart(ann: httpx.AsyncClient) -> None:
    asked: dict[str, str | int] = {"symbol": "NVDA", "timeframe": "1d", "limit": 30}
    bars = (await ann.get("/api/v1/market/bars", params=asked)).json()
    answer = await ann.get("/api/v1/market/indicators", params={**asked, "name": "bollinger"})
    found = answer.json()
    assert [one["time"] for one in found["items"]] == [one["time"] for one in bars["items"]]
    assert (found["lines"], found["pane"]) == (["upper", "middle", "lower"], "price")
    closes = [float(one["close"]) for one in bars["items"][-20:]]
    assert found["items"][-1]["values"][1] == pytest.approx(sum(closes) / 20)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "tea_leaves"},
        {"name": "sma", "period": 1},
        {"name": "sma", "period": 501},
        {"name": "sma", "width": 2},
        {"name": "bollinger", "width": "nan"},
        {"name": "bollinger", "width": 0},
        {"name": "sma", "limit": 10_001},
    ],
)
async def test_an_indicator_that_cannot_be_is_refused_by_field(
    ann: httpx.AsyncClient, wrong: dict[str, Any]
) -> None:
    params = {"symbol": "NVDA", "timeframe": "1d", **wrong}
    answer = await ann.get("/api/v1/market/indicators", params=params)
    assert answer.status_code == 422, answer.text
    field = list(wrong)[-1]
    assert field in str(answer.json()["errors"][0]["field"])


async def test_runs_and_signals_are_found_by_any_spelling(ann: httpx.AsyncClient) -> None:
    template = (await ann.get("/api/v1/templates")).json()["items"][0]["slug"]
    made = await ann.post("/api/v1/pipelines", json={"name": "Pair", "template": template})
    address = f"/api/v1/pipelines/{made.json()['id']}/run"
    assert (await ann.post(address, json={"symbol": "GBPUSD"})).status_code == 202
    for written in ("GBPUSD", "gbp/usd", "GBPUSD=X"):
        runs = await ann.get("/api/v1/executions", params={"symbol": written})
        assert [one["symbol"] for one in runs.json()["items"]] == ["GBPUSD"], written
    assert (await ann.get("/api/v1/executions", params={"symbol": "NVDA"})).json()["items"] == []
