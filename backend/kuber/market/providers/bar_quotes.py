"""Quotes along bars: of the market simulator as it goes, or of stored history as it went.

A rising bar goes from its open by its low and its high to its close, a falling one by its high
and its low, a third of the bar's time each. So a bar, once closed, has the open, high, low and
close of the quotes that were given during it, and equal instants give equal quotes, also after a
restart.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil
from uuid import UUID

from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.market.calendars import calendar_for
from kuber.market.feed.types import FeedSource, Quote
from kuber.market.instruments import pair_of
from kuber.market.providers.port import BarProvider
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.providers.universe import UNIVERSE
from kuber.market.types import Bars, Instrument, to_datetime, to_datetime64

_PLATFORM = UserId(UUID(int=0))
"""Asks for bars as somebody who has imported none: quotes are everybody's."""

_SPREAD = Decimal("0.0001")
"""Half the distance from bid to ask of a simulated quote, as a share of its price."""

_LEGS = 3


class BarQuotes:
    """Quotes made from the bars of a provider, as the clock passes through them."""

    def __init__(
        self,
        provider: BarProvider,
        source: FeedSource,
        clock: Clock,
        *,
        offered: Collection[str],
        most_bars: int,
        every_s: float = 1.0,
    ) -> None:
        self.source = source
        self.offered = frozenset(offered)
        self._provider = provider
        self._clock = clock
        self._most_bars = most_bars
        self._every_s = every_s
        self._waits = False
        self._asked: dict[str, Instrument | None] = {}
        self._instruments: dict[str, Instrument] = {}
        self._given_at: dict[str, datetime] = {}

    @property
    def following(self) -> frozenset[str]:
        return frozenset(self._instruments)

    async def follow(self, symbols: Sequence[str]) -> None:
        for symbol in sorted(set(symbols) - self._asked.keys()):
            self._asked[symbol] = await self._provider.instrument(_PLATFORM, symbol)
        wanted = {symbol: self._asked[symbol] for symbol in sorted(symbols)}
        before = self._instruments.keys()
        self._instruments = {one: found for one, found in wanted.items() if found is not None}
        if self._instruments.keys() - before:
            self._waits = False  # new ones are quoted at once
        self._given_at = {one: at for one, at in self._given_at.items() if one in wanted}

    async def receive(self) -> Sequence[Quote]:
        if self._waits:
            await asyncio.sleep(self._every_s)
        self._waits = True
        now, quotes = self._clock.now(), []
        given_at: dict[str, datetime] = {}
        for instrument in self._instruments.values():
            found = await self._since(instrument, now)
            if found:
                given_at[instrument.symbol] = found[-1].quoted_at
                quotes += found
        self._given_at |= given_at  # only now: who breaks this off has heard none of them
        return sorted(quotes, key=lambda quote: quote.quoted_at)

    async def close(self) -> None:
        """Nothing is held open; the next quote is the present one."""
        self._waits = False
        self._given_at.clear()
        self._asked.clear()

    async def _since(self, instrument: Instrument, now: datetime) -> list[Quote]:
        """Return what was quoted since the last time until `now`; at first only the newest."""
        span = instrument.timeframes[0].span
        after = self._given_at.get(instrument.symbol)
        count = 1 if after is None else min(self._most_bars, ceil((now - after) / span) + 1)
        quotes = []
        for closed_at in await self._closes(instrument, now, after, count):
            bar = await self._bar(instrument, closed_at)
            times = bar.times(now) if after else bar.times(now)[-1:]
            quotes += [self._quote(bar, at) for at in times if after is None or at > after]
            after = quotes[-1].quoted_at if quotes else after
        return quotes

    async def _closes(
        self, instrument: Instrument, now: datetime, after: datetime | None, count: int
    ) -> list[datetime]:
        """Return when bars close, oldest first.

        They are the newest `count` that have opened by `now`, without those that had closed by
        `after`.
        """
        timeframe = instrument.timeframes[0]
        bars = await self._bars(instrument, now + timeframe.span, count + 1)
        opened = bars.opened_at <= to_datetime64(now)
        closes = bars.closed_at[opened][-count:]
        if after is not None:
            closes = closes[closes > to_datetime64(after)]
        return [to_datetime(at) for at in closes]

    async def _bar(self, instrument: Instrument, closed_at: datetime) -> "_Bar":
        """Return a bar as it stood when it closed: adjusted for no split after it."""
        timeframe = instrument.timeframes[0]
        bars = await self._bars(instrument, closed_at, 1)
        opened_at = to_datetime(bars.opened_at[0])
        before = 0.0
        if timeframe.intraday:
            day = calendar_for(instrument.calendar)
            at = to_datetime64(opened_at)
            sessions = day.trading_days(at, at)
            begin = sessions.opens[int(sessions.opens.searchsorted(at, side="right")) - 1]
            count = ceil((opened_at - to_datetime(begin)) / timeframe.span)
            earlier = await self._bars(instrument, opened_at, count)
            before = float(earlier.volume[earlier.opened_at >= begin].sum())
        opening, high = float(bars.open[0]), float(bars.high[0])
        low, close = float(bars.low[0]), float(bars.close[0])
        extremes = (low, high) if close >= opening else (high, low)
        return _Bar(
            instrument.symbol,
            opened_at,
            closed_at,
            (opening, *extremes, close),
            before,
            float(bars.volume[0]),
        )

    async def _bars(self, instrument: Instrument, as_of: datetime, count: int) -> Bars:
        found = await self._provider.bars(
            _PLATFORM, instrument.symbol, instrument.timeframes[0], as_of, count
        )
        assert found is not None, "the instrument came from this provider"
        return found

    def _quote(self, bar: "_Bar", at: datetime) -> Quote:
        digits = _digits(bar.symbol)
        price, volume = bar.at(at)
        exact = Decimal(f"{price:.{digits}f}")
        bid = ask = None
        if self.source is FeedSource.SIMULATED:
            tick = Decimal(1).scaleb(-digits)
            half = max(tick, (exact * _SPREAD).quantize(tick))
            bid, ask = (exact - half, exact + half) if exact > half else (None, None)
        return Quote(bar.symbol, exact, bid, ask, Decimal(f"{volume:.0f}"), self.source, at)


