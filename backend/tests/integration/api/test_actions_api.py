"""Splits and dividends over HTTP: previewed, imported, looked up, undone."""

import json
from typing import Any

import httpx

IMPORTS = "/api/v1/market/imports"
PREVIEW = f"{IMPORTS}/preview"
BARS = "symbol,date,open,high,low,close,volume\n" + "".join(
    f"ZZZ,2024-01-{day:02},{price},{price},{price},{price},10\n"
    for day, price in ((2, 400), (3, 101), (4, 100), (5, 99))
)
ALPACA = {
    "corporate_actions": {
        "forward_splits": [
            {"symbol": "ZZZ", "new_rate": 4, "old_rate": 1, "ex_date": "2024-01-03"}
        ],
        "cash_dividends": [
            {"symbol": "ZZZ", "rate": 0.255, "special": False, "ex_date": f"2024-01-0{day}"}
            for day in (4, 5)
        ],
        "stock_mergers": [{"acquirer_symbol": "AAA"}],
    },
    "next_page_token": None,
}


def sent(content: str, name: str) -> dict[str, tuple[str, bytes, str]]:
    return {"file": (name, content.encode(), "application/octet-stream")}


async def looked_up(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/market/symbols/ZZZ/actions", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_alpacas_answer_is_previewed_imported_looked_up_and_undone(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    assert (await looked_up(ann)) == {"items": [], "next_cursor": None}
    assert (await ann.post(IMPORTS, files=sent(BARS, "bars.csv"))).status_code == 201
    view = (await ann.post(PREVIEW, files=sent(json.dumps(ALPACA), "actions.json"))).json()
    assert (view["status"], view["timeframe"], view["bars"]) == ("previewed", None, 0)
    assert view["understood"]["prices"] == {"value": "as_traded", "how": "file"}
    [found] = view["found"]
    assert found["splits"] == [
        {
            "at": "2024-01-03T14:30:00Z",
            "ratio": "4:1",
            "ex_date": "2024-01-03",
            "origin": "file",
            "use": "applied",
            "timeframes": ["1d"],
        }
    ]
    assert found["dividends"] == {"count": 2, "first": "2024-01-04", "last": "2024-01-05"}
    assert "not_used" in {one["code"] for one in view["notes"]}
    assert (await looked_up(ann))["items"] == [], "nothing is imported yet"
    chosen = {"preview_id": view["id"], "sha256": view["sha256"]}
    done = await ann.post(IMPORTS, data=chosen)
    assert done.status_code == 201, done.text
    assert done.json()["found"] == view["found"]
    dividend = {
        "kind": "dividend",
        "ex_date": "2024-01-05",
        "ratio": None,
        "amount": "0.255",
        "currency": None,
        "source": "actions.json",
    }
    split = dividend | {"kind": "split", "ex_date": "2024-01-03", "ratio": "4:1", "amount": None}
    page = await looked_up(ann, limit=2)
    assert page["items"] == [dividend, dividend | {"ex_date": "2024-01-04"}]
    rest = await looked_up(ann, limit=2, cursor=page["next_cursor"])
    assert rest == {"items": [split], "next_cursor": None}
    assert (await looked_up(bob))["items"] == []
    assert (await ann.delete(f"{IMPORTS}/{view['id']}")).status_code == 204
    assert (await looked_up(ann))["items"] == []


async def test_a_splits_file_takes_its_symbol_and_the_kind_of_prices_as_said(
    ann: httpx.AsyncClient,
) -> None:
    await ann.post(IMPORTS, files=sent(BARS, "bars.csv"))
    text = "Date,Stock Splits\n2024-01-04,21:20\n"
    view = (await ann.post(PREVIEW, files=sent(text, "ZZZ.csv"))).json()
    assert (view["status"], view["problems"][0]["field"]) == ("refused", "symbol")
    where = f"{IMPORTS}/{view['id']}"
    view = (await ann.put(where, json={"symbol": "ZZZ"})).json()
    assert view["understood"]["prices"] == {"value": "unknown", "how": "guess"}
    said = {"symbol": "ZZZ", "prices": "as_traded"}
    view = (await ann.put(where, json=said)).json()
    assert view["said"]["prices"] == "as_traded"
    assert view["found"][0]["splits"][0]["use"] == "applied"


async def test_what_is_no_symbol_and_no_cursor_is_refused(ann: httpx.AsyncClient) -> None:
    assert (await ann.get("/api/v1/market/symbols/a%20b%20c/actions")).status_code == 404
    query = {"cursor": "bm9uc2Vuc2U"}
    answer = await ann.get("/api/v1/market/symbols/ZZZ/actions", params=query)
    assert answer.status_code == 422
