"""What the feed tells over PostgreSQL: the quotes that it believed, in the order in which it did.

A payload is a JSON array of `[symbol, source, price, bid, ask, bid_size, ask_size, quoted_at]`:
decimals as text, what a source does not give as null, times in ISO 8601. Who listens hears each
quote once; who was away reads the newest ones from `market_quotes`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

import orjson

from kuber.market.feed.types import FeedSource, Quote

QUOTES_CHANNEL = "kuber_quotes"
"""PostgreSQL notifies here with the transaction that stores the quotes."""

FOLLOW_CHANNEL = "kuber_follow"
"""Whoever changes which symbols have to be followed first notifies here, without a payload."""

LARGEST = 7_900
"""Bytes that a payload stays below: PostgreSQL takes less than 8,000."""


def payloads_of(quotes: Iterable[Quote]) -> Iterator[str]:
    """Yield the payloads that tell `quotes`, in order."""
    rows: list[bytes] = []
    size = 1
    for quote in quotes:
        row = orjson.dumps(_row(quote))
        if rows and size + len(row) + 1 >= LARGEST:
            yield _payload(rows)
            rows, size = [], 1
        rows.append(row)
        size += len(row) + 1  # the comma, or the bracket at the end
    if rows:
        yield _payload(rows)


def quotes_of(payload: str) -> tuple[Quote, ...]:
    """Return the quotes that a payload tells, in order; they have no volume.

    Raises ValueError when it is no such payload.
    """
    try:
        return tuple(_quote(*row) for row in orjson.loads(payload))
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ValueError(f"no payload of quotes: {payload[:80]!r}") from error


def _row(quote: Quote) -> tuple[str | None, ...]:
    figures = (quote.price, quote.bid, quote.ask, quote.bid_size, quote.ask_size)
    return (quote.symbol, quote.source, *map(_text, figures), quote.quoted_at.isoformat())


def _payload(rows: list[bytes]) -> str:
    return f"[{b','.join(rows).decode()}]"


def _quote(
    symbol: str,
    source: str,
    price: str,
    bid: str | None,
    ask: str | None,
    bid_size: str | None,
    ask_size: str | None,
    quoted_at: str,
) -> Quote:
    return Quote(
        symbol,
        Decimal(price),
        _decimal(bid),
        _decimal(ask),
        None,
        FeedSource(source),
        datetime.fromisoformat(quoted_at),
        _decimal(bid_size),
        _decimal(ask_size),
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
