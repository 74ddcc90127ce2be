"""Keeps a run's records and events: durable through the store, live through the broadcaster."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from kuber.infra.db import JsonObject
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.runs.store import Charge, Ending, RunStore
from kuber.runs.types import ClaimedRun, NodeRecord, RunEvent, RunEventType

log = structlog.get_logger(__name__)

SHOW_RUNNING_AFTER_S = 0.02
"""A node that takes longer than this gets a row that says it is running."""

SEQUENCE_GAP = 1000
"""Left after a crash: events that were shown but not recorded keep their numbers to themselves."""


class Broadcaster(Protocol):
    """Sends events to whoever is watching now; losing one is harmless, they are on record."""

    def send(self, user_id: UserId, events: Sequence[RunEvent]) -> None: ...


class RunRecorder:
    """The records of one run held by this worker."""

    def __init__(
        self, run: ClaimedRun, store: RunStore, broadcaster: Broadcaster, clock: Clock
    ) -> None:
        self._run = run
        self._store = store
        self._broadcaster = broadcaster
        self._clock = clock
        self._sequence = run.last_sequence + (0 if run.fresh else SEQUENCE_GAP)
        self.cost = run.cost
        """What the run cost so far, in USD."""
        self._unsaved: list[RunEvent] = []
        self._conclusion: RunEvent | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._writing: dict[str, asyncio.Task[None]] = {}

    def tell(self, kind: RunEventType, data: JsonObject, node_id: str | None = None) -> None:
        """Broadcast an event now; it is recorded with the next step that is."""
        self._sequence += 1
        event = RunEvent(self._run.id, self._sequence, kind, self._clock.now(), data, node_id)
        self._unsaved.append(event)
        self._broadcaster.send(self._run.user_id, [event])

    def conclude(self, kind: RunEventType, data: JsonObject) -> None:
        """Keep the event of the ending: it is recorded and broadcast by `finish`.

        Not before: whoever hears of the end reads the run, and must find it ended.
        """
        self._sequence += 1
        self._conclusion = RunEvent(self._run.id, self._sequence, kind, self._clock.now(), data)

    def node_started(self, record: NodeRecord) -> None:
        """Announce that a node runs; the row follows if it runs long enough to be looked at."""
        self.tell(
            RunEventType.AGENT_STARTED,
            {"agent_type": record.agent_type, "attempt": record.attempts},
            record.node_id,
        )
        self._drop_timer(record.node_id)
        self._timers[record.node_id] = asyncio.get_running_loop().call_later(
            SHOW_RUNNING_AFTER_S, self._begin_writing, record
        )

    async def node_settled(
        self, record: NodeRecord, charge: Charge | None, tell: Callable[[], None]
    ) -> None:
        """Make a node's result durable with the events that `tell` adds; raises LeaseLost.

        They are told and taken in one go: nothing else may record them without the result.
        """
        await self._quiet(record.node_id)
        tell()
        events, self._unsaved = self._unsaved, []
        await self._store.node_settled(self._run, record, self._sequence, events, charge)
        self.cost += record.cost

    async def rest(self) -> None:
        """Return once nothing more is written unless it is asked for."""
        for node_id in [*self._timers, *self._writing]:
            await self._quiet(node_id)

    async def finish(self, ending: Ending) -> None:
        """End the run or send it to wait; raises LeaseLost."""
        await self.rest()
        events, self._unsaved = self._unsaved, []
        last = [self._conclusion] if self._conclusion else []
        await self._store.finish(self._run, ending, self._sequence, [*events, *last])
        if last:
            self._broadcaster.send(self._run.user_id, last)

    async def _quiet(self, node_id: str) -> None:
        """Make sure that no "is running" row can be written after what follows."""
        self._drop_timer(node_id)
        writing = self._writing.pop(node_id, None)
        if writing is not None:
            await asyncio.wait([writing])

    def _drop_timer(self, node_id: str) -> None:
        timer = self._timers.pop(node_id, None)
        if timer is not None:
            timer.cancel()

    def _begin_writing(self, record: NodeRecord) -> None:
        self._timers.pop(record.node_id, None)
        self._writing[record.node_id] = asyncio.create_task(self._write_started(record))

    async def _write_started(self, record: NodeRecord) -> None:
        events, self._unsaved = self._unsaved, []
        try:
            await self._store.node_started(self._run, record, self._sequence, events)
        except (DatabaseError, PoolTimeout) as error:
            self._unsaved = events + self._unsaved
            log.warning("node_start_not_recorded", node_id=record.node_id, reason=str(error))
