"""What a fact changes in a position. No command follows here: `decide` looks at the result."""

from dataclasses import replace

from kuber.exchange.units import SECOND
from kuber.trading.management.facts import (
    CloseAsked,
    EntryUnwanted,
    Fact,
    Frozen,
    Outside,
    ReduceAsked,
    Split,
    Told,
)
from kuber.trading.management.plan import split_price
from kuber.trading.management.position import (
    LIVE,
    Leg,
    LegStatus,
    Part,
    Position,
    Reason,
    Role,
    Status,
)

LONGEST_PAUSE = 60 * SECOND
_FAILED = frozenset({LegStatus.CANCELLED, LegStatus.EXPIRED, LegStatus.REFUSED})
_MUST_STAND = frozenset({Role.STOP, Role.TRIM, Role.REDUCE, Role.CLOSE})


def hear(position: Position, fact: Fact, now: int) -> Position:
    """Return the position after one fact. A fact that is known already changes nothing."""
    match fact:
        case Told():
            return _told(position, fact, now)
        case Split():
            return _split(position, fact)
        case Outside():
            return _outside(position, fact)
        case CloseAsked():
            return _close_asked(position, fact)
        case ReduceAsked():
            return _reduce_asked(position, fact)
        case EntryUnwanted():
            return replace(position, entry_end=position.entry_end or fact.reason)
        case Frozen():
            return position if position.over else replace(position, status=Status.FROZEN)


def pause_after(failures: int) -> int:
    """Return how long, in microseconds, the next attempt waits after so many failures."""
    return min(SECOND // 2 << min(failures - 1, 10), LONGEST_PAUSE)


def _told(position: Position, fact: Told, now: int) -> Position:
    leg = position.leg(fact.order_id)
    if leg is None:
        return position
    filled = max(fact.filled - leg.heard, 0)
    changed = leg
    if filled:
        changed = replace(
            leg,
            filled=leg.filled + filled,
            heard=fact.filled,
            value=fact.value,
            fee=fact.fee,
            changed_at=now,
        )
    status = _standing(changed, fact)
    if status is not leg.status:
        changed = replace(changed, status=status, changed_at=now)
    if changed is leg:
        return position
    position = position.with_leg(changed)
    if leg.role is Role.ENTRY and filled and position.held_since is None:
        position = replace(position, held_since=now)
    return _counted(position, leg, changed, now)


def _standing(leg: Leg, fact: Told) -> LegStatus:
    """Return how a leg stands now: an end stays, and a whole fill is one."""
    if not leg.live:
        return leg.status
    if fact.status not in LIVE:
        return fact.status
    if leg.filled >= leg.quantity:
        return LegStatus.FILLED
    return LegStatus.WORKING if fact.status is LegStatus.WORKING or leg.filled else leg.status


def _counted(position: Position, before: Leg, after: Leg, now: int) -> Position:
    """Count an end that nobody asked for: the next attempt waits for a while.

    After a calm minute the count begins anew. The first time that the venue ends what it had
    taken, the next attempt follows at once.
    """
    failed = before.live and after.status in _FAILED and after.role in _MUST_STAND
    if not failed or after.asked_at is not None:
        return position
    if after.part and not _of_part(position, after.part).rest:
        return position  # it ended because the part is sold
    if position.failed_at == now:
        return position  # several orders that fail together are one failure
    calm = now - position.retry_at >= LONGEST_PAUSE
    failures = 1 if calm else position.failures + 1
    at_once = failures == 1 and after.status is not LegStatus.REFUSED
    pause = 0 if at_once else pause_after(failures)
    return replace(position, failures=failures, failed_at=now, retry_at=now + pause)


def _of_part(position: Position, number: int) -> Part:
    return Part(tuple(leg for leg in position.legs if leg.part == number))


def _outside(position: Position, fact: Outside) -> Position:
    position = replace(position, by_hand=fact.quantity, by_hand_value=fact.value)
    flat = position.held <= 0 < fact.quantity
    return replace(position, reason=position.reason or Reason.BY_HAND) if flat else position


def _close_asked(position: Position, fact: CloseAsked) -> Position:
    if position.over:
        return position
    if position.status is Status.CLOSING:
        return replace(position, forced=True)
    return replace(position, status=Status.CLOSING, reason=fact.reason, forced=True, failures=0)


def _reduce_asked(position: Position, fact: ReduceAsked) -> Position:
    """Note the part; what is asked for twice adds up, and never to more than is held."""
    if position.status is not Status.OPEN:
        return position
    asked = position.reduce - position.reduced + fact.quantity
    if not position.plan.sellable(position.held - asked):
        return _close_asked(position, CloseAsked())
    return replace(position, reduce=position.reduced + asked)


def _split(position: Position, fact: Split) -> Position:
    """Put plan, orders and what is held on the new basis."""
    up, down = fact.numerator, fact.denominator
    plan, after = position.plan, position.held_after(up, down)
    legs = tuple(_split_leg(position, leg, fact) for leg in position.legs)
    position = replace(
        position,
        plan=plan.split(up, down),
        stop=split_price(plan.spec, position.stop, up, down, up=plan.long),
        legs=legs,
        reduce=position.reduce * up // down,
        by_hand=position.by_hand * up // down,
        in_cash=position.in_cash * up // down,
        in_cash_value=position.in_cash_value + fact.cash,
    )
    return replace(position, in_cash=position.in_cash + position.held - after)


def _split_leg(position: Position, leg: Leg, fact: Split) -> Leg:
    up, down = fact.numerator, fact.denominator
    filled = leg.filled * up // down
    if leg.live and not fact.orders_follow:
        rest = max(leg.quantity - leg.filled, 0)
        return replace(leg, filled=filled, quantity=filled + rest, outdated=True)
    price = leg.price
    if price is not None:
        towards = position.plan.long if leg.role is Role.STOP else not position.plan.long
        price = split_price(position.plan.spec, price, up, down, up=towards)
    quantity = leg.quantity * up // down
    uneven = leg.live and (quantity - filled) % position.plan.spec.lot > 0
    return replace(leg, filled=filled, quantity=quantity, price=price, outdated=uneven)
