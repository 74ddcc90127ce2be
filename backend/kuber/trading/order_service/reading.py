"""What the order service reads: instruments with their books, positions and orders; intents."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import structlog

from kuber.brokers.port import Account, OrderStatus
from kuber.exchange.book import Book
from kuber.exchange.state import BookState
from kuber.exchange.types import Effect
from kuber.exchange.units import to_instant, to_price, to_quantity
from kuber.infra.db import JsonObject, RawConnection
from kuber.kernel.ids import OrderId, RunId, UserId
from kuber.kernel.orders import OrderType, Side, TimeInForce
from kuber.trading.accounts.behaviour import behaviour_of
from kuber.trading.lifecycle import OPEN, OrderLife
from kuber.trading.management.attribution import Stake
from kuber.trading.management.stored import restored
from kuber.trading.order_service.held import VENUE, Aside, Holder, Hosted, LiveOrder, Terms, Tracked
from kuber.trading.order_service.traded import Traded
from kuber.trading.order_types import RequestKind
from kuber.trading.origins import Origin, OriginKind
from kuber.trading.types import Intent

log = structlog.get_logger(__name__)

MOST = 200
"""Intents, and requests, of one round."""

_OPEN = ", ".join(f"'{status}'" for status in sorted(OPEN))
_BOOK = "select state, version from venue_books where symbol = %s"
_POSITIONS = """
    select p.state, p.version, p.created_at, p.user_id, p.account_id, a.currency, p.mode,
           a.simulation, p.pipeline_id, p.run_id, o.correlation_id, p.symbol, p.id, p.owner, p.side,
           p.quantity, s.since
    from positions p join accounts a on a.id = p.account_id
    join orders o on o.id = p.entry_order_id
    left join positions_set_aside s on s.position_id = p.id
    where {where} and p.status <> 'closed'
    order by p.created_at, p.id
"""
_ORDER = """
    o.id, o.user_id, o.account_id, o.origin, o.origin_key, o.mode, o.symbol, o.side, o.quantity,
    o.correlation_id, o.type, o.time_in_force, o.limit_price, o.stop_price, o.trail_amount,
    o.trail_percent, o.effect, o.extended_hours, o.expires_at
"""
_ORDERS = f"""
    select {_ORDER}, o.position_id, o.status, o.filled_quantity, o.answers, o.reserved, p.run_id
    from positions p join orders o on o.position_id = p.id
    where p.symbol = %s and p.status <> 'closed' and o.status in ({_OPEN})
    order by o.created_at, o.id
"""  # noqa: S608  put together from constants
_OPEN_ORDERS = f"""
    select {_ORDER}, o.status, o.filled_quantity, o.answers, p.run_id
    from orders o left join positions p on p.id = o.position_id
    where o.account_id = %s and o.status in ({_OPEN})
    order by o.created_at, o.id
    for update of o
"""  # noqa: S608  put together from constants
_SYMBOLS = """
    select distinct symbol from positions where status <> 'closed'
"""
_LIVE = """
    select p.id from positions p where p.symbol = %s and p.status <> 'closed'
      and not exists (select from positions_set_aside s where s.position_id = p.id)
    order by p.created_at, p.id
"""
_INTENTS = f"""
    select {_ORDER}, o.reference_price, o.levels, o.created_at, r.pipeline_id, a.currency,
           a.simulation, a.entries_blocked, a.status, coalesce(r.cancel_requested, false)
    from orders o join accounts a on a.id = o.account_id left join runs r on r.id = o.run_id
    where o.status = 'intended' and a.kind = 'lasting' and a.mode = 'simulation'
      and o.position_id is null
    order by o.created_at, o.id limit {MOST}
    for update of o
"""  # noqa: S608  put together from constants
_RESET = "select id from accounts where id = any(%s) and status = 'reset'"
_REQUESTS = f"""
    select r.id, r.kind, r.target, r.args, coalesce(p.symbol, o.symbol),
           coalesce(p.id, o.position_id)
    from order_requests r
    left join positions p on p.id = r.target
    left join orders o on o.id = r.target
    where r.done_at is null and not exists (
        select from positions_set_aside s where s.position_id = coalesce(p.id, o.position_id))
    order by r.requested_at, r.id limit {MOST}
    for update of r
