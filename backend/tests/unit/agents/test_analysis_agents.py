from dataclasses import replace

import pytest

from kuber.agents.base import AgentFailure
from kuber.agents.catalog.bias import BiasAgent, BiasConfig
from kuber.agents.catalog.strategy import NO_SHORT, NOT_SHORTABLE, StrategyAgent
from kuber.agents.catalog.strategy_config import StrategyConfig
from kuber.agents.state import Action, Direction
from kuber.agents.testing import make_bars
from kuber.market.types import Timeframe
from tests.fakes.agents import falling, harness, rising, snapshot, walk

TREND = {"method": "trend_following", "min_trend": 20}


async def test_bias_without_a_model_says_that_rules_decided_and_charges_nothing() -> None:
    bench = harness()
    run = await bench.run(BiasAgent, {}, bench.state("ACME", market_data=snapshot()))
    assert run.state.bias is not None
    assert run.state.bias.engine == "rules"
    assert run.usage.billable is False
    assert "no language model was used" in run.state.reasoning["node"]


@pytest.mark.parametrize(
    ("series", "port"), [(rising, "bullish"), (falling, "bearish")], ids=["rising", "falling"]
)
async def test_bias_leaves_by_the_port_of_its_direction(series: object, port: str) -> None:
    bench = harness(rising() if series is rising else falling())
    state = bench.state("ACME", market_data=snapshot())
    run = await bench.run(BiasAgent, {"timeframes": ["1d"]}, state)
    assert run.ports == (port,)
    assert run.state.bias is not None
    assert run.state.bias.direction.value == port.upper()


async def test_each_bias_is_kept_under_its_own_node() -> None:
    bench = harness()
    state = bench.state("ACME", market_data=snapshot())
    first = await bench.at_node("a").run(BiasAgent, {}, state)
    second = await bench.at_node("b").run(BiasAgent, {"timeframes": ["1d"]}, first.state)
    assert set(second.state.biases) == {"a", "b"}


async def test_bias_names_the_market_data_it_lacks() -> None:
    bench = harness()
    with pytest.raises(AgentFailure, match="Market bias needs market data"):
        await bench.run(BiasAgent, {}, bench.state("ACME"))


def test_agents_ask_for_the_timeframes_of_their_settings() -> None:
    assert BiasAgent.timeframes(BiasConfig(timeframes=(Timeframe.H1,))) == (Timeframe.H1,)
    following = StrategyConfig(method="trend_following")
    assert StrategyAgent.timeframes(following) == (Timeframe.D1, Timeframe.W1)
    assert StrategyAgent.timeframes(StrategyConfig()) == (Timeframe.D1,)


async def test_a_strategy_without_enough_history_holds_and_says_what_it_needs() -> None:
    bench = harness(make_bars("ACME", walk(143)))
    run = await bench.run(StrategyAgent, {}, bench.state("ACME", market_data=snapshot()))
    assert run.state.strategy is not None
    assert run.state.strategy.action is Action.HOLD
    assert "needs 201 closed daily bars, 143 are available" in run.state.strategy.reasoning


async def test_a_plan_is_complete_and_kept_under_its_node() -> None:
    bench = harness()
    price = f"{rising().close[-1]:.2f}"
    state = bench.state("ACME", market_data=snapshot(price))
    run = await bench.run(StrategyAgent, TREND, state)
    plan = run.state.strategy
    assert plan is not None
    assert plan.action is Action.BUY
    assert None not in (plan.entry, plan.stop_loss, plan.target_1, plan.target_2)
    assert run.state.plans == {"node": plan}
    assert f"{plan.entry:f}" in plan.reasoning


async def test_a_sell_signal_is_held_while_selling_short_is_off() -> None:
    bench = harness(falling(), falling(timeframe=Timeframe.W1))
    price = f"{falling().close[-1]:.2f}"
    state = bench.state("ACME", market_data=snapshot(price))
    held = await bench.run(StrategyAgent, TREND, state)
    short = await bench.run(StrategyAgent, {**TREND, "allow_short": True}, state)
    assert held.state.strategy is not None
    assert short.state.strategy is not None
    assert held.state.strategy.action is Action.HOLD
    assert NO_SHORT in held.state.strategy.reasoning
    assert short.state.strategy.action is Action.SELL


async def test_what_its_user_said_cannot_be_sold_short_is_not() -> None:
    bench = harness(falling(), falling(timeframe=Timeframe.W1))
    market = snapshot(f"{falling().close[-1]:.2f}").model_copy(update={"shortable": False})
    state = bench.state("ACME", market_data=market)
    held = await bench.run(StrategyAgent, {**TREND, "allow_short": True}, state)
    assert held.state.strategy is not None
    assert held.state.strategy.action is Action.HOLD
    assert NOT_SHORTABLE.format(symbol="ACME") in held.state.strategy.reasoning


async def test_the_future_does_not_change_what_was_decided() -> None:
    whole = make_bars("ACME", walk(500, drift=0.004))
    bench = replace(harness(whole), as_of=harness().as_of.replace(year=2012, month=12))
    cut = replace(bench, market=type(bench.market)([whole.closed_by(bench.as_of)]))
    state = bench.state("ACME", market_data=snapshot())
    for agent, config in ((BiasAgent, {"timeframes": ["1d"]}), (StrategyAgent, {})):
        with_future = await bench.run(agent, config, state)
        without = await cut.run(agent, config, state)
        assert with_future.state.model_dump_json() == without.state.model_dump_json()


def test_directions_are_the_documented_words() -> None:
    assert [item.value for item in Direction] == ["BULLISH", "BEARISH", "NEUTRAL"]
