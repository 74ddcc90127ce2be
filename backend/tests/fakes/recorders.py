"""Recorders of a run whose batches a test holds up, and what is told meanwhile."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

from kuber.costs.types import BudgetReading
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import PipelineId, RunId, UserId
from kuber.runs.batches import Receipt, RunBatch
from kuber.runs.recorder import RunRecorder
from kuber.runs.types import ClaimedRun, RunEvent

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class SlowWriter:
    """Notes what came with which batch; the first takes until it is let through.

    `failure` is raised in place of the first.
    """

    def __init__(self, failure: Exception | None = None) -> None:
        self.batches: list[RunBatch] = []
        self.writing = asyncio.Event()
        self.let = asyncio.Event()
        self.failure = failure
        self.cancel_requested = False
        self.intended: dict[str, bool] | None = {}

    async def write(self, batch: RunBatch) -> Receipt:
        self.batches.append(batch)
        self.writing.set()
        await self.let.wait()
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        return Receipt(self.cancel_requested, self.intended)

    @property
    def writes(self) -> list[tuple[int, list[str], list[str]]]:
        """Number, nodes and events of each batch."""
        return [
            (
                batch.number,
                [f"{record.node_id} runs" for record in batch.started]
                + [f"{record.node_id} {record.status}" for record, _ in batch.settled],
                [f"{event.type.value} {event.node_id}" for event in batch.events],
            )
            for batch in self.batches
        ]


class Told:
    """Keeps the events that whoever watches is told."""

    def __init__(self) -> None:
        self.events: list[RunEvent] = []

    def send(self, user_id: UserId, events: Sequence[RunEvent]) -> None:
        self.events += events

    def keep_state(self, run_id: RunId, state: Callable[[], str]) -> None:
        """Drop the state."""


def nothing() -> None:
    """What most tests do when a run shall be cancelled."""


def new_recorder(
    writer: SlowWriter,
    on_cancel: Callable[[], None] = nothing,
    *,
    fresh: bool = True,
    last_sequence: int = 0,
    told: Told | None = None,
) -> RunRecorder:
    run = ClaimedRun(
        id=RunId(uuid4()),
        user_id=UserId(uuid4()),
        pipeline_id=PipelineId(uuid4()),
        pipeline_name="Mine",
        graph_id=uuid4(),
        graph_digest=b"graph",
        mode="simulation",
        symbol="AAPL",
        symbols=("AAPL",),
        as_of=NOW,
        real_time=False,
        seed=1,
        seed_rule=2,
        correlation_id="c",
        claim_epoch=1,
        wait_count=0,
        trigger_waits=0,
        last_sequence=last_sequence,
        cost=Decimal(0),
        traceparent=None,
        cancel_requested=False,
        started_by="manual",
        fresh=fresh,
        flushes=4,
        budget=BudgetReading(None, None, Decimal(0), Decimal(0)),
    )
    return RunRecorder(run, writer, told or Told(), FixedClock(NOW), on_cancel)
