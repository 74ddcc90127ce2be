"""`/api/v1/generators`: making, changing and trying generators over HTTP."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from kuber.api.app import create_app
from kuber.bootstrap.api import open_api
from kuber.config import Settings
from kuber.infra.db import JsonObject
from kuber.signals.generators.schemas import MAX_PER_USER
from kuber.signals.generators.seeding import seed_generators
from tests.fakes.api_container import SECRET, browser
from tests.fakes.generator_bars import REGISTRY
from tests.integration.signals.generators.conftest import Workshop

BODY: JsonObject = {
    "name": "Mine",
    "kind": "expression",
    "config": {"expression": "crosses_above(sma(close, 5), sma(close, 20)) and rsi(14) < 70"},
    "symbols": ["aapl", "MSFT"],
    "timeframe": "1d",
}


@pytest.fixture
async def ann(
    workshop: Workshop, redis_url: str, kafka_bootstrap: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A signed-in person at an API that has the sample and the platform's generators."""
    async with workshop.database.transaction() as session:
        await seed_generators(session, REGISTRY, workshop.clock)
    settings = Settings(
        database_url=SecretStr(workshop.url),
        redis_url=SecretStr(redis_url),
        kafka_bootstrap=kafka_bootstrap,
        jwt_secret=SecretStr(SECRET),
        log_level="WARNING",
    )
    app = create_app(partial(open_api, settings))
    async with app.router.lifespan_context(app), browser(app) as client:
        account = {"email": "ann@example.com", "password": "three quiet herons"}
        await client.post("/api/v1/auth/register", json=account)
        answer = await client.post("/api/v1/auth/login", json=account)
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        client.base_url = httpx.URL("http://127.0.0.1/api/v1")
        yield client


async def created(ann: httpx.AsyncClient, **changes: Any) -> JsonObject:
    answer = await ann.post("/generators", json=BODY | changes)
    assert answer.status_code == 201, answer.text
    made: JsonObject = answer.json()
    return made


async def test_what_becomes_of_generators_is_on_record(
    ann: httpx.AsyncClient, workshop: Workshop
) -> None:
    made = await created(ann)
    await ann.put(f"/generators/{made['id']}", json=BODY | {"enabled": False})
    await ann.delete(f"/generators/{made['id']}")
    async with workshop.database.transaction() as session:
        await seed_generators(session, REGISTRY, workshop.clock)  # again, which changes nothing
        query = text("""
            select event_type, user_id is null, data::jsonb ->> 'enabled' from audit_entries
            where event_type like 'generator%' order by id
        """)
        found = [tuple(row) for row in await session.execute(query)]
    assert found == [
        *[("generator_created", True, "true")] * 3,
        ("generator_created", False, "true"),
        ("generator_changed", False, "false"),
        ("generator_deleted", False, "false"),
    ]


async def test_a_generator_is_made_shown_changed_and_deleted(ann: httpx.AsyncClient) -> None:
    made = await created(ann)
    assert (made["symbols"], made["signal_type"], made["own"]) == (["AAPL", "MSFT"], "custom", True)
    assert (await ann.get(f"/generators/{made['id']}")).json() == made
    changed = await ann.put(f"/generators/{made['id']}", json=BODY | {"enabled": False})
    assert changed.json()["enabled"] is False
    items = (await ann.get("/generators")).json()["items"]
    assert [one["own"] for one in items] == [False, False, False, True]
    assert {one["kind"] for one in items[:3]} == {"golden_cross", "rsi", "macd_crossover"}
    assert (await ann.delete(f"/generators/{made['id']}")).status_code == 204
    assert (await ann.get(f"/generators/{made['id']}")).status_code == 404


