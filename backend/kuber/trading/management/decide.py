"""The one decision: what is known in, what is to be done out.

    decision = decide(position, facts, situation)

The same position, facts and situation give the same answer. A host stores `decision.position`, if
its version is still the one that was read, in one commit with the commands, then carries them out;
after a crash `outstanding` tells again what has no answer yet, under the same ids.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kuber.trading.management.closing import work_closing
from kuber.trading.management.commands import Cancel, CloseAtMarket, Command, PlaceStop
from kuber.trading.management.desk import (
    ANSWER_DUE,
    SIBLING_DUE,
    Desk,
    entry_order,
    exit_order,
    group_of,
    move_of,
)
from kuber.trading.management.entering import PARTIAL_ENTRY_WAITS, tend_entry
from kuber.trading.management.facts import Fact, Situation
from kuber.trading.management.hearing import hear
from kuber.trading.management.judging import STOP_DUE, bare_of, judge, take_note
from kuber.trading.management.plan import Protection
from kuber.trading.management.position import LegStatus, Position, Role, Status
from kuber.trading.management.protecting import free, protect
from kuber.trading.management.settling import settle


@dataclass(frozen=True, slots=True)
class Decision:
    position: Position
    commands: tuple[Command, ...]


def decide(position: Position, facts: Sequence[Fact], situation: Situation) -> Decision:
    """Return the position after `facts`, and what is to be done about it now."""
    if situation.now < position.looked_at:  # a clock that was set back
        situation = replace(situation, now=position.looked_at)
    desk = Desk(position, situation)
    for fact in facts:
        desk.position = hear(desk.position, fact, situation.now)
    take_note(desk)
    free(desk)
    tend_entry(desk)
    judge(desk)
    if desk.position.status is Status.CLOSING:
        work_closing(desk)
    elif desk.position.status in (Status.OPENING, Status.OPEN):
        protect(desk)
    settle(desk)
    return Decision(_looked(desk, position), tuple(desk.commands))


def next_look(position: Position) -> int | None:
    """Return when to decide again even if nothing is heard until then, None for never."""
    due = [at for at in _due(position) if at > position.looked_at]
    return min(due, default=None)


def outstanding(position: Position) -> tuple[Command, ...]:
    """Return the commands that have no answer yet, as they were: for a host that may have died."""
    commands: list[Command] = []
    for leg in position.legs:
        if leg.status is LegStatus.SENT:
            commands.extend(_order_again(position, leg.order_id))
        if leg.live and leg.asked_at is not None:
            commands.append(Cancel(leg.order_id))
    return tuple(commands)


def _order_again(position: Position, order_id: str) -> Iterator[Command]:
    leg = position.leg(order_id)
    assert leg is not None, "it is one of the position's"
    if leg.replaces is not None:
        old = position.leg(leg.replaces)
        if old is not None:
            yield move_of(leg, old)
    elif leg.role is Role.ENTRY:
        yield entry_order(position)
    elif leg.role is Role.STOP:
        target = next(
            (one for one in position.legs if one.part == leg.part and one.role is Role.TARGET), None
        )
        if target is None:
            yield PlaceStop(exit_order(position, leg))
        else:
            yield group_of(position, leg, target)
    elif leg.role is not Role.TARGET:
        yield CloseAtMarket(exit_order(position, leg))


def _looked(desk: Desk, before: Position) -> Position:
    """Return the position as it is after this look.

    What was unprotected since the last one is added up; what is from now on is noted (M12). The
    ten seconds run while the market trades.
    """
    position, now = desk.position, desk.now
    bare = bare_of(position)
    since = position.bare_since
    if bare == 0 or not desk.situation.trading:
        since = None
    elif since is None:
        since = now
    area = before.bare_area + _unprotected(before, desk.situation)
    same = (bare, since, area) == (before.bare, before.bare_since, before.bare_area)
    return replace(
        position,
        bare=bare,
        bare_since=since,
        bare_area=area,
        looked_at=now,
        version=before.version + (position != before or not same),
    )


def _unprotected(before: Position, situation: Situation) -> int:
    """Return quantity times microseconds without protection since the last look."""
    since = situation.unwatched_since
    if since is not None and before.plan.protection is Protection.MONITOR and not before.bare:
        return max(before.held, 0) * max(situation.now - since, 0)
    return before.bare * (situation.now - before.looked_at)


def _due(position: Position) -> Iterator[int]:
    if position.over:
        return
    entry, plan = position.entry, position.plan
    if plan.entry_ends_at is not None and (entry is None or entry.live):
        yield plan.entry_ends_at
    if entry is not None and entry.live and position.held_since is not None:
        yield position.held_since + PARTIAL_ENTRY_WAITS
    if position.bare_since is not None:
        yield position.bare_since + STOP_DUE
    if position.held > 0:
        yield position.retry_at
    yield from _answers_due(position)


def _answers_due(position: Position) -> Iterator[int]:
    for leg in position.legs:
        if leg.live and leg.asked_at is not None:
            yield leg.asked_at + ANSWER_DUE
        if leg.live and leg.urgent:
            yield leg.changed_at + ANSWER_DUE
    for part in position.parts():
        if not part.rest or not part.stops:
            yield max(leg.changed_at for leg in part.legs) + SIBLING_DUE
