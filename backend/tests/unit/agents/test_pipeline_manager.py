from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from kuber.agents.base import AgentFailure
from kuber.agents.catalog.pipeline_manager import PipelineManager
from tests.fakes.agents import harness


@dataclass(frozen=True)
class BudgetStatus:
    per_run_limit: Decimal | None
    per_day_limit: Decimal | None
    spent_today: Decimal
    run_spent: Decimal
    ok: bool
    detail: str


@dataclass(frozen=True)
class Purse:
    standing: BudgetStatus

    async def check(self, next_cost: Decimal) -> BudgetStatus:
        return self.standing


def purse(spent: str, ok: bool) -> Purse:
    return Purse(
        BudgetStatus(
            None, Decimal(25), Decimal(spent), Decimal(0), ok, "The day's budget is used up."
        )
    )


async def test_a_run_within_its_budget_goes_on() -> None:
    bench = replace(harness(), budget=purse("1.5", ok=True))
    run = await bench.run(PipelineManager, {}, bench.state("ACME"))
    assert "Today: $1.5000 of $25.0000." in run.state.reasoning["node"]


async def test_an_exhausted_budget_stops_the_run_with_its_figures() -> None:
    bench = replace(harness(), budget=purse("25", ok=False))
    with pytest.raises(AgentFailure, match=r"Today: \$25.0000 of \$25.0000") as failure:
        await bench.run(PipelineManager, {}, bench.state("ACME"))
    assert (failure.value.code, failure.value.retryable) == ("budget_exceeded", False)
    assert failure.value.remedy
