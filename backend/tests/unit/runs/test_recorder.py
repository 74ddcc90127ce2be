"""A run's batches: in order, one at a time, each event with what it tells of."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from kuber.kernel.ids import OrderId
from kuber.runs import recorder as module
from kuber.runs.batches import Charge, Ending, LeaseLost, RowsRefused
from kuber.runs.recorder import SEQUENCE_GAP, RunRecorder
from kuber.runs.types import NodeRecord, NodeStatus, RunEventType, RunStatus
from kuber.trading.types import Standing
from tests.fakes.recorders import SlowWriter, Told, new_recorder, nothing

CHARGE = Charge(Decimal(2), Decimal(0), Decimal(0), tokens_estimated=False)


def record_of(node_id: str, status: NodeStatus = NodeStatus.SUCCEEDED) -> NodeRecord:
    return NodeRecord(node_id, "bias", status, 1)


async def until_shown(recorder: RunRecorder) -> None:
    """Return once a node's start is queued."""
    while not recorder._started:  # noqa: ASYNC110  the loop's next round, not a time
        await asyncio.sleep(0)


async def settle(
    recorder: RunRecorder, record: NodeRecord, charge: Charge | None, tell: Callable[[], None]
) -> None:
    """Record a result as the executor does when nothing may follow it before it is durable."""
    recorder.settled(record, charge, tell)
    await recorder.flush()


def completed(recorder: RunRecorder, node_id: str) -> Callable[[], None]:
    return lambda: recorder.tell(RunEventType.AGENT_COMPLETED, {}, node_id)


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHOW_RUNNING_AFTER_S", 0)


@pytest.mark.usefixtures("_at_once")
async def test_a_start_still_being_written_does_not_carry_the_end_of_its_node() -> None:
    writer = SlowWriter()
    recorder = new_recorder(writer)
    recorder.started(record_of("a", NodeStatus.RUNNING))
    await writer.writing.wait()
    settling = asyncio.create_task(settle(recorder, record_of("a"), None, completed(recorder, "a")))
    await asyncio.sleep(0)
    writer.let.set()
    await settling
    assert writer.writes == [
        (5, ["a runs"], ["agent_started a"]),
        (6, ["a succeeded"], ["agent_completed a"]),
    ]


@pytest.mark.usefixtures("_at_once")
async def test_what_settles_while_a_batch_is_written_leaves_together_in_the_next() -> None:
    writer = SlowWriter()
    recorder = new_recorder(writer)
    recorder.started(record_of("a", NodeStatus.RUNNING))
    await writer.writing.wait()
    settling = [
        asyncio.create_task(settle(recorder, record_of(node), None, completed(recorder, node)))
        for node in "abc"
    ]
    await asyncio.sleep(0)
    writer.let.set()
    await asyncio.gather(*settling)
    assert writer.writes == [
        (5, ["a runs"], ["agent_started a"]),
        (
            6,
            ["a succeeded", "b succeeded", "c succeeded"],
            ["agent_completed a", "agent_completed b", "agent_completed c"],
        ),
    ]


async def test_a_node_that_ends_before_its_start_is_recorded_is_not_shown_as_running() -> None:
    writer = SlowWriter()
    writer.let.set()
    recorder = new_recorder(writer)
    recorder.started(record_of("a", NodeStatus.RUNNING))
    await settle(recorder, record_of("a"), None, completed(recorder, "a"))
    await recorder.end(Ending(RunStatus.SUCCEEDED), (RunEventType.EXECUTION_FINISHED, {}))
    assert writer.writes == [
        (5, ["a succeeded"], ["agent_started a", "agent_completed a"]),
        (6, [], ["execution_finished None"]),
    ]


@pytest.mark.usefixtures("_at_once")
async def test_a_start_that_waits_for_its_turn_gives_way_to_the_end_of_its_node() -> None:
    writer = SlowWriter()
    recorder = new_recorder(writer)
    recorder.started(record_of("a", NodeStatus.RUNNING))
    await writer.writing.wait()
    recorder.started(record_of("b", NodeStatus.RUNNING))
    await until_shown(recorder)
    settling = asyncio.create_task(settle(recorder, record_of("b"), None, completed(recorder, "b")))
    await asyncio.sleep(0)
    writer.let.set()
    await settling
    await recorder.rest()
    assert writer.writes[1:] == [(6, ["b succeeded"], ["agent_started b", "agent_completed b"])]


