"""Runs one claimed run: calls agents, records, tells; it knows no trading rule."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import takewhile

import structlog
from opentelemetry import trace

from kuber.agents.base import AgentConfig, AgentContext, AgentFailure, NodeUsage
from kuber.agents.effects import Effects, Repeat
from kuber.agents.state import PipelineState, TradeExecution
from kuber.costs.service import BudgetGuard
from kuber.costs.types import rental
from kuber.infra.telemetry import NODE_SECONDS, span
from kuber.kernel.clock import Clock
from kuber.runs.attempt import Attempt, AttemptOutcome, Limits, attempt_node
from kuber.runs.batches import NotRecorded
from kuber.runs.foreign import check_usage
from kuber.runs.lineage import (
    Changes,
    changes_from_json,
    lineage,
    own_copy,
    with_changes,
)
from kuber.runs.loop_guard import name_task
from kuber.runs.permits import RunPermits, WorkKind
from kuber.runs.plan import Plan, PlannedNode
from kuber.runs.recorder import RunLog
from kuber.runs.records import in_all, interrupted, passed_over, result_of, with_usage
from kuber.runs.seeds import node_seed
from kuber.runs.stopping import NodeWork, RunStop
from kuber.runs.summary import charge_for, headline, wait_until
from kuber.runs.types import ClaimedRun, NodeRecord, NodeStatus, RunEventType, WaitsFor

log = structlog.get_logger(__name__)
_tracer = trace.get_tracer(__name__)

ContextFactory = Callable[
    [ClaimedRun, PlannedNode, NodeUsage, NodeWork, int, PipelineState], AgentContext
]
"""Makes what an agent may touch, from the run, the node, its usage meter, its work, its seed and
the state that it sees."""

EffectsOf = Callable[[PlannedNode, PipelineState], Effects]
"""Returns what a node may do, from the state that it sees or has made."""

BudgetFor = Callable[[PlannedNode], BudgetGuard | None]
"""Returns the budget that a node spends from, None for a node that is free."""

KindOfWork = Callable[[PlannedNode], WorkKind]
"""Says which permit a node's attempts need."""


@dataclass(slots=True)
class RunState:
    """What is known of a run's nodes while it is held."""

    records: dict[str, NodeRecord]
    changes: dict[str, Changes]
    blocked: set[str]
    """Nodes that cannot go on in this claim, and all that had not begun when it was stopped."""
    paused: set[str]
    """Those of them that a pause after a failure keeps from going on."""


