"""Bars and quotes of listed shares from Finnhub, used when its key is set.

Days come adjusted for every split until today, minutes as traded, so the splits are asked for too
and prices are then adjusted up to `as_of` only, as everywhere. Its history (candles and splits) is
part of paid plans; a free key gives quotes.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import numpy as np
from cachetools import TTLCache
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from kuber.infra.breakers import BreakerLimits
from kuber.infra.outbound import OutboundClient
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.market.errors import TimeframeUnavailable
from kuber.market.feed.types import FeedSource, Quote
from kuber.market.instruments import Traits, traits_of
from kuber.market.providers.answers import ProviderAnswers
from kuber.market.providers.asking import Asked
from kuber.market.providers.fetching import fetched_for, found_among, is_listed_in_new_york
from kuber.market.providers.host import HostNames, ProviderHost
from kuber.market.providers.universe import UNIVERSE
from kuber.market.types import Bars, FloatArray, Instrument, Source, TimeArray, Timeframe

URL = "https://finnhub.io/api/v1"
_CANDLES, _SPLITS = "/stock/candle", "/stock/split"
_NAMES = HostNames(
    "Finnhub",
    "KUBER_FINNHUB_API_KEY",
    {
        _CANDLES: "has no price history (candles), only quotes",
        _SPLITS: "has no splits, without which prices of the past would be wrong",
    },
)
_PROVIDER = "finnhub"
_RESOLUTIONS = {Timeframe.D1: "D", Timeframe.M15: "15", Timeframe.M5: "5", Timeframe.M1: "1"}
_FETCHED = fetched_for(_RESOLUTIONS)
_AT_ONCE = timedelta(days=28)
"""Of minutes a month at most is answered at a time."""
_UNKNOWN_FOR_S = 60.0
_MOST_UNKNOWN = 10_000


class _Candles(BaseModel):
    """Columns of bars, oldest first; `s` is `no_data` where there are none."""

    model_config = ConfigDict(extra="ignore")

    s: str
    t: list[int] = []
    o: list[float] = []
    h: list[float] = []
    l: list[float] = []  # noqa: E741  the provider's word
    c: list[float] = []
    v: list[float] = []


class _Split(BaseModel):
    date: datetime
    fromFactor: float  # noqa: N815  the provider's word
    toFactor: float  # noqa: N815  the provider's word


class _Quote(BaseModel):
    """`c` is the last price and `t` when it was; both 0 for a symbol that there is not."""

    c: Decimal
    t: int


_SPLIT_LIST = TypeAdapter(list[_Split])


class FinnhubBars:
    """Finnhub behind the provider port; `url` is another address, `client` another way out."""

    source = Source.FINNHUB

    def __init__(
        self,
        api_key: str,
        clock: Clock,
        answers: ProviderAnswers,
        *,
        url: str = URL,
        limits: BreakerLimits | None = None,
        client: OutboundClient | None = None,
    ) -> None:
        self._clock = clock
        self._answers = answers
        self._host = finnhub_host(api_key, clock, url=url, limits=limits, client=client)
        self._known: set[str] = set()
        self._unknown: TTLCache[str, None] = TTLCache(
            _MOST_UNKNOWN, _UNKNOWN_FOR_S, lambda: clock.now().timestamp()
        )

    @staticmethod
    def serves(symbol: str) -> bool:
        """Return whether Finnhub is asked for the symbol: what is listed in New York."""
        return is_listed_in_new_york(symbol)

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        if not self.serves(symbol) or symbol in self._unknown:
            return None
        if symbol not in self._known:
            known = await self._answers.knows(self.source, _PROVIDER, symbol)
            if not known and await last_quote(self._host, symbol) is None:
                self._unknown[symbol] = None
                return None
            self._known.add(symbol)
        return _instrument(traits_of(symbol))

    def listed(self, symbol: str) -> Instrument | None:
        lists = self.serves(symbol) and (symbol in UNIVERSE or symbol in self._known)
        return _instrument(traits_of(symbol)) if lists else None

    async def search(
        self, user_id: UserId, query: str, *, after: str = "", limit: int
    ) -> list[Instrument]:
        return found_among({*UNIVERSE, *self._known}, self.listed, query, after, limit)

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars | None:
        if await self.instrument(user_id, symbol) is None:
            return None
        fetched = _FETCHED.get(timeframe)
        if fetched is None:
            raise TimeframeUnavailable(f"Finnhub has no {timeframe} bars of {symbol}.")
        asked = Asked(self.source, _PROVIDER, traits_of(symbol), fetched)
        fetch = partial(self._history, symbol, fetched)
        return await self._answers.bars(asked, timeframe, as_of, count, fetch)

    async def _history(
        self, symbol: str, fetched: Timeframe, start: datetime, end: datetime
    ) -> tuple[TimeArray, FloatArray]:
        times, table = await self._candles(symbol, fetched, start, end)
        splits = await self._splits(symbol, start) if len(times) else []
        return times, _as_traded(fetched, times, table, splits)

    async def _candles(
        self, symbol: str, fetched: Timeframe, start: datetime, end: datetime
    ) -> tuple[TimeArray, FloatArray]:
        """Return opening times and (n, 5) open, high, low, close, volume as they come."""
        times, columns = [np.empty(0, "datetime64[us]")], [np.empty((0, 5))]
        step = _AT_ONCE if fetched.intraday else end - start
        while start < end:
            until = min(end, start + step)
            found = await self._some_candles(symbol, fetched, start, until)
            opened = np.array(found.t, dtype="datetime64[s]").astype("datetime64[us]")
            figures = np.array([found.o, found.h, found.l, found.c, found.v], dtype=np.float64)
            new = opened > times[-1][-1] if len(times[-1]) else np.ones(len(opened), np.bool_)
            if new.any():
                times.append(opened[new])
                columns.append(figures.T[new])
            start = until
        return np.concatenate(times), np.concatenate(columns)

    async def _some_candles(
        self, symbol: str, fetched: Timeframe, start: datetime, end: datetime
    ) -> _Candles:
        asked = {
            "symbol": symbol,
            "resolution": _RESOLUTIONS[fetched],
            "from": int(start.timestamp()),
            "to": int(end.timestamp()),
        }
        answer = await self._host.get(_CANDLES, asked)
        try:
            found = _Candles.model_validate(answer)
        except ValidationError as error:
            raise self._host.bad_answer() from error
        if found.s == "no_data":
            return _Candles(s="no_data")
        columns = (found.o, found.h, found.l, found.c, found.v)
        whole = found.s == "ok" and {len(one) for one in columns} == {len(found.t)}
        if not whole or sorted(set(found.t)) != found.t or not _are_sane(found):
            raise self._host.bad_answer()
        return found

    async def _splits(self, symbol: str, since: datetime) -> list[_Split]:
        """Return the splits from a day until today, oldest first."""
        asked = {"symbol": symbol, "from": since.date(), "to": self._clock.now().date()}
        answer = await self._host.get(_SPLITS, asked)
        try:
            found = _SPLIT_LIST.validate_python(answer or [])
        except ValidationError as error:
            raise self._host.bad_answer() from error
        if any(one.fromFactor <= 0 or one.toFactor <= 0 for one in found):
            raise self._host.bad_answer()
        return sorted(found, key=lambda one: one.date)


class FinnhubQuotes:
    """Last prices from Finnhub behind the port of quote sources, one symbol after the other.

    Each call asks for one: a free key may ask 60 times a minute, and bars are asked for too.
    """

    source = FeedSource.FINNHUB
    offered: frozenset[str] = frozenset()

    def __init__(
        self,
        api_key: str,
        clock: Clock,
        *,
        url: str = URL,
        client: OutboundClient | None = None,
        most_symbols: int = 30,
        every_s: float = 1.5,
    ) -> None:
        self._host = finnhub_host(api_key, clock, url=url, client=client)
        self._most_symbols = most_symbols
        self._every_s = every_s
        self._turn: list[str] = []
        self._given_at: dict[str, datetime] = {}
        self._waits = False

    @property
    def following(self) -> frozenset[str]:
        return frozenset(self._turn)

    async def follow(self, symbols: Sequence[str]) -> None:
        listed = [one for one in symbols if FinnhubBars.serves(one)]
        wanted = listed[: self._most_symbols]
        if set(wanted) != set(self._turn):
            self._turn = wanted
            self._given_at = {one: at for one, at in self._given_at.items() if one in wanted}

    async def receive(self) -> Sequence[Quote]:
        if self._waits or not self._turn:
            await asyncio.sleep(self._every_s)
        self._waits = True
        if not self._turn:
            return []
        symbol = self._turn.pop(0)
        self._turn.append(symbol)
        found = await last_quote(self._host, symbol)
        if found is None:
            return []
        at = datetime.fromtimestamp(found.t, UTC)
        if symbol in self._given_at and at <= self._given_at[symbol]:
            return []
        self._given_at[symbol] = at
        return [Quote(symbol, found.c, None, None, None, self.source, at)]

    async def close(self) -> None:
        """Nothing is held open."""
        self._waits = False


def finnhub_host(
    api_key: str,
    clock: Clock,
    *,
    url: str = URL,
    limits: BreakerLimits | None = None,
    client: OutboundClient | None = None,
) -> ProviderHost:
    """Return the one way to Finnhub."""
    headers = {"X-Finnhub-Token": api_key}
    return ProviderHost(_NAMES, url, headers, clock, limits=limits, client=client)


async def last_quote(host: ProviderHost, symbol: str) -> _Quote | None:
    """Return the last price of a symbol, None of one that Finnhub does not know."""
    answer = await host.get("/quote", {"symbol": symbol})
    if answer is None:
        return None
    try:
        found = _Quote.model_validate(answer)
    except ValidationError as error:
        raise host.bad_answer() from error
    if found.t == 0 and found.c == 0:
        return None
    if found.t <= 0 or not found.c.is_finite() or found.c <= 0:
        raise host.bad_answer()
    return found


def _are_sane(candles: _Candles) -> bool:
    rows = zip(candles.o, candles.h, candles.l, candles.c, candles.v, strict=True)
    return all(
        0 < low <= min(opening, close) and max(opening, close) <= high < 1e12 and 0 <= volume < 1e18
        for opening, high, low, close, volume in rows
    )


def _as_traded(
    fetched: Timeframe, times: TimeArray, table: FloatArray, splits: Sequence[_Split]
) -> FloatArray:
    """Return (n, 6): the bars as traded, and the close adjusted for all splits until today."""
    shares = np.ones(len(times))
    for split in splits:
        before = times.astype("datetime64[D]") < np.datetime64(split.date.date(), "D")
        shares[before] *= split.toFactor / split.fromFactor
    if fetched.intraday:
        return np.column_stack([table, table[:, 3] / shares])
    adjusted = table[:, 3]
    return np.column_stack([table[:, :4] * shares[:, None], table[:, 4] / shares, adjusted])


def _instrument(traits: Traits) -> Instrument:
    timeframes = tuple(one for one in Timeframe if one in _FETCHED)
    return Instrument(
        traits.symbol,
        traits.name,
        Source.FINNHUB,
        traits.calendar,
        traits.currency,
        timeframes,
        None,
        None,
    )
