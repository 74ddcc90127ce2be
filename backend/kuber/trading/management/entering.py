"""The entry: whether it may still be sent, and when no more of it is wanted (M12, M18, M20)."""

from kuber.exchange.types import STOPS
from kuber.exchange.units import SECOND
from kuber.kernel.orders import OrderType
from kuber.trading.management.commands import Notice
from kuber.trading.management.desk import ANSWER_DUE, Desk
from kuber.trading.management.facts import Seen
from kuber.trading.management.plan import ExitPlan
from kuber.trading.management.position import Leg, Reason, Status
from kuber.trading.switch_table import PERMITS

PARTIAL_ENTRY_WAITS = 2 * SECOND
"""So long after its first partial fill an entry may go on, before the rest is cancelled (M12)."""


def tend_entry(desk: Desk) -> None:
    """Send the entry, or end what is not wanted of it."""
    entry = desk.position.entry
    if entry is None:
        if desk.position.status is Status.OPENING and desk.position.entry_end is None:
            _send(desk)
    elif entry.live:
        _watch(desk, entry)


def price_moved(plan: ExitPlan, seen: Seen) -> bool:
    """Return whether the price has left the plan since it was made (M18).

    It has at the stop, or more than half an R from the plan's entry. A limit entry waits for its
    price, so for it only a move towards the stop counts; a stop entry waits for a price on the far
    side, so for it only a move past that does.
    """
    waits_beyond = plan.entry_type in STOPS
    if plan.beyond(seen.last, plan.stop) and not waits_beyond:
        return True
    side = seen.ask if plan.long else seen.bid
    price = seen.last if side is None else side
    moved = price - plan.entry if plan.long else plan.entry - price
    if plan.entry_type is OrderType.LIMIT:
        moved = min(moved, 0)
    elif waits_beyond:
        moved = max(moved, 0)
    return 2 * abs(moved) > plan.risk


def _send(desk: Desk) -> None:
    plan, situation = desk.position.plan, desk.situation
    why: Reason | None = None
    if plan.entry_ends_at is not None and plan.entry_ends_at <= desk.now:
        why = Reason.ENTRY_OVER
    elif not PERMITS[situation.switch].sends_entries:
        why = Reason.ENTRY_UNWANTED
    elif not situation.followed:
        why = Reason.NOT_FOLLOWED
    elif situation.entries_wait or desk.seen is None:
        return
    elif price_moved(plan, desk.seen):
        why = Reason.PRICE_MOVED
    if why is None:
        desk.place_entry()
    else:
        desk.change(entry_end=why)
        desk.tell(Notice.ENTRY_NOT_SENT, reason=why)


def _watch(desk: Desk, entry: Leg) -> None:
    """Cancel what is not wanted of a live entry, and ask again when no answer comes."""
    position, plan = desk.position, desk.position.plan
    if entry.asked_at is not None:
        if desk.now - entry.asked_at >= ANSWER_DUE:
            desk.cancel(entry)
        return
    why = position.entry_end
    if why is None and not PERMITS[desk.situation.switch].keeps_entries:
        why = Reason.ENTRY_UNWANTED
    if why is None and plan.entry_ends_at is not None and plan.entry_ends_at <= desk.now:
        why = Reason.ENTRY_OVER
    if why is not None:
        desk.change(entry_end=why)
        desk.cancel(entry)
    elif position.status is Status.CLOSING or position.status is Status.FROZEN:
        desk.cancel(entry)
    elif partial_ends_at(desk) <= desk.now:
        desk.cancel(entry)
        desk.tell(Notice.PARTIAL_ENTRY)


def partial_ends_at(desk: Desk) -> float:
    """Return when the rest of a partly filled entry is cancelled."""
    held_since = desk.position.held_since
    return float("inf") if held_since is None else held_since + PARTIAL_ENTRY_WAITS
