"""Where a position stands after everything: open, flat, or too small to go on."""

from kuber.trading.management.commands import Notice
from kuber.trading.management.desk import Desk
from kuber.trading.management.judging import stop_reason
from kuber.trading.management.position import LegStatus, Position, Reason, Role, Status

TRIES_AT_DUST = 3
"""So often the close of what is too small is tried, when a person asks for it."""
_ENTRY_ENDS = {
    LegStatus.REFUSED: Reason.ENTRY_REFUSED,
    LegStatus.EXPIRED: Reason.ENTRY_OVER,
}


def settle(desk: Desk) -> None:
    """Bring the status in line with what is held and what still works."""
    position = desk.position
    if position.over or position.status is Status.FROZEN:
        return
    if position.status is Status.OPENING and position.entry_ended and position.held > 0:
        desk.change(status=Status.OPEN)
    if not _entry_over(position) or any(leg.live for leg in position.legs):
        return
    if position.held == 0:
        desk.change(status=Status.CLOSED, closed_at=desk.now, reason=_why(position))
    elif not position.plan.sellable(position.held) and not _tries_on(position):
        desk.change(status=Status.DUST, forced=False)
        desk.tell(Notice.DUST)


def _entry_over(position: Position) -> bool:
    if position.entry is not None:
        return not position.entry.live
    return position.entry_end is not None or position.status is Status.CLOSING


def _tries_on(position: Position) -> bool:
    return position.forced and position.failures < TRIES_AT_DUST


def _why(position: Position) -> Reason:
    """Return why a position is flat: what sold the last of it, or why nothing was bought."""
    entry = position.entry
    if position.bought == 0:
        if position.entry_end is not None:
            return position.entry_end
        if position.reason is not None:
            return position.reason
        assert entry is not None, "an entry that was not sent has its reason"
        return _ENTRY_ENDS.get(entry.status, Reason.ENTRY_UNWANTED)
    sold = [leg for leg in position.exits if leg.filled]
    closed = any(leg.role is Role.CLOSE for leg in sold)
    if position.reason is not None and (closed or position.reason is Reason.BY_HAND or not sold):
        return position.reason
    if not sold:
        return Reason.SPLIT if position.in_cash else Reason.BY_HAND
    last = max(sold, key=lambda leg: (leg.changed_at, leg.target))
    if last.role is Role.STOP:
        return stop_reason(position)
    if last.role is Role.REDUCE:
        return Reason.ASKED
    return Reason.TARGET_2 if last.target == 2 else Reason.TARGET_1
