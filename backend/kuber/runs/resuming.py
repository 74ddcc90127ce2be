"""What still counts of a run's results when it goes on: all, or, once it has moved to the present,
only what was done and cannot be undone."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kuber.agents.base import Category
from kuber.agents.effects import Repeat
from kuber.runs.plan import Plan
from kuber.runs.store import RunStore
from kuber.runs.types import ClaimedRun, NodeRecord, NodeStatus

_REPEATABLE = (Repeat.PURE, Repeat.RECORDED)


async def records_of(store: RunStore, run: ClaimedRun, plan: Plan) -> dict[str, NodeRecord]:
    """Return what is on record of a run's nodes and still counts.

    A run that waited for a trigger moves to the present: what its nodes had found out before, such
    as prices, is found out anew, so that it decides by one moment.
    """
    recorded = await store.nodes(run.id)
    stale = stale_results(run, plan, recorded)
    if stale:
        await store.void_results(run, stale)
    return recorded | {
        node_id: replace(recorded[node_id], status=NodeStatus.PENDING, changes={})
        for node_id in stale
    }


def stale_results(
    run: ClaimedRun, plan: Plan, recorded: Mapping[str, NodeRecord]
) -> frozenset[str]:
    """Return the nodes whose results are older than the moment that the run has moved to.

    Those of triggers stay, and so do those of nodes that acted on the outside, with everything
    that led to it.
    """
    if not run.real_time:
        return frozenset()
    nodes = {node.id: node for node in plan.nodes}
    kept = {
        node_id
        for node_id in recorded
        if node_id in nodes and nodes[node_id].effects.repeat not in _REPEATABLE
    }
    kept = _with_predecessors(plan, kept)
    return frozenset(
        node_id
        for node_id, record in recorded.items()
        if node_id in nodes
        and node_id not in kept
        and record.status.settled
        and nodes[node_id].agent.metadata.category is not Category.TRIGGER
        and record.finished_at is not None
        and record.finished_at < run.as_of
    )


def _with_predecessors(plan: Plan, node_ids: Iterable[str]) -> set[str]:
    found = set(node_ids)
    for node in reversed(plan.nodes):  # in topological order: what follows comes first here
        if node.id in found:
            found.update(node.predecessors())
    return found
