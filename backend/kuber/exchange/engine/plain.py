"""The common order, taken in one go: a limit order to open, which lasts, alone, with its money.

It gets the answers of `admission.submit` and leaves the book in the same state; the steps that
cannot concern it are left out. Whatever is not plain about an order, about the market or about
whom it would meet is found before anything changes, and sends it the long way.
"""

from kuber.exchange import draws
from kuber.exchange.engine.arrivals import hold, marketable
from kuber.exchange.engine.lifecycle import fill, would_flip
from kuber.exchange.engine.store import Store
from kuber.exchange.engine.working import Place, Working
from kuber.exchange.events import Accepted, HoldReason, MarketPhase
from kuber.exchange.types import Effect, NewOrder
from kuber.kernel.orders import OrderType, Side, TimeInForce

_OPEN, _FRESH, _RESTS = MarketPhase.OPEN, Place.FRESH, Place.RESTS
_LIMIT, _GTC, _DAY = OrderType.LIMIT, TimeInForce.GTC, TimeInForce.DAY
_BUY, _OPENS, _NO_FRESH_PRICE = Side.BUY, Effect.OPEN, HoldReason.NO_FRESH_PRICE

Take = tuple[Working, int, int]
"""Another user's order, the quantity that it gives, and its price."""


def take_plain(store: Store, order: NewOrder) -> bool:
    """Take an order, match it and let it rest; False where it is not plain: nothing has changed."""
    limit = order.limit_price
    if limit is None or not (_is_plain(order, store) and _is_sound(order, limit, store)):
        return False
    buys = order.side is _BUY
    quote = store.quote
    if quote is not None and quote.at < order.effective_at:
        quote = None
    if quote is not None:
        touch = quote.ask if buys else quote.bid
        if touch is None or ((touch <= limit) if buys else (touch >= limit)):
            return False
    takes = _takes(store, order, limit)
    if takes is None:
        return False
    store.sequence += 2  # its birth, and its turn
    taken = Working(order, store.sequence - 1, None)
    taken.sequence += 1
    store.add(taken)
    store.out.append(Accepted(order.id))
    for other, quantity, price in takes:
        fill(store, other, quantity, price, order.id)
        fill(store, taken, quantity, price, other.id)
    if taken.open > 0:
        store.put(taken, _FRESH if quote is None else _RESTS)
        if quote is None and marketable(store, taken):
            hold(store, taken, _NO_FRESH_PRICE)
    return True


def _is_plain(order: NewOrder, store: Store) -> bool:
    """Return whether the order and the market are of the common kind."""
    return (
        order.type is _LIMIT
        and (order.time_in_force is _GTC or order.time_in_force is _DAY)
        and order.effect is _OPENS
        and order.group is None
        and order.parent is None
        and order.stop_price is None
        and order.trail_amount is None
        and order.trail_percent is None
        and store.phase is _OPEN
        and not store.halted
        and order.effective_at <= store.now
    )


def _is_sound(order: NewOrder, limit: int, store: Store) -> bool:
    """Return whether no rule of admission speaks against a plain order; which one, it tells."""
    spec, behaviour = order.spec, order.behaviour
    tick = spec.tick if spec.fine_tick is None else spec.tick_at(limit)
    quantity, ends = order.quantity, order.expires_at
    buys = order.side is _BUY
    return not (
        limit <= 0
        or limit % tick
        or quantity <= 0
        or quantity % spec.lot
        or quantity < spec.minimum_quantity
        or (spec.minimum_value and limit * quantity < spec.minimum_value)
        or order.id in store.orders
        or (ends is not None and ends <= store.now)
        or behaviour.refuses_wash_trades
        or not (buys or spec.shortable)
        or would_flip(store, order.account, buys=buys)
        or (behaviour.rejection_rate and _is_rejected(order))
    )


def _is_rejected(order: NewOrder) -> bool:
    behaviour = order.behaviour
    key, rate = order.draw_key, behaviour.rejection_rate
    return draws.happens(behaviour.seed, key, draws.REJECTION, 0, rate)


def _takes(store: Store, order: NewOrder, limit: int) -> list[Take] | None:
    """Return what a plain order gets from other users; None where one of them is not plain.

    Nobody here can run out of money or shares, and none of them ends with another: so what was
    planned for one holds whatever the fills before it do.
    """
    takes: list[Take] = []
    if not order.crossing:
        return takes
    others = store.opposite_of(buys=order.side is _BUY)
    if not others.reaches(limit):
        return takes
    if order.reserved is not None:
        return None
    owner, need = order.owner, order.quantity
    held = store.held_by_account
    for other in others.until(limit):
        terms = other.order
        if terms.owner == owner:
            continue
        if other.closes or other.group is not None or other.reserved is not None:
            return None
        if terms.account in held and would_flip(store, terms.account, buys=other.buys):
            continue
        assert other.limit is not None, "what rests has a limit"
        if other.open >= need:
            takes.append((other, need, other.limit))
            return takes
        takes.append((other, other.open, other.limit))
        need -= other.open
    return takes
