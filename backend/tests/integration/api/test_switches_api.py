"""`/kill-switches` and `/fire-drill`: who sets what, what it refuses, what stays. M20, M21."""

from typing import Any

import httpx
import psycopg
import pytest

from kuber.config import Settings
from tests.integration.api.test_t26_cross_tenant import make_pipeline

Json = dict[str, Any]


@pytest.fixture
def rows(settings: Settings) -> Any:
    """Run a statement beside the API."""

    def run(statement: str, *values: object) -> list[tuple[Any, ...]]:
        url = settings.database_url.get_secret_value()
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    return run


async def put(
    client: httpx.AsyncClient, scope: str, state: str, status: int = 200, **more: object
) -> Json:
    body = {"state": state, "reason": "The feed looks wrong.", **more}
    answer = await client.put(f"/api/v1/kill-switches/{scope}", json=body)
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


async def switches(client: httpx.AsyncClient) -> dict[str, Json]:
    listed = (await client.get("/api/v1/kill-switches")).json()
    return {one["scope"]: one for one in listed["items"]} | {"": listed}


async def test_m20_a_switch_is_set_on_record_and_told_in_one_transaction(
    ann: httpx.AsyncClient, rows: Any
) -> None:
    before = await switches(ann)
    assert {name: one["state"] for name, one in before.items() if name} == {
        "platform": "off",
        "user": "off",
    }
    (epoch,) = rows("select epoch from trading_latch")
    found = await put(ann, "user", "halted")
    assert (found["scope"], found["state"], found["set_by"]) == ("user", "halted", "you")
    assert rows("select epoch from trading_latch") == [(epoch[0] + 1,)]
    after = await switches(ann)
    assert (after["user"], after[""]["effective"]) == (found, "halted")
    (entry,) = rows("select data from audit_entries where event_type = 'switch_set'")
    assert '"before":"off"' in entry[0]
    assert "The feed" not in entry[0], "what a person writes is personal: kept beside the chain"
    assert rows("select value from audit_personal where field = 'reason'") == [
        ("The feed looks wrong.",)
    ]
    (notice,) = rows("select data from notice_outbox where kind = 'trading_switch'")
    assert (notice[0]["state"], notice[0]["scope"]) == ("halted", "user")


async def test_m20_what_is_set_already_changes_nothing(ann: httpx.AsyncClient, rows: Any) -> None:
    first = await put(ann, "user", "paused")
    assert await put(ann, "user", "paused", reason="again") == first
    assert await put(ann, "platform", "off", status=403)
    assert len(rows("select 1 from audit_entries where event_type = 'switch_set'")) == 1


async def test_m20_the_platforms_switch_is_an_administrators(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, rows: Any
) -> None:
    refused = await put(ann, "platform", "halted", status=403)
    assert refused["code"] == "admin_only"
    rows("update users set role = 'admin' where email = 'ann@example.com'")
    assert (await put(ann, "platform", "halted"))["set_by"] == "you"
    seen = await switches(bob)
    assert (seen["platform"]["state"], seen["platform"]["set_by"]) == (
        "halted",
        "an administrator",
    )
    assert seen[""]["effective"] == "halted"


@pytest.mark.parametrize("scope", ["everybody", "pipeline:7", "user:7", "pipeline:", "file"])
async def test_m20_an_unknown_scope_is_not_found(ann: httpx.AsyncClient, scope: str) -> None:
    assert (await put(ann, scope, "halted", status=404))["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"state": "stopped", "reason": "x"}, "state"),
        ({"state": "halted"}, "reason"),
        ({"state": "halted", "reason": " "}, "reason"),
        ({"state": "halted", "reason": "x" * 501}, "reason"),
        ({"state": "paused", "reason": "x", "flatten": True}, "flatten"),
        ({"state": "off", "reason": "x", "flatten": True}, "flatten"),
    ],
)
async def test_m20_a_bad_body_is_refused_with_field_and_remedy(
    ann: httpx.AsyncClient, rows: Any, body: Json, field: str
) -> None:
    answer = await ann.put("/api/v1/kill-switches/user", json=body)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert (error["field"], bool(error["remedy"])) == (field, True)
    assert rows("select 1 from trading_switches") == []


@pytest.mark.parametrize(
    ("scope", "state", "starts"),
    [
        ("user", "paused", False),
        ("user", "reduce_only", True),
        ("user", "halted", False),
        ("pipeline", "paused", False),
        ("pipeline", "halted", False),
        ("user", "off", True),
    ],
)
async def test_m20_no_run_of_the_present_starts(
    ann: httpx.AsyncClient, scope: str, state: str, starts: bool
) -> None:
    pipeline_id = await make_pipeline(ann)
    which = f"pipeline:{pipeline_id}" if scope == "pipeline" else scope
    await put(ann, which, "paused")
    await put(ann, which, state)
    run = f"/api/v1/pipelines/{pipeline_id}/run"
    symbol = (await ann.get("/api/v1/market/symbols")).json()["items"][0]["symbol"]
    answer = await ann.post(run, json={"symbol": symbol})
    assert answer.status_code == (202 if starts else 409), answer.text
    if not starts:
        problem = answer.json()
        assert problem["code"] == "trading_stopped"
        assert "set by you" in problem["detail"]
        assert problem["errors"][0]["remedy"].endswith("to off.")


async def test_m20_a_run_of_the_past_is_stopped_by_no_switch(ann: httpx.AsyncClient) -> None:
    pipeline_id = await make_pipeline(ann)
    await put(ann, "user", "halted")
    symbol = (await ann.get("/api/v1/market/symbols")).json()["items"][0]["symbol"]
    body = {"symbol": symbol, "as_of": "2009-05-14T21:00:00Z"}
    answer = await ann.post(f"/api/v1/pipelines/{pipeline_id}/run", json=body)
    assert answer.status_code == 202, answer.text


async def test_m20_a_flattening_without_positions_is_done_and_the_drill_has_nothing_to_do(
    ann: httpx.AsyncClient,
) -> None:
    report = (await put(ann, "user", "halted", flatten=True))["report"]
    assert (report["status"], report["items"]) == ("done", [])
    drill = (await ann.post("/api/v1/fire-drill", json={"mode": "simulation"})).json()
    assert (drill["would_cancel"], drill["would_close"]) == ([], [])
    assert any("order service" in one for one in drill["problems"]), "nobody would carry it out"
    refused = await ann.post("/api/v1/fire-drill", json={"mode": "live"})
    assert refused.json()["errors"][0]["field"] == "mode"
