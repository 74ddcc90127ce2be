"""Which prices concern a position, so that a host need not decide at every quote."""

from dataclasses import dataclass

from kuber.trading.management.facts import Seen
from kuber.trading.management.judging import bare_of, next_target
from kuber.trading.management.plan import Protection
from kuber.trading.management.position import Position, Status
from kuber.trading.management.protecting import is_loose, lacks_trim

_AT_REST = frozenset({Status.CLOSED, Status.DUST, Status.FROZEN})


@dataclass(frozen=True, slots=True)
class Levels:
    """What the monitor waits for; None where the venue holds it, or there is nothing."""

    stop: int | None = None
    target: int | None = None

    def touched(self, position: Position, seen: Seen) -> bool:
        """Return whether a price reaches one of them."""
        plan, stop, target = position.plan, self.stop, self.target
        if stop is not None and plan.beyond(seen.towards_stop(long=plan.long), stop):
            return True
        return target is not None and plan.reached(seen.towards_target(long=plan.long), target)


def levels(position: Position) -> Levels | None:
    """Return the prices at which a look is due; None when every price may matter.

    Until one is touched, a price alone changes nothing: looks are due at facts, at a change of
    the situation (switch, halt, hours), and at `next_look`.
    """
    plan, status = position.plan, position.status
    if status in _AT_REST:
        return Levels()
    if status is Status.CLOSING or position.entry is None or _is_at_work(position):
        return None
    if position.held <= 0 or plan.protection is Protection.OCO:
        return Levels()
    return Levels(
        stop=position.stop if plan.protection is Protection.MONITOR else None,
        target=next_target(position),
    )


def _is_at_work(position: Position) -> bool:
    """Return whether something is left to be done that a price may decide."""
    if bare_of(position) or position.lacks_reduce:
        return True
    if position.trimming and lacks_trim(position):
        return True
    if position.plan.protection is Protection.MONITOR:
        return False
    uncovered = position.held - position.resting()
    return position.plan.sellable(uncovered) or any(
        is_loose(position, stop) for part in position.parts() if part.rest for stop in part.stops
    )
