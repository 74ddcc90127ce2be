"""What others ask of the feed: the newest quotes, and how the markets do."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.ids import UserId
from kuber.market.calendars import calendar_for
from kuber.market.errors import BadSymbolList
from kuber.market.feed.pushed.store import newest_pushed
from kuber.market.feed.schemas import QuoteOut
from kuber.market.feed.store import newest_quotes, newest_times
from kuber.market.feed.types import Quote, lag_of
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


@dataclass(frozen=True, slots=True)
class SeenQuotes:
    """The newest quotes as one user sees them, by symbol."""

    quotes: tuple[Quote, ...]
    senders: Mapping[str, str]
    """What the user calls the source of each quote that they sent themselves."""

    def shown(self, previous: Mapping[str, Decimal], now: datetime) -> list[QuoteOut]:
        """Return them as they stand now, with their change since the previous close where known."""
        items = []
        for quote in self.quotes:
            stretch = trading_stretch(calendar_for(traits_of(quote.symbol).calendar), now)
            stale = is_stale(stretch, quote.quoted_at, now, STALE_AFTER + lag_of(quote.source))
            sender = self.senders.get(quote.symbol)
            items.append(QuoteOut.of(quote, previous.get(quote.symbol), stale=stale, sender=sender))
        return items


async def seen_quotes(session: AsyncSession, user_id: UserId, symbols: Sequence[str]) -> SeenQuotes:
    """Return the newest quotes of `symbols`, which are canonical; see `parse_symbols`.

    What the user pushed themselves stands in place of an older one.
    """
    newest = {quote.symbol: quote for quote in await newest_quotes(session, symbols)}
    senders: dict[str, str] = {}
    for pushed in await newest_pushed(session, user_id, symbols):
        symbol, quote = pushed.quote.symbol, pushed.quote
        if symbol not in newest or newest[symbol].quoted_at < quote.quoted_at:
            newest[symbol], senders[symbol] = quote, pushed.sender
    return SeenQuotes(tuple(newest[symbol] for symbol in sorted(newest)), senders)


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
