"""What runs announce."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Protocol
from uuid import UUID

from kuber.infra.db import JsonObject
from kuber.kernel.events import Event
from kuber.kernel.ids import PipelineId, RunId, UserId
from kuber.runs.types import RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """A run ended: it succeeded, failed or was cancelled; `cost` in USD."""

    topic: ClassVar[str] = "executions.finished"

    run_id: RunId
    pipeline_id: PipelineId
    user_id: UserId
    mode: str
    symbol: str
    status: str
    error: str | None
    """The code of what made it fail."""
    cost: Decimal

    def key(self) -> str:
        return str(self.pipeline_id)


class Ended(Protocol):
    """What is told of a run that ended: the same fields of a claimed run and of its row."""

    @property
    def id(self) -> UUID: ...
    @property
    def pipeline_id(self) -> UUID: ...
    @property
    def user_id(self) -> UUID: ...
    @property
    def mode(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def correlation_id(self) -> str: ...
    @property
    def cost(self) -> Decimal: ...


def finished(run: Ended, status: RunStatus, error: JsonObject | None, at: datetime) -> RunFinished:
    """Return the event that says how a run ended; `error` is that of the run."""
    return RunFinished(
        occurred_at=at,
        correlation_id=run.correlation_id,
        run_id=RunId(run.id),
        pipeline_id=PipelineId(run.pipeline_id),
        user_id=UserId(run.user_id),
        mode=run.mode,
        symbol=run.symbol,
        status=status.value,
        error=error["code"] if error else None,
        cost=run.cost,
    )
