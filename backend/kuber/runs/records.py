"""What is put on record of a node. Pure, but for the log."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial

import structlog

from kuber.agents.base import AgentFailure
from kuber.agents.state import NodeError, NodeUse, PipelineState
from kuber.infra.db import JsonObject
from kuber.infra.plugin_calls import call_plugin
from kuber.runs.attempt import AttemptOutcome, Pause
from kuber.runs.foreign import cleaned, storable
from kuber.runs.lineage import Changes, changes_between, changes_from_json, changes_to_json
from kuber.runs.plan import PlannedNode
from kuber.runs.types import NodeRecord, NodeStatus, WaitsFor

log = structlog.get_logger(__name__)

NOT_MET = "trigger_not_met"
"""The code of a trigger that is not met at the moment of its run, and of what stands behind it."""


def result_of(
    node: PlannedNode,
    outcome: AttemptOutcome,
    before: PipelineState,
    started_at: datetime,
    finished_at: datetime,
    chosen: Sequence[str],
) -> tuple[NodeRecord, Changes]:
    """Return the record of a node's attempts and what the node changed in the state `before`.

    `chosen` are the ports that the agent named, the last of which counts.
    """
    record = NodeRecord(
        node.id,
        node.agent_type,
        NodeStatus.SUCCEEDED,
        outcome.attempts,
        started_at=started_at,
        finished_at=finished_at,
        runtime_ms=round(outcome.runtime_ms, 3),
    )
    if outcome.pause is not None:
        return paused(record, outcome.pause), {}
    if outcome.not_met is not None:
        return _not_met(record, outcome.not_met), {}
    try:
        if outcome.failure is not None or outcome.state is None:
            raise outcome.failure or AgentFailure("no_state", "The agent returned no state.")
        port = _port(node, chosen)
        changes, stored = call_plugin(partial(_changes, node, before, outcome.state))
    except AgentFailure as failure:
        return failed(node, record, failure)
    except Exception as error:  # noqa: BLE001  a value that an agent made may raise anything
        return failed(node, record, AgentFailure("bad_state", storable(error)))
    done = replace(
        record,
        port=port,
        changes=stored,
        reasoning=outcome.state.reasoning.get(node.id),
        engine=engine_of(changes),
    )
    return done, changes


def _changes(
    node: PlannedNode, before: PipelineState, after: PipelineState
) -> tuple[Changes, JsonObject]:
    """Return what a node changed, and that as JSON; raises what its values raise."""
    changes = changes_between(before, after)
    stored = changes_to_json(changes)
    if not node.built_in:
        changes_from_json(stored)  # who reads the run must be able to
    return changes, stored


def failed(
    node: PlannedNode, record: NodeRecord, failure: AgentFailure
) -> tuple[NodeRecord, Changes]:
    """Return the record of a node that failed for good, from that of its attempts."""
    error = error_of(failure)
    changes: Changes = {
        "errors": (NodeError(node_id=node.id, code=error["code"], message=error["message"]),)
    }
    log.warning("node_failed", node_id=node.id, agent_type=node.agent_type, code=failure.code)
    stored = changes_to_json(changes)
    return replace(record, status=NodeStatus.FAILED, changes=stored, error=error), changes


def interrupted(
    node: PlannedNode, recorded: NodeRecord, now: datetime
) -> tuple[NodeRecord, Changes]:
    """Return the record of a node that an earlier claim had begun and that must not be repeated."""
    begun = NodeRecord(
        node.id,
        node.agent_type,
        NodeStatus.RUNNING,
        recorded.attempts,
        started_at=recorded.started_at,
        finished_at=now,
    )
    failure = AgentFailure(
        "outcome_unknown",
        "Its worker was interrupted in the middle of it, and nothing says whether it acted.",
        remedy="Look at what it acts on, then run the pipeline again.",
    )
    return failed(node, begun, failure)


def _port(node: PlannedNode, chosen: Sequence[str]) -> str:
    names = [port.name for port in node.agent.metadata.ports]
    port = chosen[-1] if chosen else names[0]
    if port not in names:
        raise AgentFailure("bad_port", f"{node.name} chose the port {port}, which it lacks.")
    return port


def paused(record: NodeRecord, pause: Pause) -> NodeRecord:
    """Return the record of a node that pauses, from that of the same attempts."""
    counted = pause.waits_for is not WaitsFor.TRIGGER
    return replace(
        record,
        status=NodeStatus.WAITING,
        attempts=pause.attempts,
        finished_at=None,
        runtime_ms=record.runtime_ms if counted else None,
        reasoning=storable(pause.reason),
        error=error_of(pause.failure) if pause.failure else None,
        wake_at=pause.wake_at,
        waits_for=pause.waits_for,
    )


def error_of(failure: AgentFailure) -> JsonObject:
    """Return a failure as it is stored."""
    cleaned(failure)
    error: JsonObject = {"code": failure.code, "message": failure.message}
    if failure.remedy:
        error["remedy"] = failure.remedy
    return error


def _not_met(record: NodeRecord, reason: str) -> NodeRecord:
    error: JsonObject = {"code": NOT_MET, "message": storable(reason)}
    return replace(record, status=NodeStatus.SKIPPED, error=error)


def is_not_met(record: NodeRecord) -> bool:
    """Return whether a node is a trigger that is not met, or stands behind one."""
    return record.status is NodeStatus.SKIPPED and record.error is not None


def passed_over(
    node: PlannedNode, taken: Collection[str], records: Mapping[str, NodeRecord]
) -> NodeRecord | None:
    """Return the record of a node that does not run: behind a trigger that is not met, whatever
    else leads to it, or where none of its edges was taken. None of one that runs."""
    skipped = NodeRecord(node.id, node.agent_type, NodeStatus.SKIPPED, 0)
    for source in node.predecessors():
        if is_not_met(records[source]):
            return replace(skipped, error=records[source].error)
    return skipped if node.incoming and not taken else None


def engine_of(changes: Changes) -> str | None:
    """Return what decided in a node, `rules` or `llm`; None where nothing was decided."""
    for section in ("bias", "strategy", "risk"):
        engine = getattr(changes.get(section), "engine", None)
        if isinstance(engine, str):
            return engine
    return None


def with_usage(state: PipelineState, settled: Iterable[NodeRecord]) -> PipelineState:
    """Return the state with what the `settled` nodes took, all their attempts together."""
    usage = {
        record.node_id: NodeUse.model_construct(
            runtime_ms=record.runtime_ms,
            input_tokens=record.input_tokens,
            output_tokens=record.output_tokens,
            cost=record.cost,
        )
        for record in settled
        if record.runtime_ms is not None
    }
    cost = sum((use.cost for use in usage.values()), Decimal(0))
    return state.model_copy(update={"usage": usage, "cost": cost})


def in_all(before: NodeRecord | None, record: NodeRecord) -> NodeRecord:
    """Return the record of a node with the attempts that it made `before` a pause."""
    if before is None:
        return record
    return replace(
        record,
        runtime_ms=(before.runtime_ms or 0.0) + (record.runtime_ms or 0.0),
        input_tokens=before.input_tokens + record.input_tokens,
        output_tokens=before.output_tokens + record.output_tokens,
        cost=before.cost + record.cost,
    )
