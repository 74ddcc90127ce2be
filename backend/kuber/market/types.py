"""The nouns of market data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kuber.kernel.ids import UserId

FloatArray = NDArray[np.float64]
TimeArray = NDArray[np.datetime64]


class Timeframe(StrEnum):
    """Length of one bar."""

    M1 = "1m"
    M2 = "2m"
    M3 = "3m"
    M5 = "5m"
    M10 = "10m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H8 = "8h"
    H12 = "12h"
    D1 = "1d"
    W1 = "1w"
    MO1 = "1mo"

    @property
    def span(self) -> timedelta:
        """Nominal length, of a month 30 days; the true close of a bar comes from its calendar."""
        return _SPANS[self]

    @property
    def intraday(self) -> bool:
        """True when several bars can open on one day."""
        return self.span < timedelta(days=1)

    @property
    def and_coarser(self) -> "tuple[Timeframe, ...]":
        """This timeframe and every one that can be resampled from it, finest first.

        Minutes and hours make only multiples of themselves; weeks make no months.
        """
        return _AND_COARSER[self]

    def makes_bars_of(self, other: "Timeframe") -> bool:
        if other.intraday:
            return self.span < other.span and not other.span % self.span
        return self.span < other.span and self is not Timeframe.W1


_SPANS = {
    **{one: timedelta(minutes=int(one[:-1])) for one in Timeframe if one.endswith("m")},
    **{one: timedelta(hours=int(one[:-1])) for one in Timeframe if one.endswith("h")},
    Timeframe.D1: timedelta(days=1),
    Timeframe.W1: timedelta(weeks=1),
    Timeframe.MO1: timedelta(days=30),
}
_AND_COARSER = {
    one: tuple(other for other in Timeframe if other is one or one.makes_bars_of(other))
    for one in Timeframe
}


@cache
def made_of(stored: tuple[Timeframe, ...]) -> tuple[Timeframe, ...]:
    """Return what bars of these timeframes can be read as, finest first."""
    return tuple(one for one in Timeframe if any(one in other.and_coarser for other in stored))


class Source(StrEnum):
    """Where prices come from; `simulated` is never a market's, `plugin` is an added package's."""

    IMPORTED = "imported"
    SAMPLE = "sample"
    SIMULATED = "simulated"
    ALPACA = "alpaca"
    FINNHUB = "finnhub"
    COINMARKETCAP = "coinmarketcap"
    PLUGIN = "plugin"


class DatasetKind(StrEnum):
    """The kinds of prices that a symbol may have."""

    IMPORTED = "imported"
    SAMPLE = "sample"
    PROVIDER = "provider"

    @classmethod
    def of(cls, source: Source) -> "DatasetKind":
        """Return the kind that prices from a source are of."""
        stored = {Source.IMPORTED: cls.IMPORTED, Source.SAMPLE: cls.SAMPLE}
        return stored.get(source, cls.PROVIDER)


@dataclass(frozen=True, slots=True)
class DatasetSpan:
    """Prices of a symbol from one source, from when to when."""

    source: Source
    timeframes: tuple[Timeframe, ...]
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Instrument:
    """Something that has a price, as one user sees it."""

    symbol: str
    name: str
    source: Source
    calendar: str
    """Exchange calendar code (`XNYS`), `24/5` or `24/5 UTC` (currencies), or `24/7` (crypto)."""
    currency: str
    timeframes: tuple[Timeframe, ...]
    """Available timeframes, finest first, those made by resampling included."""
    first_at: datetime | None
    last_at: datetime | None
    """Opening of the first and close of the last stored bar; None when prices have no end."""
    tick: Decimal | None = None
    """Smallest step of a price as its user decided; None where kind and price decide."""
    quantity_step: Decimal | None = None
    """Smallest step of a quantity as its user decided; None where the kind decides."""
    shortable: bool | None = None
    """Whether it can be sold short as its user decided; None where nobody said."""
    others: tuple[DatasetSpan, ...] = ()
    """What is stored of it besides, and answers at other moments or by the user's choice."""

    @property
    def span(self) -> DatasetSpan:
        """Where its prices come from, from when to when."""
        return DatasetSpan(self.source, self.timeframes, self.first_at, self.last_at)

    @property
    def simulated(self) -> bool:
        return self.source is Source.SIMULATED


