"""Keeps a run's records and events: durable through the writer, live through the broadcaster."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from kuber.infra.db import JsonObject
from kuber.kernel.clock import Clock
from kuber.kernel.ids import OrderId, RunId, UserId
from kuber.runs.batches import Charge, Ending, NotRecorded, Receipt, RowsRefused, RunBatch
from kuber.runs.types import ClaimedRun, NodeRecord, NodeStatus, RunEvent, RunEventType
from kuber.trading.types import Standing

SHOW_RUNNING_AFTER_S = 0.1
"""A node that takes longer than this gets a row that says it is running."""

FLUSH_WITHIN_S = 0.25
"""A result that nothing waits for is written after this time at the latest."""

SEQUENCE_GAP = 1000
"""Left after a crash, so that the number of an event that was broadcast is never given again."""


class Broadcaster(Protocol):
    """Sends events to whoever is watching now; losing one is harmless, they are on record."""

    def send(self, user_id: UserId, events: Sequence[RunEvent]) -> None: ...

    def keep_state(self, run_id: RunId, state: Callable[[], str]) -> None:
        """Show a run's newest state, made as JSON text when it is written."""
        ...


class BatchWriter(Protocol):
    """What `RunWriter` does for one run."""

    async def write(self, batch: RunBatch) -> Receipt: ...


class RunLog(Protocol):
    """What the nodes of a run record and tell."""

    @property
    def cost(self) -> Decimal:
        """What the run cost so far, in USD."""
        ...

    def tell(self, kind: RunEventType, data: JsonObject, node_id: str | None = None) -> None:
        """Show an event now; it is recorded with what is recorded next."""
        ...

    def started(self, record: NodeRecord) -> None:
        """Tell that a node runs."""
        ...

    async def begun(self, record: NodeRecord) -> None:
        """Put on record that a node has begun, before it does; raises NotRecorded."""
        ...

    def settled(self, record: NodeRecord, charge: Charge | None, tell: Callable[[], None]) -> None:
        """Take a node's result with the events that `tell` adds; durable soon, or by `flush`."""
        ...

    async def intend(self, order_id: OrderId, row: JsonObject) -> Standing:
        """Put an intent on record with all before it, return how it stands; raises NotRecorded."""
        ...

    def ordered(self, node_id: str, order_id: OrderId, row: JsonObject) -> None:
        """Take an order of a node with its answer; recorded together with the node's result."""
        ...

    def check(self) -> None:
        """Raise NotRecorded if the run's records could not be kept."""
        ...

    def show_state(self, state: Callable[[], str]) -> None:
        """Show the run's state, made as JSON text when it is needed; never waits."""
        ...

    async def flush(self) -> None:
        """Return once all of this is on record; raises NotRecorded."""
        ...


