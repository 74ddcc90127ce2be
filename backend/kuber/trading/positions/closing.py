"""What people ask of positions: close one, close all. The order service does it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.exchange.units import from_quantity
from kuber.infra.db import raw_connection
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.ledger.units import plain
from kuber.trading.asking import ask
from kuber.trading.management.stored import restored
from kuber.trading.order_types import RequestKind
from kuber.trading.positions.errors import BadPart, ConfirmationNeeded, NotOpen, PositionClosed
from kuber.trading.positions.reading import PositionQuery, open_positions, position_of
from kuber.trading.positions.schemas import (
    CloseAllBody,
    CloseAllOut,
    CloseBody,
    ClosingPosition,
    NotClosed,
    PositionOut,
)
from kuber.trading.positions.waiting import opens_again

_STATE = "select state from positions where id = %s"
_NAMED = 5
"""Symbols that a question names."""
_FROZEN = "It is frozen after a merger or a delisting; close it by itself once you have decided."
_DUST = "Too little is left to be sold; close it by itself to try all the same."


async def close_one(
    session: AsyncSession,
    user_id: UserId,
    position_id: UUID,
    body: CloseBody,
    correlation_id: str,
    now: datetime,
) -> PositionOut:
    """Ask that a position, or a part of it, is closed at the market; return it as it stands.

    Raises PositionNotFound, PositionClosed, NotOpen, BadPart.
    """
    found = await position_of(session, user_id, position_id, now)
    if found.status == "closed":
        raise PositionClosed(f"The position in {found.symbol} is closed already.")
    kind, args = RequestKind.CLOSE_POSITION, dict[str, JsonValue]({"reason": body.reason})
    if body.quantity is not None and body.quantity != found.quantity:
        _require_part(found, body.quantity, await _lot_of(session, position_id))
        args["quantity"] = plain(body.quantity)
    await ask(session, user_id, kind, [position_id], args, correlation_id, now)
    return found


def _require_part(found: PositionOut, quantity: Decimal, lot: Decimal) -> None:
    """Raise NotOpen or BadPart when a part of a position cannot be closed."""
    if found.status != "open":
        text = f"The position in {found.symbol} is {found.status}; only all of it can be closed."
        remedy = "Leave `quantity` out, or wait until the position is open."
        raise NotOpen(text, [Problem(text, remedy, field="quantity")])
    held, step = plain(found.quantity), plain(lot)
    if quantity > found.quantity:
        text = f"{held} {found.symbol} are held; a close never sells more than that."
        remedy = f"Give {held} at the most, or leave `quantity` out to close all of it."
        raise BadPart(text, [Problem(text, remedy, field="quantity")])
    if quantity % lot:
        text = f"{plain(quantity)} is not on the quantity step of {found.symbol}."
        raise BadPart(text, [Problem(text, f"Use multiples of {step}.", field="quantity")])


async def _lot_of(session: AsyncSession, position_id: UUID) -> Decimal:
    connection = await raw_connection(session)
    cursor = await connection.execute(_STATE, (position_id,))
    row = await cursor.fetchone()
    assert row is not None, "the position was read before"
    return from_quantity(restored(row[0]).plan.spec.lot)


async def close_all(
    session: AsyncSession, user_id: UserId, body: CloseAllBody, correlation_id: str, now: datetime
) -> CloseAllOut:
    """Ask that all positions of one mode are closed. Raises ConfirmationNeeded."""
    query = PositionQuery("open", body.mode, body.pipeline_id, body.account_id)
    found = await open_positions(session, user_id, query, now)
    kept = [(one, why) for one in found if (why := _kept(one)) is not None]
    left_out = {one.id for one, _ in kept}
    closing = [one for one in found if one.id not in left_out]
    if len(closing) > 1 and not body.confirm:
        raise _question(body.mode, closing)
    if closing:
        kind, args = RequestKind.CLOSE_POSITION, {"reason": body.reason}
        targets = [one.id for one in closing]
        await ask(session, user_id, kind, targets, args, correlation_id, now)
    return CloseAllOut(
        closing=[_closing(one, now) for one in closing],
        not_closed=[NotClosed(id=one.id, symbol=one.symbol, reason=why) for one, why in kept],
    )


def proceeds(position: PositionOut) -> Decimal | None:
    """Return what a position is worth at the newest price: what a long brings, or what it takes
    to buy back a short, negative; None without a price."""
    if position.last_price is None:
        return None
    worth = position.quantity * position.last_price
    return worth if position.side == "buy" else -worth


def _kept(position: PositionOut) -> str | None:
    """Return why closing all leaves a position alone."""
    return {"frozen": _FROZEN, "dust": _DUST}.get(position.status)


def _closing(position: PositionOut, now: datetime) -> ClosingPosition:
    opens = opens_again(position.symbol, now)
    return ClosingPosition(
        id=position.id,
        symbol=position.symbol,
        quantity=position.quantity,
        estimated_proceeds=proceeds(position),
        waits=[] if opens is None else [f"{opens}."],
    )


def _question(mode: str, closing: Sequence[PositionOut]) -> ConfirmationNeeded:
    """Return what a person has to say yes to: how many, of which mode and account, for how much."""
    accounts = sorted({one.account_name for one in closing})
    symbols = sorted({one.symbol for one in closing})
    named = ", ".join(symbols[:_NAMED]) + (" and others" if len(symbols) > _NAMED else "")
    by_currency: dict[str, Decimal] = {}
    for one in closing:
        worth = proceeds(one) or Decimal(0)
        by_currency[one.currency] = by_currency.get(one.currency, Decimal(0)) + worth
    sums = ", ".join(f"{plain(worth)} {unit}" for unit, worth in sorted(by_currency.items()))
    unknown = sum(one.last_price is None for one in closing)
    without = f" {unknown} of them have no price now." if unknown else ""
    detail = (
        f"{len(closing)} {mode} positions ({named}) in {', '.join(accounts)} would be closed at the"
        f" market, for about {sums}.{without}"
    )
    remedy = "Send the request again with `confirm`: true to close them."
    return ConfirmationNeeded(detail, [Problem(detail, remedy, field="confirm")])
