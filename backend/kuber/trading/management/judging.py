"""Whether the price, or the time without a stop, ends a position now. The stop comes first."""

from kuber.exchange.units import SECOND
from kuber.trading.management.commands import Notice
from kuber.trading.management.desk import Desk
from kuber.trading.management.facts import Seen
from kuber.trading.management.plan import Protection
from kuber.trading.management.position import Position, Reason, Role, Status

STOP_DUE = 10 * SECOND
"""So long a position may be without an accepted stop while its market trades (M12)."""


def take_note(desk: Desk) -> None:
    """Draw what follows from the facts alone, before anything is ordered."""
    position = desk.position
    since = desk.situation.unwatched_since
    if since is not None and position.held > 0:
        desk.tell(Notice.NOT_WATCHED, since=since)
    if position.over and position.held > 0:
        _reopen(desk)
    elif position.status is Status.DUST and position.plan.sellable(position.held):
        desk.change(status=Status.OPENING)
    if position.held < 0:
        desk.change(status=Status.FROZEN)
        desk.tell(Notice.OVERSOLD)
    elif position.status is Status.FROZEN:
        desk.tell(Notice.FROZEN)
    if not position.trimmed and _first_target_done(position):
        level = position.plan.break_even(position.bought, _entry_value(position))
        tighter = position.plan.tighter(level, position.stop)
        desk.change(trimmed=True, stop=tighter)


def judge(desk: Desk) -> None:
    """Begin to close, or to trim, where the price or the time says so."""
    position = desk.position
    if position.status not in (Status.OPENING, Status.OPEN) or position.held <= 0:
        return
    reason = _by_price(position, desk.seen) if desk.seen is not None else None
    if reason is not None:
        desk.close(reason)
    elif _first_target_seen(desk):
        desk.change(trimming=True)
    elif desk.situation.trading and bare_too_long(position, desk.now):
        desk.close(Reason.UNPROTECTED)
        desk.tell(Notice.CLOSED_UNPROTECTED, since=position.bare_since)


def bare_too_long(position: Position, now: int) -> bool:
    """Return whether ten seconds passed without an accepted stop."""
    if bare_of(position) == 0:
        return False
    since = position.bare_since
    return since is not None and now - since >= STOP_DUE


def bare_of(position: Position) -> int:
    """Return what is held without an accepted stop or exit at the venue.

    Where the venue can hold nothing the monitor protects: then it counts only while it closes.
    What is too small for an order of its own cannot be protected and does not count.
    """
    if position.status in (Status.CLOSED, Status.DUST, Status.FROZEN):
        return 0
    if position.plan.protection is Protection.MONITOR and position.status is not Status.CLOSING:
        return 0
    bare = max(position.held - position.protected(), 0)
    return bare if position.plan.sellable(bare) else 0


def stop_reason(position: Position) -> Reason:
    """Return what a stop at today's level is called."""
    return Reason.BREAK_EVEN if position.trimmed else Reason.STOP


def _by_price(position: Position, seen: Seen) -> Reason | None:
    plan = position.plan
    if plan.protection is Protection.MONITOR:
        if plan.beyond(seen.towards_stop(long=plan.long), position.stop):
            return stop_reason(position)
    elif plan.beyond(seen.last, position.stop) and _stop_comes_too_late(position):
        return stop_reason(position)
    if plan.protection is Protection.OCO:
        return None
    last = _last_target(position)
    price = plan.target(last) if last else None
    if price is not None and plan.reached(seen.towards_target(long=plan.long), price):
        return Reason.TARGET_2 if last == 2 else Reason.TARGET_1
    return None


def _last_target(position: Position) -> int:
    """Return the number of the target that closes all, 0 for none."""
    last = len(position.plan.targets)
    basis = position.basis
    return 1 if last == 2 and position.plan.first_part(basis) == basis else last


def next_target(position: Position) -> int | None:
    """Return the price of the target that the monitor waits for, None when there is none."""
    last = _last_target(position)
    done = position.trimming or position.trimmed
    return position.plan.target(2 if last == 2 and done else 1) if last else None


def _stop_comes_too_late(position: Position) -> bool:
    """Return whether a part has no stop at today's level, nor one on its way there."""
    uncovered = position.held - position.resting()
    if position.plan.sellable(uncovered):
        return True
    return any(
        not any(
            position.plan.tighter(_price(leg.price), position.stop) == leg.price for leg in stops
        )
        for part in position.parts()
        if (stops := part.stops) and part.rest
    )


def _price(price: int | None) -> int:
    assert price is not None, "a stop has its price"
    return price


def _first_target_seen(desk: Desk) -> bool:
    """Return whether the monitor has to sell what target 1 closes."""
    position, seen, plan = desk.position, desk.seen, desk.position.plan
    if plan.protection is Protection.OCO or position.trimming or position.trimmed:
        return False
    if seen is None or not position.entry_ended or len(plan.targets) < 2:
        return False
    return plan.reached(seen.towards_target(long=plan.long), plan.targets[0])


def sold_at_first(position: Position) -> int:
    """Return what was sold at target 1."""
    return sum(
        leg.filled
        for leg in position.legs
        if leg.role is Role.TRIM or (leg.role is Role.TARGET and leg.target == 1)
    )


def _first_target_done(position: Position) -> bool:
    """Return whether target 1 is filled, or has ended in part."""
    sold = sold_at_first(position)
    if not sold or not position.entry_ended or len(position.plan.targets) < 2:
        return False
    if sold >= position.plan.first_part(position.basis):
        return True
    return not any(
        leg.live
        for leg in position.legs
        if leg.role is Role.TRIM or (leg.role is Role.TARGET and leg.target == 1)
    )


def first_part(position: Position) -> int:
    """Return what target 1 closes of this position."""
    return position.plan.first_part(position.basis)


def _entry_value(position: Position) -> int:
    assert position.entry is not None, "something was bought"
    return position.entry.value


def _reopen(desk: Desk) -> None:
    """Take up a position again of which a fill was told after its end."""
    sold = any(leg.filled for leg in desk.position.exits)
    if sold:
        desk.change(status=Status.CLOSING, closed_at=None)
    else:
        desk.change(status=Status.OPENING, closed_at=None, reason=None)
