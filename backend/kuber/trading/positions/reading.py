"""Positions as they are read: a page with one query, and their prices with another."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.exchange.units import from_quantity
from kuber.infra.db import raw_connection
from kuber.kernel.clock import as_utc
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import UserId
from kuber.kernel.orders import Side
from kuber.ledger.units import tidy
from kuber.trading.attention import why_set_aside
from kuber.trading.basis import on_basis
from kuber.trading.lifecycle import OPEN
from kuber.trading.management.position import Position, Status
from kuber.trading.management.stored import restored
from kuber.trading.positions.errors import PositionNotFound
from kuber.trading.positions.schemas import (
    AttentionOut,
    PositionActionOut,
    PositionList,
    PositionOut,
    TargetOut,
)
from kuber.trading.positions.valuing import Worth, worth_of
from kuber.trading.positions.waiting import waits_of_position
from kuber.trading.quotes import Priced, prices_of

log = structlog.get_logger(__name__)

_OPEN = ", ".join(f"'{status}'" for status in sorted(OPEN))
_COLUMNS = (
    *("id", "account_id", "account_name", "currency", "mode", "symbol", "pipeline_id"),
    *(
        "pipeline_name",
        "pipeline_deleted",
        "run_id",
        "entry_order_id",
        "side",
        "quantity",
        "average_price",
        "fees",
    ),
    *("stop", "targets", "protected_by", "unprotected", "unprotected_since"),
    *("unprotected_seconds", "status", "exit_reason", "created_at", "opened_at", "closed_at"),
    *("state", "waits_for", "actions", "aside_reason", "aside_since", "realised_pnl"),
)
# What was never filled and is over was no position: no list has it.
_POSITIONS = f"""
    select p.id, p.account_id, a.name, a.currency, p.mode, p.symbol, p.pipeline_id, l.name,
           p.pipeline_id is not null and (l.id is null or l.deleted_at is not null),
           p.run_id, p.entry_order_id, p.side, p.quantity, p.average_price, p.fees, p.stop,
           p.targets, p.protected_by, p.unprotected, p.unprotected_since, p.unprotected_seconds,
           p.status, p.exit_reason, p.created_at, p.opened_at, p.closed_at, p.state,
           array(select distinct o.waits_for from orders o where o.position_id = p.id
                 and o.waits_for is not null and o.status in ({_OPEN}) order by 1),
           (select jsonb_agg(jsonb_build_object('kind', s.kind, 'ex_date', s.ex_date,
                   'told', s.told, 'outcome', s.outcome, 'before', abs(s.before)::text,
                   'after', abs(s.after)::text, 'cash', s.cash::text, 'note', s.note, 'at', s.at,
                   'factor', s.factor::text, 'effective_at', s.effective_at)
                   order by s.effective_at, s.kind)
            from position_actions s where s.position_id = p.id),
           s.reason, s.since, p.realised_pnl
    from positions p join accounts a on a.id = p.account_id
    left join positions_set_aside s on s.position_id = p.id and p.status <> 'closed'
    left join pipelines l on l.id = p.pipeline_id
    where p.user_id = %(user_id)s
      and case when %(ids)s::uuid[] is null then p.opened_at is not null or p.status <> 'closed'
               else p.id = any(%(ids)s) end
      and (%(open)s::boolean is null or (p.status <> 'closed') = %(open)s)
      and (%(mode)s::text is null or p.mode = %(mode)s)
      and (%(pipeline_id)s::uuid is null or p.pipeline_id = %(pipeline_id)s)
      and (%(account_id)s::uuid is null or p.account_id = %(account_id)s)
      and (%(before_at)s::timestamptz is null
           or (p.created_at, p.id) < (%(before_at)s, %(before_id)s::uuid))
    order by p.created_at desc, p.id desc limit %(limit)s
"""  # noqa: S608  put together from constants


@dataclass(frozen=True, slots=True)
class PositionQuery:
    """Filters of a user's positions."""

    status: Literal["open", "closed"] | None = None
    mode: str | None = None
    pipeline_id: UUID | None = None
    account_id: UUID | None = None
    cursor: str | None = None
    limit: int = 50


Row = Mapping[str, Any]


async def position_page(
    session: AsyncSession, user_id: UserId, query: PositionQuery, now: datetime
) -> PositionList:
    """Return a page of a user's positions, the newest first. Raises BadCursor."""
    before = (None, None) if query.cursor is None else _bound(query.cursor)
    rows = await _rows(session, user_id, query, before=before, limit=query.limit + 1)
    more, rows = len(rows) > query.limit, rows[: query.limit]
    last = rows[-1] if more else None
    return PositionList(
        items=await _shown(session, rows, now),
        next_cursor=last and encode_cursor(last["created_at"].isoformat(), str(last["id"])),
    )


async def position_of(
    session: AsyncSession, user_id: UserId, position_id: UUID, now: datetime
) -> PositionOut:
    """Return one of a user's positions. Raises PositionNotFound."""
    rows = await _rows(session, user_id, PositionQuery(), ids=[position_id])
    if not rows:
        raise PositionNotFound("There is no position with this id.")
    (found,) = await _shown(session, rows, now)
    return found


async def positions_by_id(
    session: AsyncSession, user_id: UserId, position_ids: Collection[UUID], now: datetime
) -> dict[UUID, PositionOut]:
    """Return those of the positions that are the user's, by id."""
    if not position_ids:
        return {}
    rows = await _rows(session, user_id, PositionQuery(), ids=position_ids, limit=None)
    return {one.id: one for one in await _shown(session, rows, now)}


