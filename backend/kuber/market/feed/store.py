"""The newest quote of each instrument, in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from psycopg.types.json import Jsonb
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import RawConnection
from kuber.market.feed.notifying import QUOTES_CHANNEL, payloads_of
from kuber.market.feed.types import FeedSource, Quote, lag_of
from kuber.market.models import BarSeries, QuoteRow

# A source that was changed begins anew: a replay's quotes are older than those before it.
# Transactions that notify commit one after the other, each with its flush. This one waits for none:
# after a crash of the database the next quotes come, and whatever was done upon a lost one was
# flushed after it, and so with it.
_STORE_AND_TELL = """
    with stored as (
      insert into market_quotes
        (symbol, price, bid, ask, volume, source, quoted_at, received_at)
      select symbol, price, bid, ask, volume, source, quoted_at, %(received_at)s
      from jsonb_to_recordset(%(quotes)s) as q(
        symbol text, price numeric, bid numeric, ask numeric, volume numeric,
        source text, quoted_at timestamptz
      )
      order by symbol
      on conflict (symbol) do update set
        price = excluded.price, bid = excluded.bid, ask = excluded.ask, volume = excluded.volume,
        source = excluded.source, quoted_at = excluded.quoted_at, received_at = excluded.received_at
      where excluded.quoted_at > market_quotes.quoted_at or excluded.source <> market_quotes.source
    )
    select pg_notify(%(channel)s, payload)
    from set_config('synchronous_commit', 'off', true),
      unnest(%(payloads)s::text[]) with ordinality as told(payload, place) order by place
"""


async def store_quotes(
    connection: RawConnection, quotes: Sequence[Quote], received_at: datetime
) -> None:
    """Keep the newest of `quotes` for each symbol, and tell all of them as `notifying` says."""
    newest = {quote.symbol: quote for quote in sorted(quotes, key=lambda one: one.quoted_at)}
    if not newest:
        return
    rows = [
        {
            "symbol": quote.symbol,
            "price": format(quote.price, "f"),
            "bid": _text(quote.bid),
            "ask": _text(quote.ask),
            "volume": _text(quote.volume),
            "source": quote.source.value,
            "quoted_at": quote.quoted_at.isoformat(),
        }
        for quote in newest.values()
    ]
    values = {
        "quotes": Jsonb(rows),
        "received_at": received_at,
        "channel": QUOTES_CHANNEL,
        "payloads": list(payloads_of(quotes)),
    }
    await connection.execute(_STORE_AND_TELL, values)


async def last_quoted(
    connection: RawConnection, sources: Collection[FeedSource]
) -> dict[str, tuple[datetime, Decimal]]:
    """Return time and price of the newest quote that one of `sources` gave of each symbol."""
    cursor = await connection.execute(
        "select symbol, quoted_at, price from market_quotes where source = any(%s)",
        ([source.value for source in sources],),
    )
    return {symbol: (at.astimezone(UTC), price) for symbol, at, price in await cursor.fetchall()}


async def quoted_prices(
    connection: RawConnection, symbols: Collection[str]
) -> dict[str, tuple[datetime, Decimal, Decimal | None]]:
    """Return time, price and volume of the newest quote of each symbol that has one."""
    cursor = await connection.execute(
        "select symbol, quoted_at, price, volume from market_quotes where symbol = any(%s)",
        (sorted(symbols),),
    )
    return {
        symbol: (at.astimezone(UTC), price, volume)
        for symbol, at, price, volume in await cursor.fetchall()
    }


async def forget_others(connection: RawConnection, symbols: Collection[str]) -> None:
    """Delete the quotes of all but `symbols`: nobody keeps them up to date any more."""
    await connection.execute(
        "delete from market_quotes where symbol <> all(%s)", (sorted(symbols),)
    )


async def platform_symbols(session: AsyncSession) -> frozenset[str]:
    """Return the symbols with stored history that everybody sees: the sample's."""
    query = (
        select(BarSeries.symbol)
        .where(BarSeries.user_id.is_(None), BarSeries.state == "active")
        .distinct()
    )
    return frozenset(await session.scalars(query))


async def newest_times(session: AsyncSession) -> dict[str, datetime]:
    """Return for each symbol that is quoted when it was quoted last, later by its source's lag."""
    rows = await session.execute(select(QuoteRow.symbol, QuoteRow.quoted_at, QuoteRow.source))
    return {
        row.symbol: row.quoted_at.astimezone(UTC) + lag_of(FeedSource(row.source)) for row in rows
    }


async def newest_quotes(session: AsyncSession, symbols: Collection[str]) -> list[Quote]:
    """Return the newest quotes of those of `symbols` that have one, by symbol."""
    query = select(QuoteRow).where(QuoteRow.symbol.in_(symbols)).order_by(QuoteRow.symbol)
    return [quote_of(row) for row in await session.scalars(query)]


def quote_of(row: QuoteRow) -> Quote:
    """Return a stored quote."""
    return Quote(
        row.symbol,
        row.price,
        row.bid,
        row.ask,
        row.volume,
        FeedSource(row.source),
        row.quoted_at.astimezone(UTC),
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
