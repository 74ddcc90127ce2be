"""Which new orders the book takes: all of a submission, or none."""

from kuber.exchange import draws
from kuber.exchange.engine.arrivals import enter
from kuber.exchange.engine.lifecycle import alive, closable, would_flip
from kuber.exchange.engine.plain import is_plain, settle_at_once
from kuber.exchange.engine.store import Store
from kuber.exchange.engine.working import Group, Place, Working
from kuber.exchange.events import Accepted, Refused, Submit
from kuber.exchange.types import LIMITED, NewOrder
from kuber.exchange.units import from_quantity
from kuber.kernel.orders import OrderType, Side

DUPLICATE = ("40010001", "client_order_id must be unique")
WASH_TRADE = "40310000"
NOT_ENOUGH_HELD = "40310000"
REJECTED = ("simulated_rejection", "The simulated venue rejected the order (rejection rate).")
TOGETHER = ("submitted_together", "Another order of the same submission was refused.")

_ALONE = "\x1f"
"""Begins the name of a group of one, so that no named group is called like it."""

Fault = tuple[str, str]
"""A code and a text; the venue's own where it has them."""


def submit(store: Store, event: Submit) -> None:
    """Take all orders of a submission, or refuse all of them."""
    orders = event.orders
    if len(orders) == 1 and is_plain(store, orders[0]):
        one = Working(orders[0], store.next_sequence(), None)
        store.add(one)
        store.out.append(Accepted(one.id))
        if not settle_at_once(store, one):
            enter(store, one)
        return
    fault = _first_fault(store, orders)
    if fault is not None:
        at_fault, (code, text) = fault
        for order in orders:
            why = (code, text) if order is at_fault else TOGETHER
            store.out.append(Refused(order.id, *why))
        return
    taken = [_take(store, order) for order in orders]
    store.out.extend(Accepted(one.id) for one in taken)
    for one in taken:
        if alive(store, one) and one.place is Place.NOWHERE:
            enter(store, one)


def _take(store: Store, order: NewOrder) -> Working:
    group = _group_for(store, order)
    taken = Working(order, store.next_sequence(), group)
    store.add(taken)
    if group is not None:
        group.legs.append(order.id)
    if taken.parent is not None and taken.open == 0:
        store.put(taken, Place.PARENT)
    return taken


def _group_for(store: Store, order: NewOrder) -> Group | None:
    if order.group is None and order.parent is None:
        return None
    name = order.group if order.group is not None else f"{_ALONE}{order.id}"
    group = store.groups.get(name)
    if group is None:
        released = order.quantity if order.parent is None else 0
        group = store.groups[name] = Group(name, order.quantity, released, order.parent)
        if order.parent is not None:
            store.children.setdefault(order.parent, []).append(name)
    return group


def _first_fault(store: Store, orders: tuple[NewOrder, ...]) -> tuple[NewOrder, Fault] | None:
    for position, order in enumerate(orders):
        fault = (
            _bad_id(store, order, orders[:position])
            or _bad_numbers(store, order)
            or _bad_family(store, order, orders[:position])
            or _bad_effect(store, order)
            or _bad_neighbours(store, order, orders[:position])
        )
        if fault is not None:
            return order, fault
    if orders:
        first = orders[0]
        behaviour = first.behaviour
        rate = behaviour.rejection_rate
        if draws.happens(behaviour.seed, first.draw_key, draws.REJECTION, 0, rate):
            return first, REJECTED
    return None


def _bad_id(store: Store, order: NewOrder, before: tuple[NewOrder, ...]) -> Fault | None:
    if order.id in store.orders or any(order.id == one.id for one in before):
        return DUPLICATE
    if order.expires_at is not None and order.expires_at <= store.now:
        return ("expired", "The order's time was over before it was sent.")
    return None


def _bad_numbers(store: Store, order: NewOrder) -> Fault | None:
    missing = _missing(order)
    if missing is not None:
        return ("missing_price", missing)
    spec = order.spec
    if order.quantity <= 0:
        return ("bad_quantity", "The quantity must be more than nothing.")
    for price in (order.limit_price, order.stop_price):
        if price is not None and (price <= 0 or price % spec.tick_at(price)):
            return ("bad_price", "The price is not on the instrument's tick.")
    return None if order.closes else _too_small(store, order)


