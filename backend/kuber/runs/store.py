"""The run engine's view of the database: one round trip per step, fenced by the claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from kuber.infra.db import Connections, JsonObject
from kuber.infra.outbox import outbox_json
from kuber.kernel.clock import Clock
from kuber.kernel.ids import PipelineId, RunId, UserId
from kuber.pipelines.statements import GRAPH
from kuber.pipelines.types import Graph
from kuber.runs import statements
from kuber.runs.events import finished
from kuber.runs.types import (
    ClaimedRun,
    NodeRecord,
    NodeStatus,
    RunEvent,
    RunStatus,
    WaitsFor,
)


class LeaseLost(Exception):
    """Another worker holds the run now, or it was ended: stop at once, write nothing more."""


@dataclass(frozen=True, slots=True)
class Charge:
    """The cost entry of a node, in USD."""

    token_cost: Decimal
    rental_cost: Decimal
    api_cost: Decimal
    tokens_estimated: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run leaves its worker; `wake_at` and `waits_for` are set when it goes to wait."""

    status: RunStatus
    outcome: str | None = None
    error: JsonObject | None = None
    wake_at: datetime | None = None
    waits_for: WaitsFor | None = None


class RunStore:
    """Claims, records and finishes runs on the raw pool."""

    def __init__(
        self, pool: Connections, clock: Clock, worker: str, lease_s: float, daily_budget: Decimal
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._worker = worker
        self._lease_s = lease_s
        self._daily_budget = daily_budget

    async def claim(self, count: int) -> list[ClaimedRun]:
        """Take up to `count` runs that may be taken up: by hand first, then the oldest."""
        values = {
            "worker": self._worker,
            "lease_s": self._lease_s,
            "now": self._clock.now(),
            "count": count,
        }
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(statements.CLAIM, values)).fetchall()
        return [
            ClaimedRun(
                id=RunId(row[0]),
                user_id=UserId(row[1]),
                pipeline_id=PipelineId(row[2]),
                graph_id=row[3],
                mode=row[4],
                symbol=row[5],
                symbols=tuple(row[6]),
                as_of=row[7],
                real_time=row[8],
                seed=row[9],
                correlation_id=row[10],
                claim_epoch=row[11],
                wait_count=row[12],
                last_sequence=row[13],
                cost=row[14],
                traceparent=row[16],
                cancel_requested=row[17],
                started_by=row[18],
                pipeline_name=row[19],
                trigger_waits=row[20],
                fresh=row[11] == 1 and row[15] is None,
            )
            for row in sorted(rows)
        ]

    async def backlog(self) -> bool:
        """Return whether a run waits for a worker that may take it up."""
        return bool((await self._one(statements.BACKLOG, ()))[0])

    async def renew(self, held: Sequence[tuple[RunId, int]]) -> dict[tuple[RunId, int], bool]:
        """Prolong the leases of `held` (run, epoch); return which are still held.

        The value says whether the run was asked to stop.
        """
        values = {
            "lease_s": self._lease_s,
            "ids": [run_id for run_id, _ in held],
            "epochs": [epoch for _, epoch in held],
        }
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(statements.RENEW, values)).fetchall()
        return {(RunId(run_id), epoch): cancel for run_id, epoch, cancel in rows}

    async def sweep(self) -> int:
        """Free runs whose worker died and wake runs that are due; return how many."""
        async with self._pool.connection() as connection:
            freed = await connection.execute(statements.RELEASE_EXPIRED)
            woken = await connection.execute(statements.WAKE_DUE, {"now": self._clock.now()})
            return freed.rowcount + woken.rowcount

    async def hand_back(self, run: ClaimedRun) -> None:
        """Leave a run to the next worker at once; nothing when it is no longer held."""
        async with self._pool.connection() as connection:
            await connection.execute(statements.HAND_BACK, (run.id, run.claim_epoch))

    async def graph(self, run: ClaimedRun) -> Graph:
        """Return the graph that the run is bound to."""
        row = await self._one(GRAPH, (run.graph_id,))
        return Graph.model_validate(row[0])

    async def nodes(self, run_id: RunId) -> dict[str, NodeRecord]:
        """Return what is on record of a run's nodes."""
        async with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            rows = await (await cursor.execute(statements.NODES, (run_id,))).fetchall()
        return {
            row["node_id"]: NodeRecord(
                **{
                    **row,
                    "status": NodeStatus(row["status"]),
                    "changes": row["changes"] or {},
                    "waits_for": WaitsFor(row["waits_for"]) if row["waits_for"] else None,
                }
            )
            for row in rows
        }

    async def node_started(
        self, run: ClaimedRun, record: NodeRecord, sequence: int, events: Sequence[RunEvent]
    ) -> None:
        """Record that a node runs; for nodes that take long enough to be seen running."""
        values = self._fence(run, Decimal(0), sequence, events)
        values |= {
            "node_id": record.node_id,
            "agent_type": record.agent_type,
            "attempts": record.attempts,
            "started_at": record.started_at,
        }
        async with self._pool.connection() as connection:
            await connection.execute(statements.NODE_STARTED, values)

    async def node_settled(
        self,
        run: ClaimedRun,
        record: NodeRecord,
        sequence: int,
        events: Sequence[RunEvent],
        charge: Charge | None,
    ) -> None:
        """Record a node's result with its cost entry and events; raises LeaseLost."""
        values = self._fence(run, record.cost, sequence, events) | _columns(record)
        values["changes"] = Jsonb(record.changes)
        values["error"] = Jsonb(record.error) if record.error else None
        statement, now = statements.NODE_SETTLED, self._clock.now()
        if charge is not None:
            statement = statements.NODE_SPENT if record.cost else statements.NODE_CHARGED
            values |= _columns(charge) | {
                "user_id": run.user_id,
                "pipeline_id": run.pipeline_id,
                "pipeline_name": run.pipeline_name,
                "mode": run.mode,
                "symbol": run.symbol,
                "charged_at": now,
                "day": now.date(),
                "daily_budget": self._daily_budget,
            }
        async with self._pool.connection() as connection:
            row = await (await connection.execute(statement, values)).fetchone()
        if row is None:
            raise LeaseLost(str(run.id))

    async def finish(
        self, run: ClaimedRun, ending: Ending, sequence: int, events: Sequence[RunEvent]
    ) -> None:
        """End the run or send it to wait; raises LeaseLost."""
        waiting, now = ending.status is RunStatus.WAITING, self._clock.now()
        announced = [] if waiting else [finished(run, ending.status, ending.error, now)]
        values = self._fence(run, Decimal(0), sequence, events) | {
            "status": ending.status.value,
            "finished_at": None if waiting else now,
            "wake_at": ending.wake_at,
            "waits_for": ending.waits_for,
            "waited": 1 if waiting else 0,
            "trigger_waited": 1 if ending.waits_for is WaitsFor.TRIGGER else 0,
            "outcome": ending.outcome,
            "error": Jsonb(ending.error) if ending.error else None,
            "outbox": Jsonb(outbox_json(announced)),
        }
        async with self._pool.connection() as connection:
            row = await (await connection.execute(statements.FINISH, values)).fetchone()
        if row is None:
            raise LeaseLost(str(run.id))

    def _fence(
        self, run: ClaimedRun, cost: Decimal, sequence: int, events: Sequence[RunEvent]
    ) -> JsonObject:
        return {
            "run_id": run.id,
            "epoch": run.claim_epoch,
            "cost": cost,
            "sequence": sequence,
            "events": Jsonb([event.to_json() for event in events]),
        }

    async def _one(self, statement: str, values: Sequence[object]) -> tuple[object, ...]:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(statement, values)).fetchone()
        assert row is not None, "the row that was asked for exists"
        return row


def _columns(row: NodeRecord | Charge) -> JsonObject:
    """Return the fields of a row by name, not copied."""
    return {name: getattr(row, name) for name in row.__slots__}
