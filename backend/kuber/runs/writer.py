"""Writes what the runs of a process record: in shared statements, each run's part on its own."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
import structlog
from psycopg import Error as DatabaseError
from psycopg import OperationalError, errors
from psycopg.types.json import Jsonb
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from kuber.infra.db import JsonObject, RawPool
from kuber.infra.outbox import outbox_json
from kuber.infra.telemetry import RUN_FLUSHES
from kuber.kernel.clock import Clock
from kuber.kernel.ids import OrderId, RunId
from kuber.runs import statements
from kuber.runs.events import finished
from kuber.runs.statements import Part
from kuber.runs.types import ClaimedRun, NodeRecord, RunEvent, RunStatus, WaitsFor
from kuber.trading.types import Standing

log = structlog.get_logger(__name__)

ALONE_ABOVE_BYTES = 256_000
"""A batch larger than this does not keep those of other runs waiting."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
"""Between two tries while PostgreSQL is away."""


class NotRecorded(Exception):
    """What a run recorded is not on record, and its worker cannot go on with the run."""


class LeaseLost(NotRecorded):
    """Another worker holds the run now, or it was ended: stop at once, write nothing more."""


class RowsRefused(NotRecorded):
    """PostgreSQL takes everything but these rows; it never will."""


class DatabaseAway(NotRecorded):
    """PostgreSQL is away, and the process ends before it comes back."""


@dataclass(frozen=True, slots=True)
class Charge:
    """The cost entry of a node, in USD."""

    token_cost: Decimal
    rental_cost: Decimal
    api_cost: Decimal
    tokens_estimated: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run leaves its worker; `wake_at` and `waits_for` are set when it goes to wait.

    The status PENDING hands the run back, for another worker to go on with it at once.
    """

    status: RunStatus
    outcome: str | None = None
    error: JsonObject | None = None
    wake_at: datetime | None = None
    waits_for: WaitsFor | None = None


@dataclass(frozen=True, slots=True)
class RunBatch:
    """What one run records at once. A node is in it once at most, as started or as settled."""

    run: ClaimedRun
    number: int
    """One more than that of the run's batch before: a batch that is repeated is recognised."""
    sequence: int
    """Of the last event that was told."""
    started: tuple[NodeRecord, ...] = ()
    settled: tuple[tuple[NodeRecord, Charge | None], ...] = ()
    """Results of nodes; None for a node that cost nothing and used no tokens."""
    events: tuple[RunEvent, ...] = ()
    ending: Ending | None = None
    intents: tuple[JsonObject, ...] = ()
    """Rows of orders that are about to be sent, see `Journal.row`."""
    answers: tuple[JsonObject, ...] = ()
    """Rows of first answers to orders, see `Booking.row`."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A batch is on record. `cancel_requested`: its run shall be stopped."""

    cancel_requested: bool
    intended: Mapping[str, bool] | None = None
    """Its orders that may be sent by id, and whether they are new; None when that is not known."""
    answered: frozenset[str] = frozenset()
    """Its orders whose answer was booked."""

    def standing(self, order_id: OrderId) -> Standing:
        """Return how an intent of the batch stands. What is not known may have been sent before,
        and the venue is asked."""
        if self.cancel_requested:
            return Standing.CANCELLED
        if self.intended is None:
            return Standing.OPEN
        is_new = self.intended.get(str(order_id))
        if is_new is None:
            return Standing.ANSWERED
        return Standing.NEW if is_new else Standing.OPEN

    def booked(self, order_id: OrderId) -> bool:
        """Return whether an answer of the batch is known to be booked."""
        return str(order_id) in self.answered


@dataclass(frozen=True, slots=True)
class WriterOptions:
    """`batch` is how many runs share a statement, `lanes` how many statements are under way.

    Besides, `alone` statements with one run each may be under way.
    """

    batch: int = 64
    lanes: int = 1

    @property
    def alone(self) -> int:
        return max(4, self.lanes)

    @property
    def connections(self) -> int:
        """How many connections the writer needs."""
        return self.lanes + self.alone


_ARRAYS = (
    "batches",
    Part.STARTED,
    Part.SETTLED,
    Part.CHARGES,
    Part.EVENTS,
    Part.OUTBOX,
    Part.INTENTS,
    Part.ANSWERS,
)
"""The parameters of a flush, each a JSON array."""


@dataclass(frozen=True, slots=True)
class _Queued:
    """A batch that waits to be written, with its rows as JSON."""

    batch: RunBatch
    rows: tuple[bytes, ...]
    """For each of `_ARRAYS` its elements."""
    parts: frozenset[Part]
    written: asyncio.Future[Receipt]


