"""A harness for authors of agents: run one agent against a recorded state and recorded bars.

    market = RecordedMarket([make_bars("ACME", closes)])
    harness = AgentHarness(market, as_of=market.last_close("ACME"))
    result = await harness.run(MyAgent, {"period": 20}, harness.state("ACME"))
    assert result.state.extra["my_agent"] == "..."

Nothing here touches a network, a database or the clock.
"""

from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from inspect import isawaitable
from typing import Any
from uuid import UUID

import numpy as np

from kuber.agents.base import AgentConfig, AgentContext, BaseAgent, NodeUsage
from kuber.agents.chat import ChatModel
from kuber.agents.ports import Budget, Desk
from kuber.agents.state import PipelineState
from kuber.brokers.port import Execution, OrderStatus, Position
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import PipelineId, RunId, UserId
from kuber.market.calendars import calendar_for
from kuber.market.errors import TimeframeUnavailable, UnknownSymbol
from kuber.market.instruments import traits_of
from kuber.market.types import (
    Bars,
    DatasetKind,
    FloatArray,
    Instrument,
    Source,
    TimeArray,
    Timeframe,
    to_datetime,
    to_datetime64,
)
from kuber.trading.origins import Origin
from kuber.trading.types import OrderReport, TradeRequest

PIPELINE_ID = PipelineId(UUID(int=1))
RUN_ID = RunId(UUID(int=2))
USER_ID = UserId(UUID(int=3))

FILLED_AT = datetime(2013, 3, 1, 21, tzinfo=UTC)
"""When the recording desk fills whatever it is asked for."""


class RecordedMarket:
    """Market data made of bars given beforehand; answers only with bars closed by `as_of`.

    Unlike the real service it does not resample: give each timeframe that is read.
    """

    def __init__(self, series: Iterable[Bars]) -> None:
        self._series = {(bars.symbol, bars.timeframe): bars for bars in series}

    async def instrument(
        self, user_id: UserId, symbol: str, as_of: datetime | None = None
    ) -> Instrument:
        frames = tuple(frame for frame in Timeframe if (symbol, frame) in self._series)
        if not frames:
            raise UnknownSymbol(f"No bars of {symbol} were recorded.")
        finest = self._series[symbol, frames[0]]
        traits = traits_of(symbol)
        return Instrument(
            symbol=symbol,
            name=traits.name,
            source=finest.source,
            calendar=traits.calendar,
            currency=traits.currency,
            timeframes=frames,
            first_at=to_datetime(finest.opened_at[0]),
            last_at=to_datetime(finest.closed_at[-1]),
        )

    async def bars(
        self,
        user_id: UserId,
        symbol: str,
        timeframe: Timeframe,
        as_of: datetime,
        count: int,
        dataset: DatasetKind | None = None,
    ) -> Bars:
        found = self._series.get((symbol, timeframe))
        if found is None:
            raise TimeframeUnavailable(f"No {timeframe.value} bars of {symbol} were recorded.")
        return found.closed_by(as_of).last(count)

    def last_close(self, symbol: str) -> datetime:
        """Return the moment at which the newest bar of the symbol's finest timeframe closed."""
        for frame in Timeframe:
            if (symbol, frame) in self._series:
                return to_datetime(self._series[symbol, frame].closed_at[-1])
        raise UnknownSymbol(f"No bars of {symbol} were recorded.")


def make_bars(
    symbol: str,
    closes: Iterable[float] | FloatArray,
    timeframe: Timeframe = Timeframe.D1,
    *,
    until: datetime = datetime(2013, 3, 1, 21, tzinfo=UTC),
    spread: float = 0.01,
    volume: float = 1_000_000.0,
) -> Bars:
    """Return bars with the given closes, the newest of which closes by `until`.

    Each opens at the close before it; high and low lie the fraction `spread` beyond open and
    close. Daily bars follow the trading days of the symbol's calendar, others follow each other
    without gaps.
    """
    close = np.asarray(list(closes), dtype=np.float64)
    before = np.concatenate((close[:1], close[:-1]))
    opened_at, closed_at = _times(symbol, timeframe, until, close.size)
    return Bars(
        symbol=symbol,
        timeframe=timeframe,
        source=Source.IMPORTED,
        opened_at=opened_at,
        closed_at=closed_at,
        open=before,
        high=np.maximum(before, close) * (1 + spread),
        low=np.minimum(before, close) * (1 - spread),
        close=close,
        volume=np.full(close.size, volume),
    )


