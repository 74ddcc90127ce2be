import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from hello_agent.relative_volume import RelativeVolume

from kuber.agents.base import AgentFailure
from kuber.agents.state import Frame, MarketSnapshot
from kuber.agents.testing import AgentHarness, AgentRun, RecordedMarket, make_bars
from kuber.market.types import Timeframe, to_datetime

AS_OF = datetime(2013, 3, 1, 21, tzinfo=UTC)


def run(last_volume: float, settings: dict[str, object]) -> AgentRun:
    """Run the agent on 30 daily bars of volume 1,000, the newest of which has `last_volume`."""
    bars = make_bars("ACME", np.full(30, 50.0), volume=1_000.0, until=AS_OF)
    bars = replace(bars, volume=np.append(bars.volume[:-1], last_volume))
    harness = AgentHarness(RecordedMarket([bars]), as_of=AS_OF)
    frame = Frame(
        count=len(bars),
        first_at=to_datetime(bars.opened_at[0]),
        last_at=AS_OF,
        last_close=Decimal(50),
        dataset="imported",
    )
    snapshot = MarketSnapshot(
        symbol="ACME",
        as_of=AS_OF,
        price=Decimal(50),
        currency="USD",
        source="imported",
        simulated=False,
        frames={Timeframe.D1: frame},
    )
    state = harness.state("ACME", market_data=snapshot)
    return asyncio.run(harness.run(RelativeVolume, settings, state))


@pytest.mark.parametrize(("last_volume", "port"), [(3_000.0, "busy"), (1_499.0, "quiet")])
def test_the_run_leaves_by_the_port_of_its_volume(last_volume: float, port: str) -> None:
    assert run(last_volume, {"at_least": 1.5}).ports == (port,)


def test_the_ratio_is_handed_on_and_explained() -> None:
    result = run(3_000.0, {})
    assert result.state.extra["relative_volume"] == "3.00"
    assert "**3.00 x**" in result.state.reasoning["node"]


def test_a_timeframe_that_the_symbol_lacks_fails_the_node() -> None:
    with pytest.raises(AgentFailure, match="no 1h bars"):
        run(1_000.0, {"timeframe": "1h"})
