"""Events and messages as a client of the WebSocket is told them."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from kuber.kernel.ids import RunId
from kuber.realtime.messages import NoticesMessage
from kuber.runs.live_events import (
    AgentStartedData,
    AgentStartedEvent,
    AnyRunEvent,
    ExecutionFinishedData,
    ExecutionFinishedEvent,
)
from kuber.runs.types import RunStatus

RUN = RunId(uuid4())
"""The run of these events."""


def event(sequence: int, run_id: UUID = RUN) -> AnyRunEvent:
    return AgentStartedEvent(
        type="agent_started",
        sequence=sequence,
        at=datetime.now(UTC),
        execution_id=run_id,
        node_id="data",
        data=AgentStartedData(agent_type="market_data", attempt=1),
    )


def ended(sequence: int) -> AnyRunEvent:
    return ExecutionFinishedEvent(
        type="execution_finished",
        sequence=sequence,
        at=datetime.now(UTC),
        execution_id=RUN,
        data=ExecutionFinishedData(
            status=RunStatus.SUCCEEDED, outcome=None, error=None, cost=Decimal(0)
        ),
    )


def notices(unread: int) -> NoticesMessage:
    return NoticesMessage(type="notices", unread=unread, newest=None)