class RunExecutor:
    """The nodes of one run. `run_node` is called by the flow, once for each node."""

    def __init__(
        self,
        run: ClaimedRun,
        plan: Plan,
        run_log: RunLog,
        context_for: ContextFactory,
        effects_for: EffectsOf,
        purse_for: BudgetFor,
        kind_of: KindOfWork,
        permits: RunPermits,
        clock: Clock,
        limits: Limits,
        recorded: dict[str, NodeRecord],
        stop: RunStop,
    ) -> None:
        self._run = run
        self._plan = plan
        self._log = run_log
        self._context_for = context_for
        self._effects_for = effects_for
        self._purse_for = purse_for
        self._kind_of = kind_of
        self._permits = permits
        self._clock = clock
        self._limits = limits
        self._stop = stop
        self._nodes = {node.id: node for node in plan.nodes}
        self._first = first_state(run, plan)
        self._state = RunState(
            dict(recorded),
            {
                node_id: changes_from_json(record.changes)
                for node_id, record in recorded.items()
                if record.status.settled
            },
            set(),
            set(),
        )
        self._taken: dict[str, tuple[str, ...]] = {}
        self._before: dict[str, PipelineState] = {}
        """What nodes of this claim have seen; agents get copies of it."""
        self._over = {node_id: asyncio.Event() for node_id in plan.at_account}
        self.lost: NotRecorded | None = None

    @property
    def records(self) -> dict[str, NodeRecord]:
        return self._state.records

    def final_state(self) -> PipelineState:
        """Return the first state with the changes of every node, in topological order."""
        return with_changes(
            self._first, (self._state.changes.get(node.id, {}) for node in self._plan.nodes)
        )

    def trades(self) -> list[TradeExecution]:
        """Return what nodes say of their orders, in topological order."""
        told = (self._state.changes.get(node.id, {}).get("trade") for node in self._plan.nodes)
        return [trade for trade in told if isinstance(trade, TradeExecution)]

    def _settled_state(self) -> Callable[[], str]:
        """Return what gives the state as JSON text with the changes of the nodes settled by now."""
        settled = [
            self.records[node.id]
            for node in self._plan.nodes
            if node.id in self.records and self.records[node.id].status.settled
        ]
        changes = [self._state.changes.get(record.node_id, {}) for record in settled]
        return lambda: with_usage(with_changes(self._first, changes), settled).model_dump_json()

    async def run_node(self, node_id: str) -> None:
        """Run one node to a durable result; its failure is a result, not an exception."""
        node = self._nodes[node_id]
        try:
            await self._turn(node)
            await self._reach(node)
        finally:
            if node.uses_account:
                self._over[node_id].set()

    async def _turn(self, node: PlannedNode) -> None:
        """Wait for a node's turn at the account, if it uses it.

        Each sees what those before it left there, and always the same ones: what runs in parallel
        decides alike however fast its branches are. A turn passes when its node is over, or
        cannot go on in this claim; none waits for a node that waits for it, since turns follow
        the edges.
        """
        if node.uses_account:
            for earlier in takewhile(node.id.__ne__, self._plan.at_account):
                await self._over[earlier].wait()

    async def _reach(self, node: PlannedNode) -> None:
        node_id = node.id
        paused = self._is_paused(node)
        if self.lost or self._stop.reason or paused or self._is_blocked(node):
            self._block(node_id, paused=paused)
            return
        self._taken[node_id] = node.taken_sources(self.records)
        recorded = self.records.get(node_id)
        if recorded is not None and recorded.status.settled:
            return
        if recorded is not None and self._pauses(recorded):
            self._block(node_id, paused=True)
            return
        try:
            if left_out := passed_over(node, self._taken[node_id], self.records):
                self._settle(node, left_out, NodeUsage())
            else:
                with span(
                    _tracer, f"node {node.agent_type}", attributes={"kuber.node_id": node_id}
                ):
                    await self._work(node, recorded)
        except NotRecorded as lost:
            self.lost = lost
            self._state.blocked.add(node_id)

    def _block(self, node_id: str, *, paused: bool) -> None:
        self._state.blocked.add(node_id)
        if paused:
            self._state.paused.add(node_id)

    def _is_paused(self, node: PlannedNode) -> bool:
        """Return whether a pause after a failure keeps the node from going on in this claim.

        At the account it keeps the turns of all that come later: they shall see what it leaves.
        """
        before = [*node.predecessors()]
        if node.uses_account:
            before += takewhile(node.id.__ne__, self._plan.at_account)
        return any(other in self._state.paused for other in before)

    def _pauses(self, recorded: NodeRecord) -> bool:
        """Return whether a node's pause is not over, although its run goes on: another node was
        due, or the worker ended. A trigger may look at any time."""
        if recorded.status is not NodeStatus.WAITING or recorded.waits_for is WaitsFor.TRIGGER:
            return False
        return recorded.wake_at is not None and recorded.wake_at > self._clock.now()

    def state_before(self, node_id: str) -> PipelineState:
        """Return what the node sees: the changes of its taken ancestors laid over the start."""
        taken = self._taken[node_id]
        if len(taken) == 1 and taken[0] in self._before:
            return with_changes(self._before[taken[0]], (self._state.changes.get(taken[0], {}),))
        ancestors = lineage((node.id for node in self._plan.nodes), self._taken)[node_id]
        return with_changes(
            self._first, (self._state.changes.get(ancestor, {}) for ancestor in ancestors)
        )

    def _is_blocked(self, node: PlannedNode) -> bool:
        return any(source in self._state.blocked for source in node.predecessors())

    async def _work(self, node: PlannedNode, recorded: NodeRecord | None) -> None:
        before = self._before[node.id] = self.state_before(node.id)
        effects = self._effects_for(node, before)
        repeat = effects.repeat
        first = (recorded.attempts if recorded else 0) + 1
        if repeat is Repeat.UNKEYED and recorded and recorded.status is NodeStatus.RUNNING:
            failure, self._state.changes[node.id] = interrupted(node, recorded, self._clock.now())
            self._settle(node, failure, NodeUsage())
            await self._log.flush()
            return
        if effects.waits_for_the_record:
            await self._log.flush()
        usage, work = NodeUsage(), NodeWork(self._stop)
        chosen: list[str] = []
        seed = node_seed(self._run.seed, node.id, self._run.symbol, self._run.seed_rule)
        context = self._context_for(self._run, node, usage, work, seed, before)
        woken_for = recorded.wake_at if recorded else None
        context = replace(context, choose_port=chosen.append, woken_for=woken_for)
        attempt = Attempt(
            make=lambda: node.agent(_own_config(node), context),
            state=lambda: own_copy(before),
            first=first,
            limits=self._limits,
            clock=self._clock,
            usage=usage,
            look_again=lambda not_met: wait_until(
                not_met, self._clock.now(), self._run.trigger_waits
            ),
            began_at=recorded.started_at if recorded else None,
            on_start=lambda number: self._log.started(self._running(node, number)),
            on_retry=lambda failure, number, delay_s: self._tell_retry(
                node, failure, number, delay_s
            ),
            limit=work.limit,
            clock_goes_on=self._run.real_time,
            repeatable=repeat is not Repeat.UNKEYED,
        )
        started_at = self._clock.now()
        outcome = await work.run(self._attempt(node, attempt, work))
        if outcome is None:
            self._state.blocked.add(node.id)
            self._log.check()
            return
        record, changes = result_of(node, outcome, before, started_at, self._clock.now(), chosen)
        self._state.changes[node.id] = changes
        record = self._settle(node, record, usage)
        if self._goes_on_record(node, record, outcome.state or before):
            await self._log.flush()

    def _goes_on_record(self, node: PlannedNode, record: NodeRecord, after: PipelineState) -> bool:
        """Whether the result must be durable before anything follows it.

        Not that of a computation, nor of an estimated order, which another worker would repeat to
        the same end; but whatever costs.
        """
        return bool(record.cost) or self._effects_for(node, after).recorded_at_once

    async def _attempt(self, node: PlannedNode, attempt: Attempt, work: NodeWork) -> AttemptOutcome:
        refusal = await self._refusal(node)
        if refusal is None:
            async with self._permits.hold(self._kind_of(node)):
                if not attempt.repeatable:
                    work.only_once = True
                    begun = self._log.begun(self._running(node, attempt.first))
                    await asyncio.shield(asyncio.ensure_future(begun))
                name_task(node.agent_type)
                return await attempt_node(attempt)
        return AttemptOutcome(attempt.first, 0.0, failure=refusal)

    async def _refusal(self, node: PlannedNode) -> AgentFailure | None:
        """Return why a node that costs money may not begin, None when it may or is free."""
        purse = self._purse_for(node)
        if purse is None:
            return None
        standing = await purse.check(rental(node.agent.metadata.price_per_hour, 1))
        if standing.ok:
            return None
        return AgentFailure(
            "budget_exceeded",
            f"Over the {standing.detail}.",
            remedy="Raise the budget in the account's settings, or wait until tomorrow.",
        )

    def _running(self, node: PlannedNode, attempts: int) -> NodeRecord:
        return NodeRecord(
            node.id, node.agent_type, NodeStatus.RUNNING, attempts, started_at=self._clock.now()
        )

    def _settle(self, node: PlannedNode, record: NodeRecord, usage: NodeUsage) -> NodeRecord:
        """Take the node's result or its pause, let what follows see it; return it with its cost.

        A pause is charged for the attempts that it counts; an unmet trigger is free.
        """
        before = self.records.get(node.id)
        charge = None
        check_usage(usage)
        if record.attempts > (before.attempts if before else 0):
            charge, amount = charge_for(node.agent.metadata, record.runtime_ms or 0.0, usage)
            record = replace(
                record,
                cost=amount,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
            )
        if record.status is NodeStatus.WAITING:
            self._block(node.id, paused=record.waits_for is not WaitsFor.TRIGGER)
            self._log.settled(record, charge, lambda: None)
            self.records[node.id] = record
            return record
        total = in_all(before, record)
        self._log.settled(record, charge, lambda: self._tell_settled(node, record, total.cost))
        self.records[node.id] = total
        self._log.show_state(self._settled_state())
        NODE_SECONDS.labels(node.agent_type, record.status).observe(
            (record.runtime_ms or 0.0) / 1000
        )
        return record

    def _tell_settled(self, node: PlannedNode, record: NodeRecord, spent: Decimal) -> None:
        changes = self._state.changes.get(node.id, {})
        self._log.tell(
            RunEventType.AGENT_COMPLETED,
            {
                "agent_type": record.agent_type,
                "status": record.status.value,
                "runtime_ms": record.runtime_ms,
                "cost": format(spent, "f"),
                "cost_so_far": format(self._log.cost + record.cost, "f"),
                "port": record.port,
                "headline": headline(changes, record),
            },
            node.id,
        )
        if changes.get("trade") is not None:
            self._log.tell(RunEventType.TRADE_EXECUTED, record.changes["trade"], node.id)
        if record.error is not None and record.status is NodeStatus.FAILED:
            self._log.tell(RunEventType.ERROR, record.error, node.id)

    def _tell_retry(
        self, node: PlannedNode, failure: AgentFailure, attempt: int, delay_s: float
    ) -> None:
        self._log.tell(
            RunEventType.ERROR,
            {
                "code": failure.code,
                "message": failure.message,
                "attempt": attempt,
                "retry_in_s": round(delay_s, 3),
            },
            node.id,
        )


def _own_config(node: PlannedNode) -> AgentConfig:
    """Return settings that an attempt may do with as it likes: plans are shared among runs."""
    return node.config if node.built_in else node.config.model_copy(deep=True)


def first_state(run: ClaimedRun, plan: Plan) -> PipelineState:
    """Return the state that a run starts with."""
    return PipelineState.model_construct(
        pipeline_id=run.pipeline_id,
        execution_id=run.id,
        user_id=run.user_id,
        correlation_id=run.correlation_id,
        mode=run.mode,  # type: ignore[arg-type] # checked when the run was accepted
        symbol=run.symbol,
        symbols=run.symbols,
        as_of=run.as_of,
        seed=run.seed,
        timeframes=plan.timeframes,
        plans={},
        biases={},
        reasoning={},
        extra={},
        usage={},
    )
