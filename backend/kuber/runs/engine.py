"""Claims runs while there are any and carries each to its end. One engine per worker process."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog
from cachetools import LRUCache
from opentelemetry import trace
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from pydantic import ValidationError

from kuber.agents.errors import UnknownAgent
from kuber.agents.registry import AgentRegistry
from kuber.infra.db import JsonObject
from kuber.infra.plugin_calls import call_plugin
from kuber.infra.telemetry import RUNS_FINISHED, span
from kuber.kernel.clock import Clock
from kuber.kernel.ids import RunId
from kuber.pipelines.types import MANAGER_NODE
from kuber.runs.attempt import Limits
from kuber.runs.batches import DatabaseAway, Ending, LeaseLost, NotRecorded
from kuber.runs.context import Surroundings
from kuber.runs.endings import crashed, ending_of, outdated, timed_out
from kuber.runs.executor import RunExecutor
from kuber.runs.flow import build_flow, run_flow
from kuber.runs.permits import Permits, RunPermits, WorkKind
from kuber.runs.pinned import RunMarket
from kuber.runs.plan import Plan, compile_plan
from kuber.runs.recorder import Broadcaster, RunRecorder
from kuber.runs.resuming import records_of
from kuber.runs.stopping import RunStop, StopReason, TimeLimit
from kuber.runs.store import RunStore
from kuber.runs.types import ClaimedRun, RunEventType, RunStatus
from kuber.runs.writer import RunWriter

log = structlog.get_logger(__name__)
_tracer = trace.get_tracer(__name__)

MAX_CLAIMS = 20
"""A run that was given up so often by dying workers is failed instead of tried again."""

PLANS_KEPT = 2000
"""Plans a process keeps, by digest of the graph; the least recently used go first."""

POLL_S = 0.05
"""How often a worker that has room looks for runs while others keep it busy."""

SPARE_CLAIMS = 2
"""Runs claimed beyond those that can compute at once, so that the processor never waits for a
claim. No more: what somebody starts by hand must not come behind many."""

LEAST_CLAIMED = 3
"""Runs that a busy process has room for before it claims again: a claim costs as much for one."""

LAST_RUNS_S = 2.0
"""How long runs may go on in a process that shall end, before they are handed back."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What one process does at a time; `lease_s` is when a silent one is lost.

    `computing` runs are worked on, `open_runs` are held, also while they wait for something
    outside; `models`, `executions` and `plugins` are nodes in flight of each kind.
    """

    computing: int
    open_runs: int
    models: int
    executions: int
    plugins: int
    lease_s: float
    limits: Limits
    trusted_packages: frozenset[str] = frozenset()
    """Whose agents are believed what they declare of their effects."""

    def permits(self) -> dict[WorkKind, Permits]:
        """Return the permits of one process."""
        return {
            WorkKind.COMPUTING: Permits(self.computing),
            WorkKind.MODEL: Permits(self.models),
            WorkKind.EXECUTION: Permits(self.executions),
            WorkKind.PLUGIN: Permits(self.plugins),
        }


@dataclass(frozen=True, slots=True)
class _Held:
    """A run that this process holds."""

    run: ClaimedRun
    stop: RunStop
    permits: RunPermits
    task: asyncio.Task[None]


class RunEngine:
    """The runs of one process. `drain` returns when nothing is left to claim or to finish."""

    def __init__(
        self,
        store: RunStore,
        writer: RunWriter,
        registry: AgentRegistry,
        surroundings: Surroundings,
        broadcaster: Broadcaster,
        clock: Clock,
        options: EngineOptions,
        call_colleague: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._writer = writer
        self._registry = registry
        self._surroundings = surroundings
        self._broadcaster = broadcaster
        self._clock = clock
        self._options = options
        self._call_colleague = call_colleague
        self._plans: LRUCache[bytes, Plan] = LRUCache(PLANS_KEPT)
        self._held: dict[tuple[RunId, int], _Held] = {}
        """By run and claim: one that was lost may be claimed again before its order has ended."""
        self._ends = False
        self._permits = options.permits()
        self._changed = asyncio.Event()
        """Set when a run ends, or ceases to compute while others wait: another may be claimed."""
        self._others_wait = False

    def held(self) -> list[tuple[RunId, int]]:
        """Return the runs that this process holds, with their claims; from any thread."""
        return list(self._held)

    async def drain(self) -> int:
        """Work until the queue is empty; return how many runs were claimed."""
        claimed_count = 0
        heartbeat = asyncio.create_task(self._keep_leases())
        try:
            while True:
                self._changed.clear()
                room = self._room()
                claimed = await self._claim(room) if room else []
                self._others_wait = len(claimed) == room
                for run in claimed:
                    self._take(run)
                if claimed_count == 0 and self._others_wait and await self._store.backlog():
                    await self._call_colleague()
                claimed_count += len(claimed)
                if not self._held:
                    return claimed_count
                with suppress(TimeoutError):
                    async with asyncio.timeout(None if self._others_wait else POLL_S):
                        await self._changed.wait()
        finally:
            heartbeat.cancel()

    async def end(self) -> None:
        """Claim nothing more; return once every run has ended or is handed back.

        An order under way is carried to its answer before its run is handed back.
        """
        self._ends = True
        tasks = [held.task for held in self._held.values()]
        if not tasks:
            return
        await asyncio.wait(tasks, timeout=LAST_RUNS_S)
        self._writer.end()
        for held in self._held.values():
            held.stop.request(StopReason.HANDED_BACK)
        await asyncio.wait(tasks)

    async def _claim(self, room: int) -> list[ClaimedRun]:
        """Take up to `room` runs; none while PostgreSQL is away, so that those held go on."""
        try:
            return await self._store.claim(room)
        except (DatabaseError, PoolTimeout) as error:
            if not self._held:
                raise
            log.warning("nothing_claimed", reason=str(error))
            await asyncio.sleep(POLL_S)
            return []

    def _take(self, run: ClaimedRun) -> None:
        stop = RunStop()
        if self._ends:
            stop.request(StopReason.HANDED_BACK)
        by_hand = run.started_by == "manual"
        permits = RunPermits(self._permits, run.user_id, by_hand, self._ceased)
        task = asyncio.create_task(self._carry(run, stop, permits))
        self._held[run.id, run.claim_epoch] = _Held(run, stop, permits, task)
        task.add_done_callback(lambda _: self._forget(run))

    def _forget(self, run: ClaimedRun) -> None:
        del self._held[run.id, run.claim_epoch]
        self._changed.set()

    def _ceased(self) -> None:
        if self._others_wait:
            self._changed.set()

    def _room(self) -> int:
        """Return how many runs may be claimed now."""
        if self._ends:
            return 0
        computing = sum(held.permits.computes for held in self._held.values())
        open_left = self._options.open_runs - len(self._held)
        free = self._options.computing - computing + SPARE_CLAIMS
        return max(0, min(open_left, free)) if free >= LEAST_CLAIMED else 0

    async def _keep_leases(self) -> None:
        """Prolong the leases of all runs held; stop those that were lost or cancelled.

        Sweeps too: a process that is busy takes no other task, and all of them may be busy.
        """
        pause_s = min(1.0, self._options.lease_s / 4)
        while True:
            await asyncio.sleep(pause_s)
            claims = self.held()
            if not claims:
                continue
            try:
                still = await self._store.renew(claims)
                await self._store.sweep()
            except (DatabaseError, PoolTimeout) as error:
                log.warning("leases_not_renewed", runs=len(claims), reason=str(error))
                continue
            for claim in claims:
                if claim not in self._held:
                    continue
                if claim not in still:
                    self._held[claim].stop.request(StopReason.LEASE_LOST)
                elif still[claim]:
                    self._held[claim].stop.request(StopReason.CANCELLED)

    async def _carry(self, run: ClaimedRun, stop: RunStop, permits: RunPermits) -> None:
        """Carry one run to its end, or leave it to the next worker when this one cannot."""
        with (
            structlog.contextvars.bound_contextvars(
                correlation_id=run.correlation_id, run_id=str(run.id), user_id=str(run.user_id)
            ),
            span(_tracer, "run", run.span_attributes, run.traceparent),
        ):
            recorder = RunRecorder(
                run,
                self._writer,
                self._broadcaster,
                self._clock,
                lambda: stop.request(StopReason.CANCELLED),
            )
            try:
                await self._execute(run, recorder, stop, permits)
            except LeaseLost:
                log.warning("run_lost", epoch=run.claim_epoch)
            except (DatabaseError, PoolTimeout, DatabaseAway) as error:
                log.warning("run_left_to_lease", reason=str(error))
            except Exception as error:
                log.exception("run_crashed")
                await self._end_quietly(run, recorder, crashed(error))
            finally:
                await stop.orders_over()
                await recorder.rest()

    async def _execute(
        self, run: ClaimedRun, recorder: RunRecorder, stop: RunStop, permits: RunPermits
    ) -> None:
        if run.cancel_requested:
            await self._end(run, recorder, Ending(RunStatus.CANCELLED, "Cancelled"))
            return
        if run.claim_epoch - run.wait_count > MAX_CLAIMS:
            raise RuntimeError(f"the run was claimed {MAX_CLAIMS} times and never finished")
        try:
            plan = await self._plan(run)
        except (ValidationError, KeyError, UnknownAgent):
            log.warning("graph_outdated", graph_id=str(run.graph_id), exc_info=True)
            await self._end(run, recorder, outdated())
            return
        recorded = {} if run.fresh else await records_of(self._store, run, plan)
        if not run.last_sequence:
            recorder.tell(
                RunEventType.EXECUTION_STARTED,
                {"symbol": run.symbol, "mode": run.mode, "as_of": run.as_of.isoformat()},
            )
        surroundings = self._surroundings
        market = RunMarket(surroundings.market, recorded.values(), surroundings.kept)
        account = surroundings.account(run)
        executor = RunExecutor(
            run,
            plan,
            recorder,
            lambda claimed, node, usage, work, seed, before: self._surroundings.context(
                claimed, plan, node, usage, work, seed, before, recorder, market, account
            ),
            self._surroundings.effects,
            lambda node: self._surroundings.purse(run, node),
            self._surroundings.kind_of_work,
            permits,
            self._clock,
            self._options.limits,
            recorded,
            stop,
        )
        await self._within_limit(run_flow(build_flow(plan), executor.run_node), stop, permits)
        if executor.lost:
            raise executor.lost
        if stop.reason is None:
            await self._end(run, recorder, ending_of(executor, plan))
        else:
            await self._end_stopped(run, recorder, stop.reason)

    async def _within_limit(
        self, flow: Awaitable[None], stop: RunStop, permits: RunPermits
    ) -> None:
        """Run the flow to its end, which comes early once the run is stopped.

        The time in which it only waits for permits is not the run's own: it has that much longer.
        """
        limit = TimeLimit(
            self._options.limits.run_s,
            lambda: permits.queued_s,
            lambda: stop.request(StopReason.TIMED_OUT),
        )
        try:
            await flow
        finally:
            limit.cancel()
            await stop.orders_over()

    async def _end_stopped(
        self, run: ClaimedRun, recorder: RunRecorder, reason: StopReason
    ) -> None:
        log.info("run_stopped", reason=reason.value)
        match reason:
            case StopReason.CANCELLED:
                await self._end_quietly(run, recorder, Ending(RunStatus.CANCELLED, "Cancelled"))
            case StopReason.TIMED_OUT:
                await self._end(run, recorder, timed_out(self._options.limits.run_s))
            case StopReason.LEASE_LOST:
                raise LeaseLost(str(run.id))
            case StopReason.HANDED_BACK:
                await recorder.end(Ending(RunStatus.PENDING))

    async def _plan(self, run: ClaimedRun) -> Plan:
        """Return the plan of the run's graph; plans are kept, one for all graphs that are alike."""
        key = run.graph_digest
        plan = self._plans.get(key)
        if plan is None:
            graph, key = await self._store.graph(run)
            plan = call_plugin(
                partial(
                    compile_plan,
                    graph,
                    self._registry,
                    MANAGER_NODE,
                    self._options.trusted_packages,
                )
            )
            self._plans[key] = plan
        return plan

    async def _end(self, run: ClaimedRun, recorder: RunRecorder, ending: Ending) -> None:
        if ending.status is RunStatus.WAITING:
            wake_at = ending.wake_at.isoformat() if ending.wake_at else None
            waits: JsonObject = {
                "wake_at": wake_at,
                "waits_for": ending.waits_for,
                "reason": ending.outcome,
            }
            await recorder.end(ending, (RunEventType.WAITING, waits))
            log.info("run_left", status=ending.status.value)
            return
        failed = ending.status is not RunStatus.SUCCEEDED
        RUNS_FINISHED.labels(ending.status.value).inc()
        over: JsonObject = {
            "status": ending.status.value,
            "outcome": ending.outcome,
            "error": ending.error,
            "cost": format(recorder.cost, "f"),
        }
        await recorder.end(ending, (RunEventType.EXECUTION_FINISHED, over))
        if failed:
            await self._store.close_nodes(run.id)
        log.info("run_left", status=ending.status.value)

    async def _end_quietly(self, run: ClaimedRun, recorder: RunRecorder, ending: Ending) -> None:
        try:
            await self._end(run, recorder, ending)
        except NotRecorded as error:
            log.warning("run_end_not_recorded", reason=str(error))
