"""Money set aside for orders, and the margin of what is short. Amounts in 10^-21.

Sources: Alpaca reserves for open orders, values a market order that sells short 3 % above the ask
and a market buy 2.5 to 4 % above (venue facts, S1); a short keeps 150 % of its value and is closed
below 130 % (rule M23).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kuber.exchange.fees import FeeSchedule
from kuber.exchange.types import LIMITED, NewOrder
from kuber.exchange.units import MILLION, PRICE_ONE
from kuber.kernel.orders import Side

WIDE_COLLAR_BELOW = 50 * PRICE_ONE
WIDE_COLLAR, NARROW_COLLAR = 40_000, 25_000
"""4 % below a price of 50, else 2.5 %, in millionths."""
SHORT_VALUATION = 1_030_000
"""A short is reserved for at 1.03 times the ask."""
INITIAL_MARGIN = 500_000
"""What a short needs besides its proceeds: half of its value, 150 % with them."""
CALL_BELOW = 1_300_000
"""Equity over short value, in millionths, below which a short is closed."""


def collared(price: int) -> int:
    """Return the price 4 % (below 50) or 2.5 % above, rounded down."""
    share = WIDE_COLLAR if price < WIDE_COLLAR_BELOW else NARROW_COLLAR
    return price * (MILLION + share) // MILLION


def needed(price: int, quantity: int, fee: int, *, buys: bool) -> int:
    """Return what a fill takes out of its order's reservation.

    A buy takes its price; what is sold short half of its value; both the fee.
    """
    value = price * quantity
    if not buys:
        value = -(-value * INITIAL_MARGIN // MILLION)
    return value + fee


def reservation(order: NewOrder, ask: int | None) -> int:
    """Return the money to set aside for an order, its whole fee included.

    ask: the price that a market order would meet; a limit order that buys needs none. What closes
    needs none of it either, beyond its fee.
    """
    price = _valued_at(order, ask)
    fee = largest_fee(order.behaviour.fees, order.quantity, price)
    if order.closes:
        return fee
    return needed(price, order.quantity, fee, buys=order.side is Side.BUY)


def largest_fee(schedule: FeeSchedule, quantity: int, price: int) -> int:
    """Return the fee of an order that fills completely at `price`."""
    return schedule.total(quantity, price * quantity)


def held_after_short(price: int, quantity: int) -> int:
    """Return what an account keeps for a short that was filled: 150 % of its value."""
    return -(-price * quantity * (MILLION + INITIAL_MARGIN) // MILLION)


def _valued_at(order: NewOrder, ask: int | None) -> int:
    if order.side is Side.BUY:
        if order.type in LIMITED:
            assert order.limit_price is not None, "a limit order has its limit"
            return order.limit_price
        known = order.stop_price if order.stop_price is not None else ask
        assert known is not None, "a market order is valued at a known price"
        return collared(known)
    candidates = [price for price in (ask, order.limit_price) if price is not None]
    assert candidates, "what is sold short is valued at a known price"
    # A limit above the market fills at the limit or better: it is what the short may be worth.
    return -(-max(candidates) * SHORT_VALUATION // MILLION)


@dataclass(frozen=True, slots=True)
class Held:
    """A position at its latest price; `quantity` is negative for a short."""

    key: str
    quantity: int
    price: int


@dataclass(frozen=True, slots=True)
class Margin:
    """`ratio` is equity-backed cover over short value in millionths, None without shorts. `call`
    is the first short to close, None when all is covered."""

    ratio: int | None
    call: str | None


def margin(cash: int, positions: Iterable[Held]) -> Margin:
    """Return how far an account's shorts are covered, by cash (10^-21, proceeds included) and
    longs; the largest short is closed first, equal ones by key."""
    long_value, shorts = 0, []
    for one in positions:
        value = one.quantity * one.price
        if value < 0:
            shorts.append((value, one.key))
        else:
            long_value += value
    if not shorts:
        return Margin(None, None)
    ratio = (cash + long_value) * MILLION // -sum(value for value, _ in shorts)
    return Margin(ratio, min(shorts)[1] if ratio < CALL_BELOW else None)


def shortfall(cash: int) -> int:
    """Return the debt of an account whose cash is gone (10^-21), at least 0; it is booked, never
    clipped (rule M23)."""
    return max(-cash, 0)
