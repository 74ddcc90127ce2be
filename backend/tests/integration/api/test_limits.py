"""What one account may have: refused in words with the remedy, and shown to its owner."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from kuber.identity import limits as limits_module
from kuber.identity.limit_kinds import LIMITS
from tests.fakes.graphs import chain
from tests.fixtures.limits import allow

Allow = Callable[..., None]


@pytest.fixture
async def allowed(
    ann: httpx.AsyncClient, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Allow:
    """Sets limits of ann's, read anew by each request."""
    monkeypatch.setattr(limits_module, "FRESH", timedelta(0))
    ann_id = (await ann.get("/api/v1/users/me")).json()["id"]
    return lambda **values: allow(postgres_url, ann_id, **values)


async def make(client: httpx.AsyncClient, **body: object) -> dict[str, Any]:
    answer = await client.post("/api/v1/pipelines", json={"name": "Mine", **body})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def require_refusal(answer: httpx.Response, status: int, code: str, limit: str) -> None:
    """The answer names the limit and says what to do."""
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem["code"] == code
    [item] = problem["errors"]
    assert item["code"] == limit
    assert item["remedy"]
    if status == 429:
        assert int(answer.headers["Retry-After"]) >= 1


async def save(client: httpx.AsyncClient, pipeline: dict[str, Any], text: str) -> httpx.Response:
    """Save another graph over the newest revision."""
    note = {"id": "n1", "text": text, "position": {"x": 0, "y": 0}}
    body = {"graph": {**pipeline["graph"], "notes": [note]}}
    revision = (await client.get(f"/api/v1/pipelines/{pipeline['id']}")).json()["revision"]
    headers = {"If-Match": str(revision)}
    return await client.put(f"/api/v1/pipelines/{pipeline['id']}", json=body, headers=headers)


async def publish(client: httpx.AsyncClient, pipeline: dict[str, Any], text: str) -> httpx.Response:
    """Publish another graph."""
    saved = await save(client, pipeline, text)
    assert saved.status_code == 200, saved.text
    headers = {"If-Match": str(saved.json()["revision"])}
    return await client.post(f"/api/v1/pipelines/{pipeline['id']}/publish", headers=headers)


async def versions_of(client: httpx.AsyncClient, pipeline_id: str) -> list[int]:
    answer = await client.get(f"/api/v1/pipelines/{pipeline_id}/versions")
    return [item["version"] for item in answer.json()["items"]]


async def test_no_way_of_making_a_pipeline_gets_past_the_limit(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, allowed: Allow
) -> None:
    allowed(pipelines=2)
    first = await make(ann, template="golden-cross")
    await make(ann)
    exported = (await ann.get(f"/api/v1/pipelines/{first['id']}/export")).json()
    for path, body in (
        ("", {"name": "Third"}),
        ("/import", exported),
        (f"/{first['id']}/clone", {}),
    ):
        refused = await ann.post(f"/api/v1/pipelines{path}", json=body)
        require_refusal(refused, 409, "quota_reached", "pipelines")
    await make(bob)
    assert (await ann.delete(f"/api/v1/pipelines/{first['id']}")).status_code == 204
    await make(ann)


async def test_pipelines_made_at_once_do_not_go_over_the_limit(
    ann: httpx.AsyncClient, allowed: Allow
) -> None:
    allowed(pipelines=3)
    answers = await asyncio.gather(
        *(ann.post("/api/v1/pipelines", json={"name": f"{n}"}) for n in range(10))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 3, 409: 7}


async def test_the_oldest_version_that_no_run_used_makes_room(
    ann: httpx.AsyncClient, allowed: Allow
) -> None:
    allowed(versions_per_pipeline=3)
    pipeline = await make(ann, template="golden-cross")
    body = {"symbol": "NVDA"}
    ran = await ann.post(f"/api/v1/pipelines/{pipeline['id']}/run", json=body)
    assert ran.status_code == 202, ran.text
    for number in range(4):
        assert (await publish(ann, pipeline, f"text {number}")).status_code == 200
    for number in range(4):
        assert (await save(ann, pipeline, f"draft {number}")).status_code == 200
    assert await versions_of(ann, pipeline["id"]) == [5, 4, 1], "version 1 was run"


async def test_a_pipeline_whose_versions_were_all_run_is_to_be_cloned(
    ann: httpx.AsyncClient, allowed: Allow
) -> None:
    allowed(versions_per_pipeline=2)
    pipeline = await make(ann, template="golden-cross")
    for symbol in ("NVDA", "TSLA"):
        body = {"symbol": symbol}
        ran = await ann.post(f"/api/v1/pipelines/{pipeline['id']}/run", json=body)
        assert ran.status_code == 202, ran.text
        if symbol == "NVDA":
            assert (await publish(ann, pipeline, "second")).status_code == 200
    refused = await publish(ann, pipeline, "third")
    require_refusal(refused, 409, "quota_reached", "versions_per_pipeline")
    assert "Clone" in refused.json()["errors"][0]["remedy"]
    assert await versions_of(ann, pipeline["id"]) == [2, 1]
    clone = await ann.post(f"/api/v1/pipelines/{pipeline['id']}/clone", json={})
    assert clone.status_code == 201


