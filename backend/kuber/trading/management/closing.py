"""Closing: cancel every order, await their ends, sell at the market, try again until flat."""

from kuber.trading.management.commands import Notice
from kuber.trading.management.desk import ANSWER_DUE, Desk
from kuber.trading.management.position import Leg, LegStatus, Role


def work_closing(desk: Desk) -> None:
    """Take the next step of a close. Exits pass every switch."""
    position = desk.position
    for part in tuple(position.parts()):
        if not part.asked and not any(leg.urgent for leg in part.live):
            desk.cancel_part(part)
    for leg in desk.position.at_market:
        if leg.role in (Role.TRIM, Role.REDUCE) and leg.asked_at is None:
            desk.cancel(leg)
    waiting = [leg for leg in desk.position.legs if leg.live and _holds_back(desk, leg)]
    if not waiting or _hurry(desk, waiting):
        _sell(desk)


def _holds_back(desk: Desk, leg: Leg) -> bool:
    """Return whether a close waits for an order's end; for an entry no longer than ten seconds."""
    if leg.role is Role.CLOSE:
        return False
    if leg.role is not Role.ENTRY:
        return True
    return leg.asked_at is None or desk.now - _first_asked(desk, leg) < ANSWER_DUE


def _first_asked(desk: Desk, leg: Leg) -> int:
    """Return since when the close waits for an entry: its first partial fill at the latest."""
    held_since = desk.position.held_since
    asked_at = desk.now if leg.asked_at is None else leg.asked_at
    return asked_at if held_since is None else min(held_since, asked_at)


def _hurry(desk: Desk, waiting: list[Leg]) -> bool:
    """Make the stop of a part marketable whose cancel got stuck, and say that it waits (M20).

    Return whether any is stuck: then what is free already is sold without the rest.
    """
    stuck = [leg for leg in waiting if desk.now - _since(desk, leg) >= ANSWER_DUE]
    if not stuck:
        return False
    desk.tell(Notice.CLOSE_WAITS)
    for leg in stuck:
        if leg.role is Role.ENTRY:
            continue
        if leg.role is Role.STOP and _can_hurry(desk, leg):
            assert desk.seen is not None, "there is a price to hurry to"
            desk.move_stop(leg, desk.seen.last, urgent=True)
        elif leg.asked_at is None or desk.now - leg.asked_at >= ANSWER_DUE:
            desk.cancel(leg)
    return True


def _since(desk: Desk, leg: Leg) -> int:
    """Return since when a leg should have ended."""
    if leg.urgent:
        return leg.changed_at
    return desk.now if leg.asked_at is None else leg.asked_at


def _can_hurry(desk: Desk, leg: Leg) -> bool:
    plan, seen = desk.position.plan, desk.seen
    if seen is None or leg.urgent or leg.status is not LegStatus.WORKING or leg.price is None:
        return False
    moving = any(one.live and one.replaces == leg.order_id for one in desk.position.legs)
    on_tick = seen.last % plan.spec.tick_at(seen.last) == 0
    return on_tick and not moving and plan.tighter(seen.last, leg.price) != leg.price


def _sell(desk: Desk) -> None:
    position = desk.position
    free = position.held - position.resting()
    if free <= 0 or not (position.forced or position.plan.sellable(free)):
        return
    if desk.now < position.retry_at:
        return
    desk.at_market(Role.CLOSE, free)
    if not desk.situation.trading:
        desk.tell(Notice.WAITS_FOR_MARKET)
