"""Agents that do what no agent should: their nodes fail, on record, and the process goes on."""

from typing import Any

import pytest

from tests.fakes.engines import Scene
from tests.fakes.graphs import chain, node
from tests.fakes.subscribers import add_user

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
