"""Live quotes of listed equities from Alpaca's stream, used when its keys are set.

The library's stream reconnects by itself and only logs why; here a lost or refused connection is
raised instead, so that the feed waits with its own backoff and shows the reason. The account's
plan limits how many symbols may be followed: the first ones are.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from alpaca.data.enums import DataFeed
from alpaca.data.live import StockDataStream
from alpaca.data.models import Bar, Trade
from alpaca.data.models import Quote as BidAndAsk
from websockets.exceptions import WebSocketException

from kuber.market.errors import ProviderUnavailable
from kuber.market.feed.types import FeedSource, Quote
from kuber.market.instruments import EXCHANGE, traits_of

MOST_SYMBOLS = 30
"""What Alpaca's free plan allows for trades and quotes."""


@dataclass
class _Known:
    """What the stream has told about one symbol since the connection began.

    `at` is when `price` was traded: a newer bid or ask makes the price no younger.
    """

    price: Decimal | None = None
    at: datetime | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    volume: Decimal | None = None


class AlpacaQuotes:
    """Alpaca's stream behind the port of quote sources.

    Of what comes within `every_s` the newest of each symbol is given: who reads slowly loses
    quotes in between, never the newest. `url` is another address of the stream, None for Alpaca's.
    """

    source = FeedSource.ALPACA
    offered: frozenset[str] = frozenset()

    def __init__(
        self,
        api_key: str,
        secret_key: str,
        *,
        feed: str = "iex",
        url: str | None = None,
        most_symbols: int = MOST_SYMBOLS,
        every_s: float = 1.0,
        connect_timeout_s: float = 10.0,
    ) -> None:
        self._keys = (api_key, secret_key)
        self._feed = DataFeed(feed)
        self._url = url
        self._most_symbols = most_symbols
        self._every_s = every_s
        self._connect_timeout_s = connect_timeout_s
        self._wanted: frozenset[str] = frozenset()
        self._known: dict[str, _Known] = {}
        self._given_at: dict[str, datetime] = {}
        self._stream: _Stream | None = None
        self._listening: asyncio.Task[None] | None = None

    @property
    def following(self) -> frozenset[str]:
        return self._wanted

    async def follow(self, symbols: Sequence[str]) -> None:
        listed = [one for one in symbols if traits_of(one).calendar == EXCHANGE]
        wanted = frozenset(listed[: self._most_symbols])
        if wanted != self._wanted:
            await self.close()
            self._wanted = wanted

    async def receive(self) -> Sequence[Quote]:
        if not self._wanted:
            await asyncio.sleep(self._every_s)
            return []
        if self._listening is None:
            await self._connect()
        assert self._listening is not None
        done, _ = await asyncio.wait((self._listening,), timeout=self._every_s)
        quotes = self._drain()
        if done and not quotes:
            error = self._listening.exception()
            await self.close()
            raise _unavailable(error) from error
        return quotes

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            self._listening = None
        if self._stream is not None:
            with suppress(OSError, WebSocketException):
                await self._stream.close()
            self._stream = None
        self._known.clear()

    async def _connect(self) -> None:
        await self.close()  # what somebody broke off while it was opened
        stream = self._stream = _Stream(*self._keys, feed=self._feed, url_override=self._url)
        stream.subscribe_trades(self._on_trade, *self._wanted)
        stream.subscribe_quotes(self._on_quote, *self._wanted)
        stream.subscribe_daily_bars(self._on_daily_bar, *self._wanted)
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                await stream.open()
        except (OSError, ValueError, KeyError, WebSocketException) as error:
            await self.close()
            raise _unavailable(error) from error
        self._listening = asyncio.create_task(stream.listen())

    async def _on_trade(self, trade: Trade | dict[str, Any]) -> None:
        assert isinstance(trade, Trade), "the client parses what it gets"
        known, at = self._of(trade.symbol), trade.timestamp.astimezone(UTC)
        if known.at is None or at >= known.at:  # trades may be told late
            known.price, known.at = _number(trade.price), at

    async def _on_quote(self, quote: BidAndAsk | dict[str, Any]) -> None:
        assert isinstance(quote, BidAndAsk), "the client parses what it gets"
        known = self._of(quote.symbol)
        known.bid, known.ask = _side(quote.bid_price), _side(quote.ask_price)

    async def _on_daily_bar(self, bar: Bar | dict[str, Any]) -> None:
        assert isinstance(bar, Bar), "the client parses what it gets"
        self._of(bar.symbol).volume = _number(bar.volume)

    def _of(self, symbol: str) -> _Known:
        return self._known.setdefault(symbol, _Known())

    def _drain(self) -> list[Quote]:
        quotes = []
        for symbol, known in self._known.items():
            given_at = self._given_at.get(symbol)
            if known.price is None or known.at is None or (given_at and known.at <= given_at):
                continue
            self._given_at[symbol] = known.at
            quotes.append(
                Quote(
                    symbol, known.price, known.bid, known.ask, known.volume, self.source, known.at
                )
            )
        return sorted(quotes, key=lambda quote: quote.quoted_at)


class _Stream(StockDataStream):
    """The library's stream, one connection at a time, that raises instead of trying for ever."""

    async def open(self) -> None:
        """Connect, log in, subscribe. Raises OSError, ValueError, WebSocketException."""
        await self._start_ws()
        await self._send_subscribe_msg()

    async def listen(self) -> None:
        """Hand over what comes until the connection is lost, which is raised."""
        await self._consume()

    async def _dispatch(self, msg: dict[str, Any]) -> None:
        if msg.get("T") == "error":
            raise ValueError(str(msg.get("msg", "error")))
        await super()._dispatch(msg)


def _unavailable(error: BaseException | None) -> ProviderUnavailable:
    reason = str(error or "the stream ended")
    if "auth" in reason:
        detail = "Alpaca refused the keys: check KUBER_ALPACA_API_KEY and KUBER_ALPACA_API_SECRET."
    elif isinstance(error, ValueError):
        detail = f"Alpaca's stream refused: {reason[:200]}."
    else:
        detail = "Alpaca's stream cannot be reached: check the network."
    return ProviderUnavailable(detail, retry_after_s=30)


def _number(value: float) -> Decimal:
    return Decimal(str(value))


def _side(price: float) -> Decimal | None:
    return _number(price) if price else None  # 0 says that nobody bids or asks
