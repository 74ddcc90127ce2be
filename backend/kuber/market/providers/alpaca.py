"""Historical bars from Alpaca, used when its keys are set.

Equities are fetched twice, as traded and split-adjusted: the second tells where splits are, and
prices are then adjusted up to `as_of` only, as everywhere. Hourly and 4-hour bars are resampled
from 15-minute ones, so that they begin at the session's open; trades outside the session are left
out. Currency pairs are not on offer there.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from alpaca.common.enums import BaseURL
from alpaca.common.exceptions import APIError
from alpaca.data.enums import Adjustment, DataFeed
from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
from alpaca.data.models import Bar, BarSet
from alpaca.data.requests import CryptoBarsRequest, StockBarsRequest
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit
from cachetools import TTLCache
from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter

from kuber.infra.breakers import Breaker, BreakerLimits, BreakerOpen, host_of
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.market.errors import ProviderUnavailable
from kuber.market.instruments import CRYPTO, Traits, pair_of, traits_of
from kuber.market.providers.answers import ProviderAnswers
from kuber.market.providers.asking import Asked
from kuber.market.providers.fetching import fetched_for, is_listed_in_new_york
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

_SPANS = {
    Timeframe.D1: TimeFrame(1, TimeFrameUnit.Day),
    Timeframe.M15: TimeFrame(15, TimeFrameUnit.Minute),
    Timeframe.M5: TimeFrame(5, TimeFrameUnit.Minute),
    Timeframe.M1: TimeFrame(1, TimeFrameUnit.Minute),
}
_FETCHED = fetched_for(_SPANS)
_PROVIDER = "alpaca"
_KNOWN_BY = timedelta(days=14)
_UNKNOWN_FOR = timedelta(minutes=1)
_MOST_UNKNOWN = 10_000
_REFUSED = {
    401: "Alpaca refused the keys: check KUBER_ALPACA_API_KEY and KUBER_ALPACA_API_SECRET.",
    403: "Alpaca refused the request: the account's plan may not cover this data feed.",
    429: "Alpaca's rate limit is reached: try again in a minute.",
}
Answer = TypeVar("Answer")


class AlpacaBars:
    """Alpaca behind the provider port.

    `feed` is the equities feed that the account's plan covers; `url` is another address of the
    data API, None for Alpaca's own.
    """

    source = Source.ALPACA

    def __init__(
        self,
        api_key: str,
        secret_key: str,
        clock: Clock,
        answers: ProviderAnswers,
        *,
        feed: str = "iex",
        url: str | None = None,
        connect_timeout_s: float = 3.0,
        read_timeout_s: float = 10.0,
        limits: BreakerLimits | None = None,
    ) -> None:
        self._clock = clock
        self._answers = answers
        self._feed = DataFeed(feed)
        self._stocks = StockHistoricalDataClient(api_key, secret_key, url_override=url)
        self._crypto = CryptoHistoricalDataClient(api_key, secret_key, url_override=url)
        for client in (self._stocks, self._crypto):
            adapter = _TimedAdapter(connect_timeout_s, read_timeout_s)
            client._session.mount("https://", adapter)
            client._session.mount("http://", adapter)
            client._retry, client._retry_wait = 1, 1
        self._breaker = Breaker(host_of(url or BaseURL.DATA.value), clock, limits)
        self._known: set[str] = set()
        self._unknown: TTLCache[str, None] = TTLCache(
            _MOST_UNKNOWN, _UNKNOWN_FOR.total_seconds(), lambda: clock.now().timestamp()
        )

    @staticmethod
    def serves(symbol: str) -> bool:
        """Return whether Alpaca is asked for the symbol: what is listed in New York, and coins."""
        is_coin = parse_symbol(symbol).kind is SymbolKind.CRYPTO_PAIR
        return is_coin or is_listed_in_new_york(symbol)

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        traits = traits_of(symbol)
        if not self.serves(symbol):
            return None
        if symbol not in self._known and not await self._is_listed(traits):
            return None
        return _instrument(traits)

    async def _is_listed(self, traits: Traits) -> bool:
        """Return whether there are stored bars, else ask whether there are recent ones.

        A no is remembered for a minute, a yes for good.
        """
        now = self._clock.now()
        if traits.symbol in self._unknown:
            return False
        fetch = self._fetcher(traits, Timeframe.D1, now - _KNOWN_BY, now)
        known = await self._answers.knows(self.source, _PROVIDER, traits.symbol)
        if known or await self._ask(lambda: fetch(Adjustment.RAW)):
            self._known.add(traits.symbol)
            self._unknown.pop(traits.symbol, None)
            return True
        self._unknown[traits.symbol] = None
        return False

    def listed(self, symbol: str) -> Instrument | None:
        lists = symbol in self._known or (symbol in UNIVERSE and self.serves(symbol))
        return _instrument(traits_of(symbol)) if lists else None

    async def search(
        self, user_id: UserId, query: str, *, after: str = "", limit: int
    ) -> list[Instrument]:
        found = (
            instrument
            for symbol in sorted(one for one in {*UNIVERSE, *self._known} if one > after)
            if (instrument := self.listed(symbol)) is not None
            and (query in symbol or query in instrument.name.upper())
        )
        return list(islice(found, limit))

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars | None:
        if await self.instrument(user_id, symbol) is None:
            return None
        fetched, traits = _FETCHED[timeframe], traits_of(symbol)
        asked = Asked(self.source, _PROVIDER, traits, fetched)
        fetch = partial(self._history, traits, fetched)
        return await self._answers.bars(asked, timeframe, as_of, count, fetch)

    async def _history(
        self, traits: Traits, fetched: Timeframe, start: datetime, end: datetime
    ) -> tuple[TimeArray, FloatArray]:
        fetch = self._fetcher(traits, fetched, start, end)
        raw = await self._ask(lambda: fetch(Adjustment.RAW))
        adjusted = (
            await self._ask(lambda: fetch(Adjustment.SPLIT)) if traits.calendar != CRYPTO else raw
        )
        return _table(raw, adjusted)

    async def _ask(self, call: Callable[[], list[Bar]]) -> list[Bar]:
        """Do as `_answer`, but not while Alpaca's breaker is open: ProviderUnavailable then too."""
        try:
            with self._breaker.call(_is_down):
                return await _answer(call)
        except BreakerOpen as refused:
            raise ProviderUnavailable(
                "Alpaca is not asked for now: its last calls failed.",
                retry_after_s=refused.retry_after_s,
            ) from refused

    def _fetcher(
        self, traits: Traits, fetched: Timeframe, start: datetime, end: datetime
    ) -> Callable[[Adjustment], list[Bar]]:
        """Return the blocking call that gets the bars which open from `start` to `end`."""
        span = _SPANS[fetched]
        name = _name_at_alpaca(traits)

        def fetch(adjustment: Adjustment) -> list[Bar]:
            answer: BarSet | dict[str, Any]
            if traits.calendar == CRYPTO:
                answer = self._crypto.get_crypto_bars(
                    CryptoBarsRequest(symbol_or_symbols=name, timeframe=span, start=start, end=end)
                )
            else:
                answer = self._stocks.get_stock_bars(
                    StockBarsRequest(
                        symbol_or_symbols=name,
                        timeframe=span,
                        start=start,
                        end=end,
                        adjustment=adjustment,
                        feed=self._feed,
                    )
                )
            assert isinstance(answer, BarSet), "the client parses its answers"
            return answer.data.get(name, [])

        return fetch


