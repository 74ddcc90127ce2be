"""A split and a position in memory: what it holds, its plan, and its orders."""

from kuber.exchange.events import Cancel, Holding
from kuber.exchange.units import from_amount, from_price, from_quantity, to_instant
from kuber.ledger.facts import SharesSplit
from kuber.ledger.units import plain, tidy
from kuber.trading.management.facts import EntryUnwanted, Frozen, Split
from kuber.trading.management.position import Reason
from kuber.trading.order_service.corporate.entries import placed_again
from kuber.trading.order_service.corporate.types import Done, Due, Outcome
from kuber.trading.order_service.held import Hosted, Tracked
from kuber.trading.order_service.round import Round
from kuber.trading.types import Ticket


def split_position(one: Round, due: Due) -> tuple[Done, SharesSplit | None]:
    """Put a position on the basis after a split; return what is posted of it.

    Its exits are cancelled, and management arms new ones in this very round; an entry that rests is
    taken back, since its price is of the time before. What cannot be reckoned any more is frozen.
    """
    tracked = one.hosted.tracked[str(due.holding.position_id)]
    why_not = _why_not(due)
    if why_not is not None:
        one.tell(tracked.position.id, Frozen())
        return Done(due, Outcome.NOT_APPLIED, why_not, due.held, due.held), None
    entry = tracked.position.entry
    if entry is None or entry.live:
        one.tell(tracked.position.id, EntryUnwanted(Reason.SPLIT))
    if due.held:
        return _split(one, tracked, due)
    again = placed_again(one, due)
    note = "Its entry was taken back: its price is of the time before."
    if again is not None:
        quantity = plain(tidy(again.order.quantity))
        note = f"Its entry is placed again on the new basis: {quantity} at {_price(again)}."
    return Done(due, Outcome.APPLIED, note, again=again), None


def _price(again: Ticket) -> str:
    price = again.terms.limit_price or again.terms.stop_price or again.order.reference_price
    return plain(tidy(price))


def _why_not(due: Due) -> str | None:
    """Return why a split cannot be applied, None where it can."""
    if due.before is not None:
        return (
            f"The split was told as {due.before.told} and applied, and is {due.action.text} now."
            " What it did is left as it is; close the position, or wait."
        )
    if due.moved is not None:
        return (
            "The split was found after the position had traded on the new basis. Quantity, stop and"
            " targets may be of the old one; close the position, or wait."
        )
    return None


def _split(one: Round, tracked: Tracked, due: Due) -> tuple[Done, SharesSplit]:
    ratio, position = due.action.ratio, tracked.position
    assert ratio is not None, "a split has its ratio"
    up, down = ratio.numerator, ratio.denominator
    effective = to_instant(due.effective_at)
    price = _price_after(one.hosted, tracked, up, down, effective)
    after = position.held_after(up, down)
    cash = (position.held * up - after * down) * price // down
    for leg in position.exits:
        if leg.live:
            one.apply(Cancel(leg.order_id, one.now))
    _hold(one, tracked, after)
    one.tell(position.id, Split(up, down, cash=cash))
    sign = 1 if position.plan.long else -1
    fact = SharesSplit(
        due.action.symbol,
        up,
        down,
        from_quantity(position.plan.spec.lot),
        from_price(price),
        due.holding.position_id,
    )
    done = Done(
        due,
        Outcome.APPLIED,
        "",
        sign * from_quantity(position.held),
        sign * from_quantity(after),
        sign * from_amount(cash) if cash else None,
    )
    return done, fact


def forget_old_price(one: Round, due: Due) -> None:
    """Let nobody decide on a price from before a split: the next one is on its basis."""
    seen = one.hosted.seen
    if seen is not None and seen.at < to_instant(due.effective_at):
        one.hosted.seen = None


def _price_after(hosted: Hosted, tracked: Tracked, up: int, down: int, effective: int) -> int:
    """Return what a new share is worth: by the newest price, of whichever basis that is."""
    known = (tracked.position.plan.entry, 0)
    if hosted.book.last is not None:
        known = hosted.book.last
    if hosted.seen is not None and hosted.seen.at >= known[1]:
        known = (hosted.seen.last, hosted.seen.at)
    price, at = known
    return price if at >= effective else max(price * down // up, 1)


def _hold(one: Round, tracked: Tracked, after: int) -> None:
    """Tell the book what the position and its account hold from now on."""
    hosted, account_id = one.hosted, tracked.holder.account_id
    sign = 1 if tracked.position.plan.long else -1
    account, name = str(account_id), tracked.position.id
    total = hosted.book.holding(account) - hosted.book.holding(account, name) + sign * after
    one.apply(Holding(one.now, account, total))
    one.apply(Holding(one.now, account, sign * after, name))
    one.changes.book = True
