"""Quotes and payloads as the feed tells them."""

from datetime import datetime
from decimal import Decimal

from kuber.market.feed.notifying import payloads_of
from kuber.market.feed.types import FeedSource, Quote


def quote(
    symbol: str, price: float, at: datetime, source: FeedSource = FeedSource.SIMULATED
) -> Quote:
    return Quote(symbol, Decimal(str(price)), None, None, None, source, at)


def payload(*quotes: Quote) -> str:
    """Return the one payload that tells a few quotes."""
    (only,) = payloads_of(quotes)
    return only
