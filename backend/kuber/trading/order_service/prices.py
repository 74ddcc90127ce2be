"""The newest stored prices, in the words of the exchange."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from decimal import Decimal

from kuber.exchange.events import Quote
from kuber.exchange.units import PRICE_PLACES, QUANTITY_PLACES, to_instant, to_price, to_quantity
from kuber.kernel.money import quantize
from kuber.market.feed.types import Quote as FeedQuote

NewestQuotes = Callable[[Collection[str]], Awaitable[Sequence[FeedQuote]]]
"""Reads the newest stored quotes of symbols."""


def priced(quotes: Iterable[FeedQuote]) -> Iterable[tuple[str, Quote]]:
    """Yield symbol and quote; a bid above its ask is left out."""
    for one in quotes:
        bid, ask = _price(one.bid), _price(one.ask)
        if bid is not None and ask is not None and bid > ask:
            bid = ask = None
        last = _price(one.price)
        if last is not None:
            yield (
                one.symbol,
                Quote(
                    to_instant(one.quoted_at),
                    last,
                    bid,
                    ask,
                    None if bid is None else _size(one.bid_size),
                    None if ask is None else _size(one.ask_size),
                ),
            )


def _price(value: Decimal | None) -> int | None:
    if value is None or value <= 0:
        return None
    return to_price(quantize(value, PRICE_PLACES))


def _size(value: Decimal | None) -> int | None:
    if value is None or value < 0:
        return None
    return to_quantity(quantize(value, QUANTITY_PLACES))
