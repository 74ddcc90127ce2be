"""The life of a run and of its nodes."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from kuber.costs.types import BudgetReading
from kuber.infra.db import JsonObject
from kuber.kernel.ids import PipelineId, RunId, UserId


class RunStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        return not RUN_TRANSITIONS[self]


RUN_TRANSITIONS: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.PENDING: frozenset({RunStatus.RUNNING, RunStatus.CANCELLED}),
    RunStatus.RUNNING: frozenset(
        {
            RunStatus.PENDING,
            RunStatus.WAITING,
            RunStatus.SUCCEEDED,
            RunStatus.FAILED,
            RunStatus.CANCELLED,
        }
    ),
    RunStatus.WAITING: frozenset({RunStatus.PENDING, RunStatus.CANCELLED}),
    RunStatus.SUCCEEDED: frozenset(),
    RunStatus.FAILED: frozenset(),
    RunStatus.CANCELLED: frozenset(),
}
"""Allowed moves; running goes back to pending when its worker's lease ran out. The database refuses
all others (trigger `guard_status`)."""


class NodeStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def settled(self) -> bool:
        """The node will not run again in this run."""
        return self in _SETTLED


class WaitsFor(StrEnum):
    """Why a run gave up its claim for a while."""

    TRIGGER = "trigger"
    """The condition of a trigger does not hold yet."""
    RETRY = "retry"
    """A node failed and is tried again after a pause."""
    BREAKER = "breaker"
    """A host outside does not answer; nobody asks it for a while."""


_SETTLED = frozenset(
    {NodeStatus.SUCCEEDED, NodeStatus.FAILED, NodeStatus.SKIPPED, NodeStatus.CANCELLED}
)


class RunEventType(StrEnum):
    EXECUTION_STARTED = "execution_started"
    AGENT_STARTED = "agent_started"
    AGENT_COMPLETED = "agent_completed"
    TRADE_EXECUTED = "trade_executed"
    WAITING = "waiting"
    ERROR = "error"
    EXECUTION_FINISHED = "execution_finished"


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One event of a run."""

    run_id: RunId
    sequence: int
    type: RunEventType
    at: datetime
    data: JsonObject
    node_id: str | None = None

    def to_json(self) -> JsonObject:
        """Return the event as clients receive it."""
        return {**self.stored(), "execution_id": str(self.run_id)}

    def stored(self) -> JsonObject:
        """Return the event as it is kept with its run, which it need not name."""
        event: JsonObject = {
            "sequence": self.sequence,
            "type": self.type.value,
            "at": self.at.isoformat().replace("+00:00", "Z"),
            "data": self.data,
        }
        if self.node_id is not None:
            event["node_id"] = self.node_id
        return event


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run that this worker holds until its lease ends."""

    id: RunId
    user_id: UserId
    pipeline_id: PipelineId
    pipeline_name: str
    """As it is when the run is taken up."""
    graph_id: UUID
    graph_digest: bytes
    mode: str
    symbol: str
    symbols: tuple[str, ...]
    as_of: datetime
    real_time: bool
    seed: int
    seed_rule: int
    """How the seeds of its nodes follow from `seed`, see `seeds`."""
    correlation_id: str
    claim_epoch: int
    wait_count: int
    trigger_waits: int
    last_sequence: int
    cost: Decimal
    traceparent: str | None
    cancel_requested: bool
    """True when its user called it off before this worker took it."""
    started_by: str
    """manual, schedule or signal."""
    fresh: bool
    """True when no node of it can have been recorded yet."""
    flushes: int
    """How many batches of it are on record."""
    budget: BudgetReading
    """Its user's budget when the run was taken up."""

    @property
    def span_attributes(self) -> dict[str, str | int]:
        """What its trace says of it."""
        return {
            "kuber.run_id": str(self.id),
            "kuber.correlation_id": self.correlation_id,
            "kuber.mode": self.mode,
            "kuber.claim_epoch": self.claim_epoch,
        }


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """The durable result of one node, or of its attempts up to a pause.

    Read back it holds all attempts so far. Written, cost, tokens and runtime are those of this
    claim's attempts and are added to what is on record.
    """

    node_id: str
    agent_type: str
    status: NodeStatus
    attempts: int
    started_at: datetime | None = None
    finished_at: datetime | None = None
    runtime_ms: float | None = None
    cost: Decimal = Decimal(0)
    port: str | None = None
    changes: JsonObject = field(default_factory=dict)
    reasoning: str | None = None
    engine: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    error: JsonObject | None = None
    wake_at: datetime | None = None
    waits_for: WaitsFor | None = None


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Filters of the run history."""

    pipeline_id: PipelineId | None = None
    status: str | None = None
    symbol: str | None = None
    mode: str | None = None
    cursor: str | None = None
    limit: int = 50
