"""`POST /orders`: a ticket becomes an order, a position, and is closed again. M19."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from kuber.config import Settings
from tests.fixtures.trading_hall import COIN, Hall, Json, calm_account, opened, until


@pytest.fixture
async def hall(settings: Settings, ann: httpx.AsyncClient) -> AsyncIterator[Hall]:
    async with opened(settings.database_url.get_secret_value()) as found:
        yield found


async def place(client: httpx.AsyncClient, status: int = 201, **fields: object) -> Json:
    answer = await client.post("/api/v1/orders", json=fields)
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


async def test_a_ticket_opens_a_position_with_its_stop(ann: httpx.AsyncClient, hall: Hall) -> None:
    account = await calm_account(ann)
    await hall.quote("100")
    order = await place(
        ann,
        account_id=account["id"],
        symbol="BTC/USD",
        side="buy",
        quantity="2",
        stop_loss="95",
        take_profit=["110", "120"],
        client_order_id="mine-1",
    )
    assert (order["symbol"], order["type"], order["time_in_force"], order["origin"]) == (
        *(COIN, "market", "gtc"),
        "person",
    )
    assert (order["leg"], order["effect"], order["client_order_id"]) == ("entry", "open", "mine-1")
    await hall.quote("100")
    order = await until(ann, f"/api/v1/orders/{order['id']}", status="filled")
    assert (order["settlement_status"], order["remaining"]) == ("settled", "0")
    position = await until(
        ann, f"/api/v1/positions/{order['position_id']}", status="open", protected_by="monitor"
    )
    await hall.quote("104")
    position = await until(ann, f"/api/v1/positions/{position['id']}", last_price="104")
    figures = ("quantity", "average_price", "unrealised_pnl", "realised_pnl", "r", "risk", "stop")
    assert [position[name] for name in figures] == ["2", "100", "8", "0", "0.8000", "10", "95"]
    assert [(one["price"], one["quantity"]) for one in position["targets"]] == [
        ("110", "1"),
        ("120", "1"),
    ]
    assert [one["leg"] for one in position["orders"]] == ["entry"]
    (listed,) = (await ann.get("/api/v1/positions", params={"status": "open"})).json()["items"]
    assert listed == {name: value for name, value in position.items() if name != "orders"}
    assert (await ann.get("/api/v1/positions", params={"status": "closed"})).json()["items"] == []
    account = (await ann.get("/api/v1/accounts")).json()["items"][0]
    worth = ("equity", "equity_at_cost", "unrealised_pnl", "open_risk", "pnl_today", "cash")
    assert [account[name] for name in worth] == ["100008", "100000", "8", "10", "8", "99800"]


async def test_another_users_orders_and_positions_are_not_there(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, hall: Hall
) -> None:
    account = await calm_account(ann)
    await hall.quote("100")
    fields = {"account_id": account["id"], "symbol": COIN, "side": "buy", "quantity": "1"}
    await place(bob, 404, **fields, stop_loss="90")
    order = await place(ann, **fields, stop_loss="90")
    await hall.quote("100")
    order = await until(ann, f"/api/v1/orders/{order['id']}", status="filled")
    for path in (f"/orders/{order['id']}", f"/positions/{order['position_id']}"):
        assert (await bob.get(f"/api/v1{path}")).status_code == 404
    closing = f"/api/v1/positions/{order['position_id']}/close"
    assert (await bob.post(closing)).status_code == 404
    assert (await bob.delete(f"/api/v1/orders/{order['id']}")).status_code == 404
    assert (await ann.post(f"/api/v1/positions/{uuid4()}/close")).status_code == 404