async def test_the_platforms_generators_are_for_reading_only(ann: httpx.AsyncClient) -> None:
    platform = (await ann.get("/generators")).json()["items"][0]
    assert (await ann.get(f"/generators/{platform['id']}")).status_code == 200
    for answer in (
        await ann.put(f"/generators/{platform['id']}", json=BODY),
        await ann.delete(f"/generators/{platform['id']}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "platform_generator")


async def test_every_kind_is_listed_with_its_form_and_why_it_cannot_be_used(
    ann: httpx.AsyncClient,
) -> None:
    items = {one["kind"]: one for one in (await ann.get("/generator-kinds")).json()["items"]}
    assert len(items) == 11
    assert items["rsi"]["config_schema"]["properties"]["period"]["minimum"] == 2
    assert [kind for kind, one in items.items() if one["unavailable"]] == ["news_sentiment"]
    refused = await ann.post("/generators", json=BODY | {"kind": "news_sentiment", "config": {}})
    assert (refused.status_code, refused.json()["code"]) == (409, "generator_unavailable")
    assert "no source of news" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"config": {"expression": "clos > 1"}}, "config.expression", "Did you mean close?"),
        ({"kind": "rsi", "config": {"period": 1}}, "config.period", "of at least 2"),
        ({"kind": "crystal_ball"}, "kind", "Use one of"),
        ({"symbols": ["AAPL", "NOSUCH"]}, "symbols.1", "Choose another symbol"),
        ({"timeframe": "7m"}, "timeframe", "Use one of"),
        ({"symbols": []}, "symbols", "Give at least 1"),
        ({"symbols": ["A"] * 51}, "symbols", "Give at most 50"),
        ({"name": " "}, "name", "at least 1"),
        ({"colour": "red"}, "colour", "Remove this field"),
    ],
)
async def test_what_is_wrong_is_named_with_field_and_remedy(
    ann: httpx.AsyncClient, changes: JsonObject, field: str, words: str
) -> None:
    answer = await ann.post("/generators", json=BODY | changes)
    assert answer.status_code == 422, answer.text
    found = {item["field"]: item["remedy"] for item in answer.json()["errors"]}
    assert words in found[field]


async def test_stored_prices_that_its_owner_chose_tell_their_timeframes_and_are_tried_out(
    ann: httpx.AsyncClient,
) -> None:
    chosen = await ann.put("/market/instruments/AAPL", json={"dataset": "sample"})
    assert chosen.status_code == 200, chosen.text
    answer = await ann.post("/generators", json=BODY | {"symbols": ["AAPL"], "timeframe": "1m"})
    (problem,) = answer.json()["errors"]
    assert (answer.status_code, problem["field"]) == (422, "timeframe")
    assert "Choose one of 1d, 1w" in problem["remedy"]
    body = {"kind": "golden_cross", "symbol": "AAPL", "timeframe": "1d"}
    checked = (await ann.post("/generators/check", json=body)).json()
    assert checked["problems"] == []
    assert checked["recent"][0]["at"] < "2013-03-02"
    finer = (await ann.post("/generators/check", json=body | {"timeframe": "5m"})).json()
    assert [one["field"] for one in finer["problems"]] == ["symbol"]


async def test_nobody_has_more_generators_than_the_limit(ann: httpx.AsyncClient) -> None:
    for _ in range(MAX_PER_USER):
        await created(ann)
    refused = await ann.post("/generators", json=BODY)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_generators")


async def test_a_check_shows_what_the_settings_would_have_found_newest_first(
    ann: httpx.AsyncClient,
) -> None:
    body = {"kind": "golden_cross", "symbol": "AAPL", "timeframe": "1d"}
    verdict = (await ann.post("/generators/check", json=body)).json()
    times = [one["at"] for one in verdict["recent"]]
    assert verdict["problems"] == []
    assert times == sorted(times, reverse=True)
    assert times
    assert verdict["bars"] == 1250
    assert set(verdict["recent"][0]) == {"at", "signal", "confidence", "metadata"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"config": {"fast": 300}}, "config.slow"),
        ({"symbol": "NOSUCH"}, "symbol"),
        ({"kind": "news_sentiment"}, "kind"),
    ],
)
async def test_a_check_names_problems_instead_of_failing(
    ann: httpx.AsyncClient, changes: JsonObject, field: str
) -> None:
    body = {"kind": "golden_cross", "symbol": "AAPL"} | changes
    answer = await ann.post("/generators/check", json=body)
    assert answer.status_code == 200
    assert [one["field"] for one in answer.json()["problems"]] == [field]
    assert answer.json()["recent"] == []
