"""What a fill and an end do to an order, its group, its children and the holdings."""

from kuber.exchange.behaviour import Children
from kuber.exchange.engine.store import Store
from kuber.exchange.engine.working import Group, Place, Working
from kuber.exchange.events import (
    Cancelled,
    ChildrenDropped,
    Expired,
    Filled,
    Reason,
    Reduced,
    Released,
)
from kuber.exchange.fees import FREE
from kuber.exchange.reservations import needed
from kuber.exchange.types import NewOrder


def closable(store: Store, order: Working) -> int:
    """Return how much an order may reduce: what its position and its account both hold."""
    account = order.order.account
    held = store.held_by_account.get(account, 0)
    held = -held if order.buys else held
    if order.order.position_id is not None:
        own = store.held_by_position.get((account, order.order.position_id), 0)
        held = min(held, -own if order.buys else own)
    return max(held, 0)


def would_flip(store: Store, account: str, *, buys: bool) -> bool:
    """Return whether an order that opens would meet a holding on the other side."""
    held = store.held_by_account.get(account, 0)
    return held < 0 if buys else held > 0


def fill(store: Store, order: Working, quantity: int, price: int, against: str | None) -> None:
    """Book one fill, tell it, and let group and children follow."""
    assert 0 < quantity <= order.open, "no fill beyond what is open"
    name, buys, reserved = order.id, order.buys, order.reserved
    order.open -= quantity
    order.filled = filled = order.filled + quantity
    order.fills = number = order.fills + 1
    order.value += price * quantity
    fee, schedule = 0, order.order.behaviour.fees
    if schedule is not FREE:
        fee = max(schedule.total(filled, order.value) - order.fee, 0)
        order.fee += fee
    if reserved is not None:
        spent = fee if order.closes else needed(price, quantity, fee, buys=buys)
        order.reserved = reserved = max(reserved - spent, 0)
    _hold(store, order.order, quantity if buys else -quantity)
    left = order.quantity - filled
    store.out.append(Filled(name, number, quantity, price, fee, store.now, against, left, reserved))
    if left == 0:
        store.forget(order)
    elif order.open == 0:
        store.put(order, Place.PARENT)  # a leg whose parent may release more
    if order.group is not None:
        _group_filled(store, store.groups[order.group], order, quantity)
    if name in store.children:
        _parent_filled(store, order)


def end(store: Store, order: Working, reason: Reason | None) -> None:
    """End an order that is not filled; None stands for its time."""
    store.forget(order)
    store.out.append(Expired(order.id) if reason is None else Cancelled(order.id, reason))
    if order.group is not None:
        group = store.groups[order.group]
        group.legs.remove(order.id)
        end_legs(store, group, Reason.GROUP_ENDED, together=reason is None)
    if order.id in store.children:
        _parent_ended(store, order)


def end_legs(store: Store, group: Group, reason: Reason, *, together: bool = False) -> None:
    """End every order of a group, and the group.

    together: one of them expired, and those whose time is over too have expired with it.
    """
    while group.legs:
        leg = store.orders[group.legs.pop(0)]
        store.forget(leg)
        over = together and leg.expires_at is not None and leg.expires_at <= store.now
        store.out.append(Expired(leg.id) if over else Cancelled(leg.id, reason))
    _drop(store, group)


def alive(store: Store, order: Working) -> bool:
    """Return whether an order is still in the book, under the id that it has."""
    return store.orders.get(order.id) is order


def _hold(store: Store, terms: NewOrder, change: int) -> None:
    account, position = terms.account, terms.position_id
    by_account = store.held_by_account
    if held := by_account.get(account, 0) + change:
        by_account[account] = held
    else:
        by_account.pop(account, None)
    if position is not None:
        own = store.held_by_position.get((account, position), 0)
        store.hold(account, position, own + change)


def _group_filled(store: Store, group: Group, filled: Working, quantity: int) -> None:
    group.filled += quantity
    if filled.filled == filled.quantity:
        group.legs.remove(filled.id)
    if group.rest == 0:
        end_legs(store, group, Reason.GROUP_FILLED)
        return
    for name in tuple(group.legs):
        leg = store.orders[name]
        if leg is not filled:
            _fit(store, group, leg)
    if not group.legs:
        _drop(store, group)


def _fit(store: Store, group: Group, leg: Working) -> None:
    """Make a leg no larger than what its group has left; it keeps its priority."""
    before = leg.quantity
    leg.quantity = min(before, leg.filled + group.rest)
    leg.open = min(leg.quantity - leg.filled, group.released - group.filled)
    if leg.quantity == leg.filled:
        group.legs.remove(leg.id)
        store.forget(leg)
        store.out.append(Cancelled(leg.id, Reason.GROUP_FILLED))
        return
    if leg.quantity < before:
        store.out.append(Reduced(leg.id, leg.quantity - leg.filled))
    if leg.open == 0:
        store.put(leg, Place.PARENT)


def _drop(store: Store, group: Group) -> None:
    del store.groups[group.id]
    if group.parent is not None and group.parent in store.children:
        siblings = store.children[group.parent]
        siblings.remove(group.id)
        if not siblings:
            del store.children[group.parent]


def _parent_filled(store: Store, parent: Working) -> None:
    done = parent.filled == parent.quantity
    if done or parent.order.behaviour.children is Children.FILLED:
        rest = parent.filled
        for name in store.children[parent.id]:
            group = store.groups[name]
            _release(store, group, min(rest, group.quantity))
            rest -= min(rest, group.quantity)
    if done:
        _shrink(store, parent)


def _release(store: Store, group: Group, released: int) -> None:
    """Let the orders of a group trade up to `released`. They meet the next price, not this one."""
    if released <= group.released:
        return
    group.released = released
    for name in group.legs:
        leg = store.orders[name]
        opened = min(leg.quantity - leg.filled, group.released - group.filled)
        if opened <= leg.open:
            continue
        leg.open = opened
        store.out.append(Released(leg.id, opened))
        if leg.place is Place.PARENT:
            leg.effective_at = max(leg.effective_at, store.now)
            leg.sequence = store.next_sequence()
            store.put(leg, Place.FRESH)


def _parent_ended(store: Store, parent: Working) -> None:
    partly = parent.filled > 0
    if partly and parent.order.behaviour.children is Children.FILLED:
        _shrink(store, parent)
        return
    if partly:
        store.out.append(ChildrenDropped(parent.id))
    for name in tuple(store.children.pop(parent.id)):
        end_legs(store, store.groups[name], Reason.PARENT_ENDED)


def _shrink(store: Store, parent: Working) -> None:
    """Fit the groups of an ended parent to what it filled, and let them go on alone."""
    for name in tuple(store.children.pop(parent.id)):
        group = store.groups[name]
        group.quantity = group.released
        group.parent = None
        if group.rest == 0:
            end_legs(store, group, Reason.PARENT_ENDED)
            continue
        for leg in tuple(group.legs):
            _fit(store, group, store.orders[leg])
