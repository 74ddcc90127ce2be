"""Market data: loads the bars that the whole pipeline reads, in one pass."""

import asyncio
from decimal import ROUND_HALF_EVEN, Decimal

from pydantic import ConfigDict, Field

from kuber.agents.analysis.examine import HISTORY_BARS
from kuber.agents.analysis.plan import on_tick
from kuber.agents.base import AgentConfig, AgentFailure, AgentMetadata, BaseAgent, Category
from kuber.agents.effects import Reads, pure
from kuber.agents.state import Frame, MarketSnapshot, PipelineState
from kuber.agents.toolkit import bars_of, instrument_of, unavailable_timeframes
from kuber.kernel.money import exact
from kuber.market.instruments import CRYPTO, CURRENCIES, traits_of
from kuber.market.types import Bars, Instrument, Timeframe, to_datetime

_ORDER = tuple(Timeframe)


class MarketDataConfig(AgentConfig):
    """Which bars to load."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "{timeframes}"})

    timeframes: tuple[Timeframe, ...] = Field(
        (),
        title="Extra timeframes",
        description="Loaded besides those that the other steps ask for.",
        json_schema_extra={"x-widget": "chips", "uniqueItems": True},
    )
    history: int = Field(
        HISTORY_BARS,
        title="History",
        description="Closed bars to load of each timeframe.",
        ge=50,
        le=5000,
        json_schema_extra={"x-unit": "bars", "x-advanced": True},
    )


class MarketDataAgent(BaseAgent[MarketDataConfig]):
    """Loads every timeframe that a step of the pipeline needs, up to the run's `as_of`."""

    metadata = AgentMetadata(
        agent_type="market_data",
        name="Market data",
        description="Loads prices in every timeframe that the other steps need.",
        category=Category.DATA,
        icon="candlestick_chart",
        per_symbol=True,
        outputs=("market_data",),
        effects=pure(Reads.DATA),
    )
    Config = MarketDataConfig

    @classmethod
    def timeframes(cls, config: AgentConfig) -> tuple[Timeframe, ...]:
        return config.timeframes if isinstance(config, MarketDataConfig) else ()

    async def process(self, state: PipelineState) -> PipelineState:
        instrument = await instrument_of(self.context, state.symbol)
        wanted = self._wanted(state, instrument)
        absent = tuple(frame for frame in wanted if frame not in instrument.timeframes)
        if absent:
            raise unavailable_timeframes(instrument, absent)
        series = await asyncio.gather(
            *(bars_of(self.context, state.symbol, frame, self.config.history) for frame in wanted)
        )
        loaded = dict(zip(wanted, series, strict=True))
        empty = [frame.value for frame, bars in loaded.items() if len(bars) == 0]
        if empty:
            raise AgentFailure(
                "no_history",
                f"{state.symbol} has no closed {', '.join(empty)} bars by"
                f" {self.context.as_of:%Y-%m-%d %H:%M} UTC.",
                remedy="Choose a later moment, another symbol, or import older bars.",
            )
        primary = state.primary_timeframe if state.primary_timeframe in loaded else wanted[0]
        state.primary_timeframe = primary
        state.market_data = self._snapshot(state, instrument, loaded, primary)
        self.say(state, _words(state.market_data))
        return state

    def _wanted(self, state: PipelineState, instrument: Instrument) -> tuple[Timeframe, ...]:
        """Return the timeframes to load, finest first; daily bars when none is asked for."""
        asked = {*self.context.timeframes, *self.config.timeframes}
        if state.primary_timeframe is not None:
            asked.add(state.primary_timeframe)
        if not asked:
            daily = Timeframe.D1 in instrument.timeframes
            asked = {Timeframe.D1} if daily else set(instrument.timeframes[-1:])
        return tuple(sorted(asked, key=_ORDER.index))

    def _snapshot(
        self,
        state: PipelineState,
        instrument: Instrument,
        loaded: dict[Timeframe, Bars],
        primary: Timeframe,
    ) -> MarketSnapshot:
        last_close = exact(float(loaded[primary].close[-1]))
        tick = price_tick(instrument, last_close)
        return MarketSnapshot(
            symbol=state.symbol,
            as_of=self.context.as_of,
            price=on_tick(last_close, tick, ROUND_HALF_EVEN),
            currency=instrument.currency,
            source=instrument.source.value,
            simulated=instrument.simulated,
            frames={frame: _frame(bars, tick) for frame, bars in loaded.items()},
            price_tick=tick,
            quantity_step=quantity_step(instrument),
            shortable=instrument.shortable,
        )


def price_tick(instrument: Instrument, price: Decimal) -> Decimal:
    """Return the smallest step of a price: what the user decided, else by kind.

    Currencies: a tenth of a pip (0.001 in yen). Shares: a cent, below 1.00 a hundredth of one
    (SEC rule 612). Crypto: a cent from 20 upwards.
    """
    if instrument.tick is not None:
        if instrument.tick > price:
            raise AgentFailure(
                "tick_above_price",
                f"The tick of {instrument.symbol}, {instrument.tick:f}, is above its"
                f" price, {price:f}.",
                remedy="Give it a smaller tick under Instruments.",
            )
        return instrument.tick
    traits = traits_of(instrument.symbol)
    if traits.calendar == CURRENCIES:
        return Decimal("0.001") if traits.currency == "JPY" else Decimal("0.00001")
    if traits.calendar == CRYPTO:
        return Decimal("0.01") if price >= 20 else Decimal("0.00001")
    return Decimal("0.01") if price >= 1 else Decimal("0.0001")


def quantity_step(instrument: Instrument) -> Decimal:
    """Return the smallest step of a quantity: what the user decided, else whole shares and units,
    fractions of a coin."""
    if instrument.quantity_step is not None:
        return instrument.quantity_step
    return Decimal("0.000001") if traits_of(instrument.symbol).calendar == CRYPTO else Decimal(1)


def _frame(bars: Bars, tick: Decimal) -> Frame:
    return Frame(
        count=len(bars),
        first_at=to_datetime(bars.opened_at[0]),
        last_at=to_datetime(bars.closed_at[-1]),
        last_close=on_tick(float(bars.close[-1]), tick, ROUND_HALF_EVEN),
        dataset=bars.source.value,
        version=bars.version,
    )


def _words(market: MarketSnapshot) -> str:
    rows = [
        f"| {frame.value} | {known.count} | {known.last_at:%Y-%m-%d %H:%M} UTC |"
        f" {known.last_close:f} |"
        for frame, known in market.frames.items()
    ]
    kind = "**simulated** prices, not a market's" if market.simulated else f"{market.source} prices"
    return "\n".join(
        [
            f"{market.symbol} at {market.price:f} {market.currency}, {kind}.",
            "",
            "| Timeframe | Bars | Last close at | Close |",
            "|---|---|---|---|",
            *rows,
        ]
    )
