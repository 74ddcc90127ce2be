"""The short way of the common order: one that comes alone, opens, and belongs to no other.

It gives the answers of the long way (`admission`, `arrivals`, `matching`) and leaves the book in
the same state; the steps that cannot concern such an order are left out. Whatever is not plain
about an order, the market or whom it would meet is found before anything changes, and sends it the
long way. `tests/unit/exchange/test_plain_orders.py` plays both.
"""

from collections.abc import Iterable

from kuber.exchange import draws
from kuber.exchange.engine.arrivals import hold, marketable
from kuber.exchange.engine.matching import Part, carry_out
from kuber.exchange.engine.purse import purse_of
from kuber.exchange.engine.store import Store
from kuber.exchange.engine.working import Place, Working
from kuber.exchange.events import HoldReason, MarketPhase, Quote
from kuber.exchange.types import Effect, NewOrder
from kuber.kernel.orders import OrderType, Side, TimeInForce

_OPEN, _FRESH, _RESTS = MarketPhase.OPEN, Place.FRESH, Place.RESTS
_LIMIT, _MARKET, _STOP = OrderType.LIMIT, OrderType.MARKET, OrderType.STOP
_GTC, _DAY = TimeInForce.GTC, TimeInForce.DAY
_BUY, _OPENS, _NO_FRESH_PRICE = Side.BUY, Effect.OPEN, HoldReason.NO_FRESH_PRICE


def is_plain(store: Store, order: NewOrder) -> bool:
    """Return whether an order is of the common kind and no rule of admission speaks against it.

    False may mean that it is refused, or that only the long way can tell.
    """
    kind = order.type
    if kind is _LIMIT:
        price, none = order.limit_price, order.stop_price
    elif kind is _STOP:
        price, none = order.stop_price, order.limit_price
    elif kind is _MARKET:
        price, none = store.last, order.limit_price or order.stop_price
    else:
        return False
    if (price is None and kind is not _MARKET) or none is not None:
        return False
    return (
        order.effect is _OPENS
        and order.group is None
        and order.parent is None
        and order.trail_amount is None
        and order.trail_percent is None
        and order.id not in store.orders
        and (order.expires_at is None or order.expires_at > store.now)
        and _is_in_steps(order, price)
        and _is_free_to_open(store, order)
    )


def _is_in_steps(order: NewOrder, price: int | None) -> bool:
    """Return whether price and quantity are such that the instrument is traded in."""
    spec, quantity = order.spec, order.quantity
    if price is not None and order.type is not _MARKET:
        tick = spec.tick if spec.fine_tick is None else spec.tick_at(price)
        if price <= 0 or price % tick:
            return False
    return (
        quantity > 0
        and quantity % spec.lot == 0
        and quantity >= spec.minimum_quantity
        and (spec.minimum_value == 0 or price is None or price * quantity >= spec.minimum_value)
    )


def _is_free_to_open(store: Store, order: NewOrder) -> bool:
    """Return whether the account may open on that side, and chance lets it."""
    behaviour = order.behaviour
    held = store.held_by_account.get(order.account, 0)
    if (held < 0) if order.side is _BUY else (held > 0 or not order.spec.shortable):
        return False
    if behaviour.refuses_wash_trades:
        return False
    rate = behaviour.rejection_rate
    return rate == 0 or not draws.happens(behaviour.seed, order.draw_key, draws.REJECTION, 0, rate)


def settle_at_once(store: Store, order: Working) -> bool:
    """Match a new plain order that lasts with users, and let it rest; False: the long way.

    The market outside must have nothing for it, and the users whom it meets must be plain too.
    """
    limit, terms = order.limit, order.order
    if limit is None or order.dormant or not _lasts_now(store, order):
        return False
    quote = store.price_for(order)
    if quote is not None and _is_offered(quote, limit, buys=order.buys):
        return False
    parts: list[Part] | None = []
    if terms.crossing and (others := store.opposite(order)).reaches(limit):
        parts = _parts(store, order, others.until(limit))
    if parts is None:
        return False
    order.sequence = store.next_sequence()
    for part in parts:
        carry_out(store, order, part, None)
    if order.open > 0:
        store.put(order, _FRESH if quote is None else _RESTS)
        if quote is None and marketable(store, order):
            hold(store, order, _NO_FRESH_PRICE)
    return True


def _lasts_now(store: Store, order: Working) -> bool:
    """Return whether an order is at the exchange, may trade, and may wait."""
    lives = order.order.time_in_force
    return (
        (lives is _GTC or lives is _DAY)
        and order.effective_at <= store.now
        and store.phase is _OPEN
        and not store.halted
    )


def _is_offered(quote: Quote, limit: int, *, buys: bool) -> bool:
    """Return whether a quote may give something at a limit; the long way knows what."""
    touch = quote.ask if buys else quote.bid
    return touch is None or ((touch <= limit) if buys else (touch >= limit))


def _parts(store: Store, order: Working, others: Iterable[Working]) -> list[Part] | None:
    """Return what a plain order gets from other users; None where one of them is not plain.

    Everybody here has money for all that is planned, and none ends with another: what is planned
    for one holds whatever the fills before it do.
    """
    parts: list[Part] = []
    owner, need = order.order.owner, order.open
    purse = purse_of(order)
    held_by_account = store.held_by_account
    for other in others:
        terms = other.order
        if terms.owner == owner:
            continue
        price, quantity = other.limit, other.open
        if price is None or other.closes or other.group is not None:
            return None
        held = held_by_account.get(terms.account, 0)
        if (held < 0) if other.buys else (held > 0):
            continue  # it would flip
        if other.reserved is not None and not _pays(other, quantity, price):
            return None
        quantity = min(quantity, need)
        if purse is not None and purse.take(quantity, price) < quantity:
            return None
        parts.append((quantity, price, other))
        need -= quantity
        if need == 0:
            break
    return parts


def _pays(order: Working, quantity: int, price: int) -> bool:
    purse = purse_of(order)
    return purse is None or purse.affords(quantity, price) == quantity
