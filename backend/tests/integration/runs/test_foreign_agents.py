"""Agents that do what no agent should: their nodes fail, on record, and the process goes on."""

import threading
from typing import Any

import psycopg
import pytest

from kuber.runs import statements
from kuber.runs.loop_guard import Claims, LoopGuard, renew_from_thread
from tests.fakes.agents import trade
from tests.fakes.engines import Scene
from tests.fakes.graphs import chain, node
from tests.fakes.subscribers import add_user
from tests.fixtures.waiting import LIMIT_S

ONE = chain(node("paid", "fake_paid"))


async def ended(scene: Scene, work: Any) -> tuple[str, str | None, list[tuple[Any, ...]]]:
    """Return how a run of one node ended that did `work`, and the tokens on record."""
    scene.script.always["paid"] = work
    [run_id] = await scene.add(add_user(scene.url), ONE)
    await scene.engine().drain()
    [[status, error]] = await scene.rows("select status, error from runs where id = %s", run_id)
    tokens = await scene.rows(
        "select input_tokens from node_runs where run_id = %s and node_id = 'paid'", run_id
    )
    return status, error and error["code"], tokens


async def test_a_meter_with_nonsense_loses_no_run(scene: Scene) -> None:
    async def count(agent: Any, state: Any) -> None:
        agent.context.usage.input_tokens = 2**40

    assert await ended(scene, count) == ("succeeded", None, [(2**31 - 1,)])


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, BaseException])
async def test_what_would_end_a_process_ends_a_node(
    scene: Scene, error: type[BaseException]
) -> None:
    async def breaks(agent: Any, state: Any) -> None:
        raise error

    assert await ended(scene, breaks) == ("failed", "agent_crashed", [(0,)])


async def test_an_agent_that_holds_the_loop_costs_no_run_its_claim(scene: Scene) -> None:
    """Two runs of a process whose leases have run out twice over when the agent lets go."""
    engine = scene.engine()
    renewals = threading.Semaphore(0)
    renew = renew_from_thread(scene.url, lease_s=60)

    def counted(claims: Claims) -> None:
        renew(claims)
        renewals.release()

    def swept_by_others() -> int:
        with psycopg.connect(scene.url, autocommit=True) as connection:
            freed = connection.execute(statements.RELEASE_EXPIRED, {"lease_s": 0})
            return freed.rowcount

    freed: list[int] = []

    async def blocks(agent: Any, state: Any) -> None:
        with psycopg.connect(scene.url, autocommit=True) as connection:
            connection.execute("update runs set lease_until = now()")
        for _ in range(3):
            assert renewals.acquire(timeout=LIMIT_S)
            freed.append(swept_by_others())

    scene.script.always["paid"] = blocks
    runs = [*await scene.add(add_user(scene.url), ONE), *await scene.add(add_user(scene.url), ONE)]
    guard = LoopGuard(engine.held, counted, lambda: None, look_s=0.05, most_s=LIMIT_S)
    guard.start()
    await engine.drain()
    await guard.stop()
    assert freed == [0] * 6
    for run_id in runs:
        row = await scene.run(run_id)
        assert (row["status"], row["claim_epoch"]) == ("succeeded", 1)


async def test_a_run_tells_of_each_of_its_orders(scene: Scene) -> None:
    def trades(side: str) -> Any:
        async def process(agent: Any, state: Any) -> None:
            state.trade = trade(action=side)

        return process

    two = chain(node("buys", "fake_paid"), node("sells", "fake_paid"))
    scene.script.always |= {"buys": trades("buy"), "sells": trades("sell")}
    [run_id] = await scene.add(add_user(scene.url), two)
    await scene.engine().drain()
    bought, sold = (await scene.run(run_id))["outcome"].split("; ")
    assert bought.startswith("Bought ")
    assert sold.startswith("Sold ")