async def test_nothing_is_written_by_a_run_that_was_lost() -> None:
    writer = SlowWriter(LeaseLost("taken over"))
    writer.let.set()
    recorder = new_recorder(writer)
    with pytest.raises(LeaseLost):
        await settle(recorder, record_of("a"), None, completed(recorder, "a"))
    with pytest.raises(LeaseLost):
        await settle(recorder, record_of("b"), None, completed(recorder, "b"))
    with pytest.raises(LeaseLost):
        await recorder.end(Ending(RunStatus.SUCCEEDED))
    assert len(writer.writes) == 1


async def test_a_run_whose_result_is_refused_still_ends_and_pays_for_its_node() -> None:
    writer = SlowWriter(RowsRefused("no such text"))
    writer.let.set()
    recorder = new_recorder(writer)
    paid = replace(record_of("a"), cost=Decimal(2), reasoning="refused", changes={"extra": {}})
    with pytest.raises(RowsRefused):
        await settle(recorder, paid, CHARGE, completed(recorder, "a"))
    with pytest.raises(RowsRefused):
        await settle(recorder, record_of("b"), None, completed(recorder, "b"))
    await recorder.end(Ending(RunStatus.FAILED))
    again = writer.batches[1]
    assert again.number == writer.batches[0].number
    [(failed, charge), (other, _)] = again.settled
    assert (failed.status, failed.cost, charge) == (NodeStatus.FAILED, Decimal(2), CHARGE)
    assert (failed.reasoning, failed.changes) == (None, {})
    assert other == record_of("b")
    assert recorder.cost == 2


async def test_a_batch_that_finds_its_run_cancelled_says_so() -> None:
    writer, told = SlowWriter(), []
    writer.let.set()
    recorder = new_recorder(writer, lambda: told.append("cancel"))
    await settle(recorder, record_of("a"), None, completed(recorder, "a"))
    assert told == []
    writer.cancel_requested = True
    await settle(recorder, record_of("b"), None, completed(recorder, "b"))
    assert told == ["cancel"]


async def test_a_result_that_nothing_waits_for_leaves_with_the_next_that_something_does() -> None:
    writer = SlowWriter()
    writer.let.set()
    recorder = new_recorder(writer)
    recorder.settled(record_of("a"), None, completed(recorder, "a"))
    recorder.settled(record_of("b"), None, completed(recorder, "b"))
    await asyncio.sleep(0)
    assert writer.writes == []
    await settle(recorder, record_of("c"), None, completed(recorder, "c"))
    assert [nodes for _, nodes, _ in writer.writes] == [
        ["a succeeded", "b succeeded", "c succeeded"]
    ]
    await recorder.rest()
    assert len(writer.writes) == 1


async def test_a_result_that_nothing_waits_for_is_written_before_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FLUSH_WITHIN_S", 0)
    writer = SlowWriter()
    recorder = new_recorder(writer)
    recorder.settled(record_of("a"), None, completed(recorder, "a"))
    await writer.writing.wait()
    writer.let.set()
    await recorder.rest()
    assert writer.writes == [(5, ["a succeeded"], ["agent_completed a"])]


async def test_the_beginning_of_a_node_is_on_record_before_it_begins() -> None:
    writer = SlowWriter()
    recorder = new_recorder(writer)
    beginning = asyncio.create_task(recorder.begun(record_of("a", NodeStatus.RUNNING)))
    await writer.writing.wait()
    assert not beginning.done()
    writer.let.set()
    await beginning
    assert writer.writes == [(5, ["a runs"], [])]


async def test_the_end_leaves_with_all_that_nothing_waited_for() -> None:
    writer = SlowWriter()
    writer.let.set()
    recorder = new_recorder(writer)
    recorder.settled(record_of("a"), None, completed(recorder, "a"))
    await recorder.end(Ending(RunStatus.SUCCEEDED), (RunEventType.EXECUTION_FINISHED, {}))
    assert writer.writes == [
        (5, ["a succeeded"], ["agent_completed a", "execution_finished None"]),
    ]


