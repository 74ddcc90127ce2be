"""Instruments over HTTP: looked at, changed, reset, and what of it is on record."""

import json
from typing import Any

import httpx
import psycopg
import pytest

from kuber.config import Settings

HERE = "/api/v1/market/instruments"
FIELDS = ("name", "market", "currency", "tick", "quantity_step", "shortable", "dataset")
BARS = b"symbol,date,open,high,low,close,volume\nACME,2024-01-02,1,2,1,2,10\n"


async def import_acme(client: httpx.AsyncClient) -> None:
    made = await client.post(
        "/api/v1/market/imports",
        files={"file": ("bars.csv", BARS, "text/csv")},
        data={"timeframe": "1d"},
    )
    assert made.status_code == 201, made.text


async def put(client: httpx.AsyncClient, symbol: str, **said: object) -> dict[str, Any]:
    answer = await client.put(f"{HERE}/{symbol}", json=said)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def entries(settings: Settings, kind: str) -> list[dict[str, Any]]:
    with psycopg.connect(settings.database_url.get_secret_value()) as connection:
        query = "select data from audit_entries where event_type = %s order by id"
        return [json.loads(data) for (data,) in connection.execute(query, (kind,))]


async def test_an_instrument_is_changed_looked_at_and_reset(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    before = (await ann.get(f"{HERE}/AAPL")).json()
    assert (before["market"], before["market_name"]) == ("XNYS", "New York Stock Exchange")
    assert (before["tick"], before["quantity_step"], before["shortable"]) == ("0.01", "1", None)
    assert before["decided_by"] == dict.fromkeys(FIELDS, "symbol")
    after = await put(ann, "nasdaq:aapl", tick="0.05", shortable=False, name="The fruit")
    assert (after["symbol"], after["tick"], after["shortable"]) == ("AAPL", "0.05", False)
    assert after["name"] == "The fruit"
    assert after["decided_by"] == before["decided_by"] | dict.fromkeys(
        ("name", "tick", "shortable"), "user"
    )
    listed = (await ann.get(HERE, params={"query": "AAPL"})).json()["items"]
    assert {key: listed[0][key] for key in listed[0]} == {
        key: after[key] for key in after if key != "notes"
    }
    assert (await bob.get(f"{HERE}/AAPL")).json() == before
    reset = await ann.delete(f"{HERE}/AAPL")
    assert (reset.status_code, reset.json()) == (200, before)


async def test_only_a_dataset_that_is_there_can_be_chosen(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    await import_acme(ann)
    assert (await put(ann, "ACME", dataset="imported"))["dataset"] == "imported"
    for who, symbol, dataset in (
        (bob, "ACME", "imported"),
        (ann, "ACME", "sample"),
        (ann, "NOSUCH", "imported"),
    ):
        refused = await who.put(f"{HERE}/{symbol}", json={"dataset": dataset})
        (problem,) = refused.json()["errors"]
        assert (refused.status_code, problem["field"]) == (422, "dataset")
        assert problem["code"] == "no_such_dataset"
    assert (await put(bob, "AAPL", dataset="provider"))["decided_by"]["dataset"] == "user"
    assert (await put(ann, "ACME", dataset=None))["dataset"] is None


async def test_a_new_market_says_that_stored_bars_keep_their_closes(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    await import_acme(ann)
    (note,) = (await put(ann, "ACME", market="24/7"))["notes"]
    assert note["code"] == "stored_closes_stay"
    assert "24/7, days end 00:00 UTC" in note["message"]
    assert "Import them again" in note["message"]
    assert (await put(ann, "ACME", market="24/7", tick="0.1"))["notes"] == []
    assert (await put(bob, "ACME", market="24/7"))["notes"] == []
    back = (await ann.delete(f"{HERE}/ACME")).json()
    assert [one["code"] for one in back["notes"]] == ["stored_closes_stay"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"tick": "0"}, "tick"),
        ({"tick": "-1"}, "tick"),
        ({"tick": "NaN"}, "tick"),
        ({"tick": "0.000000001"}, "tick"),
        ({"quantity_step": "Infinity"}, "quantity_step"),
        ({"quantity_step": "1000001"}, "quantity_step"),
        ({"market": "MOON"}, "market"),
        ({"currency": "MOON"}, "currency"),
        ({"name": "a\u202eb"}, "name"),
        ({"shortable": "perhaps"}, "shortable"),
        ({"symbol": "ACME"}, "symbol"),
        ({"sector": "Energy"}, "sector"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    ann: httpx.AsyncClient, said: dict[str, object], field: str
) -> None:
    answer = await ann.put(f"{HERE}/ACME", json=said)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert error["remedy"]
    shown = (await ann.get(f"{HERE}/ACME")).json()
    assert set(shown["decided_by"].values()) == {"symbol"}


async def test_what_is_no_symbol_is_refused_with_what_to_write(ann: httpx.AsyncClient) -> None:
    for call in (ann.get, ann.delete):
        answer = await call(f"{HERE}/no symbol")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "symbol"


@pytest.mark.parametrize("symbol", ["^GSPC", "ES1!", "BRK.B", "VOD.L", "FOO:BAR", "M&M.NS"])
async def test_symbols_with_signs_have_an_address(ann: httpx.AsyncClient, symbol: str) -> None:
    address = httpx.URL("http://127.0.0.1").copy_with(path=f"{HERE}/{symbol}")
    assert (await ann.get(address)).json()["symbol"] == symbol


async def test_changes_are_on_record_and_names_are_not(
    ann: httpx.AsyncClient, settings: Settings
) -> None:
    await put(ann, "ACME", name="Mine")
    await put(ann, "ACME", tick="0.050", market="XLON")
    await put(ann, "ACME", tick="0.05")
    (changed,) = entries(settings, "instrument_changed")
    assert changed == {"symbol": "ACME", "market": "XLON", "tick": "0.05"}
    await ann.delete(f"{HERE}/ACME")
    await ann.delete(f"{HERE}/ACME")
    (reset,) = entries(settings, "instrument_reset")
    assert reset == {"symbol": "ACME", "market": "XNYS", "tick": "0.01"}


async def test_the_markets_that_may_be_chosen_are_listed(ann: httpx.AsyncClient) -> None:
    found = (await ann.get("/api/v1/market/calendars")).json()
    assert found["items"][0] == {"code": "XNYS", "name": "New York Stock Exchange"}
    for one in found["items"]:
        assert (await put(ann, "ACME", market=one["code"]))["market_name"] == one["name"]
