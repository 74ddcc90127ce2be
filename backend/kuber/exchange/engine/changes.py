"""Cancels, replacements and splits."""

from heapq import heappush

from kuber.exchange.engine.arrivals import enter
from kuber.exchange.engine.lifecycle import end
from kuber.exchange.engine.store import Store
from kuber.exchange.engine.working import Place, Working
from kuber.exchange.events import (
    Adjust,
    Adjusted,
    Cancel,
    CancelRefused,
    Reason,
    Replace,
    Replaced,
    ReplaceRefused,
)
from kuber.exchange.units import ceil_to, floor_to


def cancel(store: Store, event: Cancel) -> None:
    """End an order at its owner's wish; one leg ends its group."""
    order = store.orders.get(event.id)
    if order is None:
        store.out.append(CancelRefused(event.id, "not_working"))
    else:
        end(store, order, Reason.ASKED)


def replace(store: Store, event: Replace) -> None:
    """Give a working order a new id and new terms, if nothing was filled meanwhile."""
    order = store.orders.get(event.id)
    fault = "not_working" if order is None else _fault(store, order, event)
    if fault is not None or order is None:
        store.out.append(ReplaceRefused(event.id, fault or "not_working"))
        return
    before = order.quantity - order.filled
    remaining = before if event.remaining is None else event.remaining
    prices = (event.limit_price, event.stop_price, event.trail_amount, event.trail_percent)
    keeps = remaining < before and all(price is None for price in prices)
    place = order.place
    if not keeps:
        store.put(order, Place.NOWHERE)
    _rename(store, order, event.new_id)
    order.quantity = order.filled + remaining
    order.open = _open(store, order)
    if event.reserved is not None:
        order.reserved = event.reserved
    store.out.append(Replaced(event.id, event.new_id))
    if keeps:
        return
    _set_prices(order, event)
    order.met, order.held = -1, None
    order.sequence = store.next_sequence()
    order.effective_at = event.at if event.effective_at is None else event.effective_at
    if place is Place.PARENT or order.open == 0:
        store.put(order, Place.PARENT)
    else:
        enter(store, order)


def adjust(store: Store, event: Adjust) -> None:
    """Put orders and holdings on the basis after a split; the last quote is of the old one."""
    ratio = (event.numerator, event.denominator)
    store.quote, store.last = None, None
    store.consumed.clear()
    for account, held in tuple(store.held_by_account.items()):
        store.hold(account, None, _towards_zero(held, *ratio))
    for (account, position), held in tuple(store.held_by_position.items()):
        store.hold(account, position, _towards_zero(held, *ratio))
    for group in store.groups.values():
        group.filled = group.filled * event.numerator // event.denominator
        group.released = group.released * event.numerator // event.denominator
        group.quantity = group.quantity * event.numerator // event.denominator
    orders = sorted(store.orders.values(), key=lambda one: one.sequence)
    for order in orders:
        _adjust_order(store, order, event)
    for order in orders:
        if store.orders.get(order.id) is order and order.quantity <= order.filled:
            end(store, order, Reason.SPLIT)


def _adjust_order(store: Store, order: Working, event: Adjust) -> None:
    place = order.place
    store.put(order, Place.NOWHERE)
    order.quantity = order.quantity * event.numerator // event.denominator
    order.filled = order.filled * event.numerator // event.denominator
    if not order.closes:
        lots = floor_to(order.quantity - order.filled, order.order.spec.lot)
        order.quantity = order.filled + lots
    order.open = _open(store, order)
    # An exit comes earlier rather than later; an entry never pays more than was ordered.
    early = order.buys if order.closes else not order.buys
    order.limit = _split_price(order, order.limit, event, up=early)
    order.stop = _split_price(order, order.stop, event, up=not order.buys)
    order.mark = _split_price(order, order.mark, event, up=not order.buys)
    if order.trail_amount is not None:
        order.trail_amount = max(order.trail_amount * event.denominator // event.numerator, 1)
    store.put(order, place)
    left = order.quantity - order.filled
    if left > 0:
        store.out.append(Adjusted(order.id, left, order.limit, order.stop))


def _split_price(order: Working, price: int | None, event: Adjust, *, up: bool) -> int | None:
    if price is None:
        return None
    above, below = price * event.denominator, event.numerator
    exact = -(-above // below) if up else above // below
    tick = order.order.spec.tick_at(exact)
    return max(ceil_to(exact, tick) if up else floor_to(exact, tick), tick)


def _towards_zero(held: int, numerator: int, denominator: int) -> int:
    size = abs(held) * numerator // denominator
    return -size if held < 0 else size


def _fault(store: Store, order: Working, event: Replace) -> str | None:
    if event.expected_filled != order.filled:
        return "changed"
    if event.new_id in store.orders:
        return "duplicate"
    if event.remaining is not None:
        if event.remaining <= 0:
            return "bad_quantity"
        if order.group is not None and event.remaining > store.groups[order.group].rest:
            return "more_than_the_group"
    return _bad_price(order, event)


def _bad_price(order: Working, event: Replace) -> str | None:
    spec = order.order.spec
    for new, old in (
        (event.limit_price, order.limit),
        (event.stop_price, order.order.stop_price),
        (event.trail_amount, order.trail_amount),
        (event.trail_percent, order.trail_percent),
    ):
        if new is not None and (old is None or new <= 0):
            return "no_such_price"
    for price in (event.limit_price, event.stop_price):
        if price is not None and price % spec.tick_at(price):
            return "bad_price"
    if event.stop_price is not None and order.triggered:
        return "triggered"
    return None


def _set_prices(order: Working, event: Replace) -> None:
    if event.limit_price is not None:
        order.limit = event.limit_price
    if event.stop_price is not None:
        order.stop = event.stop_price
    if event.trail_amount is not None:
        order.trail_amount = event.trail_amount
    if event.trail_percent is not None:
        order.trail_percent = event.trail_percent
    if order.trails and order.mark is not None:
        order.stop = order.stop_behind(order.mark)


def _open(store: Store, order: Working) -> int:
    left = order.quantity - order.filled
    if order.group is None:
        return left
    group = store.groups[order.group]
    return max(min(left, group.released - group.filled), 0)


def _rename(store: Store, order: Working, new: str) -> None:
    """Give an order another id wherever it is known."""
    old = order.id
    del store.orders[old]
    mine = store.by_account[order.order.account]
    del mine[old]
    order.id = new
    store.orders[new] = mine[new] = order
    if order.expires_at is not None:
        heappush(store.expiring, (order.expires_at, order.born, new))
    if order.place is Place.TRAVELS:
        heappush(store.due, (order.effective_at, order.sequence, new))
    if order.group is not None:
        legs = store.groups[order.group].legs
        legs[legs.index(old)] = new
    if old in store.children:
        store.children[new] = store.children.pop(old)
        for name in store.children[new]:
            group = store.groups[name]
            group.parent = new
            for leg in group.legs:
                store.orders[leg].parent = new