def _too_small(store: Store, order: NewOrder) -> Fault | None:
    """Return what is wrong with the size of an order that opens; what closes may be of any."""
    spec = order.spec
    if order.quantity % spec.lot:
        return ("bad_quantity", "The quantity is not on the instrument's quantity step.")
    if order.quantity < spec.minimum_quantity:
        return ("below_minimum", "The quantity is below the instrument's minimum.")
    price = order.limit_price or order.stop_price or store.last
    if price is not None and price * order.quantity < spec.minimum_value:
        return ("below_minimum", "The value is below the instrument's minimum.")
    return None


def _missing(order: NewOrder) -> str | None:
    kind = order.type
    if (kind in LIMITED) is (order.limit_price is None):
        return "A limit order has one limit price."
    if (kind in _STOPPED) is (order.stop_price is None):
        return "A stop order has one stop price."
    if kind is not OrderType.TRAILING_STOP:
        trails = order.trail_amount is not None or order.trail_percent is not None
        return "Only a trailing stop has a distance." if trails else None
    if (order.trail_amount is None) is (order.trail_percent is None):
        return "A trailing stop has one distance, an amount or a percentage."
    positive = (order.trail_amount or order.trail_percent or 0) > 0
    return None if positive else "A trailing stop's distance is more than nothing."


_STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


def _bad_family(store: Store, order: NewOrder, before: tuple[NewOrder, ...]) -> Fault | None:
    if order.parent is not None:
        parent = next((one for one in before if one.id == order.parent), None)
        if parent is None:
            working_parent = store.orders.get(order.parent)
            if working_parent is None or working_parent.filled:
                return ("no_parent", "The order's parent is not working, or partly filled.")
            parent = working_parent.order
        if parent.parent is not None or parent.group is not None:
            return ("bad_family", "An exit cannot have exits of its own.")
        if (parent.account, parent.side.opposite) != (order.account, order.side):
            return ("bad_family", "An exit belongs to its entry's account, on the other side.")
    if order.group is None:
        return None
    leg = next((one for one in before if one.group == order.group), None)
    if leg is None:
        taken = order.group in store.groups
        return ("bad_family", "A group is submitted together.") if taken else None
    same = ("account", "side", "quantity", "parent", "position_id", "effect")
    if any(getattr(leg, name) != getattr(order, name) for name in same):
        return ("bad_family", "The orders of a group share account, side, quantity and parent.")
    return None


def _bad_effect(store: Store, order: NewOrder) -> Fault | None:
    if order.closes:
        return None
    buys = order.side is Side.BUY
    if not buys and not order.spec.shortable:
        return ("not_shortable", "The instrument cannot be sold short.")
    if would_flip(store, order.account, buys=buys):
        return ("would_flip", "The account holds the other side: close that first.")
    return None


def _bad_neighbours(store: Store, order: NewOrder, before: tuple[NewOrder, ...]) -> Fault | None:
    """Return what a venue objects to that looks at the account's other orders."""
    behaviour = order.behaviour
    if order.parent is not None:
        return None
    if behaviour.refuses_wash_trades:
        for one in store.by_account.get(order.account, {}).values():
            if one.order.side is not order.side and _washes(one, order):
                text = f"potential wash trade detected. use complex orders; existing order {one.id}"
                return (WASH_TRADE, text)
    if behaviour.closing_reserves and order.closes:
        return _not_enough_held(store, order, before)
    return None


def _washes(resting: Working, order: NewOrder) -> bool:
    """Return whether two orders of one account on opposite sides could trade with each other."""
    if resting.place is Place.PARENT:
        return False
    if resting.limit is None or order.limit_price is None:
        return True
    if resting.buys:
        return order.limit_price <= resting.limit
    return order.limit_price >= resting.limit


def _not_enough_held(store: Store, order: NewOrder, before: tuple[NewOrder, ...]) -> Fault | None:
    if order.group is not None and any(one.group == order.group for one in before):
        return None  # the group holds its shares once
    groups = set[str]()
    reserved = 0
    for one in store.by_account.get(order.account, {}).values():
        if not one.closes or one.order.side is not order.side or one.group in groups:
            continue
        reserved += one.open
        if one.group is not None:
            groups.add(one.group)
    held = closable(store, Working(order, 0, None))
    if order.quantity <= held - reserved:
        return None
    asked, free = from_quantity(order.quantity), from_quantity(max(held - reserved, 0))
    text = f"insufficient qty available for order (requested: {asked}, available: {free})"
    return (NOT_ENOUGH_HELD, f"{text}; held_for_orders: {from_quantity(reserved)}")