class _TimedAdapter(HTTPAdapter):
    """Gives every request a time-out: the client has none."""

    def __init__(self, connect_timeout_s: float, read_timeout_s: float) -> None:
        self._timeout_s = (connect_timeout_s, read_timeout_s)
        super().__init__()

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        return super().send(request, *args, **{**kwargs, "timeout": self._timeout_s})


async def _answer(call: Callable[[], list[Bar]]) -> list[Bar]:
    """Return what a blocking call gives; raises ProviderUnavailable when it is refused or late.

    A symbol that Alpaca does not take counts as one without bars.
    """
    try:
        return await asyncio.to_thread(call)
    except APIError as error:
        status = error.status_code
        if status in (400, 404, 422):
            return []
        message = _REFUSED.get(status or 0, f"Alpaca answered with an error (HTTP {status}).")
        raise ProviderUnavailable(message, retry_after_s=60) from error
    except (RequestException, ValueError, KeyError) as error:
        raise ProviderUnavailable(
            "Alpaca did not answer as expected: check the network, or try again later.",
            retry_after_s=30,
        ) from error


def _is_down(error: Exception) -> bool:
    """Return whether an error speaks against Alpaca; it answers whoever it refuses."""
    cause = error.__cause__
    refused = isinstance(cause, APIError) and cause.status_code in (401, 403)
    return isinstance(error, ProviderUnavailable) and not refused


def _table(raw: list[Bar], adjusted: list[Bar]) -> tuple[TimeArray, FloatArray]:
    """Return when bars open and their figures, as `raw_bars` takes them."""
    splits = {bar.timestamp: bar.close for bar in adjusted}
    rows = [
        (bar.open, bar.high, bar.low, bar.close, bar.volume, splits.get(bar.timestamp, np.nan))
        for bar in raw
    ]
    times = np.array([to_datetime64(bar.timestamp) for bar in raw], dtype="datetime64[us]")
    return times, np.array(rows, dtype=np.float64).reshape(-1, 6)


def _instrument(traits: Traits) -> Instrument:
    return Instrument(
        traits.symbol,
        traits.name,
        Source.ALPACA,
        traits.calendar,
        traits.currency,
        tuple(Timeframe),
        None,
        None,
    )


def _name_at_alpaca(traits: Traits) -> str:
    pair = pair_of(traits.symbol)
    return traits.symbol if pair is None else "/".join(pair)