"""  # noqa: S608  put together from constants


@dataclass(frozen=True, slots=True)
class WantedEntry:
    """An intent to open a position, on record and not looked at yet."""

    order: Intent
    terms: Terms
    reference_price: Decimal
    levels: JsonObject
    created_at: datetime
    pipeline_id: UUID | None
    currency: str
    options: JsonObject
    """Of the simulated venue."""
    blocked: str | None
    """Why no entry may leave the account."""
    called_off: bool
    """Whether its run was cancelled since."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants of an order or a position that exists."""

    id: UUID
    kind: RequestKind
    target: UUID
    args: Mapping[str, Any]
    symbol: str | None
    """None where neither an order nor a position has that id."""
    position_id: UUID | None = None


async def load(
    connection: RawConnection,
    traded: Traded,
    *,
    only: Collection[str] | None = None,
    returning: Mapping[str, datetime] = MappingProxyType({}),
) -> Hosted:
    """Return an instrument as it is on record, without what is set aside or cannot be read.

    only: positions that take part, where not all do. returning: positions that were set aside at
    an instant, and are worked again.
    """
    hosted = Hosted(traded)
    of_symbol = _POSITIONS.format(where="p.symbol = %s")
    for row in await _rows(connection, of_symbol, traded.symbol):
        name = str(row[12])
        left = row[16] is not None or (only is not None and name not in only)
        if left or not _read_position(hosted, name, row, returning.get(name)):
            hosted.aside[name] = _aside(row)
    for row in await _rows(connection, _ORDERS, traded.symbol):
        if (name := str(row[19])) in hosted.tracked and not _read_order(hosted, name, row):
            hosted.aside[name] = _aside_of(hosted.tracked.pop(name))
    for order_id, order in list(hosted.orders.items()):
        if order.position_id not in hosted.tracked:
            del hosted.orders[order_id]
    await _read_book(connection, hosted, frozenset(returning))
    return hosted


def _read_position(hosted: Hosted, name: str, row: Sequence[Any], since: datetime | None) -> bool:
    """Read a position; return whether that can be done."""
    try:
        tracked = _tracked(row)
    except Exception as error:  # noqa: BLE001  whatever a row has: it concerns no other
        hosted.unread[name] = error
        return False
    if since is not None:
        # What it held had no stop since then; it is looked at as of that moment.
        at = to_instant(since)
        bare = max(tracked.position.held, 0)
        tracked.position = replace(tracked.position, bare=bare, looked_at=at)
        tracked.unwatched_since = at
    hosted.tracked[name] = tracked
    return True


def _read_order(hosted: Hosted, name: str, row: Sequence[Any]) -> bool:
    """Read an order of a position; return whether that can be done."""
    status, filled, answers, reserved, run_id = row[20:]
    try:
        intent = _intent(row, _run(run_id))
        life = OrderLife(OrderStatus(status), intent.quantity, filled, answers)
        held = reserved or Decimal(0)
        hosted.orders[str(intent.id)] = LiveOrder(intent, _terms(row), name, life, held)
    except Exception as error:  # noqa: BLE001  likewise
        hosted.unread[name] = error
        return False
    return True


async def _read_book(connection: RawConnection, hosted: Hosted, returning: frozenset[str]) -> None:
    """Read the book; one that cannot be read is begun anew, and positions get new orders in it."""
    hosted.returned = returning & hosted.tracked.keys()
    found = await _rows(connection, _BOOK, hosted.symbol)
    if not found:
        return
    hosted.stored = found[0][1]
    try:
        hosted.book = Book.of(BookState(found[0][0]))
        hosted.phase = hosted.book.phase  # that of now is told to it with the next look
        hosted.forget_strays()
    except Exception:  # whatever is in it
        log.exception("book_unreadable", symbol=hosted.symbol, consequence="begun anew")
        hosted.book = Book()
        hosted.hold_all()
        hosted.returned = frozenset(hosted.tracked)


def _aside(row: Sequence[Any]) -> Aside:
    side = Side(row[14])
    held = to_quantity(row[15]) * (1 if side is Side.BUY else -1)
    return Aside(row[4], Stake(str(row[12]), row[13], side), held)


def _aside_of(tracked: Tracked) -> Aside:
    position = tracked.position
    held = position.held if position.plan.long else -position.held
    stake = Stake(position.id, position.owner, position.plan.side)
    return Aside(tracked.holder.account_id, stake, held)


async def positions_of_account(
    connection: RawConnection, account_id: UUID
) -> list[tuple[str, Tracked]]:
    """Return the positions of an account that are not closed, with their symbols, locked; without
    those that cannot be read."""
    of_account = _POSITIONS.format(where="p.account_id = %s") + " for update of p"
    found = []
    for row in await _rows(connection, of_account, account_id):
        try:
            found.append((row[11], _tracked(row)))
        except Exception:  # whatever is in a row
            log.exception("position_unreadable", position_id=str(row[12]))
    return found


