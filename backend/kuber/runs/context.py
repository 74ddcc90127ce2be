"""What the agents of a run may touch."""

from dataclasses import dataclass
from functools import partial

from kuber.agents.base import AgentContext, Category, NodeUsage
from kuber.agents.effects import (
    UNDECLARED,
    Effects,
    Reads,
    with_model,
    with_unpinned_data,
)
from kuber.agents.llm import LanguageModel
from kuber.agents.ports import Desk
from kuber.agents.state import PipelineState
from kuber.brokers.port import Account
from kuber.costs.service import BudgetGuard, CostService
from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock, FixedClock
from kuber.market.types import DatasetMarket
from kuber.runs.permits import WorkKind
from kuber.runs.pinned import KeptBars, PinnedMarket, RunMarket, pins_of
from kuber.runs.plan import Plan, PlannedNode
from kuber.runs.recorder import RunLog
from kuber.runs.stopping import NodeWork
from kuber.runs.types import ClaimedRun
from kuber.trading.account_desk import AccountDesk
from kuber.trading.booking import Booking
from kuber.trading.journal import Journal
from kuber.trading.origins import Origin
from kuber.trading.scratch import ScratchAccount, ScratchDesk, orders_on_record

_OWN = "kuber."
"""Where the agents of this installation that are no plug-ins are."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The services of a worker, from which each node gets only what its category needs."""

    market: DatasetMarket
    llm: LanguageModel | None
    pool: RawPool
    clock: Clock
    costs: CostService
    kept: KeptBars | None = None

    def effects(self, node: PlannedNode, state: PipelineState) -> Effects:
        """Return what a node that sees or has made `state` may do, with the model there is."""
        asks = node.agent.metadata.uses_llm and self.llm is not None
        effects = with_model(node.effects) if asks else node.effects
        return effects if all(pins_of(state).values()) else with_unpinned_data(effects)

    def account(self, run: ClaimedRun) -> ScratchAccount:
        """Return the account that a run trades in, for one claim of it."""
        account = Account(run.user_id, run.id)
        earlier = None if run.fresh else partial(orders_on_record, self.pool, account)
        return ScratchAccount(account, earlier)

    def context(
        self,
        run: ClaimedRun,
        plan: Plan,
        node: PlannedNode,
        usage: NodeUsage,
        work: NodeWork,
        seed: int,
        before: PipelineState,
        log: RunLog,
        market: RunMarket,
        account: ScratchAccount,
    ) -> AgentContext:
        """Return the context of one node of one run; `before` is the state that it sees, `log` has
        its orders recorded, `market` is what the run is told, `account` what it trades in.

        What an agent does not say it reads, it is not given.
        """
        category = node.agent.metadata.category
        reads = node.effects.reads
        return AgentContext(
            node_id=node.id,
            run_id=run.id,
            user_id=run.user_id,
            as_of=run.as_of,
            seed=seed,
            clock=self.clock if Reads.CLOCK in reads else FixedClock(run.as_of),
            market=PinnedMarket(market, pins_of(before), loads=_loads(node)),
            timeframes=plan.timeframes,
            steps=plan.steps,
            llm=self.llm if node.agent.metadata.uses_llm else None,
            trade_desk=self._desk(run, node.id, work, account, log) if node.uses_account else None,
            budget=self.costs.read_guard(run.budget) if category is Category.SYSTEM else None,
            usage=usage,
            real_time=run.real_time,
            started_by=run.started_by,
        )

    def kind_of_work(self, node: PlannedNode) -> WorkKind:
        """Return which permit a node's attempts need."""
        metadata = node.agent.metadata
        if metadata.category is Category.EXECUTION:
            return WorkKind.EXECUTION
        if metadata.uses_llm and self.llm is not None:
            return WorkKind.MODEL
        if not node.agent.__module__.startswith(_OWN):
            return WorkKind.PLUGIN
        return WorkKind.COMPUTING

    def purse(self, run: ClaimedRun, node: PlannedNode) -> BudgetGuard | None:
        """Return the budget that a node spends from, None when it is free.

        Agents that can use a model are charged only when there is one.
        """
        metadata = node.agent.metadata
        free = self.llm is None if metadata.uses_llm else not metadata.price_per_hour
        return None if free else self._guard(run)

    def _guard(self, run: ClaimedRun) -> BudgetGuard:
        return self.costs.guard(self.pool, run.user_id, run.id)

    def _desk(
        self,
        run: ClaimedRun,
        node_id: str,
        work: NodeWork,
        account: ScratchAccount,
        log: RunLog,
    ) -> Desk:
        """Return where the orders of a node go: those of the present to the user's account."""
        if run.real_time and run.mode == "simulation":
            return AccountDesk(
                self.pool,
                self.clock,
                Origin.of_node(run.id, node_id),
                run.user_id,
                run.pipeline_id,
                run.mode,
                log,
                work.carry,
            )
        return ScratchDesk(
            account,
            Origin.of_node(run.id, node_id),
            run.mode,
            run.as_of,
            Journal(self.pool, self.clock),
            Booking(self.pool, self.clock),
            partial(log.ordered, node_id),
        )


def _loads(node: PlannedNode) -> bool:
    """Whether a node may read bars that the run has not pinned: who loads them, and plug-ins."""
    return "market_data" in node.agent.metadata.outputs or node.effects == UNDECLARED
