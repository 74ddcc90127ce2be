"""An order reaches the exchange, or its next chance: what it does at once."""

from heapq import heappush

from kuber.exchange.engine.lifecycle import alive, end
from kuber.exchange.engine.matching import execute, quoted
from kuber.exchange.engine.store import Store, watched_price
from kuber.exchange.engine.working import Place, Working
from kuber.exchange.events import Held, HoldReason, Quote, Reason, Trailed, Triggered
from kuber.exchange.reservations import collared
from kuber.exchange.units import floor_to
from kuber.kernel.orders import OrderType

_FRESH, _PARENT, _RESTS = Place.FRESH, Place.PARENT, Place.RESTS

_SHUT = {
    HoldReason.MARKET_CLOSED: Reason.MARKET_CLOSED,
    HoldReason.HALTED: Reason.HALTED,
}


def enter(store: Store, order: Working) -> None:
    """Take a new order: to its parent, on its way, or to the exchange."""
    if order.parent is not None and order.open == 0:
        store.put(order, Place.PARENT)
    elif order.effective_at > store.now:
        store.put(order, Place.TRAVELS)
    else:
        arrive(store, order)


def arrive(store: Store, order: Working, *, with_a_price: bool = False) -> None:
    """Let an order that is now at the exchange do what it can.

    with_a_price: a price comes at the same moment, which it meets with all others.
    """
    if order.auctioned:
        store.put(order, Place.AUCTION)
        return
    shut = store.shut(order)
    if order.impatient:
        if shut is not None:
            end(store, order, _SHUT[shut])
            return
        _wait_no_longer(store, order)
    order.sequence = store.next_sequence()
    store.put(order, _FRESH)
    if shut is not None:
        hold(store, order, shut)
    elif not with_a_price:
        meet(store, order)


def meet(store: Store, order: Working) -> None:
    """Let a fresh order meet users, and the quote if it is fresh enough for it.

    Afterwards it is still fresh, or waits at its place, or has ended.
    """
    shut = store.shut(order)
    if shut is not None:
        hold(store, order, shut)
        return
    quote = store.price_for(order)
    if order.dormant and (quote is None or not start_stop(store, order, quote)):
        return
    if quote is None and order.limit is None:
        hold(store, order, HoldReason.NO_FRESH_PRICE)
        return
    trade(store, order, quote, passive=False)
    if not alive(store, order) or order.place is _PARENT:
        return
    if quote is not None:
        settle_down(store, order)
    elif order.place is _FRESH and marketable(store, order):
        hold(store, order, HoldReason.NO_FRESH_PRICE)


def trade(store: Store, order: Working, quote: Quote | None, *, passive: bool) -> None:
    """Fill an order from users and from a quote, as far as both go.

    An impatient order that has met no quote yet keeps waiting for one, unless users fill it.
    """
    if quote is None:
        if order.order.crossing and not order.impatient:
            execute(store, order, None)
        return
    execute(store, order, quoted(store, order, quote, passive=passive))


def settle_down(store: Store, order: Working) -> None:
    """Put an order that has met its first price where it waits for others."""
    if order.limit is None:
        if order.place is not Place.WAITS:
            store.put(order, Place.WAITS)
        hold(store, order, HoldReason.NO_LIQUIDITY)
    elif order.place is not _RESTS:
        store.put(order, _RESTS)


def start_stop(store: Store, order: Working, quote: Quote) -> bool:
    """Let a stop watch the price from now on; return whether it is triggered at once."""
    price = watched_price(order, quote)
    if order.trails and order.mark is None:
        set_mark(store, order, price)
    assert order.stop is not None, "a stop has its price"
    if (price >= order.stop) if order.buys else (price <= order.stop):
        trigger(store, order, price)
        return True
    if order.place is not Place.TRIGGER:
        store.put(order, Place.TRIGGER)
    return False


def set_mark(store: Store, order: Working, mark: int) -> None:
    """Give a trailing stop the best price seen, and the stop behind it."""
    place = order.place
    store.put(order, Place.NOWHERE)
    order.mark, order.stop = mark, order.stop_behind(mark)
    store.put(order, place)
    store.out.append(Trailed(order.id, mark, order.stop))


def trigger(store: Store, order: Working, price: int) -> None:
    """Turn a stop into a market order, or into a limit order where it has a limit.

    It stands with the fresh orders: it meets the price that triggered it.
    """
    store.put(order, Place.NOWHERE)
    order.triggered, order.dormant = True, False
    terms = order.order
    if order.buys and terms.type is OrderType.STOP and terms.behaviour.collared_buy_stops:
        assert order.stop is not None, "a stop has its price"
        limit = collared(order.stop)
        order.limit = floor_to(limit, terms.spec.tick_at(limit))
    order.sequence = store.next_sequence()
    store.put(order, Place.FRESH)
    store.out.append(Triggered(order.id, store.now, price))


def marketable(store: Store, order: Working) -> bool:
    """Return whether an order would fill at the last price known, fresh or not."""
    if order.limit is None:
        return True
    if store.last is None:
        return False
    return order.limit >= store.last if order.buys else order.limit <= store.last


def hold(store: Store, order: Working, reason: HoldReason) -> None:
    """Say why an order waits, once for each reason; what only waits for its price says nothing.

    In a market that is shut every order waits, whatever its limit: a host may have left out the
    last quotes, so they must not decide.
    """
    if order.held == reason or order.dormant:
        return
    if reason is HoldReason.NO_FRESH_PRICE and not marketable(store, order):
        return
    order.held = reason
    newer_than = store.price_at if reason is HoldReason.NO_FRESH_PRICE else None
    store.out.append(Held(order.id, reason, newer_than))


def _wait_no_longer(store: Store, order: Working) -> None:
    """Give an impatient order its last moment."""
    until = order.effective_at + order.order.behaviour.patience
    if order.expires_at is None or until < order.expires_at:
        order.expires_at = until
        heappush(store.expiring, (until, order.born, order.id))
