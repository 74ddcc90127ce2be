"""Many requests and many messages at once."""

import asyncio
from collections import Counter
from pathlib import Path
from uuid import uuid4

import httpx

from kuber.infra.db import JsonObject
from kuber.workers.celery_app import DRAIN, make_celery
from tests.fakes.graphs import IN_THE_PRESENT, gated, node, steps
from tests.fakes.plugin.kuber_test_agents import calls
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import LIMIT_S, until_async
from tests.fixtures.workers import Installation

REQUESTS = 200
GOLDEN_DAY = "2009-05-14T21:00:00Z"


async def test_of_two_hundred_simultaneous_starts_exactly_one_wins(
    installation: Installation, trader: Trader, tmp_path: Path
) -> None:
    installation.allow(trader, requests_at_once=REQUESTS)
    gate = tmp_path / "gate"
    graph = gated(str(gate), node("work", "test_step"))
    pipeline = trader.create("Contested", graph=graph)
    url = f"/pipelines/{pipeline['id']}/run"
    async with _client(installation, trader) as client:
        answers = await asyncio.gather(
            *(_post(client, url, {"symbol": IN_THE_PRESENT}) for _ in range(REQUESTS))
        )
    counts = Counter(answer.status_code for answer in answers)
    assert counts == {202: 1, 409: REQUESTS - 1}, counts
    [winner] = [answer.json()["execution_id"] for answer in answers if answer.status_code == 202]
    for answer in answers:
        if answer.status_code == 409:
            problem = answer.json()
            assert problem["code"] == "already_running"
            assert winner in problem["detail"]
            assert problem["errors"][0]["field"] == "symbol"
    gate.touch()
    assert trader.wait(winner)["status"] == "succeeded"
    found = trader.http.get("/executions", params={"pipeline_id": pipeline["id"]}).json()
    assert [item["id"] for item in found["items"]] == [winner]


async def test_two_hundred_pipelines_started_at_once_all_finish(
    installation: Installation, trader: Trader
) -> None:
    installation.allow(trader, requests_at_once=REQUESTS)
    async with _client(installation, trader) as client:
        body = {"name": "One of many", "template": "golden-cross"}
        made = await asyncio.gather(*(_post(client, "/pipelines", body) for _ in range(REQUESTS)))
        answers = await asyncio.gather(
            *(
                _post(
                    client,
                    f"/pipelines/{answer.json()['id']}/run",
                    {"symbol": "AAPL", "as_of": GOLDEN_DAY, "seed": 1},
                )
                for answer in made
            )
        )
        assert Counter(answer.status_code for answer in answers) == {202: REQUESTS}
        ids = {answer.json()["execution_id"] for answer in answers}
        await _all_finished(installation, trader, ids)
    orders = installation.query("select run_id from orders where user_id = %s", trader.id)
    assert Counter(str(row[0]) for row in orders) == dict.fromkeys(ids, 1)


async def _post(client: httpx.AsyncClient, url: str, body: JsonObject) -> httpx.Response:
    """Ask, and again when a busy server says so: with the same key, so that it counts once."""
    headers = {"Idempotency-Key": str(uuid4())}
    while True:
        answer = await client.post(url, json=body, headers=headers)
        if answer.status_code != 503:
            return answer
        await asyncio.sleep(float(answer.headers["Retry-After"]))


def test_t03_ten_deliveries_of_one_task_at_once_have_one_effect(
    installation: Installation, trader: Trader, tmp_path: Path
) -> None:
    gate, file = tmp_path / "gate", str(tmp_path / "calls")
    graph = gated(str(gate), node("work", "test_step", path=file, seconds=0.3), again_s=60)
    run_id = trader.run(trader.create(graph=graph)["id"], IN_THE_PRESENT)
    trader.wait(run_id, "waiting")
    gate.touch()
    installation.query("update runs set status = 'pending', wake_at = null where id = %s", run_id)
    celery = make_celery(installation.redis_url)
    for _ in range(10):
        celery.send_task(DRAIN)
    assert trader.wait(run_id)["status"] == "succeeded"
    trader.run_graph(steps(later={}))  # claimed after all ten
    assert calls(file) == 1
    [[epoch]] = installation.query("select claim_epoch from runs where id = %s", run_id)
    entries = installation.query("select node_id from cost_tracking where run_id = %s", run_id)
    assert epoch == 2
    assert Counter(row[0] for row in entries) == {"gate": 1, "work": 1}


async def _all_finished(installation: Installation, trader: Trader, ids: set[str]) -> None:
    statement = "select status, count(*) from runs where user_id = %s group by status"

    def all_succeeded() -> bool:
        found = installation.query(statement, trader.id)
        assert not {row[0] for row in found} & {"failed", "cancelled"}, found
        return found == [("succeeded", len(ids))]

    await until_async(all_succeeded, f"the end of {len(ids)} runs")


def _client(installation: Installation, trader: Trader) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"{installation.url}/api/v1",
        headers={"Authorization": f"Bearer {trader.token}"},
        timeout=2 * LIMIT_S,
        limits=httpx.Limits(max_connections=REQUESTS, keepalive_expiry=1),
    )
