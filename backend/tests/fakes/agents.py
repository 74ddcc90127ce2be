"""Bars, states and plans that tests of agents start from."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from kuber.agents.state import (
    Action,
    BiasSignal,
    Direction,
    Frame,
    MarketSnapshot,
    RiskCheck,
    RiskDecision,
    StrategyPlan,
    TradeExecution,
)
from kuber.agents.testing import AgentHarness, RecordedMarket, RecordingDesk, make_bars
from kuber.market.types import Bars, FloatArray, Timeframe

AS_OF = datetime(2013, 3, 1, 21, tzinfo=UTC)


def walk(
    count: int = 400, *, drift: float = 0.001, swing: float = 0.01, seed: int = 1
) -> FloatArray:
    """Return a seeded random walk of closes around 100 with the given drift a bar."""
    steps = np.random.default_rng(seed).normal(drift, swing, count)
    closes: FloatArray = 100.0 * np.exp(np.cumsum(steps))
    return closes


def rising(symbol: str = "ACME", timeframe: Timeframe = Timeframe.D1) -> Bars:
    return make_bars(symbol, walk(drift=0.004), timeframe)


def falling(symbol: str = "ACME", timeframe: Timeframe = Timeframe.D1) -> Bars:
    return make_bars(symbol, walk(drift=-0.004), timeframe)


def harness(*series: Bars, desk: RecordingDesk | None = None) -> AgentHarness:
    """Return a harness over the given bars (a rising market where none are given)."""
    market = RecordedMarket(series or (rising(), rising(timeframe=Timeframe.W1)))
    return AgentHarness(market, AS_OF, desk=desk or RecordingDesk())


def snapshot(price: str = "100.00", symbol: str = "ACME") -> MarketSnapshot:
    frame = Frame(
        count=400, first_at=AS_OF, last_at=AS_OF, last_close=Decimal(price), dataset="imported"
    )
    return MarketSnapshot(
        symbol=symbol,
        as_of=AS_OF,
        price=Decimal(price),
        currency="USD",
        source="imported",
        simulated=False,
        frames={Timeframe.D1: frame},
    )


def trade(action: str = "buy", status: str = "filled", reason: str = "Filled.") -> TradeExecution:
    """Return a trade of 42 AAPL."""
    return TradeExecution.model_validate(
        {
            "action": action,
            "symbol": "AAPL",
            "quantity": "42.00",
            "entry_price": "150.5",
            "stop_loss": "148",
            "targets": ["155"],
            "fills": [],
            "status": status,
            "reason": reason,
        }
    )


def buy(
    entry: str = "100.00",
    stop: str = "98.00",
    first: str = "104.00",
    second: str = "107.00",
    *,
    confidence: float = 70.0,
) -> StrategyPlan:
    return _plan(Action.BUY, (entry, stop, first, second), confidence)


def sell(
    entry: str = "100.00",
    stop: str = "102.00",
    first: str = "96.00",
    second: str = "93.00",
    *,
    confidence: float = 70.0,
) -> StrategyPlan:
    return _plan(Action.SELL, (entry, stop, first, second), confidence)


def hold() -> StrategyPlan:
    return StrategyPlan(
        action=Action.HOLD,
        timeframe=Timeframe.D1,
        confidence=0.0,
        reasoning="Nothing to do.",
        indicators={},
        engine="rules",
    )


def _plan(action: Action, prices: tuple[str, str, str, str], confidence: float) -> StrategyPlan:
    entry, stop, first, second = (Decimal(price) for price in prices)
    return StrategyPlan(
        action=action,
        timeframe=Timeframe.D1,
        entry=entry,
        stop_loss=stop,
        target_1=first,
        target_2=second,
        confidence=confidence,
        reasoning="A plan for a test.",
        indicators={"rsi_14": 55.0},
        engine="rules",
    )


def approved(quantity: str = "10") -> RiskDecision:
    return RiskDecision(
        approved=True,
        quantity=Decimal(quantity),
        risk_amount=Decimal(quantity) * 2,
        position_value=Decimal(quantity) * 100,
        checks=(RiskCheck(name="Confidence", passed=True, detail="70 of at least 50."),),
        reasoning="Fine.",
        engine="rules",
    )


def refused() -> RiskDecision:
    return RiskDecision(
        approved=False,
        quantity=Decimal(0),
        risk_amount=Decimal(0),
        position_value=Decimal(0),
        checks=(RiskCheck(name="Confidence", passed=False, detail="30 of at least 50."),),
        reasoning="No.",
        engine="rules",
    )


def bias(direction: Direction = Direction.BULLISH, confidence: float = 65.0) -> BiasSignal:
    return BiasSignal(
        direction=direction,
        confidence=confidence,
        timeframes={},
        reasoning="Leaning.",
        engine="rules",
    )
