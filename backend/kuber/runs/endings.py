"""How a run leaves its worker. Pure."""

from kuber.agents.base import Category
from kuber.infra.db import JsonObject
from kuber.runs.batches import Ending
from kuber.runs.executor import RunExecutor
from kuber.runs.plan import Plan, PlannedNode
from kuber.runs.records import is_not_met
from kuber.runs.summary import outcome
from kuber.runs.types import NodeRecord, NodeStatus, RunStatus, WaitsFor


def ending_of(executor: RunExecutor, plan: Plan) -> Ending:
    """Return how a run ends whose flow has come to its end."""
    records = executor.records
    waiting = [record for record in records.values() if record.status is NodeStatus.WAITING]
    if waiting:
        return _waiting(waiting)
    for node in plan.nodes:
        record = records[node.id]
        if record.status is NodeStatus.FAILED and node.id not in plan.handled:
            assert record.error is not None, "a failed node says why"
            error = {**record.error, "node_id": node.id}
            message = f"{node.name}: {record.error['message']}"
            return Ending(RunStatus.FAILED, message, error)
    unmet = [node for node in plan.nodes if is_not_met(records[node.id])]
    if not unmet:
        return Ending(RunStatus.SUCCEEDED, outcome(executor.final_state(), executor.trades()))
    met = any(
        node.agent.metadata.category is Category.TRIGGER
        and records[node.id].status is NodeStatus.SUCCEEDED
        for node in plan.nodes
    )
    return _not_met(unmet[0], records[unmet[0].id], executor, met=met)


def _not_met(gate: PlannedNode, record: NodeRecord, executor: RunExecutor, *, met: bool) -> Ending:
    """Return how a run of a chosen moment ends whose trigger `gate` is not met then.

    It is done, unless none of its triggers was `met`: then the moment was the wrong one.
    """
    error = record.error
    assert error is not None, "a trigger that is not met says why"
    message = f"{gate.name}: {error['message']}"
    if not met:
        remedy = "Choose another moment, or start with a manual trigger."
        return Ending(RunStatus.FAILED, message, {**error, "remedy": remedy, "node_id": gate.id})
    trades = executor.trades()
    done = outcome(executor.final_state(), trades) if trades else "No trade"
    return Ending(RunStatus.SUCCEEDED, f"{done}. Not met: {message}")


def _waiting(nodes: list[NodeRecord]) -> Ending:
    """Return the ending of a run some of whose nodes wait: it goes on with the first of them.

    It waits for a trigger, and moves to the present with it, when all of them do: the next attempt
    of a node that failed sees what the first one saw.
    """
    pausing = [record for record in nodes if record.waits_for is not WaitsFor.TRIGGER]
    told = min(pausing or nodes, key=lambda record: (record.wake_at is None, record.wake_at))
    due = [record.wake_at for record in nodes if record.wake_at is not None]
    return Ending(
        RunStatus.WAITING,
        told.reasoning,
        wake_at=min(due, default=None),
        waits_for=told.waits_for,
    )


def timed_out(limit_s: float) -> Ending:
    """Return how a run ends that took longer than it may."""
    message = f"The run took longer than {limit_s:g} s."
    return _failed("run_timeout", message, "Look at the slowest node on the timeline.")


def outdated() -> Ending:
    """Return how a run ends whose graph no longer fits the installed agents."""
    message = "The graph no longer fits the agents that are installed."
    remedy = "Open the pipeline, put right what is marked, publish it."
    return _failed("graph_outdated", message, remedy)


def crashed(error: Exception) -> Ending:
    """Return how a run ends that the engine itself could not carry out."""
    message = f"The run could not be carried out: {type(error).__name__}."
    remedy = "Run it again; if it fails again, report the correlation id."
    return _failed("engine_error", message, remedy)


def _failed(code: str, message: str, remedy: str) -> Ending:
    error: JsonObject = {"code": code, "message": message, "remedy": remedy}
    return Ending(RunStatus.FAILED, message, error)
