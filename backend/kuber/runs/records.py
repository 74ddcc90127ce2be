"""What is put on record of a node. Pure."""

from dataclasses import replace

from kuber.agents.base import AgentFailure
from kuber.infra.db import JsonObject
from kuber.runs.attempt import Pause
from kuber.runs.lineage import Changes
from kuber.runs.plan import PlannedNode
from kuber.runs.types import NodeRecord, NodeStatus, WaitsFor


def paused(record: NodeRecord, pause: Pause) -> NodeRecord:
    """Return the record of a node that pauses, from that of the same attempts."""
    counted = pause.waits_for is not WaitsFor.TRIGGER
    return replace(
        record,
        status=NodeStatus.WAITING,
        attempts=pause.attempts,
        finished_at=None,
        runtime_ms=record.runtime_ms if counted else None,
        reasoning=pause.reason.replace("\x00", ""),
        error=error_of(pause.failure) if pause.failure else None,
        wake_at=pause.wake_at,
        waits_for=pause.waits_for,
    )


def error_of(failure: AgentFailure) -> JsonObject:
    """Return a failure as it is stored: PostgreSQL's text holds no NUL."""
    error: JsonObject = {"code": failure.code, "message": failure.message.replace("\x00", "")}
    if failure.remedy:
        error["remedy"] = failure.remedy
    return error


def skipped(node: PlannedNode) -> NodeRecord:
    """Return the record of a node that no way led to."""
    return NodeRecord(node.id, node.agent_type, NodeStatus.SKIPPED, 0)


def engine_of(changes: Changes) -> str | None:
    """Return what decided in a node, `rules` or `llm`; None where nothing was decided."""
    for section in ("bias", "strategy", "risk"):
        engine = getattr(changes.get(section), "engine", None)
        if isinstance(engine, str):
            return engine
    return None
