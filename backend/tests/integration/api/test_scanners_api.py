"""Scanners over HTTP: lists, filters on the sample history, addresses, and what is refused."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from kuber.api.app import create_app
from kuber.bootstrap.api import open_api
from kuber.config import Settings
from kuber.infra.embedded.postgres import PostgresServer
from kuber.infra.outbound import OutboundClient, OutboundLimits
from kuber.kernel.backoff import Backoff
from kuber.market.providers import simulator
from kuber.market.providers.universe import UNIVERSE
from kuber.market.scanners.limits import REFRESHES_PER_MINUTE, RefreshLimits
from kuber.market.scanners.refresh import ScannerRefresher
from kuber.market.scanners.service import ScannerService
from tests.fakes.list_server import ListServer, list_server, message, redirect
from tests.fakes.scanner_calls import get, make, notices, refresh, refusal

_numbers = itertools.count(1)
LIMITS = OutboundLimits(
    read_s=0.3, total_s=1.5, size_bytes=20_000, attempts=2, backoff=Backoff(0.01, 0.01)
)
LOCAL = (ip_network("127.0.0.1/32"),)
SIMULATED = ("NVDA", "GBPUSD")
EVERYTHING = {"all": [{"field": "price", "op": ">", "value": 0}]}


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, seeded_database: str) -> Iterator[str]:
    """A database with the sample history."""
    name = f"scanners_{next(_numbers)}"
    with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as admin:
        admin.execute(f"create database {name} template {seeded_database}")
        yield postgres_server.url_of(name)
        admin.execute(f"drop database {name} with (force)")


@pytest.fixture
async def platform(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    """The whole API, whose way out also leads to this machine; its simulator trades little."""
    monkeypatch.setattr(simulator, "UNIVERSE", {one: UNIVERSE[one] for one in SIMULATED})

    @asynccontextmanager
    async def open_trusting() -> AsyncIterator[Any]:
        outbound = OutboundClient(LIMITS, trusted_networks=LOCAL)
        async with open_api(settings) as services:
            scanners = ScannerService(services.market, outbound, services.clock)
            yield replace(
                services,
                scanners=scanners,
                scanner_refresher=ScannerRefresher(
                    services.database,
                    scanners,
                    outbound,
                    services.clock,
                    RefreshLimits(services.redis),
                ),
            )
        await outbound.close()

    application = create_app(open_trusting)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def server() -> AsyncIterator[ListServer]:
    async with list_server() as running:
        yield running


async def test_a_typed_list_is_kept_shown_changed_and_deleted(ann: httpx.AsyncClient) -> None:
    made = await make(ann, kind="manual", tickers=["aapl", "EUR/USD", "AAPL"])
    assert made["tickers"] == ["AAPL", "EURUSD"]
    assert (made["filter"], made["url"], made["refresh_minutes"]) == (None, None, None)
    assert made["refreshed_at"]
    assert made["next_refresh_at"] is None
    assert (await ann.get("/api/v1/scanners")).json() == {"items": [made], "next_cursor": None}
    address = f"/api/v1/scanners/{made['id']}"
    changed = await ann.put(address, json={"name": "Two", "kind": "manual", "tickers": ["MSFT"]})
    assert (changed.json()["name"], changed.json()["tickers"]) == ("Two", ["MSFT"])
    assert (await get(ann, made))["tickers"] == ["MSFT"]
    assert (await ann.delete(address)).status_code == 204
    assert (await ann.get(address)).status_code == 404


async def test_the_list_comes_by_name_and_in_pages(ann: httpx.AsyncClient) -> None:
    for name in ("Cherry", "Apple", "Banana"):
        await make(ann, name=name, kind="manual", tickers=["AAPL"])
    first = (await ann.get("/api/v1/scanners", params={"limit": 2})).json()
    rest = await ann.get("/api/v1/scanners", params={"cursor": first["next_cursor"]})
    names = [item["name"] for item in first["items"] + rest.json()["items"]]
    assert names == ["Apple", "Banana", "Cherry"]
    assert (await ann.get("/api/v1/scanners", params={"cursor": "x"})).json()[
        "code"
    ] == "bad_cursor"


async def test_a_page_ends_early_when_its_lists_are_long(ann: httpx.AsyncClient) -> None:
    tickers = [f"S{at}" for at in range(1000)]
    made = [await make(ann, name=f"{at:02}", kind="manual", tickers=tickers) for at in range(22)]
    first = (await ann.get("/api/v1/scanners", params={"limit": 100})).json()
    assert len(first["items"]) == 20
    cursor = first["next_cursor"]
    rest = (await ann.get("/api/v1/scanners", params={"limit": 100, "cursor": cursor})).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == [one["id"] for one in made]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"kind": "manual", "tickers": ["AAPL", "A B"]}, "tickers.1", "'A B' is not a symbol"),
        ({"kind": "manual", "tickers": []}, "tickers", "No ticker"),
        ({"kind": "manual", "tickers": ["A"] * 1001}, "tickers", "1001 tickers"),
        ({"kind": "manual"}, "tickers", "needs tickers"),
        ({"kind": "manual", "tickers": ["A"], "url": "https://a.de"}, "url", "takes no url"),
        (
            {"kind": "manual", "tickers": ["A"], "refresh_minutes": 5},
            "refresh_minutes",
            "takes no refresh_minutes",
        ),
        ({"kind": "filter"}, "filter", "needs filter"),
        (
            {"kind": "filter", "filter": {"all": [{"field": "price", "op": "in", "value": 1}]}},
            "filter.all.0.op",
            "cannot be compared",
        ),
        ({"kind": "filter", "filter": EVERYTHING, "refresh_minutes": 0}, "refresh_minutes", "1"),
        ({"kind": "api"}, "url", "needs url"),
        ({"kind": "api", "url": "https://10.0.0.1/x"}, "url", "private"),
        ({"kind": "api", "url": "ftp://example.com/x"}, "url", "Only https"),
        ({"kind": "api", "url": "tickers"}, "url", "Only https"),
        ({"kind": "magic"}, "kind", "Input should be"),
        ({"kind": "manual", "tickers": ["A"], "name": " "}, "name", "at least 1"),
    ],
)
async def test_a_bad_scanner_is_refused_with_field_and_remedy(
    ann: httpx.AsyncClient, body: dict[str, object], field: str, says: str
) -> None:
    problem = await refusal(ann, **body)
    assert problem["field"] == field
    assert says in problem["message"]


async def test_a_filter_is_previewed_on_the_sample_history(ann: httpx.AsyncClient) -> None:
    async def preview(*rules: tuple[str, str, object], **more: int) -> dict[str, Any]:
        wanted = [dict(zip(("field", "op", "value"), rule, strict=True)) for rule in rules]
        answer = await ann.post(
            "/api/v1/scanners/preview", json={"filter": {"all": wanted, **more}}
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    everything = await preview(("price", ">", 0))
    tickers = {row["ticker"] for row in everything["rows"]}
    assert {"AAPL", "MSFT", "GOOG", "EURUSD", *SIMULATED} <= tickers
    assert everything["matched"] == everything["universe"] == len(tickers)
    for row in everything["rows"]:
        bars = await ann.get(
            "/api/v1/market/bars",
            params={"symbol": row["ticker"], "timeframe": "1d", "limit": 200},
        )
        closes = [float(bar["close"]) for bar in bars.json()["items"]]
        assert float(row["price"]) == pytest.approx(closes[-1])
        assert row["change_percent"] == pytest.approx((closes[-1] / closes[-2] - 1) * 100, abs=1e-5)
        assert row["sma_200"] == pytest.approx(sum(closes) / 200, abs=1e-5)
    technology = await preview(("sector", "in", ["technology"]), ("price", ">", 1), limit=1)
    assert (technology["matched"], len(technology["rows"])) == (3, 1)
    assert technology["rows"][0]["ticker"] in {"AAPL", "MSFT", "NVDA"}
    assert (await preview(("rsi_14", "between", [0, 0])))["rows"] == []


async def test_a_filter_has_its_tickers_at_once_and_its_own_imports_too(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    bars = b"symbol,date,open,high,low,close,volume\nACME,2024-01-02,1,2,1,2,10\n"
    await ann.post(
        "/api/v1/market/imports",
        files={"file": ("bars.csv", bars, "text/csv")},
        data={"timeframe": "1d"},
    )
    cheap = {"all": [{"field": "price", "op": "between", "value": [2, 2]}]}
    made = await make(ann, kind="filter", filter=cheap)
    assert made["tickers"] == ["ACME"]
    assert made["filter"] == {
        "all": [{"field": "price", "op": "between", "value": [2.0, 2.0]}],
        "limit": None,
    }
    assert made["refresh_minutes"] == 15
    assert made["next_refresh_at"] > made["refreshed_at"]
    assert (await make(bob, kind="filter", filter=cheap))["tickers"] == []


async def test_the_fields_say_what_they_can_be_compared_with(ann: httpx.AsyncClient) -> None:
    items = (await ann.get("/api/v1/scanners/fields")).json()["items"]
    price, sector = items[0], items[-1]
    assert price == {
        "field": "price",
        "label": "Price",
        "unit": "currency",
        "ops": [">", ">=", "<", "<=", "between"],
        "values": None,
    }
    assert (sector["field"], sector["ops"]) == ("sector", ["in"])
    assert "Energy" in sector["values"]


async def test_an_address_is_fetched_after_the_answer_and_again_on_request(
    ann: httpx.AsyncClient, server: ListServer
) -> None:
    made = await make(ann, kind="api", url=server.url)
    assert (made["tickers"], made["refreshed_at"]) == ([], None)
    found = await get(ann, made)
    assert (found["tickers"], found["refresh_error"]) == (["AAPL", "MSFT"], None)
    assert found["next_refresh_at"] > found["refreshed_at"]
    server.answer({"tickers": ["goog"]})
    assert (await refresh(ann, made))["tickers"] == ["GOOG"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (redirect("http://169.254.169.254/latest"), "Only https"),
        (redirect("https://192.168.0.1/"), "leads to a private or reserved address"),
        (redirect("/again"), "redirects more than 3 times"),
        (message(b"x" * 20_001), "larger than 20000 bytes"),
        (message(b"no", "500 Internal Server Error"), "answered with status 500"),
        (message(b"no", "503 Service Unavailable"), "answered with status 503"),
        (message(b"<html>"), "is not JSON"),
        (message(b'["AAPL","A B"]'), "Entry 2 of the answer: 'A B' is not a symbol"),
        (b"", "broke off"),
    ],
)
async def test_a_failed_refresh_keeps_the_last_good_list_and_says_why(
    ann: httpx.AsyncClient, server: ListServer, answer: bytes, says: str
) -> None:
    made = await make(ann, kind="api", url=server.url)
    good = await get(ann, made)
    server.answers = [answer]
    failed = await refresh(ann, made)
    assert says in failed["refresh_error"]
    assert failed["tickers"] == good["tickers"] == ["AAPL", "MSFT"]
    assert failed["refreshed_at"] == good["refreshed_at"]
    assert failed["next_refresh_at"] > good["next_refresh_at"]
    server.answer(["GOOG"])
    mended = await refresh(ann, made)
    assert (mended["tickers"], mended["refresh_error"]) == (["GOOG"], None)


async def test_a_slow_address_is_given_up_and_keeps_the_list(
    ann: httpx.AsyncClient, server: ListServer
) -> None:
    made = await make(ann, kind="api", url=server.url)
    server.before_s = 10
    failed = await refresh(ann, made)
    assert "did not answer in time" in failed["refresh_error"]
    assert failed["tickers"] == ["AAPL", "MSFT"]


async def test_another_address_starts_without_the_list_of_the_first(
    ann: httpx.AsyncClient, server: ListServer
) -> None:
    made = await make(ann, kind="api", url=server.url)
    body = {"name": "Renamed", "kind": "api", "url": server.url, "refresh_minutes": 60}
    address = f"/api/v1/scanners/{made['id']}"
    kept = (await ann.put(address, json=body)).json()
    assert (kept["tickers"], kept["refresh_minutes"]) == (["AAPL", "MSFT"], 60)
    server.answer({"nothing": "here"})
    moved = (await ann.put(address, json=body | {"url": f"{server.url}/other"})).json()
    assert moved["tickers"] == []
    assert "no list of tickers" in (await get(ann, made))["refresh_error"]


async def test_one_person_has_one_look_up_at_a_time(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, server: ListServer
) -> None:
    async def asked(by: httpx.AsyncClient, scanner: dict[str, Any]) -> httpx.Response:
        return await by.post(f"/api/v1/scanners/{scanner['id']}/refresh")

    mine, his = [await make(one, kind="api", url=server.url) for one in (ann, bob)]
    server.before_s = 0.2
    answers = await asyncio.gather(*(asked(ann, mine) for _ in range(3)), asked(bob, his))
    assert sorted(answer.status_code for answer in answers[:3]) == [200, 429, 429]
    assert answers[3].status_code == 200, "another person does not wait"
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert (refused.json()["code"], int(refused.headers["Retry-After"])) == ("rate_limited", 1)
    assert refused.json()["errors"][0]["remedy"]


async def test_one_person_has_ten_look_ups_a_minute(
    ann: httpx.AsyncClient, server: ListServer
) -> None:
    made = await make(ann, kind="api", url=server.url)  # is the first one
    for _ in range(REFRESHES_PER_MINUTE - 1):
        await refresh(ann, made)
    answer = await ann.post(f"/api/v1/scanners/{made['id']}/refresh")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 1 < int(answer.headers["Retry-After"]) <= 60
    asked = len(server.requests)
    another = await make(ann, kind="api", url=server.url)
    assert len(server.requests) == asked, "saving a scanner is no way around it"
    assert (await get(ann, another))["refresh_error"] is None


async def test_a_typed_list_has_nothing_to_refresh(ann: httpx.AsyncClient) -> None:
    made = await make(ann, kind="manual", tickers=["AAPL"])
    answer = await ann.post(f"/api/v1/scanners/{made['id']}/refresh")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_refresh")


async def test_uses_are_shown_and_an_active_one_keeps_the_scanner(ann: httpx.AsyncClient) -> None:
    made = await make(ann, kind="manual", tickers=["AAPL"])
    trigger = {
        "kind": "signal",
        "scanner_id": made["id"],
        "subscriptions": [{"signal_type": "golden_cross", "min_confidence": 80}],
    }
    template = (await ann.get("/api/v1/templates")).json()["items"][0]["slug"]
    body = {"name": "Crosses", "template": template, "trigger": trigger}
    pipeline = (await ann.post("/api/v1/pipelines", json=body)).json()
    use = {"pipeline_id": pipeline["id"], "name": "Crosses", "status": "draft"}
    use["published"] = True
    assert (await get(ann, made))["used_by"] == [use]
    activated = await ann.post(f"/api/v1/pipelines/{pipeline['id']}/activate")
    assert activated.status_code == 200, activated.text
    [listed] = (await ann.get("/api/v1/scanners")).json()["items"]
    assert listed["used_by"] == [use | {"status": "active"}]
    refused = await ann.delete(f"/api/v1/scanners/{made['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "scanner_in_use")
    assert "Crosses" in refused.json()["detail"]
    await ann.post(f"/api/v1/pipelines/{pipeline['id']}/deactivate")
    assert (await ann.delete(f"/api/v1/scanners/{made['id']}")).status_code == 204


async def test_dispatchers_are_told_of_other_tickers_and_of_nothing_else(
    ann: httpx.AsyncClient, postgres_url: str, server: ListServer
) -> None:
    made = await make(ann, kind="manual", tickers=["AAPL"])
    address, body = f"/api/v1/scanners/{made['id']}", {"name": "Mine", "kind": "manual"}
    notice = f"scanner:{made['id']}"
    async with notices(postgres_url) as heard:
        await ann.put(address, json=body | {"name": "Renamed", "tickers": ["AAPL"]})
    assert heard() == []
    async with notices(postgres_url) as heard:
        await ann.put(address, json=body | {"tickers": ["AAPL", "MSFT"]})
    assert heard() == [notice]
    async with notices(postgres_url) as heard:
        await ann.put(address, json={"name": "Mine", "kind": "api", "url": server.url})
    assert heard() == [notice, notice], "emptied, then filled by the first fetch"
    async with notices(postgres_url) as heard:
        await refresh(ann, made)
    assert heard() == []
    async with notices(postgres_url) as heard:
        await ann.delete(address)
    assert heard() == [notice]


async def test_nobody_has_more_than_two_hundred_scanners(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    made = await make(ann, kind="manual", tickers=["AAPL"])
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as direct:
        await direct.execute(
            "insert into scanners (id, user_id, name, kind, tickers, created_at, updated_at)"
            " select gen_random_uuid(), user_id, name, kind, tickers, created_at, updated_at"
            " from scanners, generate_series(1, 199) where id = %s",
            (made["id"],),
        )
    body = {"name": "One more", "kind": "manual", "tickers": ["AAPL"]}
    refused = await ann.post("/api/v1/scanners", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_scanners")


async def test_one_key_makes_one_scanner(ann: httpx.AsyncClient) -> None:
    async def post() -> httpx.Response:
        return await ann.post(
            "/api/v1/scanners",
            json={"name": "Once", "kind": "manual", "tickers": ["AAPL"]},
            headers={"Idempotency-Key": "scanner-1"},
        )

    answers = await asyncio.gather(*(post() for _ in range(5)))
    assert len({answer.json()["id"] for answer in answers}) == 1
