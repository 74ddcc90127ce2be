from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.agents.base import AgentFailure
from kuber.agents.catalog.consensus import Consensus, decide, merge
from kuber.agents.state import Action, StrategyPlan
from tests.fakes.agents import buy, harness, hold, sell


@pytest.mark.parametrize(
    ("plans", "rule", "action"),
    [
        ([buy(), buy(), hold()], "majority", Action.BUY),
        ([buy(), sell()], "majority", Action.HOLD),
        ([buy(), hold()], "majority", Action.HOLD),
        ([sell(), sell()], "unanimous", Action.SELL),
        ([sell(), sell(), hold()], "unanimous", Action.HOLD),
        ([buy(confidence=60), sell(confidence=80)], "highest_confidence", Action.SELL),
        ([buy(confidence=60), sell(confidence=60)], "highest_confidence", Action.HOLD),
        ([hold(), hold()], "highest_confidence", Action.HOLD),
    ],
)
def test_the_rule_decides_and_every_doubt_is_a_hold(
    plans: list[StrategyPlan], rule: str, action: Action
) -> None:
    named = {f"s{number}": plan for number, plan in enumerate(plans)}
    assert decide(named, rule, 0)[0] is action  # type: ignore[arg-type]


def test_plans_below_the_confidence_count_as_hold() -> None:
    plans = {"a": buy(confidence=55), "b": buy(confidence=80)}
    assert decide(plans, "majority", 60)[0] is Action.HOLD


def test_a_merged_plan_takes_the_careful_side_of_every_price() -> None:
    merged = merge(
        {
            "a": buy("100.00", "98.00", "104.00", "107.00", confidence=70),
            "b": buy("100.50", "97.00", "105.00", "106.00", confidence=60),
        },
        "majority",
    )
    prices = (merged.entry, merged.stop_loss, merged.target_1, merged.target_2)
    assert prices == tuple(map(Decimal, ("100.50", "97.00", "104.00", "106.00")))
    assert merged.confidence == 65.0


def test_the_surest_plan_is_taken_as_it_is() -> None:
    sure = sell(confidence=90)
    assert merge({"a": sell(confidence=50, stop="105.00"), "b": sure}, "highest_confidence") is sure


async def test_the_consensus_becomes_the_plan_and_explains_the_votes() -> None:
    bench = harness()
    state = bench.state("ACME", strategy=hold(), plans={"trend": buy(), "rsi": buy(stop="97.00")})
    run = await bench.run(Consensus, {}, state)
    assert run.state.strategy is not None
    assert run.state.strategy.stop_loss == Decimal("97.00")
    assert "trend: BUY, confidence 70" in run.state.strategy.reasoning
    assert set(run.state.plans) == {"trend", "rsi"}


async def test_too_few_plans_fail_with_a_remedy() -> None:
    bench = harness()
    with pytest.raises(AgentFailure, match="needs 2 plans and got 1") as failure:
        await bench.run(Consensus, {}, bench.state("ACME", plans={"only": buy()}))
    assert failure.value.remedy


@given(
    entries=st.lists(st.integers(1000, 2000), min_size=1, max_size=5),
    risks=st.lists(st.integers(1, 500), min_size=5, max_size=5),
    up=st.booleans(),
)
def test_a_merged_plan_keeps_stop_and_targets_on_their_sides(
    entries: list[int], risks: list[int], up: bool
) -> None:
    side = 1 if up else -1
    build = buy if up else sell
    plans = {}
    for number, (cents, risk) in enumerate(zip(entries, risks, strict=False)):
        base, reach = cents * 10, 12_000  # targets beyond every entry, stops before it
        levels = (base, base - side * (10_000 + risk), base + side * reach, base + side * 2 * reach)
        low = 60_000
        plans[str(number)] = build(*(str(Decimal(low + level) / 100) for level in levels))
    merged = merge(plans, "majority")
    assert merged.entry is not None
    assert merged.stop_loss is not None
    assert merged.target_1 is not None
    assert merged.target_2 is not None
    assert side * merged.stop_loss < side * merged.entry < side * merged.target_1
    assert side * merged.target_1 < side * merged.target_2
