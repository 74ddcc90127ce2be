"""Which runs a worker holds, and what it reads of them. What it writes leaves by `RunWriter`."""

from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import cast

from psycopg.rows import DictRow, dict_row

from kuber.costs.statements import reading_of
from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.ids import RunId
from kuber.pipelines.statements import GRAPH
from kuber.pipelines.types import Graph
from kuber.runs import statements
from kuber.runs.batches import LeaseLost
from kuber.runs.types import ClaimedRun, NodeRecord, NodeStatus, WaitsFor


class RunStore:
    """Claims runs, keeps and frees their claims, and reads what is on record of them."""

    def __init__(self, pool: RawPool, clock: Clock, worker: str, lease_s: float) -> None:
        self._pool = pool
        self._clock = clock
        self._worker = worker
        self._lease_s = lease_s

    async def claim(self, count: int) -> list[ClaimedRun]:
        """Take up to `count` runs that may be taken up: users take turns, see `queueing.NEXT`."""
        now = self._clock.now()
        values = {
            "worker": self._worker,
            "lease_s": self._lease_s,
            "now": now,
            "count": count,
            "day": now.date(),
        }
        async with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            rows = await (await cursor.execute(statements.CLAIM, values)).fetchall()
        return [_claimed(row) for row in sorted(rows, key=itemgetter("id"))]

    async def backlog(self) -> bool:
        """Return whether a run waits for a worker that may take it up."""
        return bool((await self._one(statements.BACKLOG, ()))[0])

    async def renew(self, held: Sequence[tuple[RunId, int]]) -> dict[tuple[RunId, int], bool]:
        """Prolong the leases of `held` (run, epoch); return which are still held.

        The value says whether the run was asked to stop.
        """
        values = renewal(held, self._lease_s)
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(statements.RENEW, values)).fetchall()
        return {(RunId(run_id), epoch): cancel for run_id, epoch, cancel in rows}

    async def sweep(self) -> int:
        """Free runs whose worker died and wake runs that are due; return how many."""
        async with self._pool.connection() as connection:
            lease = {"lease_s": self._lease_s}
            freed = await connection.execute(statements.RELEASE_EXPIRED, lease)
            woken = await connection.execute(statements.WAKE_DUE, {"now": self._clock.now()})
            return freed.rowcount + woken.rowcount

    async def graph(self, run: ClaimedRun) -> tuple[Graph, bytes]:
        """Return the graph that the run is bound to, and its digest as it was read."""
        graph, digest = await self._one(GRAPH, (run.graph_id,))
        return Graph.model_validate(graph), cast("bytes", digest)

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

    async def void_results(self, run: ClaimedRun, node_ids: Collection[str]) -> None:
        """Let nodes run again, their cost and attempts kept; raises LeaseLost."""
        values = {"id": run.id, "epoch": run.claim_epoch, "nodes": list(node_ids)}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statements.VOID_RESULTS, values)
            if await cursor.fetchone() is None:
                raise LeaseLost(str(run.id))

    async def close_nodes(self, run_id: RunId) -> None:
        """Let no node of a run that ended before its last one count as under way."""
        async with self._pool.connection() as connection:
            await connection.execute(statements.CLOSE_NODES, (run_id,))

    async def _one(self, statement: str, values: Sequence[object]) -> tuple[object, ...]:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(statement, values)).fetchone()
        assert row is not None, "the row that was asked for exists"
        return row


def renewal(held: Sequence[tuple[RunId, int]], lease_s: float) -> dict[str, object]:
    """Return the values of the statement that prolongs the leases of `held` (run, epoch)."""
    return {
        "lease_s": lease_s,
        "ids": [run_id for run_id, _ in held],
        "epochs": [epoch for _, epoch in held],
    }


def _claimed(row: DictRow) -> ClaimedRun:
    rerun_of = row.pop("rerun_of")
    return ClaimedRun(
        **row
        | {
            "symbols": tuple(row["symbols"]),
            "budget": reading_of(row["budget"], row["cost"]),
            "fresh": row["claim_epoch"] == 1 and rerun_of is None,
        }
    )
