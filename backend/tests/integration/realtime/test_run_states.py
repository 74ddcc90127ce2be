"""The state of runs under way, on a real Redis."""

import json
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from kuber.agents.state import PipelineState
from kuber.infra.redis import connect_redis
from kuber.kernel.ids import RunId, new_id
from kuber.realtime.run_states import KEPT_S, RunStates, state_key
from tests.fakes.graphs import steps
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import until_async
from tests.fixtures.workers import Installation


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect_redis(redis_url)
    yield client
    await client.aclose()


async def test_the_newest_state_of_each_run_is_kept_for_an_hour(redis: Redis) -> None:
    states, one, other = RunStates(redis), RunId(new_id()), RunId(new_id())
    states.keep(one, lambda: "older")
    states.keep(other, lambda: "of another run")
    states.keep(one, lambda: "newer")
    await states.close()
    assert await redis.get(f"pipeline:state:{one}") == "newer"
    assert await redis.get(f"pipeline:state:{other}") == "of another run"
    assert KEPT_S - 60 < await redis.ttl(state_key(one)) <= KEPT_S == 3600


async def test_a_state_that_comes_while_others_are_written_is_written_too(redis: Redis) -> None:
    states, run_id = RunStates(redis), RunId(new_id())

    def first() -> str:
        states.keep(run_id, lambda: "second")
        return "first"

    states.keep(run_id, first)
    await states.close()
    assert await redis.get(state_key(run_id)) == "second"


async def test_states_are_kept_again_once_redis_is_back(redis: Redis) -> None:
    away = connect_redis("redis://127.0.0.1:1")
    states, run_id = RunStates(away), RunId(new_id())
    states.keep(run_id, lambda: "lost")
    await states.close()
    states._redis = redis
    states.keep(run_id, lambda: "kept")
    await states.close()
    assert await redis.get(state_key(run_id)) == "kept"
    await away.aclose()


async def test_a_run_leaves_its_state_with_the_changes_of_its_nodes(
    installation: Installation, trader: Trader
) -> None:
    run = trader.run_graph(steps(one={}, two={}))
    async with connect_redis(installation.redis_url) as redis:

        async def last_state() -> PipelineState | None:
            text = await redis.get(state_key(run["id"]))
            state = PipelineState.model_validate(json.loads(text)) if text else None
            return state if state and {"one", "two"} <= state.reasoning.keys() else None

        state = await until_async(last_state, "the state after the last node")
    assert isinstance(state, PipelineState)
    assert (str(state.execution_id), state.symbol) == (run["id"], "AAPL")
