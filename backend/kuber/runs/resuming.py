"""What still counts of a run's results when it goes on: all, or, once it has moved to the present,
only what was done and cannot be undone."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kuber.agents.base import Category
from kuber.agents.effects import Repeat
from kuber.runs.plan import Plan, PlannedNode
from kuber.runs.store import RunStore
from kuber.runs.types import ClaimedRun, NodeRecord, NodeStatus

_REPEATABLE = (Repeat.PURE, Repeat.RECORDED)
_DECISIONS = ("strategy", "risk", "trade")
"""Sections of the state that say what shall be done."""


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

    Those of triggers stay. So do those of nodes that acted on the outside, with what was decided
    for it: plans, sizes, branches. What was found out for it, such as prices, does not: nodes that
    come later decide by it too. A trade manager that ordered nothing has had its turn as well.
    """
    if not run.real_time:
        return frozenset()
    nodes = {node.id: node for node in plan.nodes}
    records = {node_id: record for node_id, record in recorded.items() if node_id in nodes}
    before_acts = _with_predecessors(
        plan, (node_id for node_id, record in records.items() if _acted(nodes[node_id], record))
    )
    return frozenset(
        node_id
        for node_id, record in records.items()
        if record.status.settled
        and nodes[node_id].agent.metadata.category is not Category.TRIGGER
        and record.finished_at is not None
        and record.finished_at < run.as_of
        and not _has_had_its_turn(nodes[node_id], record)
        and not (node_id in before_acts and _has_decided(record))
    )


def _has_had_its_turn(node: PlannedNode, record: NodeRecord) -> bool:
    """Whether the node is not to be carried out again, whatever it came to."""
    return node.effects.repeat not in _REPEATABLE and record.status is not NodeStatus.SKIPPED


def _acted(node: PlannedNode, record: NodeRecord) -> bool:
    """Whether the node did something on the outside, or may have."""
    if not _has_had_its_turn(node, record):
        return False
    held = record.status is NodeStatus.SUCCEEDED and record.changes.get("trade") is None
    return not (node.effects.repeat is Repeat.ORDER and held)


def _has_decided(record: NodeRecord) -> bool:
    return record.port is not None or any(record.changes.get(one) for one in _DECISIONS)


def _with_predecessors(plan: Plan, node_ids: Iterable[str]) -> set[str]:
    found = set(node_ids)
    for node in reversed(plan.nodes):  # in topological order: what follows comes first here
        if node.id in found:
            found.update(node.predecessors())
    return found