@dataclass(frozen=True, slots=True)
class Instruments:
    """What is known of many users' symbols at once; a symbol in neither part has no prices."""

    found: Mapping[tuple[UserId, str], Instrument] = field(default_factory=dict)
    unavailable: Mapping[tuple[UserId, str], str] = field(default_factory=dict)
    """Reason by (user, symbol) why the provider could not answer."""

    def why_none(self, user_id: UserId, symbol: str) -> str:
        """Return why there is no instrument now, empty when there is one or never was any."""
        if (user_id, symbol) in self.found or (user_id, symbol) not in self.unavailable:
            return ""
        why = self.unavailable[user_id, symbol]
        return f"There were no prices to be had for {symbol}: {why}"


@dataclass(frozen=True, slots=True)
class InstrumentPage:
    """Some instruments of a list, and the cursor of those that follow, None at its end."""

    items: tuple[Instrument, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Bars of one instrument in one timeframe, oldest first, every one of them closed.

    All arrays have shape (n,). `opened_at` and `closed_at` are datetime64[us] in UTC. Prices are
    split-adjusted in the instrument's currency; `volume` is in shares or units.
    """

    symbol: str
    timeframe: Timeframe
    source: Source
    opened_at: TimeArray
    closed_at: TimeArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    version: str = ""
    """Names the stored or simulated data these bars are of: equal questions of equal versions have
    equal answers. Empty where the source keeps no versions."""

    def __len__(self) -> int:
        return int(self.close.shape[0])

    @property
    def simulated(self) -> bool:
        return self.source is Source.SIMULATED

    def closed_by(self, instant: datetime) -> "Bars":
        """Return the bars whose close is at or before `instant` (views, no copy)."""
        cut = int(np.searchsorted(self.closed_at, to_datetime64(instant), side="right"))
        return self.window(0, cut)

    def last(self, count: int) -> "Bars":
        """Return at most the `count` newest bars (views, no copy)."""
        return self.window(max(0, len(self) - count), len(self))

    def window(self, start: int, stop: int) -> "Bars":
        part = slice(start, stop)
        return Bars(
            self.symbol,
            self.timeframe,
            self.source,
            self.opened_at[part],
            self.closed_at[part],
            self.open[part],
            self.high[part],
            self.low[part],
            self.close[part],
            self.volume[part],
            self.version,
        )


class MarketData(Protocol):
    """What an agent may ask of the market: only bars that had closed by `as_of`."""

    async def instrument(
        self, user_id: UserId, symbol: str, as_of: datetime | None = None
    ) -> Instrument:
        """Return the instrument with the prices that answer for `as_of`, now without it.

        Raises UnknownSymbol.
        """
        ...

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars:
        """Return the `count` newest bars closed by `as_of`, oldest first, fewer if there are fewer.

        A stored timeframe is served as stored; any other is resampled from the nearest finer
        stored one. A coarse bar still open at `as_of` is left out. Prices are adjusted for the
        splits that had happened by `as_of`, and for no later one.
        All are of one dataset, the one that answers for `as_of`.
        Raises UnknownSymbol, TimeframeUnavailable, DataEnded, ProviderUnavailable.
        """
        ...


class DatasetMarket(MarketData, Protocol):
    """Market data of which one may ask for a dataset, whichever would answer by itself."""

    async def bars(
        self,
        user_id: UserId,
        symbol: str,
        timeframe: Timeframe,
        as_of: datetime,
        count: int,
        dataset: DatasetKind | None = None,
    ) -> Bars:
        """Return bars as `MarketData.bars`, of `dataset` if there is one of this kind."""
        ...


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_datetime64(instant: datetime) -> np.datetime64:
    """Return an aware instant as datetime64[us] in UTC, exact to the microsecond."""
    return np.datetime64((instant - _EPOCH) // _MICROSECOND, "us")


def to_datetime(instant: np.datetime64) -> datetime:
    """Return a datetime64 in UTC as an aware datetime."""
    return _EPOCH + int(instant.astype("datetime64[us]").astype(np.int64)) * _MICROSECOND
