"""The end of a position whose account is reset: without profit or loss (M27)."""

from dataclasses import replace

from kuber.trading.management.position import LegStatus, Position, Reason, Status


def emptied(position: Position, now: int) -> Position:
    """Return the position as its account's reset leaves it.

    What is held leaves it for what it has cost, and none of its orders goes on.
    """
    held, entry = max(position.held, 0), position.entry
    cost = 0 if entry is None or not entry.filled else entry.value * held // entry.filled
    legs = tuple(
        replace(leg, status=LegStatus.CANCELLED, changed_at=now) if leg.live else leg
        for leg in position.legs
    )
    return replace(
        position,
        legs=legs,
        by_hand=position.by_hand + held,
        by_hand_value=position.by_hand_value + cost,
        entry_end=position.entry_end or Reason.RESET,
        status=Status.CLOSED,
        reason=Reason.RESET,
        bare=0,
        bare_since=None,
        looked_at=max(now, position.looked_at),
        closed_at=now,
        version=position.version + 1,
    )
