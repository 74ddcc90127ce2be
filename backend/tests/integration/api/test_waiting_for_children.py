"""Who waits for a child process holds no connection; who cannot have one still gets on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from kuber.infra.children import ChildDied, ChildFailed, ChildTimedOut, PoolBusy
from kuber.infra.db import JsonObject
from tests.fakes.graphs import chain, node
from tests.fakes.held_pool import HeldPool

SCHEDULE = {"kind": "periodic", "symbols": ["NVDA"], "market_hours_only": False}
NOTES = [{"id": f"n{number}", "text": "y" * 1000} for number in range(40)]
Call = Callable[[httpx.AsyncClient, str, str], Awaitable[httpx.Response]]


async def large_pipeline(client: httpx.AsyncClient) -> str:
    """Make a large pipeline that can run, by itself too; return its id."""
    graph = chain(node("data", "market_data")) | {"notes": NOTES}
    body = {"name": "Large", "graph": graph, "trigger": SCHEDULE}
    made = await client.post("/api/v1/pipelines", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def run_of(client: httpx.AsyncClient, pipeline_id: str) -> str:
    """Start a run that no worker takes; return its id."""
    url = f"/api/v1/pipelines/{pipeline_id}/run"
    accepted = await client.post(url, json={"symbol": "NVDA"})
    assert accepted.status_code == 202, accepted.text
    return str(accepted.json()["execution_id"])


async def outdate(platform: FastAPI) -> None:
    """Make the stored results those of other agents."""
    async with platform.state.container.database.transaction() as session:
        await session.execute(
            text("update pipelines set checked_with = 'other', published_checked_with = 'other'")
        )


async def finish(platform: FastAPI, run_id: str) -> None:
    async with platform.state.container.database.transaction() as session:
        await session.execute(text("set local session_replication_role = replica"))  # no worker ran
        await session.execute(
            text("update runs set status = 'succeeded', finished_at = now() where id = :id"),
            {"id": run_id},
        )


def use(platform: FastAPI, pool: HeldPool, monkeypatch: pytest.MonkeyPatch) -> HeldPool:
    monkeypatch.setattr(platform.state.container.pipelines.checks.work, "_pool", pool)
    return pool


def connections(platform: FastAPI) -> int:
    """Return how many connections are held by units of work."""
    held: int = platform.state.container.database.engine.pool.checkedout()
    return held


CALLS: dict[str, Call] = {
    "open a pipeline": lambda c, p, _: c.get(f"/api/v1/pipelines/{p}"),
    "activate": lambda c, p, _: c.post(f"/api/v1/pipelines/{p}/activate"),
    "compare": lambda c, p, _: c.get(f"/api/v1/pipelines/{p}/diff"),
    "run the draft": lambda c, p, _: c.post(
        f"/api/v1/pipelines/{p}/run", json={"symbol": "TSLA", "draft": True}
    ),
    "publish": lambda c, p, _: c.post(f"/api/v1/pipelines/{p}/publish", headers={"If-Match": "1"}),
    "restore": lambda c, p, _: c.post(
        f"/api/v1/pipelines/{p}/versions/1/restore", headers={"If-Match": "1"}
    ),
    "run": lambda c, p, _: c.post(
        f"/api/v1/pipelines/{p}/run", json={"symbol": "TSLA"}, headers={"Idempotency-Key": "k"}
    ),
    "open a run": lambda c, _, r: c.get(f"/api/v1/executions/{r}"),
    "run again": lambda c, _, r: c.post(
        f"/api/v1/executions/{r}/rerun",
        json={"from_node": "data"},
        headers={"Idempotency-Key": "k"},
    ),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
async def test_no_connection_is_held_while_a_child_is_waited_for(
    platform: FastAPI, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    pipeline = await large_pipeline(ann)
    run = await run_of(ann, pipeline)
    await finish(platform, run)
    await outdate(platform)
    pool = use(platform, HeldPool(), monkeypatch)
    calling = asyncio.ensure_future(call(ann, pipeline, run))
    await pool.asked.wait()
    assert connections(platform) == 0
    pool.let.set()
    answer = await calling
    assert answer.is_success, answer.text


async def test_a_cancel_stands_before_its_answer_is_made(
    platform: FastAPI,
    ann: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    postgres_url: str,
) -> None:
    run = await run_of(ann, await large_pipeline(ann))
    committed: list[object] = []

    def told(*_: object) -> None:
        with psycopg.connect(postgres_url) as other:
            committed.extend(other.execute("select status from runs").fetchall())

    monkeypatch.setattr(platform.state.container.runs._broadcaster, "send", told)
    pool = use(platform, HeldPool(), monkeypatch)
    calling = asyncio.ensure_future(ann.post(f"/api/v1/executions/{run}/cancel"))
    await pool.asked.wait()
    assert committed == [("cancelled",)], "it is told once it is so"
    assert connections(platform) == 0
    with psycopg.connect(postgres_url) as worker:
        worker.execute("select 1 from runs for update nowait")
    pool.let.set()
    answer = await calling
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")


async def test_a_cancel_whose_answer_cannot_be_made_is_a_cancel(
    platform: FastAPI, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await run_of(ann, await large_pipeline(ann))
    with monkeypatch.context() as patch:
        use(platform, HeldPool(PoolBusy("busy")), patch)
        assert (await ann.post(f"/api/v1/executions/{run}/cancel")).status_code == 503
    assert (await ann.get(f"/api/v1/executions/{run}")).json()["status"] == "cancelled"


async def test_a_start_that_is_sent_again_gets_its_first_answer_whatever_came_since(
    ann: httpx.AsyncClient, platform: FastAPI
) -> None:
    pipeline = await large_pipeline(ann)
    url, headers = f"/api/v1/pipelines/{pipeline}/run", {"Idempotency-Key": "k"}
    first = await ann.post(url, json={"symbol": "NVDA"}, headers=headers)
    await finish(platform, first.json()["execution_id"])
    assert (await ann.post(f"/api/v1/pipelines/{pipeline}/archive")).status_code == 200
    assert (await ann.post(url, json={"symbol": "NVDA"}, headers=headers)).json() == first.json()
    refused = await ann.post(url, json={"symbol": "NVDA"})
    assert refused.json()["detail"] == "An archived pipeline does not run."


async def test_a_pipeline_that_is_archived_while_its_graph_is_checked_does_not_run(
    platform: FastAPI, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = await large_pipeline(ann)
    await outdate(platform)
    pool = use(platform, HeldPool(), monkeypatch)
    url = f"/api/v1/pipelines/{pipeline}"
    starting = asyncio.ensure_future(ann.post(f"{url}/run", json={"symbol": "NVDA"}))
    await pool.asked.wait()
    assert (await ann.post(f"{url}/archive")).status_code == 200
    pool.let.set()
    assert (await starting).json()["detail"] == "An archived pipeline does not run."


async def test_a_draft_that_breaks_while_what_is_published_is_checked_changes_nothing(
    platform: FastAPI, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = await large_pipeline(ann)
    await outdate(platform)
    pool = use(platform, HeldPool(), monkeypatch)
    url = f"/api/v1/pipelines/{pipeline}"
    activating = asyncio.ensure_future(ann.post(f"{url}/activate"))
    await pool.asked.wait()
    broken: JsonObject = {"graph": chain(node("oracle", "oracle"))}
    saved = await ann.put(url, json=broken, headers={"If-Match": "1"})
    assert saved.json()["problem_count"] == 1
    pool.let.set()
    answer = await activating
    assert (answer.status_code, answer.json()["status"]) == (200, "active")


async def test_a_draft_that_is_saved_while_it_is_checked_is_neither_published_nor_run(
    platform: FastAPI, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = await large_pipeline(ann)
    url = f"/api/v1/pipelines/{pipeline}"
    other = chain(node("other", "market_data")) | {"notes": NOTES}
    assert (await ann.put(url, json={"graph": other}, headers={"If-Match": "1"})).is_success
    for revision, start in ((2, f"{url}/publish"), (3, f"{url}/run")):
        with monkeypatch.context() as patch:
            pool = use(platform, HeldPool(), patch)
            run = {"symbol": "NVDA", "draft": True, "revision": revision}
            body = run if start.endswith("run") else {}
            headers = {"If-Match": str(revision)}
            asking = asyncio.ensure_future(ann.post(start, json=body, headers=headers))
            await pool.asked.wait()
            saved = await ann.put(url, json={"name": f"N{revision}"}, headers=headers)
            assert saved.status_code == 200, saved.text
            pool.let.set()
            answer = await asking
        assert (answer.status_code, answer.json()["code"]) == (412, "stale_revision")
    assert (await ann.get("/api/v1/executions")).json()["items"] == []
    assert (await ann.get(url)).json()["version"] == 1


FAILURES = [
    PoolBusy("busy"),
    ChildTimedOut("slow"),
    ChildDied("dead"),
    ChildFailed("a defect"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: type(one).__name__)
async def test_a_pipeline_that_cannot_be_checked_is_opened_renamed_copied_and_switched_off(
    platform: FastAPI,
    ann: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
) -> None:
    pipeline = await large_pipeline(ann)
    url = f"/api/v1/pipelines/{pipeline}"
    assert (await ann.post(f"{url}/activate")).json()["status"] == "active"
    await outdate(platform)
    use(platform, HeldPool(failure), monkeypatch)
    assert (await ann.get(url)).json()["problem_count"] == 0
    renamed = await ann.put(url, json={"name": "New"}, headers={"If-Match": "1"})
    assert renamed.json()["name"] == "New"
    for action, status in {
        "deactivate": "draft",
        "archive": "archived",
        "unarchive": "draft",
    }.items():
        assert (await ann.post(f"{url}/{action}")).json()["status"] == status
    copy = await ann.post(f"{url}/clone", headers={"Idempotency-Key": str(uuid4())})
    assert copy.json()["name"] == "New (copy)"
    assert (await ann.post(f"{url}/activate")).status_code >= 500
    assert (await ann.get(url)).json()["status"] == "draft"


async def test_a_copy_of_an_outdated_result_is_as_old_as_the_original(
    platform: FastAPI, ann: httpx.AsyncClient
) -> None:
    url = f"/api/v1/pipelines/{await large_pipeline(ann)}"
    await outdate(platform)
    copy: dict[str, Any] = (await ann.post(f"{url}/clone")).json()
    async with platform.state.container.database.transaction() as session:
        query = text("select checked_with from pipelines where id = :id")
        assert await session.scalar(query, {"id": copy["id"]}) == "other"
