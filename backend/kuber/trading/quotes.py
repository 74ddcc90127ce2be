"""The newest prices of symbols, and whether they are too old."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.market.calendars import calendar_for
from kuber.market.feed.store import newest_quotes
from kuber.market.feed.types import Quote, lag_of
from kuber.market.feed.watch import STALE_AFTER, is_stale, trading_stretch
from kuber.market.instruments import traits_of


@dataclass(frozen=True, slots=True)
class Priced:
    """The newest price of a symbol. `stale`: its market trades, and no newer one has come."""

    last: Decimal
    bid: Decimal | None
    ask: Decimal | None
    quoted_at: datetime
    stale: bool


async def prices_of(
    session: AsyncSession, symbols: Collection[str], now: datetime
) -> dict[str, Priced]:
    """Return the newest prices of those of `symbols` that have one: those that orders meet."""
    if not symbols:
        return {}
    return {one.symbol: priced(one, now) for one in await newest_quotes(session, set(symbols))}


def priced(quote: Quote, now: datetime) -> Priced:
    """Return a quote as it stands at `now`."""
    stretch = trading_stretch(calendar_for(traits_of(quote.symbol).calendar), now)
    stale = is_stale(stretch, quote.quoted_at, now, STALE_AFTER + lag_of(quote.source))
    return Priced(quote.price, quote.bid, quote.ask, quote.quoted_at, stale)
