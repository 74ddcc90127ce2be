"""`POST /orders`: a ticket becomes an order, a position, and is closed again. M19."""

from uuid import uuid4

import httpx
import pytest

from tests.fixtures.trading_hall import COIN, Hall, Json, calm_account, hold, place, until


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
    changes = {"orders", "quoted_at"}
    same = {name: value for name, value in position.items() if name not in changes}
    assert {name: value for name, value in listed.items() if name not in changes} == same
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


async def test_a_ticket_sent_twice_is_one_order(ann: httpx.AsyncClient, hall: Hall) -> None:
    account = await calm_account(ann)
    await hall.quote("100")
    fields = {"account_id": account["id"], "symbol": COIN, "side": "buy", "stop_loss": "90"}
    first = await place(ann, **fields, notional="150", client_order_id="a")
    assert first["quantity"] == "1.5"
    await hall.quote("101")
    again = await place(ann, **fields, notional="150", client_order_id="a")
    assert again["id"] == first["id"]
    other = await place(ann, 409, **fields, notional="151", client_order_id="a")
    assert (other["code"], other["errors"][0]["field"]) == (
        "client_order_id_taken",
        "client_order_id",
    )
    key = {"Idempotency-Key": "k-1"}
    body = {**fields, "quantity": "1"}
    one = await ann.post("/api/v1/orders", json=body, headers=key)
    two = await ann.post("/api/v1/orders", json=body, headers=key)
    assert (one.status_code, two.status_code) == (201, 201)
    assert (two.json(), two.headers["Idempotent-Replayed"]) == (one.json(), "true")
    changed = {**body, "quantity": "2"}
    three = await ann.post("/api/v1/orders", json=changed, headers=key)
    assert (three.status_code, three.json()["code"]) == (409, "idempotency_key_reused")
    assert len((await ann.get("/api/v1/orders")).json()["items"]) == 2


async def test_an_order_against_what_you_hold_by_hand_closes_it(
    ann: httpx.AsyncClient, hall: Hall
) -> None:
    account, position = await hold(ann, hall)
    fields = {"account_id": account["id"], "symbol": COIN, "side": "sell"}
    part = await place(ann, 422, **fields, quantity="1")
    assert (part["code"], part["errors"][0]["field"]) == ("partial_close", "quantity")
    limit = await place(ann, 422, **fields, quantity="2", type="limit", limit_price="105")
    assert (limit["code"], limit["errors"][0]["field"]) == ("closes_at_market", "type")
    order = await place(ann, **fields, quantity="2", client_order_id="out")
    assert (order["effect"], order["leg"], order["position_id"], order["origin"]) == (
        *("close", "close", position["id"]),
        "monitor",
    )
    found = await until(ann, f"/api/v1/positions/{position['id']}", status="closed")
    assert (found["exit_reason"], found["quantity"], found["stale"]) == ("asked", "0", False)
    again = await place(ann, **fields, quantity="2", client_order_id="out")
    assert again["id"] == order["id"]
    assert len((await ann.get("/api/v1/positions")).json()["items"]) == 1


async def test_an_order_is_taken_back_and_a_protecting_one_is_not(
    ann: httpx.AsyncClient, hall: Hall
) -> None:
    account, position = await hold(ann, hall)
    order = await place(
        ann,
        account_id=account["id"],
        symbol=COIN,
        side="buy",
        type="limit",
        quantity="1",
        limit_price="80",
        stop_loss="70",
    )
    await until(ann, f"/api/v1/orders/{order['id']}", status="working")
    answer = await ann.delete(f"/api/v1/orders/{order['id']}")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    again = await ann.delete(f"/api/v1/orders/{order['id']}")
    assert (again.status_code, again.json()["code"]) == (409, "cannot_cancel")
    assert again.json()["errors"][0]["remedy"]
    closing = await ann.post(f"/api/v1/positions/{position['id']}/close", json={"reason": "why"})
    assert closing.status_code == 202
    found = await until(ann, f"/api/v1/positions/{position['id']}", status="closed")
    exit_order = next(one for one in found["orders"] if one["effect"] == "close")
    ended = await ann.delete(f"/api/v1/orders/{exit_order['id']}")
    assert (ended.status_code, ended.json()["code"]) == (409, "cannot_cancel")
    late = await ann.post(f"/api/v1/positions/{position['id']}/close")
    assert (late.status_code, late.json()["code"]) == (409, "position_closed")
    # Never filled and over: it was no position.
    assert len((await ann.get("/api/v1/positions")).json()["items"]) == 1