def _times(
    symbol: str, timeframe: Timeframe, until: datetime, count: int
) -> tuple[TimeArray, TimeArray]:
    """Return when each of `count` bars opens and closes, oldest first."""
    end = to_datetime64(until)
    if timeframe is not Timeframe.D1:
        span = np.timedelta64(timeframe.span)
        closes = end - span * np.arange(count)[::-1]
        return closes - span, closes
    sessions = calendar_for(traits_of(symbol).calendar).trading_days(end, end)
    newest = int(np.searchsorted(sessions.closes, end, side="right"))
    assert newest >= count, "the calendar begins in 2000: ask for fewer bars"
    chosen = slice(newest - count, newest)
    return sessions.opens[chosen], sessions.closes[chosen]


@dataclass
class RecordingDesk:
    """A trading desk that fills everything at the reference price and keeps the requests."""

    balance: Decimal = Decimal(100_000)
    open_positions: tuple[Position, ...] = ()
    status: OrderStatus = OrderStatus.FILLED
    failure: Exception | None = None
    requests: list[TradeRequest] = field(default_factory=list)

    async def equity(self) -> Decimal:
        return self.balance

    async def positions(self) -> tuple[Position, ...]:
        return self.open_positions

    async def execute(self, request: TradeRequest) -> OrderReport:
        self.requests.append(request)
        if self.failure is not None:
            raise self.failure
        order_id = Origin.of_node(RUN_ID, "node").order_id()
        filled = self.status in {OrderStatus.FILLED, OrderStatus.PARTIALLY_FILLED}
        fill = Execution(
            "1", order_id, FILLED_AT, request.quantity, request.reference_price, Decimal(0)
        )
        return OrderReport(
            order_id,
            self.status,
            "Recorded by the harness.",
            (fill,) if filled else (),
        )


@dataclass(frozen=True, slots=True)
class AgentRun:
    """What came of one run of an agent."""

    state: PipelineState
    usage: NodeUsage
    ports: tuple[str, ...]
    """Ports that the agent chose, in order."""


@dataclass
class AgentHarness:
    """Runs agents as the orchestrator would, on recorded data and a clock that stands still."""

    market: RecordedMarket
    as_of: datetime
    seed: int = 7
    node_id: str = "node"
    timeframes: tuple[Timeframe, ...] = (Timeframe.D1,)
    llm: ChatModel | None = None
    desk: Desk | None = None
    budget: Budget | None = None
    real_time: bool = False
    clock_ahead: timedelta = timedelta(0)
    """How far the clock is ahead of `as_of`."""
    woken_for: datetime | None = None
    """The time that a trigger had given for its next look."""

    def state(self, symbol: str, **sections: Any) -> PipelineState:
        """Return a fresh state for `symbol`, with the given sections filled in."""
        return PipelineState(
            pipeline_id=PIPELINE_ID,
            execution_id=RUN_ID,
            user_id=USER_ID,
            correlation_id="harness",
            mode="simulation",
            symbol=symbol,
            symbols=(symbol,),
            as_of=self.as_of,
            seed=self.seed,
            **sections,
        )

    def at_node(self, node_id: str) -> "AgentHarness":
        """Return the same harness, for another node of the pipeline."""
        return replace(self, node_id=node_id)

    async def run(
        self,
        agent: type[BaseAgent[Any]],
        config: AgentConfig | Mapping[str, Any],
        state: PipelineState,
    ) -> AgentRun:
        """Run the agent on its own copy of `state`; raises what the agent raises."""
        settings = (
            config if isinstance(config, AgentConfig) else agent.Config.model_validate(dict(config))
        )
        ports: list[str] = []
        context = self._context(ports.append)
        done = agent(settings, context).process(state.model_copy())
        finished = await _finished(done)
        return AgentRun(finished, context.usage, tuple(ports))

    def _context(self, choose_port: Any) -> AgentContext:
        return AgentContext(
            node_id=self.node_id,
            run_id=RUN_ID,
            user_id=USER_ID,
            as_of=self.as_of,
            seed=self.seed,
            clock=FixedClock(self.as_of + self.clock_ahead),
            market=self.market,
            timeframes=self.timeframes,
            llm=self.llm,
            trade_desk=self.desk,
            budget=self.budget,
            choose_port=choose_port,
            real_time=self.real_time,
            woken_for=self.woken_for,
        )


async def _finished(done: PipelineState | Awaitable[PipelineState]) -> PipelineState:
    return await done if isawaitable(done) else done
