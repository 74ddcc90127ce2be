"""Quotes and markets as the HTTP contract shows them."""

from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from kuber.kernel.wire import DecimalText
from kuber.market.feed.types import FeedSource, Quote
from kuber.market.feed.watch import MarketState, MarketWatch

_CHANGE_DIGITS = 4


class QuoteOut(BaseModel):
    """The newest quote of an instrument."""

    symbol: str
    price: DecimalText
    bid: DecimalText | None
    ask: DecimalText | None
    volume: DecimalText | None = Field(description="Units traded in the session so far.")
    source: FeedSource
    sender: str | None = Field(default=None, description="Of a pushed quote: its `source` as sent.")
    simulated: bool
    quoted_at: datetime
    stale: bool = Field(description="The market trades, and no newer quote has come for too long.")
    previous_close: DecimalText | None = Field(
        description="Close before the session of the quote, from the same source; null if unknown."
    )
    change_percent: float | None = Field(description="Of the price since then, in per cent.")

    @classmethod
    def of(
        cls, quote: Quote, previous: Decimal | None, *, stale: bool, sender: str | None = None
    ) -> "QuoteOut":
        """Return the row of a quote; `previous` is the close that its change is counted from."""
        change = float((quote.price / previous - 1) * 100) if previous else None
        return cls(
            symbol=quote.symbol,
            price=quote.price,
            bid=quote.bid,
            ask=quote.ask,
            volume=quote.volume,
            source=quote.source,
            sender=sender,
            simulated=quote.source is FeedSource.SIMULATED,
            quoted_at=quote.quoted_at,
            stale=stale,
            previous_close=previous,
            change_percent=None if change is None else round(change, _CHANGE_DIGITS),
        )


class QuoteList(BaseModel):
    """Quotes by symbol; one that has none is left out."""

    items: list[QuoteOut]
    next_cursor: str | None = None


class MarketOut(BaseModel):
    """One market: everything that trades by one calendar."""

    calendar: str
    state: MarketState
    until: datetime = Field(description="When it closes, or opens next.")
    quoted: int = Field(description="How many symbols the feed quotes there.")
    stale: int = Field(description="How many of them have had no new quote for too long.")
    stale_symbols: list[str] = Field(description="Of those the ones that the user can choose.")

    @classmethod
    def of(cls, market: MarketWatch, visible: frozenset[str]) -> "MarketOut":
        """Return the row of a market; only `visible` symbols are named."""
        return cls(
            calendar=market.calendar,
            state=market.state,
            until=market.until,
            quoted=len(market.symbols),
            stale=len(market.stale),
            stale_symbols=[symbol for symbol in market.stale if symbol in visible],
        )


class MarketList(BaseModel):
    """The state of every market, by calendar."""

    items: list[MarketOut]
    next_cursor: str | None = None
