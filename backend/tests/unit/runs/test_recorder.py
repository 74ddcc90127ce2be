"""An event is recorded together with what it tells of, whatever else is being written meanwhile."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast
from uuid import uuid4

import pytest

from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import PipelineId, RunId, UserId
from kuber.runs import recorder as module
from kuber.runs.recorder import RunRecorder
from kuber.runs.store import Charge, RunStore
from kuber.runs.types import ClaimedRun, NodeRecord, NodeStatus, RunEvent, RunEventType

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class SlowStore:
    """Notes which events came with which write; a node's start takes until it is let through."""

    def __init__(self) -> None:
        self.writes: list[tuple[str, list[str]]] = []
        self.starting = asyncio.Event()
        self.let_start = asyncio.Event()

    async def node_started(
        self, _run: ClaimedRun, record: NodeRecord, _sequence: int, events: Sequence[RunEvent]
    ) -> None:
        self.starting.set()
        await self.let_start.wait()
        self._note(f"{record.node_id} runs", events)

    async def node_settled(
        self,
        _run: ClaimedRun,
        record: NodeRecord,
        _sequence: int,
        events: Sequence[RunEvent],
        _charge: Charge | None,
    ) -> None:
        self._note(f"{record.node_id} settled", events)

    def _note(self, what: str, events: Sequence[RunEvent]) -> None:
        self.writes.append((what, [f"{event.type.value} {event.node_id}" for event in events]))


class Nobody:
    def send(self, user_id: UserId, events: Sequence[RunEvent]) -> None:
        """Drop the events: nobody watches."""


def record_of(node_id: str, status: NodeStatus = NodeStatus.SUCCEEDED) -> NodeRecord:
    return NodeRecord(node_id, "bias", status, 1)


def new_recorder(store: SlowStore) -> RunRecorder:
    run = ClaimedRun(
        id=RunId(uuid4()),
        user_id=UserId(uuid4()),
        pipeline_id=PipelineId(uuid4()),
        pipeline_name="Mine",
        graph_id=uuid4(),
        mode="simulation",
        symbol="AAPL",
        symbols=("AAPL",),
        as_of=NOW,
        real_time=False,
        seed=1,
        correlation_id="c",
        claim_epoch=1,
        wait_count=0,
        trigger_waits=0,
        last_sequence=0,
        cost=Decimal(0),
        traceparent=None,
        cancel_requested=False,
        started_by="manual",
        fresh=True,
    )
    return RunRecorder(run, cast(RunStore, store), Nobody(), FixedClock(NOW))


def completed(recorder: RunRecorder, node_id: str) -> Callable[[], None]:
    return lambda: recorder.tell(RunEventType.AGENT_COMPLETED, {}, node_id)


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHOW_RUNNING_AFTER_S", 0)


@pytest.mark.usefixtures("_at_once")
async def test_a_start_still_being_written_does_not_carry_the_end_of_its_node() -> None:
    store = SlowStore()
    recorder = new_recorder(store)
    recorder.node_started(record_of("a", NodeStatus.RUNNING))
    await store.starting.wait()
    settling = asyncio.create_task(
        recorder.node_settled(record_of("a"), None, completed(recorder, "a"))
    )
    await asyncio.sleep(0)
    store.let_start.set()
    await settling
    assert store.writes == [
        ("a runs", ["agent_started a"]),
        ("a settled", ["agent_completed a"]),
    ]


@pytest.mark.usefixtures("_at_once")
async def test_the_end_of_a_node_is_not_recorded_with_that_of_another() -> None:
    store = SlowStore()
    recorder = new_recorder(store)
    recorder.node_started(record_of("a", NodeStatus.RUNNING))
    await store.starting.wait()
    first = asyncio.create_task(
        recorder.node_settled(record_of("a"), None, completed(recorder, "a"))
    )
    await asyncio.sleep(0)
    await recorder.node_settled(record_of("b"), None, completed(recorder, "b"))
    store.let_start.set()
    await first
    told = dict(store.writes)
    assert told["b settled"] == ["agent_completed b"]
    assert told["a settled"] == ["agent_completed a"]
