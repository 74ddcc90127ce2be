"""What others ask of the feed: the newest quotes, and how the markets do."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.market.calendars import calendar_for
from kuber.market.errors import BadSymbolList
from kuber.market.feed.schemas import QuoteOut
from kuber.market.feed.store import newest_times
from kuber.market.feed.types import Quote
from kuber.market.feed.watch import (
    STALE_AFTER,
    MarketWatch,
    is_stale,
    trading_stretch,
    watch_markets,
)
from kuber.market.instruments import CRYPTO, CURRENCIES, EXCHANGE, traits_of
from kuber.market.symbols import canonical_symbol

MAX_SYMBOLS = 200


def shown_quotes(
    quotes: Iterable[Quote], previous: Mapping[str, Decimal], now: datetime
) -> list[QuoteOut]:
    """Return quotes as they stand now, with their change since the previous close where known."""
    items = []
    for quote in quotes:
        stretch = trading_stretch(calendar_for(traits_of(quote.symbol).calendar), now)
        stale = is_stale(stretch, quote.quoted_at, now, STALE_AFTER)
        items.append(QuoteOut.of(quote, previous.get(quote.symbol), stale=stale))
    return items


async def read_markets(session: AsyncSession, now: datetime) -> list[MarketWatch]:
    """Return the state of every market, by the newest quotes of all symbols."""
    quoted_at = await newest_times(session)
    calendars = (EXCHANGE, CURRENCIES, CRYPTO)
    return await asyncio.to_thread(watch_markets, quoted_at, now, calendars=calendars)


def parse_symbols(text: str) -> list[str]:
    """Return the canonical symbols of a list with commas, each once. Raises BadSymbolList."""
    written = [one for one in (part.strip() for part in text.split(",")) if one]
    if not written or len(written) > MAX_SYMBOLS:
        raise BadSymbolList(f"Name 1 to {MAX_SYMBOLS} symbols, with commas between.")
    try:
        return list(dict.fromkeys(map(canonical_symbol, written)))
    except ValueError as error:
        raise BadSymbolList(f"{error}.") from error