class RunWriter:
    """The one writer of a process. Its pool has `WriterOptions.connections` connections."""

    def __init__(
        self,
        pool: RawPool,
        clock: Clock,
        daily_budget: Decimal,
        options: WriterOptions = WriterOptions(),
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._daily_budget = daily_budget
        self._options = options
        self._queue: list[_Queued] = []
        self._lanes = 0
        """How many shared statements are under way."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._may_write_alone = asyncio.Semaphore(options.alone)
        self._ends = False

    async def write(self, batch: RunBatch) -> Receipt:
        """Return once `batch` is on record; while PostgreSQL is away it waits.

        The next batch of a run is written after this has returned. Raises LeaseLost, RowsRefused
        when nothing of it can be recorded, and DatabaseAway once `end` was called.
        """
        rows = _rows(batch, self._clock.now())
        queued = _Queued(
            batch, rows, _parts(batch, rows), asyncio.get_running_loop().create_future()
        )
        if sum(map(len, rows)) > ALONE_ABOVE_BYTES:
            self._write_alone(queued)
        else:
            self._queue.append(queued)
            if self._lanes < self._options.lanes:
                self._lanes += 1
                self._start(self._write_queued())
        return await queued.written

    def end(self) -> None:
        """From now on wait no more for a PostgreSQL that is away."""
        self._ends = True

    async def _write_queued(self) -> None:
        """Write what is queued, and what was queued meanwhile, until nothing is."""
        try:
            while self._queue:
                await self._write_shared(self._take())
        finally:
            self._lanes -= 1

    def _take(self) -> list[_Queued]:
        """Take the next batches from the queue, one of each run.

        A run that was lost may have been claimed again by this process: rows of both claims in one
        statement would pass by the fence of the one that holds.
        """
        taken: dict[RunId, _Queued] = {}
        left: list[_Queued] = []
        for queued in self._queue:
            if len(taken) < self._options.batch and queued.batch.run.id not in taken:
                taken[queued.batch.run.id] = queued
            else:
                left.append(queued)
        self._queue = left
        return list(taken.values())

    async def _write_shared(self, several: Sequence[_Queued]) -> None:
        """Write batches in one statement; what fails, or is passed over, is written alone."""
        try:
            held = await self._flush(several, wait=False)
        except DatabaseError as error:
            if len(several) > 1:
                log.warning("shared_flush_failed", runs=len(several), reason=str(error))
            held = {}
        except BaseException as error:
            for queued in several:
                _refuse(queued, error)
            raise
        for queued in several:
            receipt = held.get(queued.batch.run.id)
            if receipt is None:
                self._write_alone(queued)
            else:
                _answer(queued, receipt)

    def _write_alone(self, queued: _Queued) -> None:
        self._start(self._keep_writing(queued))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_writing(self, queued: _Queued) -> None:
        """Write one batch, waiting for its run's row, until its fate is known."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(self._may_pass),
            wait=wait_random_exponential(FIRST_PAUSE_S, LONGEST_PAUSE_S),
            before_sleep=_log_repeated,
            reraise=True,
        )
        try:
            _answer(queued, await retrying(self._write_or_look, queued))
        except DatabaseError as error:
            refusal = DatabaseAway if _is_away(error) else RowsRefused
            _refuse(queued, refusal(f"{type(error).__name__}: {error}"))
        except NotRecorded as error:
            _refuse(queued, error)
        except BaseException as error:
            _refuse(queued, error)
            raise

    def _may_pass(self, error: BaseException) -> bool:
        return not self._ends and _is_away(error)

    async def _write_or_look(self, queued: _Queued) -> Receipt:
        """Write a batch, or find that it was written by a try whose answer was lost."""
        batch = queued.batch
        values = {"id": batch.run.id, "epoch": batch.run.claim_epoch, "number": batch.number}
        async with self._may_write_alone:
            held = await self._flush([queued], wait=True)
            if batch.run.id in held:
                return held[batch.run.id]
            async with self._pool.connection() as connection:
                row = await (await connection.execute(statements.FLUSHED, values)).fetchone()
        if row is None:
            raise LeaseLost(str(batch.run.id))
        return Receipt(row[0])

    async def _flush(self, several: Sequence[_Queued], *, wait: bool) -> dict[RunId, Receipt]:
        """Carry out a flush in one statement; return which batches it wrote, by run."""
        parts = frozenset[Part]().union(*(queued.parts for queued in several))
        values: dict[str, object] = {
            "daily_budget": self._daily_budget,
            "now": self._clock.now(),  # an intent is as old as the statement that records it
        }
        for number, name in enumerate(_ARRAYS):
            elements = b",".join(queued.rows[number] for queued in several if queued.rows[number])
            values[name] = Jsonb(orjson.Fragment(b"[%b]" % elements))
        statement = statements.flush(parts, wait=wait)
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(statement, values)).fetchall()
        RUN_FLUSHES.observe(len(several))
        with_intents = Part.INTENTS in parts
        return {
            RunId(run_id): Receipt(
                cancel, (intended or {}) if with_intents else None, frozenset(answered or ())
            )
            for run_id, cancel, intended, answered in rows
        }