async def open_positions(
    session: AsyncSession, user_id: UserId, query: PositionQuery, now: datetime
) -> list[PositionOut]:
    """Return all of a user's positions that are not closed, whatever limit `query` has."""
    rows = await _rows(session, user_id, query, limit=None)
    return await _shown(session, rows, now)


async def _rows(
    session: AsyncSession,
    user_id: UserId,
    query: PositionQuery,
    *,
    ids: Collection[UUID] | None = None,
    before: tuple[datetime | None, UUID | None] = (None, None),
    limit: int | None = 1,
) -> list[Row]:
    values = {
        "user_id": user_id,
        "ids": None if ids is None else list(ids),
        "open": None if query.status is None else query.status == "open",
        "mode": query.mode,
        "pipeline_id": query.pipeline_id,
        "account_id": query.account_id,
        "before_at": before[0],
        "before_id": before[1],
        "limit": limit,
    }
    connection = await raw_connection(session)
    found = await (await connection.execute(_POSITIONS.encode(), values)).fetchall()
    return [dict(zip(_COLUMNS, row, strict=True)) for row in found]


async def _shown(session: AsyncSession, rows: Sequence[Row], now: datetime) -> list[PositionOut]:
    live = {row["symbol"] for row in rows if row["status"] != Status.CLOSED}
    prices = await prices_of(session, live, now)
    return [shown(row, prices.get(row["symbol"]), now) for row in rows]


def shown(row: Row, price: Priced | None, now: datetime) -> PositionOut:
    """Return a row of positions as it stands at a price."""
    position = _restored(row)
    is_open = row["status"] != Status.CLOSED
    actions = row["actions"] or []
    price = _of_basis(price, actions) if is_open else None
    worth = _worth(row, position, None if price is None else price.last)
    aside = None if row["aside_since"] is None else _attention(row)
    fresh = price is not None and not price.stale
    waits = waits_of_position(
        row["symbol"], row["status"], row["waits_for"], priced=fresh or not is_open, now=now
    )
    if aside is not None:
        waits = [why_set_aside(aside.reason, aside.since)]
    return PositionOut(
        id=row["id"],
        account_id=row["account_id"],
        account_name=row["account_name"],
        mode=row["mode"],
        symbol=row["symbol"],
        currency=row["currency"],
        pipeline_id=row["pipeline_id"],
        pipeline_name=row["pipeline_name"],
        pipeline_deleted=row["pipeline_deleted"],
        execution_id=row["run_id"],
        entry_order_id=row["entry_order_id"],
        side=Side(row["side"]),
        quantity=_tidy(row["quantity"]),
        entered_quantity=from_quantity(position.bought) if position else _tidy(row["quantity"]),
        average_price=_tidy(row["average_price"]),
        last_price=None if price is None else _tidy(price.last),
        quoted_at=None if price is None else price.quoted_at,
        stale=is_open and not fresh,
        unrealised_pnl=worth.unrealised_pnl if is_open else Decimal(0),
        realised_pnl=worth.realised_pnl,
        fees=_tidy(row["fees"]),
        r=worth.r,
        risk=worth.risk if is_open else Decimal(0),
        stop=_tidy(row["stop"]),
        targets=[TargetOut.model_validate(one) for one in row["targets"]["items"]],
        protected_by="nothing" if aside else row["protected_by"],
        unprotected=_tidy(row["quantity"] if aside else row["unprotected"]),
        unprotected_since=row["aside_since"] or row["unprotected_since"],
        unprotected_seconds=_tidy(row["unprotected_seconds"]),
        status=row["status"],
        waits=waits,
        attention=aside,
        created_at=row["created_at"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        exit_reason=row["exit_reason"],
        actions=[_action(one) for one in actions],
    )


def _of_basis(price: Priced | None, actions: Sequence[Row]) -> Priced | None:
    """Return a price on the basis of the position, which may have been split since."""
    if price is None:
        return None
    for one in actions:
        if datetime.fromisoformat(one["effective_at"]) > price.quoted_at:
            price = replace(price, last=on_basis(price.last, Decimal(one["factor"])))
    return price


def _action(one: Row) -> PositionActionOut:
    cash = one["cash"]
    return PositionActionOut(
        kind=one["kind"],
        ex_date=one["ex_date"],
        says=one["told"],
        outcome=one["outcome"],
        before=tidy(Decimal(one["before"])),
        after=tidy(Decimal(one["after"])),
        cash=None if cash is None else tidy(Decimal(cash)),
        note=one["note"],
        at=one["at"],
    )


def _restored(row: Row) -> Position | None:
    """Return what management knows of a position, None where it cannot be read: the columns beside
    it can, and neither its page nor others' need fail."""
    try:
        return restored(row["state"])
    except Exception:
        log.exception("position_unreadable", position_id=str(row["id"]))
        return None


def _worth(row: Row, position: Position | None, last: Decimal | None) -> Worth:
    if position is not None:
        return worth_of(position, last)
    return Worth(_tidy(row["realised_pnl"]), None, None, Decimal(0))


def _attention(row: Row) -> AttentionOut:
    return AttentionOut(reason=row["aside_reason"], since=row["aside_since"])


def _tidy(amount: Decimal | None) -> Any:
    """Return an amount without the zeros that the column's scale adds."""
    return None if amount is None else tidy(amount)


def _bound(cursor: str) -> tuple[datetime, UUID]:
    created_at, position_id = decode_cursor(cursor, 2)
    try:
        return as_utc(datetime.fromisoformat(created_at)), UUID(position_id)
    except ValueError as error:
        raise bad_cursor() from error
