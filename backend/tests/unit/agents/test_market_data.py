from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from kuber.agents.base import AgentFailure
from kuber.agents.catalog.market_data import MarketDataAgent
from kuber.agents.testing import AgentHarness, RecordedMarket, make_bars
from kuber.kernel.ids import UserId
from kuber.market.types import Bars, Instrument, Timeframe
from tests.fakes.agents import AS_OF, harness, rising, walk


async def test_all_timeframes_of_the_pipeline_are_loaded_in_one_pass() -> None:
    bench = replace(harness(), timeframes=(Timeframe.W1, Timeframe.D1))
    run = await bench.run(MarketDataAgent, {}, bench.state("ACME"))
    market = run.state.market_data
    assert market is not None
    assert list(market.frames) == [Timeframe.D1, Timeframe.W1]
    assert run.state.primary_timeframe is Timeframe.D1
    assert market.price == market.frames[Timeframe.D1].last_close


async def test_no_bar_that_closed_after_the_run_is_seen() -> None:
    as_of = datetime(2013, 2, 20, 20, tzinfo=UTC)  # an hour before that day's close
    bench = replace(harness(), as_of=as_of)
    run = await bench.run(MarketDataAgent, {}, bench.state("ACME"))
    assert run.state.market_data is not None
    frame = run.state.market_data.frames[Timeframe.D1]
    assert frame.last_at == datetime(2013, 2, 19, 21, tzinfo=UTC)


async def test_an_unavailable_timeframe_is_named_together_with_those_that_are_there() -> None:
    bench = replace(harness(rising()), timeframes=(Timeframe.H1, Timeframe.D1))
    with pytest.raises(AgentFailure, match=r"ACME has no 1h bars. Available: 1d.") as failure:
        await bench.run(MarketDataAgent, {}, bench.state("ACME"))
    assert failure.value.code == "timeframe_unavailable"
    assert failure.value.remedy


async def test_an_unknown_symbol_is_a_failure_that_is_not_tried_again() -> None:
    bench = harness()
    with pytest.raises(AgentFailure) as failure:
        await bench.run(MarketDataAgent, {}, bench.state("NOPE"))
    assert (failure.value.code, failure.value.retryable) == ("unknown_symbol", False)


async def test_a_moment_before_all_history_is_a_failure() -> None:
    bench = replace(harness(), as_of=datetime(2001, 1, 1, tzinfo=UTC))
    with pytest.raises(AgentFailure, match="no closed 1d bars by 2001-01-01") as failure:
        await bench.run(MarketDataAgent, {}, bench.state("ACME"))
    assert failure.value.code == "no_history"


@pytest.mark.parametrize(
    ("symbol", "scale", "tick", "step"),
    [
        ("ACME", 1.0, "0.01", "1"),
        ("ACME", 0.001, "0.0001", "1"),
        ("EURUSD", 0.01, "0.00001", "1"),
        ("USDJPY", 1.0, "0.001", "1"),
        ("BTCUSD", 100.0, "0.01", "0.000001"),
    ],
)
async def test_tick_and_quantity_step_follow_the_kind_of_instrument(
    symbol: str, scale: float, tick: str, step: str
) -> None:
    market = RecordedMarket([make_bars(symbol, walk(60) * scale, Timeframe.H1)])
    bench = AgentHarness(market, AS_OF, timeframes=(Timeframe.H1,))
    run = await bench.run(MarketDataAgent, {}, bench.state(symbol))
    snapshot = run.state.market_data
    assert snapshot is not None
    assert (snapshot.price_tick, snapshot.quantity_step) == (Decimal(tick), Decimal(step))
    assert snapshot.price % snapshot.price_tick == 0


class DecidedMarket(RecordedMarket):
    """Recorded bars of an instrument of which its user decided something."""

    def __init__(self, series: Iterable[Bars], **decided: Any) -> None:
        super().__init__(series)
        self._decided = decided

    async def instrument(
        self, user_id: UserId, symbol: str, as_of: datetime | None = None
    ) -> Instrument:
        return replace(await super().instrument(user_id, symbol, as_of), **self._decided)


async def test_what_a_user_decided_of_an_instrument_counts_for_plans() -> None:
    bars = [make_bars("BTCUSD", walk(60) * 100, Timeframe.H1)]
    decided = {"tick": Decimal("0.5"), "quantity_step": Decimal("0.01"), "shortable": False}
    market = DecidedMarket(bars, calendar="XNYS", **decided)
    bench = AgentHarness(market, AS_OF, timeframes=(Timeframe.H1,))
    snapshot = (await bench.run(MarketDataAgent, {}, bench.state("BTCUSD"))).state.market_data
    assert snapshot is not None
    assert (snapshot.price_tick, snapshot.quantity_step) == (Decimal("0.5"), Decimal("0.01"))
    assert snapshot.price % Decimal("0.5") == 0
    assert snapshot.shortable is False


async def test_another_market_leaves_the_steps_of_the_symbol() -> None:
    market = DecidedMarket([make_bars("ACME", walk(60), Timeframe.H1)], calendar="24/7")
    bench = AgentHarness(market, AS_OF, timeframes=(Timeframe.H1,))
    snapshot = (await bench.run(MarketDataAgent, {}, bench.state("ACME"))).state.market_data
    assert snapshot is not None
    assert (snapshot.price_tick, snapshot.quantity_step) == (Decimal("0.01"), Decimal(1))


async def test_a_tick_above_the_price_is_a_failure_that_says_where_to_change_it() -> None:
    bars = [make_bars("ACME", walk(60), Timeframe.H1)]
    bench = AgentHarness(DecidedMarket(bars, tick=Decimal(5000)), AS_OF, timeframes=(Timeframe.H1,))
    with pytest.raises(AgentFailure, match="tick of ACME, 5000, is above its price") as failure:
        await bench.run(MarketDataAgent, {}, bench.state("ACME"))
    assert (failure.value.code, failure.value.retryable) == ("tick_above_price", False)
    assert "Instruments" in (failure.value.remedy or "")