async def open_orders_of_account(
    connection: RawConnection, account_id: UUID
) -> list[tuple[Intent, OrderLife]]:
    """Return the orders of an account that have not ended, those without a position too, locked."""
    found = []
    for row in await _rows(connection, _OPEN_ORDERS, account_id):
        status, filled, answers, run_id = row[19:]
        intent = _intent(row, _run(run_id))
        found.append((intent, OrderLife(OrderStatus(status), intent.quantity, filled, answers)))
    return found


async def accounts_reset(connection: RawConnection, hosted: Iterable[Hosted]) -> set[UUID]:
    """Return the accounts of positions in memory that were reset since they were read."""
    ids = {tracked.holder.account_id for one in hosted for tracked in one.tracked.values()}
    return {row[0] for row in await _rows(connection, _RESET, list(ids))} if ids else set()


async def live_symbols(connection: RawConnection) -> list[str]:
    """Return the symbols of positions that are not closed."""
    return [row[0] for row in await _rows(connection, _SYMBOLS)]


async def live_positions(connection: RawConnection, symbol: str) -> list[str]:
    """Return the positions of a symbol that are worked."""
    return [str(row[0]) for row in await _rows(connection, _LIVE, symbol)]


async def arrived(
    connection: RawConnection, left: Collection[UUID] = ()
) -> tuple[list[WantedEntry], list[Request], list[UUID]]:
    """Return the oldest intents in lasting simulation accounts and the oldest requests that wait,
    locked; and the intents that cannot be read, without those that are `left` alone."""
    intents = await connection.execute(_INTENTS.encode())
    asked = await connection.execute(_REQUESTS.encode())
    wanted, unread = [], []
    for row in await intents.fetchall():
        if row[0] in left:
            continue
        try:
            wanted.append(_wanted(row))
        except Exception:  # whatever is in a row: it concerns nobody else
            log.exception("intent_unreadable", order_id=str(row[0]))
            unread.append(row[0])
    requests = [
        Request(row[0], RequestKind(row[1]), row[2], row[3], row[4], row[5])
        for row in await asked.fetchall()
    ]
    return wanted, requests, unread


def _wanted(row: Sequence[Any]) -> WantedEntry:
    reference, levels, created_at, pipeline_id, currency, options = row[19:25]
    blocked, status, called_off = row[25:]
    if status != "open":
        blocked = "The account was reset."
    return WantedEntry(
        _intent(row, None),
        _terms(row),
        reference,
        levels,
        created_at,
        pipeline_id,
        currency,
        options,
        blocked,
        called_off,
    )


def _tracked(row: Sequence[Any]) -> Tracked:
    position = restored(row[0])
    behaviour = behaviour_of(row[7], row[4], position.plan.spec.asset_class)
    holder = Holder(
        UserId(row[3]), row[4], row[5], row[6], behaviour, row[8], _run(row[9]), row[10]
    )
    tracked = Tracked(position, holder, row[2], stored=row[1])
    tracked.keep(position)
    return tracked


def _intent(row: Sequence[Any], of_run: RunId | None) -> Intent:
    return Intent(
        id=OrderId(row[0]),
        account=Account(UserId(row[1]), row[2]),
        origin=Origin(OriginKind(row[3]), tuple(row[4])),
        mode=row[5],
        symbol=row[6],
        side=Side(row[7]),
        quantity=row[8],
        correlation_id=row[9],
        venue=VENUE,
        of_run=of_run,
    )


def _terms(row: Sequence[Any]) -> Terms:
    return Terms(
        type=OrderType(row[10]),
        time_in_force=TimeInForce(row[11]),
        limit_price=_price(row[12]),
        stop_price=_price(row[13]),
        trail_amount=_price(row[14]),
        trail_percent=None if row[15] is None else int(row[15] * 10_000),
        effect=Effect(row[16]),
        extended_hours=row[17],
        expires_at=None if row[18] is None else to_instant(row[18]),
    )


def _price(value: Decimal | None) -> int | None:
    return None if value is None else to_price(value)


def _run(value: UUID | None) -> RunId | None:
    return None if value is None else RunId(value)


async def _rows(connection: RawConnection, statement: str, *values: object) -> list[Any]:
    return await (await connection.execute(statement.encode(), values)).fetchall()