@dataclass(frozen=True, slots=True)
class _Bar:
    """One bar as a path of four prices; `before` is the session's volume before it."""

    symbol: str
    opened_at: datetime
    closed_at: datetime
    path: tuple[float, float, float, float]
    before: float
    volume: float

    def times(self, now: datetime) -> list[datetime]:
        """Return the instants of the path's four prices until `now`, and `now` within the bar."""
        span = self.closed_at - self.opened_at
        found = [self.opened_at + span * leg / _LEGS for leg in range(_LEGS + 1)]
        passed = [at for at in found if at <= now]
        return passed if now in passed or now > self.closed_at else [*passed, now]

    def at(self, instant: datetime) -> tuple[float, float]:
        """Return the price, and the volume of the session so far, at an instant of the bar."""
        share = (instant - self.opened_at) / (self.closed_at - self.opened_at)
        leg = min(int(share * _LEGS), _LEGS - 1)
        start, end = self.path[leg], self.path[leg + 1]
        return start + (end - start) * (share * _LEGS - leg), self.before + self.volume * share


def simulated_quotes(seed: int, clock: Clock, *, every_s: float = 1.0) -> BarQuotes:
    """Return the quotes of the market simulator: they agree with its bars of the same seed.

    It quotes everything that it trades. What was missed while it did not run is not made up for.
    """
    simulator = MarketSimulator(seed, cache_bytes=48 * 2**20)
    return BarQuotes(
        simulator, FeedSource.SIMULATED, clock, offered=UNIVERSE, most_bars=1, every_s=every_s
    )


def replayed_quotes(stored: BarProvider, clock: Clock, *, every_s: float = 1.0) -> BarQuotes:
    """Return the quotes of the platform's stored history, as `clock` moves through it.

    However fast it moves, every bar gives its open, extremes and close.
    """
    most = int(timedelta(days=30) / timedelta(minutes=1))
    return BarQuotes(stored, FeedSource.REPLAY, clock, offered=(), most_bars=most, every_s=every_s)


def _digits(symbol: str) -> int:
    if symbol in UNIVERSE:
        return UNIVERSE[symbol].digits
    pair = pair_of(symbol)
    if pair is None:
        return 2
    return 3 if pair[1] == "JPY" else 5
