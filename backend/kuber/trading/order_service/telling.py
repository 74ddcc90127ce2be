"""What a round tells: news of accounts for open pages, and notices to people."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from kuber.exchange.units import from_amount, from_instant, from_quantity
from kuber.ledger.units import plain
from kuber.notifications.types import Notice, NoticeKind
from kuber.trading.events import AccountReconciled
from kuber.trading.management.commands import Notice as Told
from kuber.trading.management.commands import Tell
from kuber.trading.management.outcome import outcome_of
from kuber.trading.order_service.held import Tracked

_MOST_BYTES = 7_900
"""PostgreSQL takes less than 8,000 bytes with a notification."""


class News(NamedTuple):
    """Something about an order or a position that pages of its account show."""

    account_id: UUID
    event: str
    id: str


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


def packed(news: Sequence[News]) -> Iterator[str]:
    """Yield payloads of notifications: lines of account, event and id; of an account with too much
    news only that it is to be looked at again."""
    lines = list(dict.fromkeys(f"{one.account_id} {one.event} {one.id}" for one in news))
    if sum(len(line) + 1 for line in lines) > 4 * _MOST_BYTES:
        lines = sorted({f"{one.account_id} look_again" for one in news})
    part: list[str] = []
    size = 0
    for line in lines:
        if part and size + len(line) + 1 > _MOST_BYTES:
            yield "\n".join(part)
            part, size = [], 0
        part.append(line)
        size += len(line) + 1
    if part:
        yield "\n".join(part)


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