async def test_without_the_order_service_an_order_is_wanted_and_stays(
    ann: httpx.AsyncClient, hall: Hall
) -> None:
    account, position = await hold(ann, hall)
    await hall.stop()
    fields = {"account_id": account["id"], "symbol": COIN, "quantity": "2"}
    order = await place(ann, **fields, side="buy", stop_loss="90")
    assert order["status"] == "intended"
    answer = await ann.delete(f"/api/v1/orders/{order['id']}")
    assert (answer.status_code, answer.json()["status"]) == (202, "intended")
    pending = await place(ann, 202, **fields, side="sell")
    assert pending == {"position_id": position["id"]}
    await hall.start()
    await until(ann, f"/api/v1/positions/{position['id']}", status="closed")


SIGNS = {"quantity": "1", "stop_loss": "90"}


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({**SIGNS, "stop_loss": "101"}, "stop_loss_side", "stop_loss"),
        ({**SIGNS, "side": "sell"}, "stop_loss_side", "stop_loss"),
        ({**SIGNS, "take_profit": "99"}, "take_profit_side", "take_profit"),
        ({**SIGNS, "take_profit": ["120", "110"]}, "take_profit_side", "take_profit"),
        ({**SIGNS, "notional": "100"}, "40010001", "quantity"),
        ({"stop_loss": "90"}, "40010001", "quantity"),
        ({"stop_loss": "90", "notional": "0.00001"}, "notional_too_small", "notional"),
        ({**SIGNS, "quantity": "0.00000001"}, "bad_quantity", "quantity"),
        ({**SIGNS, "quantity": "99999999999"}, "insufficient_buying_power", "quantity"),
        ({**SIGNS, "time_in_force": "day"}, "42210000", "time_in_force"),
        ({**SIGNS, "order_class": "bracket", "take_profit": "120"}, "42210000", "order_class"),
        ({**SIGNS, "order_class": "oco"}, "42210000", "order_class"),
        ({**SIGNS, "type": "stop", "stop_price": "120"}, "42210000", "type"),
        ({**SIGNS, "type": "trailing_stop", "trail": "1"}, "entry_type", "type"),
        ({**SIGNS, "trail": "1"}, "price_unneeded", "trail"),
        ({**SIGNS, "limit_price": "100"}, "price_unneeded", "limit_price"),
        ({**SIGNS, "type": "limit"}, "price_missing", "limit_price"),
        ({**SIGNS, "type": "limit", "limit_price": "100.000001"}, "off_tick", "limit_price"),
        ({**SIGNS, "symbol": "ETHUSD"}, "no_price", "symbol"),
        ({**SIGNS, "symbol": "^GSPC"}, "not_tradable", "symbol"),
        ({**SIGNS, "symbol": "VOD.L"}, "foreign_currency", "symbol"),
        ({**SIGNS, "symbol": "no such thing"}, "bad_symbol", "symbol"),
        ({**SIGNS, "quantity": "-1"}, "invalid", "quantity"),
        ({**SIGNS, "quantity": "0"}, "invalid", "quantity"),
        ({**SIGNS, "quantity": "NaN"}, "invalid", "quantity"),
        ({**SIGNS, "quantity": "1e30"}, "invalid", "quantity"),
        ({**SIGNS, "quantity": "1.123456789"}, "invalid", "quantity"),
        ({**SIGNS, "stop_loss": "Infinity"}, "invalid", "stop_loss"),
        ({**SIGNS, "client_order_id": "two words"}, "invalid", "client_order_id"),
        ({**SIGNS, "leverage": "5"}, "invalid", "leverage"),
    ],
)
async def test_what_is_refused_names_code_field_and_remedy_and_writes_nothing(
    ann: httpx.AsyncClient, quoted: Hall, fields: Json, code: str, field: str
) -> None:
    account = await calm_account(ann)
    body = {"account_id": account["id"], "symbol": COIN, "side": "buy", **fields}
    found = await place(ann, 422, **body)
    (error,) = found["errors"]
    assert (found["code"], error["field"], bool(error["remedy"])) == (code, field, True)
    assert (await ann.get("/api/v1/orders")).json()["items"] == []
