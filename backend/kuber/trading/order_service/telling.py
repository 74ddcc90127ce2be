"""What a round tells people, and other parts of the installation."""

from datetime import datetime
from uuid import UUID

from kuber.exchange.units import from_amount, from_instant, from_quantity
from kuber.ledger.units import plain
from kuber.notifications.types import Notice, NoticeKind
from kuber.trading.events import AccountReconciled
from kuber.trading.management.commands import Notice as Told
from kuber.trading.management.commands import Tell
from kuber.trading.management.outcome import outcome_of
from kuber.trading.order_service.held import Tracked

_ALARMS = frozenset(
    {Told.CLOSED_UNPROTECTED, Told.NOT_WATCHED, Told.CLOSE_WAITS, Told.FROZEN, Told.OVERSOLD}
)
_WORDS: dict[Told, tuple[str, str]] = {
    Told.ENTRY_NOT_SENT: ("the entry was not sent", "Why: {reason}. Nothing was bought or sold."),
    Told.PARTIAL_ENTRY: (
        "entered in part",
        "{quantity} were filled. The rest was cancelled, so that what is held gets its stop.",
    ),
    Told.CLOSED_UNPROTECTED: (
        "closed, since no stop was accepted",
        "For ten seconds no stop was accepted for {quantity}; it is closed at the market.",
    ),
    Told.NOT_WATCHED: (
        "not watched for a while",
        "From {since} until now nobody looked at prices.",
    ),
    Told.WAITS_FOR_MARKET: (
        "the close waits for the market",
        "{quantity} are sold as soon as the market opens.",
    ),
    Told.CLOSE_WAITS: (
        "the close waits for the venue",
        "The venue has not said what became of its other orders.",
    ),
    Told.DUST: ("too little is left to be sold", "{quantity} are left."),
    Told.FROZEN: ("frozen", "Kuber does nothing more with it by itself; decide what to do."),
    Told.OVERSOLD: ("more was sold than was held", "Look at it at once, and correct it by hand."),
}


def notice_of(tracked: Tracked, tell: Tell, symbol: str) -> Notice:
    """Return what the owner of a position is told."""
    title, text = _WORDS[tell.notice]
    since = "" if tell.since is None else f"{from_instant(tell.since):%H:%M} UTC"
    quantity = plain(from_quantity(abs(tell.quantity)))
    reason = (tell.reason or "").replace("_", " ")
    return Notice(
        tracked.holder.user_id,
        NoticeKind.POSITION_ALARM if tell.notice in _ALARMS else NoticeKind.POSITION_NEWS,
        from_instant(tell.at),
        {
            "position_id": tracked.position.id,
            "symbol": symbol,
            "title": title,
            "text": text.format(quantity=quantity, since=since, reason=reason),
        },
        dedupe_key=tell.key,
    )


def closed_event(tracked: Tracked, symbol: str, now: datetime) -> AccountReconciled:
    """Return what is told of a position that was held and is closed."""
    position, holder = tracked.position, tracked.holder
    return AccountReconciled(
        occurred_at=now,
        correlation_id=holder.correlation_id,
        account_id=holder.account_id,
        pipeline_id=holder.pipeline_id,
        position_id=UUID(position.id),
        symbol=symbol,
        pnl=from_amount(outcome_of(position, (), 0).profit),
        differences=(),
        at=now,
    )
