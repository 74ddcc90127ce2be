"""What the owner of a position is told of a split or a dividend."""

from datetime import datetime
from decimal import Decimal

from kuber.ledger.units import plain, tidy
from kuber.market.actions.types import ActionKind
from kuber.notifications.types import Notice, NoticeKind
from kuber.trading.order_service.corporate.types import Done, Outcome


def action_notice(done: Done, now: datetime) -> Notice:
    """Return the notice of what an action did to a position."""
    due = done.due
    applied = done.outcome is Outcome.APPLIED
    key = f"{due.holding.position_id}:{due.action.kind}:{due.action.ex_date}:{due.number}"
    return Notice(
        due.holding.user_id,
        NoticeKind.POSITION_NEWS if applied else NoticeKind.POSITION_ALARM,
        now,
        {
            "position_id": str(due.holding.position_id),
            "symbol": due.action.symbol,
            "title": _title(done),
            "text": _text(done),
        },
        dedupe_key=key,
    )


def _title(done: Done) -> str:
    action = done.due.action
    if done.outcome is Outcome.NOT_APPLIED:
        return f"{action.kind.value} {action.text} not applied"
    if action.kind is ActionKind.SPLIT:
        return f"split {action.text}"
    return f"dividend {action.text} a share"


def _text(done: Done) -> str:
    due, parts = done.due, []
    if done.outcome is Outcome.APPLIED and done.before:
        if due.action.kind is ActionKind.SPLIT:
            before, after = _size(done.before), _size(done.after)
            parts.append(f"{before} became {after}; stop and targets are on the new basis.")
        parts += _cash(done)
    if done.note:
        parts.append(done.note)
    parts.append(f"Ex-date {due.action.ex_date:%-d %b %Y}.")
    return " ".join(parts)


def _cash(done: Done) -> list[str]:
    if not done.cash:
        return []
    amount = f"{_size(done.cash)} {done.due.holding.currency}"
    if done.due.action.kind is ActionKind.SPLIT:
        verb = "paid" if done.cash > 0 else "charged"
        return [f"{amount} were {verb} for the fraction of a share."]
    words = "were paid" if done.cash > 0 else "were charged, since the position is short"
    return [f"{amount} {words}."]


def _size(amount: Decimal) -> str:
    return plain(tidy(abs(amount)))