def _parts(batch: RunBatch, rows: tuple[bytes, ...]) -> frozenset[Part]:
    parts = {name for name, elements in zip(_ARRAYS, rows, strict=True) if elements}
    found = {part for part in Part if part in parts}
    if any(record.cost for record, charge in batch.settled if charge is not None):
        found.add(Part.SPENT)
    if batch.ending is not None and batch.ending.status is RunStatus.FAILED:
        found.add(Part.FAILED)
    return frozenset(found)


def _rows(batch: RunBatch, now: datetime) -> tuple[bytes, ...]:
    """Return the rows of a batch for each of `_ARRAYS`; raises RowsRefused."""
    run, ending = batch.run, batch.ending
    row: JsonObject = {
        "id": run.id,
        "epoch": run.claim_epoch,
        "number": batch.number,
        "sequence": batch.sequence,
        "waited": 0,
    }
    announced = []
    if ending is not None:
        row |= {
            "status": ending.status.value,
            "finished_at": now if ending.status.finished else None,
            "wake_at": ending.wake_at,
            "waits_for": ending.waits_for,
            "waited": int(ending.status is RunStatus.WAITING),
            "outcome": ending.outcome,
            "error": ending.error,
        }
        if ending.status.finished:
            announced.append(finished(run, ending.status, ending.error, now))
    charged = [(record, charge) for record, charge in batch.settled if charge is not None]
    return _json_of(
        [row],
        [_started_row(run.id, record) for record in batch.started],
        [_settled_row(run.id, record) for record, _ in batch.settled],
        [_charge_row(run, record, charge, now) for record, charge in charged],
        [_told_row(run.id, batch.events)] if batch.events else [],
        [{**event, "about": run.id} for event in outbox_json(announced)],
        [{**intent, "about": run.id} for intent in batch.intents],
        [{**answer, "about": run.id} for answer in batch.answers],
    )


def _json_of(*parts: Sequence[JsonObject]) -> tuple[bytes, ...]:
    """Return the elements of each array as JSON, without its brackets."""
    try:
        return tuple(orjson.dumps(part)[1:-1] for part in parts)
    except TypeError as error:
        raise RowsRefused(str(error)) from error


def _started_row(run_id: RunId, record: NodeRecord) -> JsonObject:
    return {
        "run_id": run_id,
        "node_id": record.node_id,
        "agent_type": record.agent_type,
        "attempts": record.attempts,
        "started_at": record.started_at,
    }


def _settled_row(run_id: RunId, record: NodeRecord) -> JsonObject:
    row = {name: getattr(record, name) for name in record.__slots__}
    return {**row, "run_id": run_id, "cost": format(record.cost, "f")}


def _told_row(run_id: RunId, events: Sequence[RunEvent]) -> JsonObject:
    return {
        "run_id": run_id,
        "sequence": events[-1].sequence,
        "events": [event.stored() for event in events],
    }


def _charge_row(run: ClaimedRun, record: NodeRecord, charge: Charge, now: datetime) -> JsonObject:
    return {
        "run_id": run.id,
        "node_id": record.node_id,
        "attempt": record.attempts,
        "pipeline_name": run.pipeline_name,
        "agent_type": record.agent_type,
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
        "tokens_estimated": charge.tokens_estimated,
        "runtime_ms": record.runtime_ms or 0.0,
        "token_cost": format(charge.token_cost, "f"),
        "rental_cost": format(charge.rental_cost, "f"),
        "api_cost": format(charge.api_cost, "f"),
        "amount": format(record.cost, "f"),
        "charged_at": record.finished_at or now,
    }


def _answer(queued: _Queued, receipt: Receipt) -> None:
    if not queued.written.done():
        queued.written.set_result(receipt)


def _refuse(queued: _Queued, error: BaseException) -> None:
    if not queued.written.done():
        queued.written.set_exception(error)


def _is_away(error: BaseException) -> bool:
    """Return whether PostgreSQL may take the same rows another time.

    It does not when it has looked at them: wrong values, broken constraints, values too large.
    """
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return True
    return isinstance(error, OperationalError) and not (error.sqlstate or "").startswith("54")


def _log_repeated(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("flush_repeated", attempt=state.attempt_number, reason=str(error))
