"""Pipeline manager: runs first, unseen in the editor, and guards the budget."""

from decimal import Decimal

from kuber.agents.base import AgentFailure, AgentMetadata, BaseAgent, Category, NoSettings
from kuber.agents.effects import Reads, recorded
from kuber.agents.ports import BudgetStatus
from kuber.agents.state import PipelineState


class PipelineManager(BaseAgent[NoSettings]):
    """Stops a run that its user's budget no longer allows."""

    metadata = AgentMetadata(
        agent_type="pipeline_manager",
        name="Pipeline manager",
        description="Checks the budget before anything is spent.",
        category=Category.SYSTEM,
        icon="account_balance_wallet",
        effects=recorded(Reads.ACCOUNT),
    )

    async def process(self, state: PipelineState) -> PipelineState:
        if self.context.budget is None:
            raise AgentFailure("no_budget", "The pipeline manager was given no budget to check.")
        status = await self.context.budget.check(Decimal(0))
        words = _words(status)
        if not status.ok:
            raise AgentFailure(
                "budget_exceeded",
                f"{status.detail} {words}",
                remedy="Raise the budget in the account's settings, or wait until tomorrow.",
            )
        self.say(state, f"Within the budget. {words}")
        return state


def _words(status: BudgetStatus) -> str:
    return (
        f"This run: {_dollars(status.run_spent)} of {_limit(status.per_run_limit)}."
        f" Today: {_dollars(status.spent_today)} of {_limit(status.per_day_limit)}."
    )


def _limit(value: Decimal | None) -> str:
    return "no limit" if value is None else _dollars(value)


def _dollars(value: Decimal) -> str:
    return f"${value:,.4f}"
