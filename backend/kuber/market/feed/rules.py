"""Which quotes are believed: a pure function from a quote and what is known of its symbol."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from statistics import median

from kuber.market.feed.types import Quote, lag_of

_SMALLEST = Decimal("1e-8")
_LARGEST = Decimal("1e12")
"""What the column of a price can hold."""

_NORMAL = Decimal("1.4826")
"""Median absolute deviation to standard deviation, for normal values."""


class Refusal(StrEnum):
    """Why a quote was not believed."""

    BAD_NUMBER = "bad_number"
    """A number that is not finite, not above zero (volume: below zero), or too large."""
    CROSSED = "crossed"
    """The bid is above the ask."""
    FUTURE = "future"
    """Its time has not come yet."""
    OUT_OF_ORDER = "out_of_order"
    """Not newer than the quote before."""
    STALE = "stale"
    """Too old by the time it came."""
    OUTLIER = "outlier"
    """Too far from the recent prices, and not confirmed yet."""
    NOT_FOLLOWED = "not_followed"
    """Nobody asked for the symbol."""


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How strict the rules are.

    A price is an outlier when it is more than `deviations` robust standard deviations from the
    median of the last `window` prices; a deviation counts as at least `floor` of the median, so
    that a quiet market may begin to move. Before `least` prices are known, as after a start or a
    real move, it is one that lies more than `jump` of the last price away from that; the first
    price of all is none. `confirmations` outliers in a row that agree are a real move.
    """

    ahead: timedelta = timedelta(seconds=2)
    max_age: timedelta = timedelta(seconds=60)
    deviations: Decimal = Decimal(8)
    floor: Decimal = Decimal("0.0025")
    window: int = 60
    least: int = 10
    jump: Decimal = Decimal("0.2")
    confirmations: int = 3


@dataclass(frozen=True, slots=True)
class SymbolMemory:
    """What is known of one symbol: the time of its newest quote, its recent prices.

    `doubted` are the outliers since the last believed quote that agree with each other. They too
    move `last_at`: an outlier that is sent again does not confirm itself.
    """

    last_at: datetime | None = None
    recent: tuple[Decimal, ...] = ()
    doubted: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """The reason why a quote is refused, None when it is believed, and what is known now."""

    refusal: Refusal | None
    memory: SymbolMemory


def judge(
    quote: Quote, memory: SymbolMemory, now: datetime, traded_until: datetime, limits: IntakeLimits
) -> Judgement:
    """Say whether `quote` is believed.

    `traded_until` is now while the symbol's market trades, else when it closed last: a close is
    not too old for being followed by a weekend. Only an outlier changes the memory when refused.
    """
    refusal = _refusal(quote, memory, now, traded_until, limits)
    if refusal is not None:
        return Judgement(refusal, memory)
    if not _is_outlier(quote.price, memory.recent, limits):
        recent = (*memory.recent, quote.price)[-limits.window :]
        return Judgement(None, SymbolMemory(quote.quoted_at, recent))
    doubted: tuple[Decimal, ...] = (quote.price,)
    if memory.doubted and _near(quote.price, median(memory.doubted), limits):
        doubted = (*memory.doubted, quote.price)
    if len(doubted) >= limits.confirmations:
        return Judgement(None, SymbolMemory(quote.quoted_at, doubted))
    return Judgement(Refusal.OUTLIER, SymbolMemory(quote.quoted_at, memory.recent, doubted))


def _refusal(
    quote: Quote, memory: SymbolMemory, now: datetime, traded_until: datetime, limits: IntakeLimits
) -> Refusal | None:
    sides = [side for side in (quote.bid, quote.ask) if side is not None]
    if not all(_is_price(value) for value in (quote.price, *sides)):
        return Refusal.BAD_NUMBER
    amounts = (quote.volume, quote.bid_size, quote.ask_size)
    if not all(amount is None or _is_volume(amount) for amount in amounts):
        return Refusal.BAD_NUMBER
    if quote.bid is not None and quote.ask is not None and quote.bid > quote.ask:
        return Refusal.CROSSED
    if quote.quoted_at > now + limits.ahead:
        return Refusal.FUTURE
    if memory.last_at is not None and quote.quoted_at <= memory.last_at:
        return Refusal.OUT_OF_ORDER
    if traded_until - quote.quoted_at > limits.max_age + lag_of(quote.source):
        return Refusal.STALE
    return None


def _is_price(value: Decimal) -> bool:
    return value.is_finite() and _SMALLEST <= value < _LARGEST


def _is_volume(value: Decimal) -> bool:
    return value.is_finite() and 0 <= value < _LARGEST


def _is_outlier(price: Decimal, recent: tuple[Decimal, ...], limits: IntakeLimits) -> bool:
    if not recent:
        return False
    if len(recent) < limits.least:
        return abs(price - recent[-1]) > limits.jump * recent[-1]
    middle = median(recent)
    deviation = _NORMAL * median([abs(one - middle) for one in recent])
    return abs(price - middle) > limits.deviations * max(deviation, limits.floor * middle)


def _near(price: Decimal, other: Decimal, limits: IntakeLimits) -> bool:
    return abs(price - other) <= limits.deviations * limits.floor * other
