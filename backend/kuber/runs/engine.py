"""Claims runs while there are any and carries each to its end. One engine per worker process."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import structlog
from opentelemetry import trace
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from pydantic import ValidationError

from kuber.agents.errors import UnknownAgent
from kuber.agents.registry import AgentRegistry
from kuber.infra.db import JsonObject
from kuber.infra.telemetry import RUNS_FINISHED, context_of
from kuber.kernel.clock import Clock
from kuber.kernel.ids import RunId
from kuber.pipelines.types import MANAGER_NODE
from kuber.runs.attempt import Limits
from kuber.runs.context import Surroundings
from kuber.runs.executor import RunExecutor
from kuber.runs.flow import build_flow, run_flow
from kuber.runs.plan import Plan, compile_plan
from kuber.runs.recorder import Broadcaster, RunRecorder
from kuber.runs.stopping import RunStop, StopReason
from kuber.runs.store import RunStore
from kuber.runs.summary import outcome
from kuber.runs.types import ClaimedRun, NodeStatus, RunEventType, RunStatus
from kuber.runs.writer import DatabaseAway, Ending, LeaseLost, NotRecorded, RunWriter

log = structlog.get_logger(__name__)
_tracer = trace.get_tracer(__name__)

MAX_CLAIMS = 20
"""A run that was given up so often by dying workers is failed instead of tried again."""

PLANS_KEPT = 2000
"""Plans a process keeps, by graph; the least recently used go first."""

POLL_S = 0.1
"""How often a worker that has room looks for runs while others keep it busy."""

LAST_RUNS_S = 2.0
"""How long runs may go on in a process that shall end, before they are handed back."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """`capacity` is how many runs one process interleaves; `lease_s` when a silent one is lost."""

    capacity: int
    lease_s: float
    limits: Limits
    trusted_packages: frozenset[str] = frozenset()
    """Whose agents are believed what they declare of their effects."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A run that this process holds."""

    run: ClaimedRun
    stop: RunStop
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
        self._plans: dict[UUID, Plan] = {}
        self._held: dict[tuple[RunId, int], _Held] = {}
        """By run and claim: one that was lost may be claimed again before its order has ended."""
        self._ends = False

    async def drain(self) -> int:
        """Work until the queue is empty; return how many runs were claimed."""
        claimed_count = 0
        heartbeat = asyncio.create_task(self._keep_leases())
        try:
            while True:
                room = 0 if self._ends else max(0, self._options.capacity - len(self._held))
                claimed = await self._claim(room) if room else []
                for run in claimed:
                    self._take(run)
                if claimed_count == 0 and len(claimed) == room and await self._store.backlog():
                    await self._call_colleague()
                claimed_count += len(claimed)
                if not self._held:
                    return claimed_count
                await asyncio.wait(
                    [held.task for held in self._held.values()],
                    timeout=POLL_S if room > len(claimed) else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                self._forget_done()
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
        task = asyncio.create_task(self._carry(run, stop))
        self._held[run.id, run.claim_epoch] = _Held(run, stop, task)

    def _forget_done(self) -> None:
        for claim, held in list(self._held.items()):
            if held.task.done():
                del self._held[claim]

    async def _keep_leases(self) -> None:
        """Prolong the leases of all runs held; stop those that were lost or cancelled.

        Sweeps too: a process that is busy takes no other task, and all of them may be busy.
        """
        pause_s = min(1.0, self._options.lease_s / 4)
        while True:
            await asyncio.sleep(pause_s)
            claims = list(self._held)
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

    async def _carry(self, run: ClaimedRun, stop: RunStop) -> None:
        """Carry one run to its end, or leave it to the next worker when this one cannot."""
        with (
            structlog.contextvars.bound_contextvars(
                correlation_id=run.correlation_id, run_id=str(run.id), user_id=str(run.user_id)
            ),
            _tracer.start_as_current_span(
                "run", context_of(run.traceparent), attributes=_span_attributes(run)
            ),
        ):
            recorder = RunRecorder(
                run,
                self._writer,
                self._broadcaster,
                self._clock,
                lambda: stop.request(StopReason.CANCELLED),
            )
            try:
                await self._execute(run, recorder, stop)
            except LeaseLost:
                log.warning("run_lost", epoch=run.claim_epoch)
            except (DatabaseError, PoolTimeout, DatabaseAway) as error:
                log.warning("run_left_to_lease", reason=str(error))
            except Exception as error:
                log.exception("run_crashed")
                await self._end_quietly(run, recorder, _crashed(error))
            finally:
                await recorder.rest()
                await stop.orders_over()

    async def _execute(self, run: ClaimedRun, recorder: RunRecorder, stop: RunStop) -> None:
        if run.cancel_requested:
            await self._end(run, recorder, Ending(RunStatus.CANCELLED, "Cancelled"))
            return
        if run.claim_epoch - run.wait_count > MAX_CLAIMS:
            raise RuntimeError(f"the run was claimed {MAX_CLAIMS} times and never finished")
        try:
            plan = await self._plan(run)
        except (ValidationError, KeyError, UnknownAgent):
            log.warning("graph_outdated", graph_id=str(run.graph_id), exc_info=True)
            await self._end(run, recorder, _outdated())
            return
        recorded = {} if run.fresh else await self._store.nodes(run.id)
        if not run.last_sequence:
            recorder.tell(
                RunEventType.EXECUTION_STARTED,
                {"symbol": run.symbol, "mode": run.mode, "as_of": run.as_of.isoformat()},
            )
        executor = RunExecutor(
            run,
            plan,
            recorder,
            lambda claimed, node, usage, work, seed, before: self._surroundings.context(
                claimed, plan, node, usage, work, seed, before
            ),
            self._surroundings.effects,
            lambda node: self._surroundings.purse(run, node),
            self._clock,
            self._options.limits,
            recorded,
            stop,
        )
        await self._within_limit(run_flow(build_flow(plan), executor.run_node), stop)
        if executor.lost:
            raise executor.lost
        if stop.reason is None:
            await self._end(run, recorder, ending_of(executor, plan))
        else:
            await self._end_stopped(run, recorder, stop.reason)

    async def _within_limit(self, flow: Awaitable[None], stop: RunStop) -> None:
        """Run the flow to its end, which comes early once the run is stopped."""
        limit = asyncio.get_running_loop().call_later(
            self._options.limits.run_s, stop.request, StopReason.TIMED_OUT
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
                await self._end(run, recorder, _timed_out(self._options.limits.run_s))
            case StopReason.LEASE_LOST:
                raise LeaseLost(str(run.id))
            case StopReason.HANDED_BACK:
                await recorder.end(Ending(RunStatus.PENDING))

    async def _plan(self, run: ClaimedRun) -> Plan:
        """Return the plan of the run's graph; it never changes, so plans are kept."""
        key = run.graph_id
        plan = self._plans.pop(key, None)
        if plan is None:
            plan = compile_plan(
                await self._store.graph(run),
                self._registry,
                MANAGER_NODE,
                self._options.trusted_packages,
            )
        self._plans[key] = plan  # the most recently used at the end
        if len(self._plans) > PLANS_KEPT:
            del self._plans[next(iter(self._plans))]
        return plan

    async def _end(self, run: ClaimedRun, recorder: RunRecorder, ending: Ending) -> None:
        if ending.status is RunStatus.WAITING:
            wake_at = ending.wake_at.isoformat() if ending.wake_at else None
            waits: JsonObject = {"wake_at": wake_at, "reason": ending.outcome}
            await recorder.end(ending, (RunEventType.WAITING, waits))
        else:
            RUNS_FINISHED.labels(ending.status.value).inc()
            over: JsonObject = {
                "status": ending.status.value,
                "outcome": ending.outcome,
                "error": ending.error,
                "cost": format(recorder.cost, "f"),
            }
            await recorder.end(ending, (RunEventType.EXECUTION_FINISHED, over))
        log.info("run_left", status=ending.status.value)

    async def _end_quietly(self, run: ClaimedRun, recorder: RunRecorder, ending: Ending) -> None:
        try:
            await self._end(run, recorder, ending)
        except NotRecorded as error:
            log.warning("run_end_not_recorded", reason=str(error))


def _crashed(error: Exception) -> Ending:
    message = f"The run could not be carried out: {type(error).__name__}."
    problem: JsonObject = {
        "code": "engine_error",
        "message": message,
        "remedy": "Run it again; if it fails again, report the correlation id.",
    }
    return Ending(RunStatus.FAILED, message, problem)


def _outdated() -> Ending:
    message = "The graph no longer fits the agents that are installed."
    error: JsonObject = {
        "code": "graph_outdated",
        "message": message,
        "remedy": "Open the pipeline, put right what is marked, publish it.",
    }
    return Ending(RunStatus.FAILED, message, error)


def _span_attributes(run: ClaimedRun) -> dict[str, str | int]:
    return {
        "kuber.run_id": str(run.id),
        "kuber.correlation_id": run.correlation_id,
        "kuber.mode": run.mode,
        "kuber.claim_epoch": run.claim_epoch,
    }


def ending_of(executor: RunExecutor, plan: Plan) -> Ending:
    """Return how a run ends whose flow has come to its end."""
    records = executor.records
    waiting = [record for record in records.values() if record.status is NodeStatus.WAITING]
    if waiting:
        first = min(waiting, key=lambda record: (record.wake_at is None, record.wake_at))
        return Ending(RunStatus.WAITING, first.reasoning, wake_at=first.wake_at)
    for node in plan.nodes:
        record = records[node.id]
        if record.status is NodeStatus.FAILED and node.id not in plan.handled:
            assert record.error is not None, "a failed node says why"
            error = {**record.error, "node_id": node.id}
            message = f"{node.name}: {record.error['message']}"
            return Ending(RunStatus.FAILED, message, error)
    return Ending(RunStatus.SUCCEEDED, outcome(executor.final_state()))


def _timed_out(limit_s: float) -> Ending:
    message = f"The run took longer than {limit_s:g} s."
    error: JsonObject = {
        "code": "run_timeout",
        "message": message,
        "remedy": "Look at the slowest node on the timeline.",
    }
    return Ending(RunStatus.FAILED, message, error)
