"""Bars and quotes of coins from CoinMarketCap, used when its key is set.

Prices are averages over exchanges. History comes in days and hours and is part of paid plans; a
free key gives quotes. Several coins may go by one name: the one that ranks first counts.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import groupby

import numpy as np
from cachetools import TTLCache
from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from kuber.infra.breakers import BreakerLimits
from kuber.infra.outbound import OutboundClient
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.market.errors import TimeframeUnavailable
from kuber.market.feed.types import FeedSource, Quote
from kuber.market.instruments import Traits, pair_of, traits_of
from kuber.market.providers.answers import ProviderAnswers
from kuber.market.providers.asking import Asked
from kuber.market.providers.fetching import fetched_for, found_among
from kuber.market.providers.host import HostNames, ProviderHost
from kuber.market.providers.universe import UNIVERSE
from kuber.market.symbols import SymbolKind, parse_symbol
from kuber.market.types import (
    Bars,
    FloatArray,
    Instrument,
    Source,
    TimeArray,
    Timeframe,
    to_datetime64,
)

URL = "https://pro-api.coinmarketcap.com"
_MAP = "/v1/cryptocurrency/map"
_QUOTES = "/v2/cryptocurrency/quotes/latest"
_HISTORY = "/v2/cryptocurrency/ohlcv/historical"
_NAMES = HostNames(
    "CoinMarketCap",
    "KUBER_CMC_API_KEY",
    {_HISTORY: "has no price history, only quotes"},
)
_PROVIDER = "coinmarketcap"
_PERIODS = {Timeframe.D1: "daily", Timeframe.H1: "hourly"}
_FETCHED = fetched_for(_PERIODS)
_MOST_BARS = 9_000
"""10,000 are answered at a time."""
_KEPT_FOR_S = 60.0
_MOST_KEPT = 10_000


class _Coin(BaseModel):
    id: int
    rank: int | None = None
    symbol: str
    is_active: int = 1


class _Coins(BaseModel):
    data: list[_Coin]


class _Ohlcv(BaseModel):
    open: float
    high: float
    low: float
    close: float
    volume: float


class _Bar(BaseModel):
    time_open: AwareDatetime
    quote: dict[str, _Ohlcv]


class _Series(BaseModel):
    quotes: list[_Bar]


class _Price(BaseModel):
    price: Decimal | None
    volume_24h: Decimal | None = None
    last_updated: AwareDatetime


class _Latest(BaseModel):
    quote: dict[str, _Price]


_LATEST = TypeAdapter(dict[str, _Latest])


class _Coinbook:
    """Which coin a name means: asked once for each, an unknown one again after a minute."""

    def __init__(self, host: ProviderHost, clock: Clock) -> None:
        self._host = host
        self.known: dict[str, int] = {}
        self._unknown: TTLCache[str, None] = TTLCache(
            _MOST_KEPT, _KEPT_FOR_S, lambda: clock.now().timestamp()
        )

    async def id_of(self, name: str) -> int | None:
        """Return the id of the coin that goes by a name. Raises ProviderUnavailable."""
        if name in self.known or name in self._unknown:
            return self.known.get(name)
        answer = await self._host.get(_MAP, {"symbol": name})
        try:
            coins = _Coins.model_validate(answer).data if answer is not None else []
        except ValidationError as error:
            raise self._host.bad_answer() from error
        fitting = [one for one in coins if one.symbol.upper() == name and one.is_active]
        if not fitting:
            self._unknown[name] = None
            return None
        first = min(fitting, key=lambda one: (one.rank is None, one.rank, one.id))
        self.known[name] = first.id
        return first.id


class CoinMarketCapBars:
    """CoinMarketCap behind the provider port; `url` and `client` are other ways to it."""

    source = Source.COINMARKETCAP

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
        self._answers = answers
        self._host = _host(api_key, clock, url=url, limits=limits, client=client)
        self._coins = _Coinbook(self._host, clock)
        self._known: set[str] = set()

    @staticmethod
    def serves(symbol: str) -> bool:
        """Return whether CoinMarketCap is asked for the symbol: pairs of a coin."""
        return parse_symbol(symbol).kind is SymbolKind.CRYPTO_PAIR

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        if not self.serves(symbol):
            return None
        if symbol not in self._known:
            known = await self._answers.knows(self.source, _PROVIDER, symbol)
            if not known and await self._coins.id_of(_pair(symbol)[0]) is None:
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
            offered = ", ".join(_FETCHED)
            raise TimeframeUnavailable(
                f"CoinMarketCap has no {timeframe} bars of {symbol}. Choose one of {offered}, or"
                f" import {timeframe} bars."
            )
        asked = Asked(self.source, _PROVIDER, traits_of(symbol), fetched)
        fetch = partial(self._history, symbol, fetched)
        return await self._answers.bars(asked, timeframe, as_of, count, fetch)

    async def _history(
        self, symbol: str, fetched: Timeframe, start: datetime, end: datetime
    ) -> tuple[TimeArray, FloatArray]:
        base, quote = _pair(symbol)
        coin = await self._coins.id_of(base)
        rows: dict[datetime, _Ohlcv] = {}
        while coin is not None and start < end:
            until = min(end, start + _MOST_BARS * fetched.span)
            rows |= await self._some_history(coin, quote, fetched, start, until)
            start = until
        times = np.array([to_datetime64(at) for at in rows], dtype="datetime64[us]")
        figures = [_figures(one) for one in rows.values()]
        return times, np.array(figures, dtype=np.float64).reshape(-1, 6)

    async def _some_history(
        self, coin: int, quote: str, fetched: Timeframe, start: datetime, end: datetime
    ) -> dict[datetime, _Ohlcv]:
        """Return bars by when they open, oldest first."""
        asked = {
            "id": coin,
            "convert": quote,
            "time_period": _PERIODS[fetched],
            "interval": _PERIODS[fetched],
            "time_start": _instant(start - fetched.span),  # what opens then is left out
            "time_end": _instant(end),
            "count": 10_000,
        }
        answer = await self._host.get(_HISTORY, asked)
        try:
            series = _Series.model_validate(_data_of(answer, str(coin)))
            rows = {one.time_open: one.quote[quote] for one in series.quotes}
        except (ValidationError, KeyError, TypeError) as error:
            raise self._host.bad_answer() from error
        if len(rows) != len(series.quotes) or not all(_is_sane(one) for one in rows.values()):
            raise self._host.bad_answer()
        return dict(sorted(rows.items()))


class CoinMarketCapQuotes:
    """Last prices from CoinMarketCap behind the port of quote sources, once a minute.

    They are renewed about that often there. One call asks for every pair of one currency; the
    volume is of the last 24 hours.
    """

    source = FeedSource.COINMARKETCAP
    offered: frozenset[str] = frozenset()

    def __init__(
        self,
        api_key: str,
        clock: Clock,
        *,
        url: str = URL,
        client: OutboundClient | None = None,
        most_symbols: int = 100,
        every_s: float = 60.0,
        wait_s: float = 1.0,
    ) -> None:
        self._clock = clock
        self._host = _host(api_key, clock, url=url, client=client)
        self._coins = _Coinbook(self._host, clock)
        self._most_symbols = most_symbols
        self._every = timedelta(seconds=every_s)
        self._wait_s = wait_s
        self._asked_at: datetime | None = None
        self._wanted: frozenset[str] = frozenset()
        self._given_at: dict[str, datetime] = {}

    @property
    def following(self) -> frozenset[str]:
        return self._wanted

    async def follow(self, symbols: Sequence[str]) -> None:
        coins = [one for one in symbols if CoinMarketCapBars.serves(one)]
        wanted = frozenset(coins[: self._most_symbols])
        if wanted != self._wanted:
            self._wanted = wanted
            self._asked_at = None
            self._given_at = {one: at for one, at in self._given_at.items() if one in wanted}

    async def receive(self) -> Sequence[Quote]:
        now = self._clock.now()
        if not self._wanted or (self._asked_at and now - self._asked_at < self._every):
            await asyncio.sleep(self._wait_s)
            return []
        self._asked_at = now
        quotes: list[Quote] = []
        by_quote = sorted(self._wanted, key=lambda symbol: _pair(symbol)[1])
        try:
            for convert, symbols in groupby(by_quote, key=lambda symbol: _pair(symbol)[1]):
                quotes += await self._latest(convert, list(symbols))
        except asyncio.CancelledError:
            self._asked_at = None  # nobody has heard the answer
            raise
        self._given_at |= {quote.symbol: quote.quoted_at for quote in quotes}
        return sorted(quotes, key=lambda quote: quote.quoted_at)

    async def close(self) -> None:
        """Nothing is held open; the next prices are asked for at once."""
        self._asked_at = None

    async def _latest(self, convert: str, symbols: Sequence[str]) -> list[Quote]:
        ids = {symbol: await self._coins.id_of(_pair(symbol)[0]) for symbol in symbols}
        asked = sorted({one for one in ids.values() if one is not None})
        if not asked:
            return []
        parameters = {"id": ",".join(map(str, asked)), "convert": convert}
        answer = await self._host.get(_QUOTES, parameters)
        try:
            found = _LATEST.validate_python(_data_of(answer))
            prices = {symbol: found[str(one)].quote[convert] for symbol, one in ids.items() if one}
        except (ValidationError, KeyError, TypeError) as error:
            raise self._host.bad_answer() from error
        quotes = [self._quote(symbol, price) for symbol, price in prices.items()]
        return [quote for quote in quotes if quote is not None]

    def _quote(self, symbol: str, told: _Price) -> Quote | None:
        """Return what is new of a coin; one that trades nowhere now has no price."""
        before = self._given_at.get(symbol)
        if told.price is None or (before is not None and told.last_updated <= before):
            return None
        if not told.price.is_finite() or told.price <= 0:
            raise self._host.bad_answer()
        volume = None
        if told.volume_24h is not None and told.volume_24h.is_finite() and told.volume_24h >= 0:
            volume = (told.volume_24h / told.price).quantize(Decimal(1))
        return Quote(symbol, told.price, None, None, volume, self.source, told.last_updated)


def _host(
    api_key: str,
    clock: Clock,
    *,
    url: str,
    limits: BreakerLimits | None = None,
    client: OutboundClient | None = None,
) -> ProviderHost:
    headers = {"X-CMC_PRO_API_KEY": api_key}
    return ProviderHost(_NAMES, url, headers, clock, limits=limits, client=client)


def _data_of(answer: object, key: str | None = None) -> object:
    """Return the data of an answer; that of one coin may stand under its id."""
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), dict):
        raise TypeError("an answer holds data")
    data: dict[object, object] = answer["data"]
    return data.get(key, data)


def _figures(one: _Ohlcv) -> tuple[float, ...]:
    """Return the figures of a bar; its volume comes in the currency and becomes coins."""
    return one.open, one.high, one.low, one.close, one.volume / one.close, np.nan


def _is_sane(one: _Ohlcv) -> bool:
    low, high = min(one.open, one.close), max(one.open, one.close)
    return 0 < one.low <= low and high <= one.high < 1e12 and 0 <= one.volume < 1e18


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _pair(symbol: str) -> tuple[str, str]:
    pair = pair_of(symbol)
    assert pair is not None, "only pairs are asked for"
    return pair


def _instrument(traits: Traits) -> Instrument:
    timeframes = tuple(one for one in Timeframe if one in _FETCHED)
    return Instrument(
        traits.symbol,
        traits.name,
        Source.COINMARKETCAP,
        traits.calendar,
        traits.currency,
        timeframes,
        None,
        None,
    )
