"""Runs for the API: accept, show, cancel, run again."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.limits import one_at_a_time
from kuber.infra.db import SET_DOWN, JsonObject, set_down
from kuber.infra.telemetry import RUNS_ACCEPTED, traceparent
from kuber.kernel.clock import Clock, as_utc
from kuber.kernel.errors import Problem
from kuber.kernel.ids import PipelineId, RunId, UserId, new_id
from kuber.market.service import MarketService
from kuber.pipelines.errors import Archived
from kuber.pipelines.runnable import Bound, Looked
from kuber.pipelines.schemas import LastRun, PipelineHead
from kuber.pipelines.service import PipelineService
from kuber.pipelines.types import MANAGER_NODE, PipelineStatus
from kuber.runs.asked_symbol import asked_instrument
from kuber.runs.cancelling import call_off, call_off_all
from kuber.runs.deleting import IsNamed, delete_pipeline, hold_idle, require_there
from kuber.runs.errors import (
    AlreadyFinished,
    AlreadyRunning,
    OrderUnanswered,
    RunError,
    RunNotFound,
)
from kuber.runs.live_events import EventList, readable_event
from kuber.runs.models import NodeRunRow, RunRow
from kuber.runs.queueing import CAREFUL, queue_full
from kuber.runs.recorder import Broadcaster
from kuber.runs.repository import RunRepository, insert_queued
from kuber.runs.schemas import ExecutionList, RunAccepted, RunBody
from kuber.runs.seeds import SEED_RULE
from kuber.runs.types import RunQuery, RunStatus
from kuber.runs.view import RecordedRun, execution_json, nodes_again, summary
from kuber.trading.orders import (
    closing_orders,
    has_unanswered,
    ordering_nodes,
    orders_of_run,
)

_KEPT = ("succeeded", "skipped")
"""How a node ended whose result a run from a later node keeps."""


@dataclass(frozen=True, slots=True)
class RunStart:
    """Everything that decides what a run does, found before the transaction that queues it."""

    looked: Looked
    mode: str
    symbol: str
    as_of: datetime
    real_time: bool
    seed: int
    seed_rule: int = SEED_RULE
    rerun_of: UUID | None = None
    again: frozenset[str] = frozenset()
    """Nodes of `rerun_of` that are carried out again; the others keep their results. None: all."""

    @property
    def pipeline(self) -> PipelineHead:
        return self.looked.pipeline


class RunService:
    """What can be done with runs. Every method sees one user's runs only."""

    def __init__(
        self,
        pipelines: PipelineService,
        market: MarketService,
        broadcaster: Broadcaster,
        clock: Clock,
    ) -> None:
        self._pipelines = pipelines
        self._market = market
        self._broadcaster = broadcaster
        self._clock = clock

    async def prepare(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId, body: RunBody
    ) -> RunStart:
        """Find out what a run would do; sets the session down where others take time for it.

        Raises PipelineNotFound, NotPublished, StaleRevision, InvalidGraph, UnknownSymbol, RunError.
        """
        runnable = self._pipelines.runnable
        if body.draft:
            looked = await runnable.draft(session, user_id, pipeline_id, body.revision)
        else:
            looked = await runnable.published(session, user_id, pipeline_id, body.revision)
        _require_open(looked.pipeline)
        if self._market.asks_others:
            await set_down(session)
        as_of = self._as_of(body.as_of)
        instrument = await asked_instrument(self._market, user_id, body, as_of)
        return RunStart(
            looked=looked,
            mode=looked.pipeline.mode.value,
            symbol=instrument.symbol,
            as_of=as_of,
            real_time=body.as_of is None,
            seed=body.seed if body.seed is not None else secrets.randbelow(2**31),
        )

    async def prepare_rerun(
        self, session: AsyncSession, user_id: UserId, run_id: RunId, from_node: str | None
    ) -> RunStart:
        """Find out what a finished run would do again: its graph, symbol, time and seed.

        With `from_node`, the nodes that do not come after it keep their recorded results. Sets the
        session down. Raises RunNotFound, AlreadyRunning, OrderUnanswered, InvalidGraph, RunError.
        """
        run = await self._row(session, user_id, run_id)
        if not RunStatus(run.status).finished:
            raise AlreadyRunning("The run has not finished yet; cancel it or wait for its end.")
        if await has_unanswered(session, run_id):
            raise OrderUnanswered(
                "The venue has not said yet what became of an order of this run.",
                [Problem("An order has no answer.", "Wait until it has, within two minutes.")],
            )
        ordered = await self._ordered_without_result(session, run_id) if from_node else set()
        await require_there(session, self._pipelines, user_id, PipelineId(run.pipeline_id))
        bound = Bound(run.graph_id, run.pipeline_version)
        looked, graph = await self._pipelines.runnable.again(
            session, user_id, PipelineId(run.pipeline_id), bound
        )
        await set_down(session)
        again = await self._nodes_again(user_id, graph, from_node)
        if again and ordered - again:
            node_id = min(ordered - again)
            raise RunError(
                f"The node {node_id} placed an order in that run and left no result to keep: it "
                "would place another one.",
                [Problem("An order would be doubled.", f"Choose {node_id}.", field="from_node")],
            )
        return RunStart(
            looked=looked,
            mode=run.mode,
            symbol=run.symbol,
            as_of=run.as_of,
            real_time=False,
            seed=run.seed,
            seed_rule=run.seed_rule,
            rerun_of=run.id,
            again=again,
        )

    async def accept(
        self, session: AsyncSession, user_id: UserId, start: RunStart, correlation_id: str
    ) -> RunAccepted:
        """Queue a run; the row is the queue, so an accepted run is never lost.

        What ran before a pipeline was archived may be run again. Raises PipelineNotFound,
        RunError, StaleRevision when the pipeline was deleted or archived or the draft saved since
        it was looked at, AlreadyRunning, QueueFull, QuotaReached.
        """
        if SET_DOWN in session.info:
            pipeline = await self._pipelines.head(session, user_id, PipelineId(start.pipeline.id))
            if start.rerun_of is None:
                _require_open(pipeline)
        accepted = await self._insert(session, user_id, start, correlation_id)
        if start.rerun_of is not None and start.again:
            kept = await self._kept_nodes(session, RunId(start.rerun_of), start.again)
            rows = [{**row, "run_id": accepted.execution_id} for row in kept]
            if rows:
                await session.execute(insert(NodeRunRow), rows)
        return accepted

    async def get(self, session: AsyncSession, user_id: UserId, run_id: RunId) -> bytes:
        """Return one run in full, an ExecutionOut as JSON; raises RunNotFound.

        Sets the session down: the answer for a large graph is made by a child.
        """
        run = await self._row(session, user_id, run_id)
        known = await self._pipelines.known(session, user_id, {run.pipeline_id})
        graph = await self._pipelines.runnable.graph(session, run.graph_id)
        nodes = await RunRepository(session).nodes(run_id)
        orders = await orders_of_run(session, run_id)
        node_ids = {node.node_id for node in nodes} if run.real_time else set()
        closing = await closing_orders(session, run_id, node_ids)
        await set_down(session)
        recorded = RecordedRun(run, known[run.pipeline_id], graph, nodes, orders, closing)
        work = self._pipelines.checks.work
        return await work.run(graph, str(user_id), execution_json, recorded)

    async def page(self, session: AsyncSession, user_id: UserId, query: RunQuery) -> ExecutionList:
        """Return one page of the history, newest first."""
        rows, cursor = await RunRepository(session).page(user_id, query)
        known = await self._pipelines.known(session, user_id, {row.pipeline_id for row in rows})
        items = [summary(row, known[row.pipeline_id]) for row in rows]
        return ExecutionList(items=items, next_cursor=cursor)

    async def existing(
        self, session: AsyncSession, user_id: UserId, run_ids: Collection[UUID]
    ) -> set[UUID]:
        """Return which of these runs there are."""
        return await RunRepository(session).existing(user_id, run_ids) if run_ids else set()

    async def last_runs(
        self, session: AsyncSession, pipeline_ids: Sequence[UUID]
    ) -> dict[UUID, LastRun]:
        """Return the newest run of each of the caller's pipelines that has one."""
        rows = await RunRepository(session).latest(list(pipeline_ids))
        return {
            pipeline_id: LastRun(
                execution_id=row.id,
                status=row.status,
                symbol=row.symbol,
                created_at=row.created_at,
                finished_at=row.finished_at,
                outcome=row.outcome,
                wake_at=row.wake_at,
                waits_for=row.waits_for,
            )
            for pipeline_id, row in rows.items()
        }

    async def events(
        self, session: AsyncSession, user_id: UserId, run_id: RunId, after: int, limit: int = 1000
    ) -> EventList:
        """Return the recorded events after sequence number `after`, oldest first."""
        await self._row(session, user_id, run_id)
        rows = await RunRepository(session).events(run_id, after, limit)
        told = (readable_event({**row, "execution_id": str(run_id)}) for row in rows)
        items = [event for event in told if event is not None]
        cursor = str(rows[-1]["sequence"]) if len(rows) == limit else None
        return EventList(items=items, next_cursor=cursor)

    async def cancel(self, session: AsyncSession, user_id: UserId, run_id: RunId) -> bytes:
        """Stop a run: at once while it waits or queues, within a second while a worker has it.

        It is stopped, told and its row free before the answer is made, and stays so if that fails.
        Sets the session down. Raises RunNotFound, AlreadyFinished.
        """
        run = await self._row(session, user_id, run_id, lock=True)
        status = RunStatus(run.status)
        if status.finished:
            raise AlreadyFinished(f"The run has already {status.value}.")
        told = await call_off(session, run, self._clock.now(), "Cancelled")
        await set_down(session)
        if told:
            self._broadcaster.send(user_id, told)
        return await self.get(session, user_id, run_id)

    async def switched_off(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> None:
        """Call off what a pipeline of the caller started by itself before it was switched off.

        Sets the session down.
        """
        told = await call_off_all(session, pipeline_id, self._clock.now())
        await set_down(session)
        if told:
            self._broadcaster.send(user_id, told)

    async def hold_idle(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> None:
        """Let no run of a pipeline start until the transaction ends.

        Raises PipelineNotFound, and AlreadyRunning while one is active.
        """
        await hold_idle(session, user_id, pipeline_id)

    async def delete_pipeline(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId, is_named: IsNamed
    ) -> None:
        """Delete a pipeline, see `deleting`; raises PipelineNotFound, AlreadyRunning."""
        await delete_pipeline(session, user_id, pipeline_id, self._clock.now(), is_named)

    async def _insert(
        self, session: AsyncSession, user_id: UserId, start: RunStart, correlation_id: str
    ) -> RunAccepted:
        bound = await self._pipelines.runnable.bind(session, user_id, start.looked)
        row = RunRow(
            id=new_id(),
            user_id=user_id,
            pipeline_id=start.pipeline.id,
            graph_id=bound.graph_id,
            pipeline_version=bound.version,
            mode=start.mode,
            symbol=start.symbol,
            symbols=[start.symbol],
            as_of=start.as_of,
            real_time=start.real_time,
            seed=start.seed,
            seed_rule=start.seed_rule,
            correlation_id=correlation_id,
            traceparent=traceparent(),
            rerun_of=start.rerun_of,
            started_by="manual",
            status=RunStatus.PENDING.value,
            created_at=self._clock.now(),
        )
        if not await insert_queued(session, row, CAREFUL):
            pipeline = await self._pipelines.head(session, user_id, PipelineId(start.pipeline.id))
            if start.rerun_of is None:
                _require_open(pipeline)
            await self._require_idle_on(session, start)
            await one_at_a_time(session, user_id, "queue")
            if not await insert_queued(session, row, 0):
                await self._require_idle_on(session, start)
                raise await queue_full(session, user_id)
        RUNS_ACCEPTED.labels(start.mode).inc()
        return RunAccepted(execution_id=row.id, status=RunStatus.PENDING)

    async def _require_idle_on(self, session: AsyncSession, start: RunStart) -> None:
        """Raise AlreadyRunning while a run of the pipeline on the symbol is active."""
        active = await RunRepository(session).active(PipelineId(start.pipeline.id), start.symbol)
        if active is not None:
            raise AlreadyRunning(
                f"{start.pipeline.name} already runs on {start.symbol}."
                f" Run {active.id} is {active.status}.",
                [
                    Problem(
                        f"A run on {start.symbol} is active.",
                        "Wait for its end, cancel it, or choose another symbol.",
                        field="symbol",
                    )
                ],
            )

    async def _nodes_again(
        self, user_id: UserId, graph: bytes, from_node: str | None
    ) -> frozenset[str]:
        if from_node is None or from_node == MANAGER_NODE:
            return frozenset()
        work = self._pipelines.checks.work
        again = await work.run(graph, str(user_id), nodes_again, graph, from_node)
        if not again:
            raise RunError(
                f"The run has no node {from_node}.",
                [Problem("Unknown node.", "Name a node of the run.", field="from_node")],
            )
        return frozenset(again)

    async def _kept_nodes(
        self, session: AsyncSession, run_id: RunId, again: Collection[str]
    ) -> list[JsonObject]:
        columns = NodeRunRow.__table__.columns.keys()
        return [
            {column: getattr(row, column) for column in columns} | {"cost": 0}
            for row in await RunRepository(session).nodes(run_id)
            if row.node_id not in again and row.status in _KEPT
        ]

    async def _ordered_without_result(self, session: AsyncSession, run_id: RunId) -> set[str]:
        """Return the nodes of a run whose orders stand and whose results are not kept."""
        ordered = await ordering_nodes(session, run_id)
        if not ordered:
            return ordered
        nodes = await RunRepository(session).nodes(run_id)
        return ordered - {row.node_id for row in nodes if row.status in _KEPT}

    def _as_of(self, asked: datetime | None) -> datetime:
        if asked is None:
            return self._clock.now()
        as_of = as_utc(asked)
        if as_of > self._clock.now():
            raise RunError(
                f"as_of {as_of.isoformat()} lies in the future.",
                [Problem("as_of lies in the future.", "Choose a past time.", field="as_of")],
            )
        return as_of

    async def _row(
        self, session: AsyncSession, user_id: UserId, run_id: RunId, *, lock: bool = False
    ) -> RunRow:
        run = await RunRepository(session).find(user_id, run_id, lock=lock)
        if run is None:
            raise RunNotFound(f"There is no run {run_id}.")
        return run


def _require_open(pipeline: PipelineHead) -> None:
    if pipeline.status is PipelineStatus.ARCHIVED:
        raise Archived.saying("An archived pipeline does not run.")
