"""What became of the positions that a switch had closed, read anew each time it is asked.

Unknown is not empty: where positions cannot be read, the report says so.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal, NamedTuple
from uuid import UUID

import structlog
from psycopg import Error as DatabaseError
from psycopg.types.json import Jsonb

from kuber.exchange.events import HoldReason
from kuber.infra.db import JsonObject, RawConnection
from kuber.kernel.ids import UserId
from kuber.kernel.money import quantize
from kuber.ledger.units import plain
from kuber.market.calendars import calendar_for
from kuber.market.instruments import traits_of
from kuber.market.terms.markets import market_name
from kuber.trading.attention import why_set_aside
from kuber.trading.lifecycle import PLACES
from kuber.trading.management.position import Status
from kuber.trading.switches import statements
from kuber.trading.switches.schemas import FlattenedOut, FlattenReport

log = structlog.get_logger(__name__)

AWAY_AFTER = timedelta(seconds=15)
"""The order service notes every five seconds that it looks at positions."""

_LEFT = {
    Status.FROZEN: "It is frozen: a person decides, after a merger or a delisting.",
    Status.DUST: "What is left is too small for an order.",
}

Outcome = Literal["closed", "never_opened", "waits", "failed"]


class _Row(NamedTuple):
    id: UUID
    user_id: UUID
    account_id: UUID
    mode: str
    symbol: str
    quantity: Decimal
    status: str
    opened_at: datetime | None
    done_at: datetime | None
    outcome: str | None
    price: Decimal | None
    waits_for: str | None
    aside_reason: str | None
    aside_since: datetime | None


async def order_service_away(connection: RawConnection, now: datetime) -> str | None:
    """Return since when nobody looks at positions, in words; None while somebody does."""
    row = await (await connection.execute(statements.WATCHED)).fetchone()
    watched_at: datetime | None = row[0] if row else None
    if watched_at is not None and now - watched_at <= AWAY_AFTER:
        return None
    since = "" if watched_at is None else f" since {watched_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"The order service does not run{since}. See ./kuber status."


async def flatten_report(
    connection: RawConnection,
    stored: Mapping[str, Any],
    now: datetime,
    only: UserId | None = None,
) -> FlattenReport:
    """Return how the positions of a flattening stand, `only` those of one user. The connection is
    in a transaction."""
    asked_at, items = datetime.fromisoformat(stored["asked_at"]), stored["items"]
    try:
        async with connection.transaction():
            away = await order_service_away(connection, now)
            cursor = await connection.execute(statements.FLATTENED, {"items": Jsonb(items)})
            rows = [_Row(*row) for row in await cursor.fetchall()]
    except DatabaseError as error:
        log.warning("flattening_unknown", reason=str(error))
        return _unknown(asked_at, "The positions cannot be read: how they stand is not known.")
    if len(rows) != len(items):
        return _unknown(asked_at, "Some of the positions are gone: how they stand is not known.")
    mine = [row for row in rows if only in (None, row.user_id)]
    return report_of(asked_at, [_flattened(row, away, now) for row in mine])


def report_of(asked_at: datetime, items: Sequence[FlattenedOut]) -> FlattenReport:
    """Return the report of what became of each position."""
    closed = sum(one.outcome in ("closed", "never_opened") for one in items)
    left = len(items) - closed
    if not items:
        text = "There was no position to close."
    elif not left:
        text = f"All {closed} positions are closed." if closed > 1 else "The position is closed."
    else:
        text = f"{closed} of {len(items)} positions are closed; {left} are not, each says why."
    status: Literal["done", "working"] = "working" if left else "done"
    return FlattenReport(
        asked_at=asked_at,
        status=status,
        text=text,
        closed=closed,
        not_closed=left,
        items=list(items),
    )


def stored_report(asked_at: datetime, items: Sequence[JsonObject]) -> JsonObject:
    """Return what of a flattening is kept: which positions, by which requests."""
    return {"asked_at": asked_at.isoformat(), "items": list(items)}


def opens_again(symbol: str, now: datetime) -> str | None:
    """Return when the market of a symbol opens, None while it trades."""
    code = traits_of(symbol).calendar
    calendar = calendar_for(code)
    if calendar.is_open(now):
        return None
    return f"{market_name(code)} opens {calendar.next_open(now):%a %d %b %H:%M} UTC"


def _unknown(asked_at: datetime, text: str) -> FlattenReport:
    return FlattenReport(
        asked_at=asked_at, status="unknown", text=text, closed=0, not_closed=0, items=[]
    )


def _flattened(row: _Row, away: str | None, now: datetime) -> FlattenedOut:
    outcome, text = _became(row, away, now)
    price = None if row.price is None else quantize(row.price, PLACES, ROUND_HALF_UP)
    return FlattenedOut(
        position_id=row.id,
        account_id=row.account_id,
        mode=row.mode,
        symbol=row.symbol,
        quantity=Decimal(plain(row.quantity)),
        outcome=outcome,
        price=None if price is None else Decimal(plain(price)),
        text=text,
    )


def _became(row: _Row, away: str | None, now: datetime) -> tuple[Outcome, str]:
    if row.status == Status.CLOSED:
        return _ended(row)
    if away is not None:
        return "waits", f"{away} The close is on record and is carried out once it runs again."
    if row.aside_reason is not None and row.aside_since is not None:
        return "waits", why_set_aside(row.aside_reason, row.aside_since)
    if row.done_at is None:
        return "waits", "The order service takes it up with its next round."
    if row.outcome is not None:
        return "failed", row.outcome
    if row.status in _LEFT:
        return "failed", _LEFT[Status(row.status)]
    return "waits", _waits_for(row, now)


def _ended(row: _Row) -> tuple[Outcome, str]:
    if row.opened_at is None:
        return "never_opened", "Its entry was taken back before it was filled."
    if row.price is None:
        return "closed", "Its stop or a target had closed it."
    price = plain(quantize(row.price, PLACES, ROUND_HALF_UP))
    return "closed", f"Closed at {price}."


def _waits_for(row: _Row, now: datetime) -> str:
    opens = opens_again(row.symbol, now)
    if opens is not None:
        return f"Queued for the open: {opens}."
    match row.waits_for:
        case HoldReason.HALTED:
            return f"Trading in {row.symbol} is halted; it is closed when the halt ends."
        case HoldReason.NO_LIQUIDITY:
            return "What the last price offered is used up; the rest is closed with the next one."
        case HoldReason.NO_FRESH_PRICE:
            return f"It is closed at the next price of {row.symbol}; none has come yet."
    return "Its other orders are being cancelled; it is closed at the next price."
