"""Events of a run as clients receive them, live and from the record: told apart by `type`."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import structlog
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from typing_extensions import TypeAliasType

from kuber.kernel.wire import DecimalText
from kuber.pipelines.types import Mode
from kuber.runs.schemas import RunErrorOut, TradeOut
from kuber.runs.types import NodeStatus, RunStatus, WaitsFor

log = structlog.get_logger(__name__)


class _Event(BaseModel):
    sequence: int
    """Grows within a run; gaps are allowed."""
    at: datetime
    execution_id: UUID


class _RunEvent(_Event):
    node_id: None = None


class _NodeEvent(_Event):
    node_id: str


class ExecutionStartedData(BaseModel):
    symbol: str
    mode: Mode
    as_of: datetime


class ExecutionStartedEvent(_RunEvent):
    """A worker took up the run for the first time."""

    type: Literal["execution_started"]
    data: ExecutionStartedData


class AgentStartedData(BaseModel):
    agent_type: str
    attempt: int


class AgentStartedEvent(_NodeEvent):
    """A node runs. It may be told again, with a greater sequence, after a worker's death."""

    type: Literal["agent_started"]
    data: AgentStartedData


class AgentCompletedData(BaseModel):
    """`cost_so_far` is the run's, in USD; `runtime_ms` is null for a node that was skipped."""

    agent_type: str
    status: NodeStatus
    runtime_ms: float | None
    cost: DecimalText
    cost_so_far: DecimalText
    port: str | None
    headline: str | None


class AgentCompletedEvent(_NodeEvent):
    """A node's result is settled."""

    type: Literal["agent_completed"]
    data: AgentCompletedData


class TradeExecutedEvent(_NodeEvent):
    """The venue answered an order of the run."""

    type: Literal["trade_executed"]
    data: TradeOut


class WaitingData(BaseModel):
    wake_at: datetime | None
    waits_for: WaitsFor | None = None
    """None of events that an older release recorded."""
    reason: str | None


class WaitingEvent(_RunEvent):
    """The run waits, until `wake_at` if that is known."""

    type: Literal["waiting"]
    data: WaitingData


class NodeErrorData(BaseModel):
    """`attempt` and `retry_in_s` are there when it is tried again."""

    code: str
    message: str
    remedy: str | None = None
    attempt: int | None = None
    retry_in_s: float | None = None


class NodeErrorEvent(_NodeEvent):
    """A node failed, for good or to be tried again."""

    type: Literal["error"]
    data: NodeErrorData


class ExecutionFinishedData(BaseModel):
    status: RunStatus
    outcome: str | None
    error: RunErrorOut | None
    cost: DecimalText


class ExecutionFinishedEvent(_RunEvent):
    """The run has ended; nothing follows."""

    type: Literal["execution_finished"]
    data: ExecutionFinishedData


AnyRunEvent = (
    ExecutionStartedEvent
    | AgentStartedEvent
    | AgentCompletedEvent
    | TradeExecutedEvent
    | WaitingEvent
    | NodeErrorEvent
    | ExecutionFinishedEvent
)
EventOut = TypeAliasType("EventOut", Annotated[AnyRunEvent, Field(discriminator="type")])
"""One event of a run."""

_EVENT: TypeAdapter[AnyRunEvent] = TypeAdapter(EventOut)


class EventList(BaseModel):
    items: list[EventOut]
    next_cursor: str | None


def run_event(told: object) -> AnyRunEvent:
    """Return an event from its JSON value; raises pydantic's ValidationError when it is none."""
    return _EVENT.validate_python(told)


def readable_event(told: object) -> AnyRunEvent | None:
    """Return an event from its JSON value; None for one of a release that told it otherwise."""
    try:
        return run_event(told)
    except ValidationError as error:
        log.warning("event_not_understood", reason=str(error.errors(include_input=False)))
        return None