class RunRecorder:
    """The log of one run that this worker holds. One batch of it is written at a time."""

    def __init__(
        self,
        run: ClaimedRun,
        writer: BatchWriter,
        broadcaster: Broadcaster,
        clock: Clock,
        on_cancel: Callable[[], None],
    ) -> None:
        self._run = run
        self._writer = writer
        self._broadcaster = broadcaster
        self._clock = clock
        self._on_cancel = on_cancel
        """Called when a batch finds that the run shall be stopped."""
        self._sequence = run.last_sequence + (0 if run.fresh else SEQUENCE_GAP)
        self._flushes = run.flushes
        self._cost = run.cost
        self._events: list[RunEvent] = []
        self._started: dict[str, NodeRecord] = {}
        self._settled: list[tuple[NodeRecord, Charge | None]] = []
        self._intents: dict[OrderId, JsonObject] = {}
        self._standings: dict[OrderId, Standing] = {}
        self._ordered: dict[str, dict[OrderId, JsonObject]] = {}
        """Orders by their node, which has no result yet."""
        self._orders: list[JsonObject] = []
        self._queued = 0
        self._taken = 0
        """How many records were queued, and how many of them a batch has taken."""
        self._writing = asyncio.Lock()
        self._failure: BaseException | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._shown: set[asyncio.Task[None]] = set()
        self._overdue: asyncio.TimerHandle | None = None
        """Writes results that nobody waits for."""

    @property
    def cost(self) -> Decimal:
        """What the run cost so far, in USD."""
        return self._cost

    def tell(self, kind: RunEventType, data: JsonObject, node_id: str | None = None) -> None:
        """Broadcast an event now; it is recorded with the next batch."""
        event = self._event(kind, data, node_id)
        self._events.append(event)
        self._broadcaster.send(self._run.user_id, [event])

    def started(self, record: NodeRecord) -> None:
        """Announce that a node runs; the row follows if it runs long enough to be looked at."""
        self.tell(
            RunEventType.AGENT_STARTED,
            {"agent_type": record.agent_type, "attempt": record.attempts},
            record.node_id,
        )
        self._stop_showing(record.node_id)
        self._timers[record.node_id] = asyncio.get_running_loop().call_later(
            SHOW_RUNNING_AFTER_S, self._show, record
        )

    async def begun(self, record: NodeRecord) -> None:
        """Put on record that a node has begun, before it does; raises NotRecorded."""
        self._started[record.node_id] = record
        self._queued += 1
        await self.flush()

    def settled(self, record: NodeRecord, charge: Charge | None, tell: Callable[[], None]) -> None:
        """Queue a node's result with its orders and the events that `tell` adds; durable within
        FLUSH_WITHIN_S.

        They are told and queued in one go: no batch has them without the result. Where the
        result must be durable before anything else is done, `flush` follows.
        """
        self._stop_showing(record.node_id)
        tell()
        self._cost += record.cost
        self._settled.append((record, charge))
        self._orders += self._ordered.pop(record.node_id, {}).values()
        self._queued += 1
        self._flush_soon()

    async def intend(self, order_id: OrderId, row: JsonObject) -> Standing:
        """Put an intent on record with all before it, return how it stands; raises NotRecorded.

        Nothing of it is recorded once the run was asked to stop.
        """
        self._intents[order_id] = row
        self._queued += 1
        await self.flush()
        return self._standings.pop(order_id)

    def ordered(self, node_id: str, order_id: OrderId, row: JsonObject) -> None:
        """Keep an order of a node until its result is queued: neither is recorded by itself."""
        self._ordered.setdefault(node_id, {})[order_id] = row

    def check(self) -> None:
        """Raise NotRecorded if the run's records could not be kept."""
        if self._failure is not None:
            raise self._failure

    def show_state(self, state: Callable[[], str]) -> None:
        """Show the run's state after a step; never waits and never raises."""
        self._broadcaster.keep_state(self._run.id, state)

    async def flush(self) -> None:
        """Return once all records up to now are durable; raises NotRecorded.

        What is queued while a batch is written leaves together, in the next one.
        """
        queued = self._queued
        async with self._writing:
            if self._failure is not None:
                raise self._failure
            if self._taken < queued:
                await self._write()

    async def end(
        self, ending: Ending, told: tuple[RunEventType, JsonObject] | None = None
    ) -> None:
        """End the run, send it to wait or hand it back; raises NotRecorded.

        The event `told` is recorded with the ending and broadcast after it: whoever hears of the
        end reads the run, and must find it ended.
        """
        await self.rest()
        if self._failure is not None and not isinstance(self._failure, RowsRefused):
            raise self._failure
        last = [self._event(*told)] if told else []
        async with self._writing:
            self._events += last
            await self._write(ending)
        if last:
            self._broadcaster.send(self._run.user_id, last)

    async def rest(self) -> None:
        """Return once nothing more is written unless it is asked for."""
        for node_id in [*self._timers, *self._started]:
            self._stop_showing(node_id)
        self._stop_overdue()
        if self._shown:
            await asyncio.wait(self._shown)

    async def _write(self, ending: Ending | None = None) -> None:
        """Write a batch of all that is queued; after a failure nothing more than an ending is."""
        batch = RunBatch(
            self._run,
            self._flushes + 1,
            self._sequence,
            tuple(self._started.values()),
            tuple(self._settled),
            tuple(self._events),
            ending,
            tuple(self._intents.values()),
            tuple(self._orders),
        )
        intents = [*self._intents]
        self._started, self._settled, self._events = {}, [], []
        self._intents, self._orders = {}, []
        self._taken = self._queued
        self._stop_overdue()
        try:
            receipt = await self._writer.write(batch)
        except BaseException as error:
            self._failure = error
            if isinstance(error, RowsRefused):
                # Whatever the results hold, their nodes have run, and cost what they cost.
                self._settled = [(_unrecorded(record), charge) for record, charge in batch.settled]
            raise
        self._flushes += 1
        self._standings |= {order_id: receipt.standing(order_id) for order_id in intents}
        if receipt.cancel_requested:
            self._on_cancel()

    def _event(self, kind: RunEventType, data: JsonObject, node_id: str | None = None) -> RunEvent:
        self._sequence += 1
        return RunEvent(self._run.id, self._sequence, kind, self._clock.now(), data, node_id)

    def _stop_showing(self, node_id: str) -> None:
        """Make sure that no batch from now on says that the node runs."""
        self._started.pop(node_id, None)
        timer = self._timers.pop(node_id, None)
        if timer is not None:
            timer.cancel()

    def _show(self, record: NodeRecord) -> None:
        self._timers.pop(record.node_id, None)
        self._started[record.node_id] = record
        self._queued += 1
        self._flush_alone()

    def _flush_soon(self) -> None:
        if self._overdue is None:
            loop = asyncio.get_running_loop()
            self._overdue = loop.call_later(FLUSH_WITHIN_S, self._flush_alone)

    def _flush_alone(self) -> None:
        """Write what is queued while the run goes on."""
        task = asyncio.create_task(self._flush_quietly())
        self._shown.add(task)
        task.add_done_callback(self._shown.discard)

    async def _flush_quietly(self) -> None:
        with suppress(NotRecorded):  # the next flush that somebody waits for raises it again
            await self.flush()

    def _stop_overdue(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None


def _unrecorded(record: NodeRecord) -> NodeRecord:
    error = {"code": "not_recorded", "message": "What the node returned could not be stored."}
    return replace(
        record,
        status=NodeStatus.FAILED,
        port=None,
        changes={},
        reasoning=None,
        error=error,
        wake_at=None,
    )
