"""Triggers that are not met in a run of a chosen moment: nothing behind them acts."""

from typing import Any

import pytest

from kuber.agents.base import TriggerNotMet
from kuber.kernel.ids import UserId
from tests.fakes.engines import Scene
from tests.fakes.graphs import chain, edge, graph, node
from tests.fakes.subscribers import add_user


def unmet(agent: Any, state: object) -> None:
    raise TriggerNotMet("Not then.")


GATED = graph(
    [
        node("start", "manual_trigger"),
        node("gate", "fake_watcher"),
        node("free", "fake_judge"),
        node("both", "fake_paid"),
        node("last", "fake_judge"),
    ],
    [
        edge("start", "free"),
        edge("start", "both"),
        edge("gate", "both"),
        edge("both", "last"),
        edge("free", "last"),
    ],
)


@pytest.fixture
def ann(postgres_url: str) -> UserId:
    return add_user(postgres_url)


async def nodes(scene: Scene) -> dict[str, tuple[str, str | None]]:
    rows = await scene.rows("select node_id, status, error ->> 'message' from node_runs")
    return {name: (status, message) for name, status, message in rows}


async def test_nothing_behind_a_gate_that_is_not_met_acts_whatever_else_leads_there(
    scene: Scene, ann: UserId
) -> None:
    scene.script.always["gate"] = unmet
    [run_id] = await scene.add(ann, GATED, real_time=False)
    await scene.engine().drain()
    run = await scene.run(run_id)
    assert (run["status"], run["error"]) == ("succeeded", None)
    assert run["outcome"] == "No trade. Not met: Watcher: Not then."
    found = await nodes(scene)
    assert found["gate"] == found["both"] == found["last"] == ("skipped", "Not then.")
    assert (found["start"][0], found["free"][0]) == ("succeeded", "succeeded")
    assert (scene.script.tried["both"], scene.script.tried["last"]) == (0, 0)
    told = "select e ->> 'type' from run_events, jsonb_array_elements(events) e"
    assert ("error",) not in await scene.rows(told)


async def test_a_gate_that_is_met_lets_everything_go_on(scene: Scene, ann: UserId) -> None:
    [run_id] = await scene.add(ann, GATED, real_time=False)
    await scene.engine().drain()
    assert (await scene.run(run_id))["status"] == "succeeded"
    assert (scene.script.tried["both"], scene.script.tried["last"]) == (1, 1)


async def test_a_run_none_of_whose_triggers_is_met_was_given_the_wrong_moment(
    scene: Scene, ann: UserId
) -> None:
    scene.script.always["gate"] = unmet
    drawn = chain(node("gate", "fake_watcher"), node("after", "fake_judge"))
    drawn["nodes"] = [one for one in drawn["nodes"] if one["id"] in ("gate", "after")]
    drawn["edges"] = [edge("gate", "after")]
    [run_id] = await scene.add(ann, drawn, real_time=False)
    await scene.engine().drain()
    run = await scene.run(run_id)
    assert (run["status"], run["outcome"]) == ("failed", "Watcher: Not then.")
    assert run["error"]["code"] == "trigger_not_met"
    assert run["error"]["remedy"] == "Choose another moment, or start with a manual trigger."
    assert scene.script.tried["after"] == 0


async def test_in_the_present_the_run_waits_for_the_gate(scene: Scene, ann: UserId) -> None:
    scene.script.deeds["gate"] = [unmet]
    [run_id] = await scene.add(ann, GATED)
    await scene.engine().drain()
    assert (await scene.run(run_id))["status"] == "waiting"
    await scene.later(60)
    assert (await scene.run(run_id))["status"] == "succeeded"
    assert scene.script.tried["both"] == 1
