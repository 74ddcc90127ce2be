"""`/positions`: lists, closing one and all, and what a reset leaves. M21, M27."""

import httpx

from tests.fixtures.trading_hall import COIN, Hall, hold, place, until

OTHER = "ETHUSD"


async def test_m21_closing_all_asks_first_and_says_what_it_is_about(
    ann: httpx.AsyncClient, hall: Hall
) -> None:
    account, _ = await hold(ann, hall)
    await hold(ann, hall, OTHER)
    await hall.quote("104")
    body = {"mode": "simulation"}
    answer = await ann.post("/api/v1/positions/close-all", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "confirmation_needed")
    (error,) = answer.json()["errors"]
    assert error["field"] == "confirm"
    for said in ("2 simulation positions", account["name"], "BTCUSD, ETHUSD", "408 USD"):
        assert said in error["message"]
    assert len((await ann.get("/api/v1/positions?status=open")).json()["items"]) == 2
    none = await ann.post("/api/v1/positions/close-all", json={"mode": "paper", "confirm": True})
    assert (none.status_code, none.json()) == (202, {"closing": [], "not_closed": []})
    answer = await ann.post("/api/v1/positions/close-all", json={**body, "confirm": True})
    assert answer.status_code == 202
    found = answer.json()
    assert [(one["symbol"], one["estimated_proceeds"]) for one in found["closing"]] == [
        (OTHER, "200"),
        (COIN, "208"),
    ]
    for one in found["closing"]:
        await until(ann, f"/api/v1/positions/{one['id']}", status="closed", exit_reason="asked")
    account = (await ann.get("/api/v1/accounts")).json()["items"][0]
    worth = ("equity", "unrealised_pnl", "open_positions", "pnl_today")
    assert [account[name] for name in worth] == ["100008", "0", 0, "8"]
    series = (await ann.get(f"/api/v1/accounts/{account['id']}/equity")).json()
    assert series["items"][-1]["equity"] == "100008"
    assert (
        await ann.get(f"/api/v1/accounts/{account['id']}/equity?from=2026-01-03&to=2026-01-01")
    ).status_code == 422


async def test_positions_come_page_by_page_and_by_account(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, hall: Hall
) -> None:
    account, first = await hold(ann, hall)
    _, second = await hold(ann, hall, OTHER)
    page = (await ann.get("/api/v1/positions", params={"limit": 1})).json()
    assert [one["id"] for one in page["items"]] == [second["id"]]
    cursor = page["next_cursor"]
    page = (await ann.get("/api/v1/positions", params={"limit": 1, "cursor": cursor})).json()
    assert ([one["id"] for one in page["items"]], page["next_cursor"]) == ([first["id"]], None)
    for asked, count in (
        ({"account_id": account["id"], "mode": "simulation"}, 2),
        ({"mode": "paper"}, 0),
        ({"pipeline_id": account["id"]}, 0),
        ({"status": "closed"}, 0),
    ):
        found = (await ann.get("/api/v1/positions", params=asked)).json()["items"]
        assert len(found) == count, asked
    assert (await bob.get("/api/v1/positions")).json()["items"] == []
    assert (await ann.get("/api/v1/positions", params={"cursor": "?"})).status_code in (400, 422)


async def test_a_position_without_a_price_says_so(ann: httpx.AsyncClient, hall: Hall) -> None:
    _, position = await hold(ann, hall)
    await hall.silence()
    await hall.rows("delete from market_quotes")
    found = (await ann.get(f"/api/v1/positions/{position['id']}")).json()
    prices = ("last_price", "quoted_at", "unrealised_pnl", "r", "stale")
    assert [found[name] for name in prices] == [None, None, None, None, True]
    assert found["waits"] == ["There is no new price of BTCUSD; it goes on with the next one."]
    account = (await ann.get("/api/v1/accounts")).json()["items"][0]
    assert (account["equity"], account["stale"], account["valued_at"]) == ("100000", True, None)


async def test_m27_a_reset_closes_cancels_and_moves_pipelines(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, hall: Hall
) -> None:
    account, position = await hold(ann, hall)
    body = {"name": "Mine", "account_id": account["id"]}
    pipeline = (await ann.post("/api/v1/pipelines", json=body)).json()
    assert pipeline["account_id"] == account["id"]
    foreign = await bob.post("/api/v1/pipelines", json=body)
    assert (foreign.status_code, foreign.json()["errors"][0]["field"]) == (422, "account_id")
    waiting = await place(
        ann,
        account_id=account["id"],
        symbol=COIN,
        side="buy",
        type="limit",
        quantity="1",
        limit_price="80",
        stop_loss="70",
    )
    answer = await ann.post(f"/api/v1/accounts/{account['id']}/reset")
    assert answer.status_code == 200, answer.text
    new = answer.json()
    found = (await ann.get(f"/api/v1/positions/{position['id']}")).json()
    ended = ("status", "exit_reason", "quantity", "realised_pnl", "protected_by")
    assert [found[name] for name in ended] == ["closed", "reset", "0", "0", "nothing"]
    order = (await ann.get(f"/api/v1/orders/{waiting['id']}")).json()
    assert (order["status"], order["reason"], order["remaining"]) == ("cancelled", "reset", "0")
    moved = (await ann.get(f"/api/v1/pipelines/{pipeline['id']}")).json()
    assert (moved["account_id"], moved["revision"]) == (new["id"], pipeline["revision"])
    old = {"account_id": account["id"], "symbol": COIN, "side": "buy", "quantity": "1"}
    late = await ann.post("/api/v1/orders", json={**old, "stop_loss": "90"})
    assert (late.status_code, late.json()["code"]) == (409, "account_was_reset")
    headers = {"If-Match": f'"{moved["revision"]}"'}
    path = f"/api/v1/pipelines/{pipeline['id']}"
    back = await ann.put(path, json={"account_id": account["id"]}, headers=headers)
    assert (back.status_code, back.json()["errors"][0]["field"]) == (422, "account_id")
    none = await ann.put(path, json={"account_id": None}, headers=headers)
    assert (none.status_code, none.json()["account_id"]) == (200, None)
    _, again = await hold(ann, hall)
    assert (again["account_id"], again["status"]) == (new["id"], "open")