async def test_what_is_stored_is_bounded_and_deleting_makes_room(
    ann: httpx.AsyncClient, allowed: Allow
) -> None:
    pipeline = await make(ann, template="golden-cross")
    used = (await limits_of(ann))["stored_bytes"]["used"]
    assert used > 1000
    allowed(stored_bytes=used + 1000)
    assert (await save(ann, pipeline, "short")).status_code == 200  # in place of the draft
    headers = {"If-Match": "2"}
    refused = await ann.post(f"/api/v1/pipelines/{pipeline['id']}/publish", headers=headers)
    require_refusal(refused, 409, "quota_reached", "stored_bytes")
    used = (await limits_of(ann))["stored_bytes"]["used"]
    allowed(stored_bytes=used - 1)
    refused = await save(ann, pipeline, "longer than before")
    require_refusal(refused, 409, "quota_reached", "stored_bytes")
    assert (await limits_of(ann))["stored_bytes"]["used"] == used, "nothing of it was kept"
    assert (await ann.delete(f"/api/v1/pipelines/{pipeline['id']}")).status_code == 204
    await make(ann, graph=chain())


async def test_kept_answers_and_imported_prices_count_as_stored(
    ann: httpx.AsyncClient, allowed: Allow
) -> None:
    before = (await limits_of(ann))["stored_bytes"]["used"]
    key = {"Idempotency-Key": "one"}
    made = await ann.post("/api/v1/pipelines", json={"name": "x" * 100}, headers=key)
    assert made.status_code == 201
    await ann.delete(f"/api/v1/pipelines/{made.json()['id']}")
    kept = (await limits_of(ann))["stored_bytes"]["used"]
    assert kept - before > len(made.content)
    lines = ["symbol,timestamp,open,high,low,close,volume"]
    lines += [f"MINE,2020-01-{day:02},1,2,1,2,100" for day in range(1, 29)]
    file = {"file": ("bars.csv", "\n".join(lines), "text/csv")}
    answer = await ann.post("/api/v1/market/imports", files=file, data={"timeframe": "1d"})
    assert answer.status_code == 201, answer.text
    assert (await limits_of(ann))["stored_bytes"]["used"] - kept >= 28 * 100
    allowed(stored_bytes=kept)
    refused = await ann.post("/api/v1/market/imports", files=file, data={"timeframe": "1d"})
    require_refusal(refused, 409, "quota_reached", "stored_bytes")


async def test_a_full_queue_is_refused_until_a_place_is_free(
    ann: httpx.AsyncClient, allowed: Allow
) -> None:
    allowed(queued_runs=2)
    runs = []
    for _ in range(2):
        pipeline = await make(ann, template="golden-cross")
        answer = await ann.post(f"/api/v1/pipelines/{pipeline['id']}/run", json={"symbol": "NVDA"})
        runs.append(answer.json()["execution_id"])
    third = await make(ann, template="golden-cross")
    path = f"/api/v1/pipelines/{third['id']}/run"
    refused = await ann.post(path, json={"symbol": "NVDA"})
    require_refusal(refused, 429, "queue_full", "queued_runs")
    assert (await ann.post(f"/api/v1/executions/{runs[0]}/cancel")).status_code == 202
    require_place = await ann.post(path, json={"symbol": "NVDA"})
    assert require_place.status_code == 202
    again = await ann.post(f"/api/v1/executions/{runs[0]}/rerun", json={})
    require_refusal(again, 429, "queue_full", "queued_runs")


async def test_runs_started_at_once_do_not_go_over_the_queue(
    ann: httpx.AsyncClient, allowed: Allow, postgres_url: str
) -> None:
    allowed(queued_runs=4)
    pipelines = [await make(ann, template="golden-cross") for _ in range(12)]
    answers = await asyncio.gather(
        *(
            ann.post(f"/api/v1/pipelines/{pipeline['id']}/run", json={"symbol": "NVDA"})
            for pipeline in pipelines
        )
    )
    assert Counter(answer.status_code for answer in answers) == {202: 4, 429: 8}
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("select count(*) from runs").fetchall() == [(4,)]


async def test_an_account_sees_each_limit_with_what_is_used(
    ann: httpx.AsyncClient, allowed: Allow
) -> None:
    allowed(pipelines=7)
    await make(ann)
    found = await limits_of(ann)
    assert set(found) == set(LIMITS)
    assert (found["pipelines"]["limit"], found["pipelines"]["used"]) == (7, 1)
    assert found["requests_per_minute"]["used"] >= 3
    assert found["requests_at_once"]["used"] == 1, "this one"
    assert found["sockets"]["used"] == found["imports_at_work"]["used"] == 0
    assert all(item["sentence"].endswith(".") and item["unit"] for item in found.values())


async def limits_of(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/api/v1/users/me/limits")
    assert answer.status_code == 200, answer.text
    return {item["name"]: item for item in answer.json()["items"]}