@pytest.mark.parametrize(
    ("fresh", "last", "begin"),
    [(True, 0, 0), (False, 0, SEQUENCE_GAP), (False, 7, 7 + SEQUENCE_GAP)],
)
async def test_events_are_numbered_on_from_behind_all_that_an_earlier_claim_may_have_told(
    fresh: bool, last: int, begin: int
) -> None:
    writer = SlowWriter()
    writer.let.set()
    told = Told()
    recorder = new_recorder(writer, fresh=fresh, last_sequence=last, told=told)
    for node in "ab":
        recorder.settled(record_of(node), None, completed(recorder, node))
    await recorder.flush()
    await settle(recorder, record_of("c"), None, completed(recorder, "c"))
    await recorder.end(Ending(RunStatus.SUCCEEDED), (RunEventType.EXECUTION_FINISHED, {}))
    numbers = [[event.sequence - begin for event in batch.events] for batch in writer.batches]
    assert numbers == [[1, 2], [3], [4]]
    assert [batch.sequence - begin for batch in writer.batches] == [2, 3, 4]
    recorded = [event for batch in writer.batches for event in batch.events]
    assert told.events == recorded


async def test_events_are_told_at_once_and_the_end_of_a_run_once_it_is_on_record() -> None:
    writer = SlowWriter()
    told = Told()
    recorder = new_recorder(writer, told=told)
    recorder.settled(record_of("a"), None, completed(recorder, "a"))
    ending = asyncio.create_task(
        recorder.end(Ending(RunStatus.SUCCEEDED), (RunEventType.EXECUTION_FINISHED, {}))
    )
    await writer.writing.wait()
    assert [event.type for event in told.events] == [RunEventType.AGENT_COMPLETED]
    writer.let.set()
    await ending
    assert [event.type for event in told.events][1:] == [RunEventType.EXECUTION_FINISHED]


ORDER = OrderId(uuid4())


@pytest.mark.parametrize(
    ("intended", "cancelled", "standing"),
    [
        ({str(ORDER): True}, False, Standing.NEW),
        ({str(ORDER): False}, False, Standing.OPEN),
        ({}, False, Standing.ANSWERED),
        ({}, True, Standing.CANCELLED),
        (None, False, Standing.OPEN),
        (None, True, Standing.CANCELLED),
    ],
)
async def test_an_intent_leaves_with_what_came_before_and_is_told_how_it_stands(
    intended: dict[str, bool] | None, cancelled: bool, standing: Standing
) -> None:
    writer = SlowWriter()
    writer.let.set()
    writer.intended, writer.cancel_requested = intended, cancelled
    recorder = new_recorder(writer)
    recorder.settled(record_of("risk"), None, nothing)
    assert await recorder.intend(ORDER, {"id": "x"}) is standing
    [batch] = writer.batches
    assert ([record.node_id for record, _ in batch.settled], batch.intents) == (
        ["risk"],
        ({"id": "x"},),
    )


async def test_an_intent_that_is_not_recorded_is_not_sent() -> None:
    writer = SlowWriter(LeaseLost("lost"))
    writer.let.set()
    recorder = new_recorder(writer)
    with pytest.raises(LeaseLost):
        await recorder.intend(ORDER, {})
    with pytest.raises(LeaseLost):
        recorder.check()


async def test_an_order_leaves_with_the_result_of_its_node_and_not_before() -> None:
    writer = SlowWriter()
    writer.let.set()
    recorder = new_recorder(writer)
    recorder.ordered("trade", ORDER, {"id": "x"})
    recorder.settled(record_of("risk"), None, nothing)
    await recorder.flush()
    recorder.settled(record_of("trade"), None, nothing)
    await recorder.end(Ending(RunStatus.SUCCEEDED))
    before, batch = writer.batches
    assert (before.orders, batch.orders) == ((), ({"id": "x"},))
    assert [record.node_id for record, _ in batch.settled] == ["trade"]


async def test_the_order_of_a_node_that_was_stopped_never_was() -> None:
    writer = SlowWriter()
    writer.let.set()
    recorder = new_recorder(writer)
    recorder.ordered("trade", ORDER, {"id": "x"})
    await recorder.end(Ending(RunStatus.CANCELLED))
    assert [batch.orders for batch in writer.batches] == [()]


async def test_the_order_of_a_node_whose_result_was_refused_is_not_recorded_either() -> None:
    writer = SlowWriter(RowsRefused("no"))
    writer.let.set()
    recorder = new_recorder(writer)
    recorder.ordered("trade", ORDER, {"id": "x"})
    recorder.settled(record_of("trade"), None, nothing)
    with pytest.raises(RowsRefused):
        await recorder.flush()
    await recorder.end(Ending(RunStatus.FAILED))
    refused, last = writer.batches
    assert (refused.orders, last.orders) == (({"id": "x"},), ())
    assert [record.status for record, _ in last.settled] == ["failed"]
