"""Runs for the API: accept, show, cancel, run again."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.agents.registry import AgentRegistry
from kuber.infra.db import JsonObject
from kuber.infra.telemetry import RUNS_ACCEPTED, traceparent
from kuber.kernel.clock import Clock, as_utc
from kuber.kernel.errors import Problem
from kuber.kernel.ids import PipelineId, RunId, UserId, new_id
from kuber.market.service import MarketService
from kuber.pipelines.schemas import LastRun, PipelineOut
from kuber.pipelines.service import PipelineService
from kuber.pipelines.topology import topology
from kuber.pipelines.types import MANAGER_NODE, Graph, PipelineStatus
from kuber.runs.errors import AlreadyFinished, AlreadyRunning, RunError, RunNotFound
from kuber.runs.models import ACTIVE, NodeRunRow, RunEventRow, RunRow
from kuber.runs.recorder import SEQUENCE_GAP, Broadcaster
from kuber.runs.repository import RunRepository
from kuber.runs.schemas import (
    EventList,
    EventOut,
    ExecutionList,
    ExecutionOut,
    RunAccepted,
    RunBody,
)
from kuber.runs.types import RunEvent, RunEventType, RunQuery, RunStatus
from kuber.runs.view import execution_out, summary


@dataclass(frozen=True, slots=True)
class _Start:
    """Everything that decides what a run does."""

    pipeline: PipelineOut
    version: int
    mode: str
    symbol: str
    as_of: datetime
    real_time: bool
    seed: int
    rerun_of: UUID | None = None


class RunService:
    """What can be done with runs. Every method sees one user's runs only."""

    def __init__(
        self,
        pipelines: PipelineService,
        market: MarketService,
        registry: AgentRegistry,
        broadcaster: Broadcaster,
        clock: Clock,
    ) -> None:
        self._pipelines = pipelines
        self._market = market
        self._registry = registry
        self._broadcaster = broadcaster
        self._clock = clock

    async def accept(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        body: RunBody,
        correlation_id: str,
    ) -> RunAccepted:
        """Queue a run; the row is the queue, so an accepted run is never lost.

        Raises PipelineNotFound, InvalidGraph, UnknownSymbol, AlreadyRunning, RunError.
        """
        pipeline = await self._pipelines.get(session, user_id, pipeline_id)
        if pipeline.status is PipelineStatus.ARCHIVED:
            raise RunError(
                "An archived pipeline does not run.",
                [Problem("The pipeline is archived.", "Take it out of the archive first.")],
            )
        self._pipelines.require_valid(pipeline.graph)
        instrument = await self._market.instrument(user_id, _symbol(body))
        as_of = await self._as_of(user_id, instrument.symbol, body.as_of)
        start = _Start(
            pipeline=pipeline,
            version=pipeline.version,
            mode=pipeline.mode.value,
            symbol=instrument.symbol,
            as_of=as_of,
            real_time=body.as_of is None and instrument.last_at is None,
            seed=body.seed if body.seed is not None else secrets.randbelow(2**31),
        )
        return await self._insert(session, user_id, start, correlation_id)

    async def rerun(
        self,
        session: AsyncSession,
        user_id: UserId,
        run_id: RunId,
        from_node: str | None,
        correlation_id: str,
    ) -> RunAccepted:
        """Queue a finished run again with its version, symbol, time and seed.

        With `from_node`, the nodes that do not come after it keep their recorded results.
        """
        run = await self._row(session, user_id, run_id)
        if not RunStatus(run.status).finished:
            raise AlreadyRunning("The run has not finished yet; cancel it or wait for its end.")
        pipeline = await self._pipelines.get(session, user_id, PipelineId(run.pipeline_id))
        graph = await self._graph(session, user_id, run)
        self._pipelines.require_valid(graph)
        kept = await self._kept_nodes(session, run, graph, from_node)
        start = _Start(
            pipeline=pipeline,
            version=run.pipeline_version,
            mode=run.mode,
            symbol=run.symbol,
            as_of=run.as_of,
            real_time=False,
            seed=run.seed,
            rerun_of=run.id,
        )
        accepted = await self._insert(session, user_id, start, correlation_id)
        if kept:
            rows = [{**row, "run_id": accepted.execution_id} for row in kept]
            await session.execute(insert(NodeRunRow), rows)
        return accepted

    async def get(self, session: AsyncSession, user_id: UserId, run_id: RunId) -> ExecutionOut:
        """Return one run in full; raises RunNotFound."""
        run = await self._row(session, user_id, run_id)
        pipeline = await self._pipelines.get(session, user_id, PipelineId(run.pipeline_id))
        graph = await self._graph(session, user_id, run)
        nodes = await RunRepository(session).nodes(run_id)
        return execution_out(run, pipeline.name, graph, nodes, self._registry)

    async def page(self, session: AsyncSession, user_id: UserId, query: RunQuery) -> ExecutionList:
        """Return one page of the history, newest first."""
        rows, cursor = await RunRepository(session).page(user_id, query)
        names = await self._pipelines.names(session, user_id, {row.pipeline_id for row in rows})
        items = [summary(row, names[row.pipeline_id]) for row in rows]
        return ExecutionList(items=items, next_cursor=cursor)

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
            )
            for pipeline_id, row in rows.items()
        }

    async def events(
        self, session: AsyncSession, user_id: UserId, run_id: RunId, after: int, limit: int = 1000
    ) -> EventList:
        """Return the recorded events after sequence number `after`, oldest first."""
        await self._row(session, user_id, run_id)
        rows = await RunRepository(session).events(run_id, after, limit)
        items = [
            EventOut(
                sequence=row.sequence,
                type=RunEventType(row.type),
                at=row.at,
                execution_id=row.run_id,
                node_id=row.node_id,
                data=row.data,
            )
            for row in rows
        ]
        cursor = str(items[-1].sequence) if len(items) == limit else None
        return EventList(items=items, next_cursor=cursor)

    async def cancel(self, session: AsyncSession, user_id: UserId, run_id: RunId) -> ExecutionOut:
        """Stop a run: at once while it waits or queues, within a second while a worker has it.

        Raises RunNotFound, AlreadyFinished.
        """
        run = await self._row(session, user_id, run_id, lock=True)
        status = RunStatus(run.status)
        if status.finished:
            raise AlreadyFinished(f"The run has already {status.value}.")
        if status is RunStatus.RUNNING:
            run.cancel_requested = True
        else:
            run.status = RunStatus.CANCELLED.value
            run.outcome = "Cancelled"
            run.wake_at = None
            run.finished_at = self._clock.now()
            run.last_sequence += SEQUENCE_GAP + 1
            data: JsonObject = {
                "status": "cancelled",
                "outcome": "Cancelled",
                "error": None,
                "cost": format(run.cost, "f"),
            }
            kind = RunEventType.EXECUTION_FINISHED
            event = RunEvent(run_id, run.last_sequence, kind, run.finished_at, data)
            session.add(
                RunEventRow(
                    run_id=run_id, sequence=event.sequence, type=kind, at=event.at, data=data
                )
            )
            self._broadcaster.send(user_id, [event])
        await session.flush()
        return await self.get(session, user_id, run_id)

    async def require_idle(self, session: AsyncSession, pipeline_id: PipelineId) -> None:
        """Raise AlreadyRunning while a run of the pipeline is active."""
        active = await RunRepository(session).active(pipeline_id)
        if active is not None:
            raise AlreadyRunning(
                f"Run {active.id} on {active.symbol} is {active.status}.",
                [Problem("A run is active.", "Cancel it or wait for its end.")],
            )

    async def _insert(
        self, session: AsyncSession, user_id: UserId, start: _Start, correlation_id: str
    ) -> RunAccepted:
        run_id = new_id()
        statement = (
            upsert(RunRow)
            .values(
                id=run_id,
                user_id=user_id,
                pipeline_id=start.pipeline.id,
                pipeline_version=start.version,
                mode=start.mode,
                symbol=start.symbol,
                symbols=[start.symbol],
                as_of=start.as_of,
                real_time=start.real_time,
                seed=start.seed,
                correlation_id=correlation_id,
                traceparent=traceparent(),
                rerun_of=start.rerun_of,
                status=RunStatus.PENDING.value,
                created_at=self._clock.now(),
            )
            .on_conflict_do_nothing(
                index_elements=[RunRow.pipeline_id, RunRow.symbol], index_where=text(ACTIVE)
            )
            .returning(RunRow.id)
        )
        if (await session.execute(statement)).scalar_one_or_none() is None:
            active = await RunRepository(session).active(
                PipelineId(start.pipeline.id), start.symbol
            )
            which = f"Run {active.id} is {active.status}." if active else "It just ended."
            raise AlreadyRunning(
                f"{start.pipeline.name} already runs on {start.symbol}. {which}",
                [
                    Problem(
                        f"A run on {start.symbol} is active.",
                        "Wait for its end, cancel it, or choose another symbol.",
                        field="symbol",
                    )
                ],
            )
        RUNS_ACCEPTED.labels(start.mode).inc()
        return RunAccepted(execution_id=run_id, status=RunStatus.PENDING)

    async def _kept_nodes(
        self, session: AsyncSession, run: RunRow, graph: Graph, from_node: str | None
    ) -> list[JsonObject]:
        if from_node is None or from_node == MANAGER_NODE:
            return []
        if from_node not in {node.id for node in graph.nodes}:
            raise RunError(
                f"The run has no node {from_node}.",
                [Problem("Unknown node.", "Name a node of the run.", field="from_node")],
            )
        again = topology(graph).descendants(from_node) | {from_node, MANAGER_NODE}
        columns = NodeRunRow.__table__.columns.keys()
        return [
            {column: getattr(row, column) for column in columns} | {"cost": 0}
            for row in await RunRepository(session).nodes(RunId(run.id))
            if row.node_id not in again and row.status in ("succeeded", "skipped")
        ]

    async def _as_of(self, user_id: UserId, symbol: str, asked: datetime | None) -> datetime:
        if asked is None:
            return await self._market.default_now(user_id, symbol)
        as_of = as_utc(asked)
        if as_of > self._clock.now():
            raise RunError(
                f"as_of {as_of.isoformat()} lies in the future.",
                [Problem("as_of lies in the future.", "Choose a past time.", field="as_of")],
            )
        return as_of

    async def _graph(self, session: AsyncSession, user_id: UserId, run: RunRow) -> Graph:
        return await self._pipelines.graph_of_version(
            session, user_id, PipelineId(run.pipeline_id), run.pipeline_version
        )

    async def _row(
        self, session: AsyncSession, user_id: UserId, run_id: RunId, *, lock: bool = False
    ) -> RunRow:
        run = await RunRepository(session).find(user_id, run_id, lock=lock)
        if run is None:
            raise RunNotFound(f"There is no run {run_id}.")
        return run


def _symbol(body: RunBody) -> str:
    """Return the one symbol that was asked for, in capitals; raises RunError."""
    asked = list(dict.fromkeys(name.strip().upper() for name in body.symbols or []))
    if body.symbol is not None:
        asked = list(dict.fromkeys([body.symbol.strip().upper(), *asked]))
    if not asked or not asked[0]:
        raise RunError(
            "A run needs a symbol.",
            [Problem("No symbol was given.", "Name one, for example AAPL.", field="symbol")],
        )
    if len(asked) > 1:
        raise RunError(
            "A run works on one symbol.",
            [
                Problem(
                    f"{len(asked)} symbols were given.",
                    "Start one run for each symbol.",
                    field="symbols",
                )
            ],
        )
    return asked[0]
