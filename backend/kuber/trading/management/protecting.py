"""Stops and targets of an open position: what rests at the venue is brought to what should.

Every look compares the two, so it does not matter how a difference came about: the first stop, a
refused one, a fill that came after the entry's end, a part that the venue ended.
"""

from kuber.trading.management.desk import ANSWER_DUE, SIBLING_DUE, Desk
from kuber.trading.management.judging import first_part, sold_at_first
from kuber.trading.management.plan import Protection
from kuber.trading.management.position import Leg, LegStatus, Part, Position, Role, Status, rest_of


def free(desk: Desk) -> None:
    """End exits of which there are more than is held: before anything else (M16).

    Parts that are sold, and parts that have lost their stop, end as well.
    """
    position = desk.position
    excess = position.resting() - max(position.held, 0)
    for part in reversed(tuple(position.parts())):
        if part.asked:
            excess -= part.rest
            late = desk.now - _asked_at(part) >= ANSWER_DUE
            if late and position.status is not Status.CLOSING:
                desk.cancel_again(part)
        elif excess > 0 or _is_left_over(desk, part):
            excess -= part.rest
            desk.cancel_part(part)
    for leg in position.at_market:
        if excess > 0 and leg.asked_at is None:
            excess -= rest_of((leg,))
            desk.cancel(leg)


def protect(desk: Desk) -> None:
    """Bring stops and targets of what is held to what they should be."""
    if not desk.position.entry_ended or desk.position.held <= 0:
        return
    reduce(desk)
    tighten(desk)
    cover(desk)
    trim(desk)


def reduce(desk: Desk) -> None:
    """Sell the part that a person closes, once the orders that hold it have ended.

    All parts end, so that those of the rest are of its halves; `cover` places them in this look.
    """
    position = desk.position
    lacks = position.lacks_reduce
    if not lacks or desk.now < position.retry_at:
        return
    free_to_sell = min(lacks, position.held - position.resting())
    if free_to_sell > 0:
        desk.at_market(Role.REDUCE, free_to_sell)
    if free_to_sell < lacks:
        for part in position.parts():
            if part.rest and not part.asked:
                desk.cancel_part(part)


def tighten(desk: Desk) -> None:
    """Move stops that are looser than today's level; the old one stands until the new one does."""
    position = desk.position
    if desk.now < position.retry_at:
        return
    for part in position.parts():
        moving = any(leg.replaces and leg.status is LegStatus.SENT for leg in part.live)
        if part.asked or moving or not part.rest:
            continue
        for stop in part.stops:
            if is_loose(position, stop) and stop.status is LegStatus.WORKING:
                desk.move_stop(stop, position.stop)


def is_loose(position: Position, stop: Leg) -> bool:
    """Return whether a stop stands further from profit than today's level."""
    assert stop.price is not None, "a stop has its price"
    return position.plan.tighter(stop.price, position.stop) != stop.price


def cover(desk: Desk) -> None:
    """Give what has no part one: target 1 gets what it still lacks, target 2 the rest."""
    position, plan = desk.position, desk.position.plan
    if plan.protection is Protection.MONITOR or desk.now < position.retry_at:
        return
    bare = position.held - position.resting()
    if position.trimming:
        bare -= max(lacks_trim(position) - rest_of(position.at_market), 0)
        first = 0
    else:
        first = min(max(first_part(position) - _given_to_first(position), 0), max(bare, 0))
    second = bare - first
    if first and second > 0 and not (plan.sellable(first) and plan.sellable(second)):
        first, second = (bare, 0) if first >= second else (0, bare)
    for target, quantity in ((1, first), (2, second)):
        if quantity > 0 and plan.sellable(quantity):
            desk.place_part(target if plan.target(target) else 1, quantity)


def trim(desk: Desk) -> None:
    """Sell what target 1 closes, once its stops have ended."""
    position = desk.position
    if not position.trimming:
        return
    lacks = lacks_trim(position) - rest_of(position.at_market)
    if lacks <= 0:
        return
    for part in position.parts():
        if part.target == 1 and part.rest and not part.asked:
            desk.cancel_part(part)
    free_to_sell = min(lacks, desk.position.held - desk.position.resting())
    if free_to_sell > 0 and desk.now >= position.retry_at:
        desk.at_market(Role.TRIM, free_to_sell)


def lacks_trim(position: Position) -> int:
    """Return what of target 1 is still to be sold at the market."""
    lacks = first_part(position) - sold_at_first(position)
    return max(min(lacks, position.held), 0)


def _given_to_first(position: Position) -> int:
    """Return what target 1 has had so far: sold in its parts, or resting in them."""
    sold = sum(leg.filled for leg in position.exits if leg.target == 1 or leg.role is Role.TRIM)
    return sold + sum(part.rest for part in position.parts() if part.target == 1)


def _is_left_over(desk: Desk, part: Part) -> bool:
    """Return whether a part stands on an old basis, or one of its orders is alone too long."""
    if any(leg.outdated for leg in part.live):
        return True
    since = max(leg.changed_at for leg in part.legs)
    alone = not part.rest or not part.stops
    return alone and desk.now - since >= SIBLING_DUE


def _asked_at(part: Part) -> int:
    return max(leg.asked_at for leg in part.live if leg.asked_at is not None)
