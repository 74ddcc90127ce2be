"""Writes what the runs of a process record: in shared statements, each run's part on its own."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
import structlog
from psycopg import Error as DatabaseError
from psycopg import OperationalError, errors
from psycopg.types.json import Jsonb
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from kuber.infra.db import RawPool
from kuber.infra.telemetry import RUN_FLUSHES
from kuber.kernel.clock import Clock
from kuber.kernel.ids import RunId
from kuber.runs import statements
from kuber.runs.batches import (
    ARRAYS,
    DatabaseAway,
    LeaseLost,
    NotRecorded,
    Receipt,
    RowsRefused,
    RunBatch,
    parts_of,
    rows_of,
)
from kuber.runs.statements import Part

log = structlog.get_logger(__name__)

ALONE_ABOVE_BYTES = 256_000
"""A batch larger than this does not keep those of other runs waiting."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
"""Between two tries while PostgreSQL is away."""


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


@dataclass(frozen=True, slots=True)
class _Queued:
    """A batch that waits to be written, with its rows as JSON."""

    batch: RunBatch
    rows: tuple[bytes, ...]
    """For each of `ARRAYS` its elements."""
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
        rows = rows_of(batch, self._clock.now())
        queued = _Queued(
            batch, rows, parts_of(batch, rows), asyncio.get_running_loop().create_future()
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
        for number, name in enumerate(ARRAYS):
            elements = b",".join(queued.rows[number] for queued in several if queued.rows[number])
            values[name] = Jsonb(orjson.Fragment(b"[%b]" % elements))
        statement = statements.flush(parts, wait=wait)
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(statement, values)).fetchall()
        RUN_FLUSHES.observe(len(several))
        with_intents = Part.INTENTS in parts
        return {
            RunId(run_id): Receipt(cancel, (intended or {}) if with_intents else None)
            for run_id, cancel, intended in rows
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
