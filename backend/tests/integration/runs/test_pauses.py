"""A run that pauses gives up its claim and goes on later, where it was and as it was."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from kuber.agents.base import AgentFailure, BaseAgent, HostUnavailable, TriggerNotMet
from kuber.infra.db import raw_pool
from kuber.kernel.ids import UserId
from kuber.runs.batches import LeaseLost, Receipt, RunBatch
from tests.fakes.engines import OPTIONS, START, Scene
from tests.fakes.graphs import chain, edge, graph, node, path
from tests.fakes.subscribers import add_user
from tests.fixtures.waiting import until_async

PAUSE_S = 10.0


@pytest.fixture
async def scene(postgres_url: str) -> AsyncIterator[Scene]:
    pool = raw_pool(postgres_url, size=8, application_name="test")
    await pool.open()
    yield Scene(postgres_url, pool)
    await pool.close()


@pytest.fixture
def ann(postgres_url: str) -> UserId:
    return add_user(postgres_url)


def busy(agent: BaseAgent[Any], state: object) -> None:
    """Use seven tokens for a cent, then be told to come again later."""
    agent.context.usage.input_tokens += 7
    agent.context.usage.token_cost += Decimal("0.01")
    raise AgentFailure("busy", "It is busy.", retryable=True, retry_after_s=PAUSE_S)


def answer(agent: BaseAgent[Any], state: object) -> None:
    agent.context.usage.input_tokens += 7
    agent.context.usage.token_cost += Decimal("0.01")


def unmet(agent: BaseAgent[Any], state: object) -> None:
    raise TriggerNotMet("Not yet.")


ENTRIES = (
    "select attempt, amount, input_tokens from cost_tracking where node_id = 'paid' order by 1"
)
NODE = "select status, attempts, cost, input_tokens, waits_for, wake_at, error from node_runs"


async def test_every_attempt_before_a_pause_is_billed_once(scene: Scene, ann: UserId) -> None:
    scene.script.deeds["paid"] = [busy, busy, answer]
    [run_id] = await scene.add(ann, chain(node("paid", "fake_paid")))
    await scene.engine().drain()
    cent = Decimal("0.01")
    for number in (1, 2):
        run = await scene.run(run_id)
        assert (run["status"], run["waits_for"], run["outcome"]) == (
            "waiting",
            "retry",
            "It is busy.",
        )
        assert (run["claimed_by"], run["lease_until"]) == (None, None)
        [row] = await scene.rows(f"{NODE} where node_id = 'paid'")
        assert row[:5] == ("waiting", number, number * cent, 7 * number, "retry")
        assert row[5] == scene.clock.at + timedelta(seconds=PAUSE_S)
        assert row[6]["code"] == "busy"
        await scene.later(PAUSE_S - 0.001)
        assert scene.script.tried["paid"] == number
        await scene.later(0.001)
    run = await scene.run(run_id)
    assert (run["status"], Decimal(str(run["cost"]))) == ("succeeded", 3 * cent)
    assert (run["wait_count"], run["trigger_waits"], run["waits_for"]) == (2, 0, None)
    assert await scene.rows(ENTRIES) == [(1, cent, 7), (2, cent, 7), (3, cent, 7)]
    assert await scene.rows("select amount from daily_spend") == [(3 * cent,)]
    [row] = await scene.rows(f"{NODE} where node_id = 'paid'")
    assert row == ("succeeded", 3, 3 * cent, 21, None, None, None)


async def test_a_node_that_goes_on_after_a_pause_waits_for_nothing_any_more(
    scene: Scene, ann: UserId
) -> None:
    gate = asyncio.Event()

    async def slow(agent: object, state: object) -> None:
        await gate.wait()

    scene.script.deeds["paid"] = [busy, slow]
    await scene.add(ann, chain(node("paid", "fake_paid")))
    await scene.engine().drain()
    going_on = asyncio.create_task(scene.later(PAUSE_S))
    running = f"{NODE} where node_id = 'paid' and status = 'running'"
    [row] = await until_async(lambda: scene.rows(running), "the node's start on record")
    assert (row[1], row[4], row[5]) == (2, None, None)
    gate.set()
    await going_on


async def test_a_run_stays_at_its_moment_over_a_pause_and_moves_on_with_a_trigger(
    scene: Scene, ann: UserId
) -> None:
    scene.script.deeds["paid"] = [busy]
    scene.script.deeds["watcher"] = [unmet]
    [paused] = await scene.add(ann, chain(node("paid", "fake_paid")))
    [waiting] = await scene.add(ann, chain(node("watcher", "fake_watcher")))
    await scene.engine().drain()
    assert (await scene.run(waiting))["waits_for"] == "trigger"
    await scene.later(60)
    assert (await scene.run(paused))["status"] == "succeeded"
    assert scene.script.as_of["paid"] == [START, START]
    assert scene.script.as_of["watcher"] == [START, START + timedelta(seconds=60)]


async def test_what_was_found_before_a_trigger_is_found_anew_when_its_time_comes(
    scene: Scene, ann: UserId
) -> None:
    scene.script.always["paid"] = answer
    scene.script.deeds["watcher"] = [unmet]
    steps = [
        node("paid", "fake_paid"),
        node("watcher", "fake_watcher"),
        node("judge", "fake_judge"),
    ]
    [run_id] = await scene.add(ann, chain(*steps))
    await scene.engine().drain()
    await scene.later(60)
    run, now = await scene.run(run_id), START + timedelta(seconds=60)
    assert (run["status"], Decimal(str(run["cost"]))) == ("succeeded", Decimal("0.02"))
    assert scene.script.as_of["paid"] == [START, now]
    assert scene.script.as_of["watcher"] == [START, now]
    assert scene.script.as_of["judge"] == [now]
    assert await scene.rows(ENTRIES) == [(1, Decimal("0.01"), 7), (2, Decimal("0.01"), 7)]


async def test_what_was_found_before_a_pause_stays(scene: Scene, ann: UserId) -> None:
    scene.script.deeds["paid"] = [busy]
    [run_id] = await scene.add(ann, chain(node("judge", "fake_judge"), node("paid", "fake_paid")))
    await scene.engine().drain()
    await scene.later(PAUSE_S)
    assert (await scene.run(run_id))["status"] == "succeeded"
    assert (scene.script.tried["judge"], scene.script.tried["paid"]) == (1, 2)


async def test_results_are_voided_under_the_claim_alone(scene: Scene, ann: UserId) -> None:
    scene.script.deeds["watcher"] = [unmet]
    [run_id] = await scene.add(
        ann, chain(node("judge", "fake_judge"), node("watcher", "fake_watcher"))
    )
    await scene.engine().drain()
    scene.clock.move(60)
    await scene.store.sweep()
    [run] = await scene.store.claim(1)
    taken = "update runs set claim_epoch = claim_epoch + 1 where id = %s returning id"
    await scene.rows(taken, run_id)
    with pytest.raises(LeaseLost):
        await scene.store.void_results(run, ["judge"])
    statuses = "select status from node_runs where node_id = 'judge'"
    assert await scene.rows(statuses) == [("succeeded",)]


async def test_a_run_with_a_pause_and_a_trigger_goes_on_with_the_first_and_stays_at_its_moment(
    scene: Scene, ann: UserId
) -> None:
    scene.script.deeds["paid"] = [busy]
    scene.script.deeds["watcher"] = [unmet, unmet]
    nodes = [node("paid", "fake_paid"), node("watcher", "fake_watcher")]
    [run_id] = await scene.add(ann, graph(nodes, []))
    await scene.engine().drain()
    assert (await scene.run(run_id))["waits_for"] == "retry"
    await scene.later(PAUSE_S)
    run = await scene.run(run_id)
    assert (run["status"], run["waits_for"], run["trigger_waits"]) == ("waiting", "trigger", 1)
    assert scene.script.as_of["paid"] == [START, START]
    await scene.later(30)
    assert (await scene.run(run_id))["status"] == "succeeded"
    assert scene.script.as_of["watcher"][-1] == scene.clock.at


async def test_pauses_do_not_make_a_trigger_wait_longer(scene: Scene, ann: UserId) -> None:
    scene.script.deeds["watcher"] = [busy, busy, busy, unmet, unmet]
    await scene.add(ann, chain(node("watcher", "fake_watcher")))
    await scene.engine().drain()
    for _ in range(3):
        await scene.later(PAUSE_S)
    [row] = await scene.rows(f"{NODE} where node_id = 'watcher'")
    assert (row[4], row[5]) == ("trigger", scene.clock.at + timedelta(seconds=30))
    assert row[1] == 3, "an unmet trigger counts as no attempt"
    await scene.later(30)
    [row] = await scene.rows(f"{NODE} where node_id = 'watcher'")
    assert row[5] == scene.clock.at + timedelta(seconds=60)


async def test_siblings_finish_while_a_node_pauses_and_those_at_the_account_keep_their_turns(
    scene: Scene, ann: UserId
) -> None:
    scene.script.deeds["slow"] = [busy]
    nodes = [
        node("slow", "fake_paid"),
        node("first", "fake_judge"),
        node("quick", "fake_paid"),
        node("second", "fake_judge"),
        node("beside", "fake_paid"),
    ]
    edges = [*path("slow", "first"), *path("quick", "second"), edge("quick", "beside")]
    [run_id] = await scene.add(ann, graph(nodes, edges))
    await scene.engine().drain()
    tried = scene.script.tried
    assert (tried["quick"], tried["beside"], tried["second"]) == (1, 1, 0)
    await scene.later(PAUSE_S)
    assert (await scene.run(run_id))["status"] == "succeeded"
    assert (tried["slow"], tried["quick"], tried["first"], tried["second"]) == (2, 1, 1, 1)


async def test_a_pause_that_is_not_over_keeps_its_turn_in_later_claims(
    scene: Scene, ann: UserId
) -> None:
    def busier(agent: object, state: object) -> None:
        raise AgentFailure("busy", "Busier.", retryable=True, retry_after_s=2 * PAUSE_S)

    scene.script.deeds["slow"] = [busier]
    scene.script.deeds["quick"] = [busy]
    nodes = [
        node("slow", "fake_paid"),
        node("first", "fake_judge"),
        node("quick", "fake_paid"),
        node("second", "fake_judge"),
    ]
    edges = [*path("slow", "first"), *path("quick", "second")]
    [run_id] = await scene.add(ann, graph(nodes, edges))
    await scene.engine().drain()
    await scene.later(PAUSE_S)
    tried = scene.script.tried
    assert (tried["slow"], tried["quick"], tried["first"], tried["second"]) == (1, 2, 0, 0)
    await scene.later(PAUSE_S)
    assert (await scene.run(run_id))["status"] == "succeeded"
    assert (tried["slow"], tried["quick"], tried["first"], tried["second"]) == (2, 2, 1, 1)


async def test_an_unmet_trigger_keeps_nobody_from_their_turn_at_the_account(
    scene: Scene, ann: UserId
) -> None:
    scene.script.deeds["watcher"] = [unmet]
    nodes = [
        node("watcher", "fake_watcher"),
        node("first", "fake_judge"),
        node("quick", "fake_paid"),
        node("second", "fake_judge"),
    ]
    edges = [*path("watcher", "first"), *path("quick", "second")]
    [run_id] = await scene.add(ann, graph(nodes, edges))
    await scene.engine().drain()
    tried = scene.script.tried
    assert (tried["watcher"], tried["first"], tried["second"]) == (1, 0, 1)
    await scene.later(30)
    assert (await scene.run(run_id))["status"] == "succeeded"
    # What was found out before the wait is found out anew, at the moment the run has moved to.
    assert (tried["watcher"], tried["first"], tried["second"]) == (2, 1, 2)


async def test_a_run_waits_for_a_host_by_its_name_and_no_attempt_is_lost(
    scene: Scene, ann: UserId
) -> None:
    until = START + timedelta(seconds=30)

    def refused(agent: object, state: object) -> None:
        raise HostUnavailable("api.openai.com", until)

    scene.script.deeds["paid"] = [refused]
    [run_id] = await scene.add(ann, chain(node("paid", "fake_paid")))
    await scene.engine().drain()
    run = await scene.run(run_id)
    assert (run["waits_for"], run["outcome"]) == ("breaker", "Waits for api.openai.com.")
    assert run["wake_at"].startswith("2026-11-27T15:00:30")
    assert await scene.rows(ENTRIES) == []
    await scene.later(30)
    assert (await scene.run(run_id))["status"] == "succeeded"
    [row] = await scene.rows(f"{NODE} where node_id = 'paid'")
    assert row[:2] == ("succeeded", 1)


async def test_a_host_keeps_a_node_over_all_its_claims_no_longer_than_a_run_may_take(
    scene: Scene, ann: UserId
) -> None:
    pause_s = 0.6 * OPTIONS.limits.run_s

    def refused(agent: object, state: object) -> None:
        raise HostUnavailable("api.openai.com", scene.clock.at + timedelta(seconds=pause_s))

    scene.script.always["paid"] = refused
    [run_id] = await scene.add(ann, chain(node("paid", "fake_paid")))
    await scene.engine().drain()
    assert (await scene.run(run_id))["waits_for"] == "breaker"
    await scene.later(pause_s)
    run = await scene.run(run_id)
    assert (run["status"], run["error"]["code"]) == ("failed", "host_unavailable")


async def test_a_trigger_that_is_not_met_is_free_whatever_it_used(
    scene: Scene, ann: UserId
) -> None:
    def paid_look(agent: BaseAgent[Any], state: object) -> None:
        answer(agent, state)
        raise TriggerNotMet("Not yet.")

    scene.script.deeds["watcher"] = [paid_look]
    [run_id] = await scene.add(ann, chain(node("watcher", "fake_watcher")))
    await scene.engine().drain()
    assert (await scene.run(run_id))["status"] == "waiting"
    assert await scene.rows("select amount from cost_tracking where amount > 0") == []
    [row] = await scene.rows(f"{NODE} where node_id = 'watcher'")
    assert row[1:4] == (0, 0, 0)


@pytest.mark.parametrize("written", [True, False])
async def test_a_worker_that_dies_as_a_node_goes_to_pause_leaves_it_paused_or_to_be_tried_again(
    scene: Scene, ann: UserId, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    """The process dies after the node's pause was written, or before."""
    scene.script.deeds["paid"] = [busy, answer]
    [run_id] = await scene.add(ann, chain(node("paid", "fake_paid")))
    dying = scene.new_writer()
    reached = asyncio.Event()
    write = dying.write

    async def write_until(batch: RunBatch) -> Receipt:
        paused = any(record.node_id == "paid" for record, _ in batch.settled)
        if paused if not written else batch.ending is not None:
            reached.set()
            await asyncio.Event().wait()
        return await write(batch)

    monkeypatch.setattr(dying, "write", write_until)
    engine = scene.engine(writer=dying)
    drain = asyncio.create_task(engine.drain())
    await asyncio.wait_for(reached.wait(), 60)
    drain.cancel()
    for held in list(engine._held.values()):
        held.task.cancel()
    await until_async(lambda: not engine._held, "the end of the dead worker's tasks")
    await scene.rows("update runs set lease_until = now() - interval '1 s' returning 1")
    old = "select 1 where pg_postmaster_start_time() < now() - make_interval(secs => %s)"
    await until_async(
        lambda: scene.rows(old, OPTIONS.lease_s), "PostgreSQL to run for longer than a lease"
    )

    await scene.later(0)
    run = await scene.run(run_id)
    if written:
        assert (run["status"], run["waits_for"], scene.script.tried["paid"]) == (
            "waiting",
            "retry",
            1,
        )
        await scene.later(PAUSE_S)
        run = await scene.run(run_id)
    assert (run["status"], scene.script.tried["paid"]) == ("succeeded", 2)
    entries = await scene.rows(ENTRIES)
    assert [entry[1:] for entry in entries] == [(Decimal("0.01"), 7)] * (2 if written else 1)


async def test_a_worker_that_is_told_to_end_leaves_a_pause_as_it_is(
    scene: Scene, ann: UserId
) -> None:
    gate = asyncio.Event()

    async def slow(agent: object, state: object) -> None:
        await gate.wait()

    scene.script.deeds["paid"] = [busy]
    scene.script.deeds["beside"] = [slow]
    nodes = [node("paid", "fake_paid"), node("beside", "fake_paid")]
    [run_id] = await scene.add(ann, graph(nodes, []))
    engine = scene.engine()
    drain = asyncio.create_task(engine.drain())
    paused = "select 1 from node_runs where node_id = 'paid' and status = 'waiting'"
    await until_async(lambda: scene.rows(paused), "the node's pause on record")
    await engine.end()
    await drain
    assert (await scene.run(run_id))["status"] == "pending"
    await scene.later(0)
    run = await scene.run(run_id)
    assert (run["status"], run["waits_for"]) == ("waiting", "retry")
    assert (scene.script.tried["paid"], scene.script.tried["beside"]) == (1, 2)
    await scene.later(PAUSE_S)
    assert (await scene.run(run_id))["status"] == "succeeded"
    assert scene.script.tried["paid"] == 2
