"""What the order service reads: instruments with their books, positions and orders; intents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from kuber.brokers.port import Account, OrderStatus
from kuber.exchange.book import Book
from kuber.exchange.state import BookState
from kuber.exchange.types import Effect
from kuber.exchange.units import to_instant, to_price
from kuber.infra.db import JsonObject, RawConnection
from kuber.kernel.ids import OrderId, RunId, UserId
from kuber.kernel.orders import OrderType, Side, TimeInForce
from kuber.trading.accounts.behaviour import behaviour_of
from kuber.trading.lifecycle import OPEN, OrderLife
from kuber.trading.management.stored import restored
from kuber.trading.order_service.held import VENUE, Holder, Hosted, LiveOrder, Terms, Tracked
from kuber.trading.order_service.traded import Traded
from kuber.trading.order_types import RequestKind
from kuber.trading.origins import Origin, OriginKind
from kuber.trading.types import Intent

MOST = 200
"""Intents, and requests, of one round."""

_OPEN = ", ".join(f"'{status}'" for status in sorted(OPEN))
_BOOK = "select state, version from venue_books where symbol = %s"
_POSITIONS = """
    select p.state, p.version, p.created_at, p.user_id, p.account_id, a.currency, p.mode,
           a.simulation, p.pipeline_id, p.run_id, o.correlation_id, p.symbol
    from positions p join accounts a on a.id = p.account_id
    join orders o on o.id = p.entry_order_id
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
    select r.id, r.kind, r.target, r.args, coalesce(p.symbol, o.symbol)
    from order_requests r
    left join positions p on p.id = r.target
    left join orders o on o.id = r.target
    where r.done_at is null order by r.requested_at, r.id limit {MOST}
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


async def load(connection: RawConnection, traded: Traded) -> Hosted:
    """Return an instrument as it is on record."""
    hosted = Hosted(traded)
    found = await _rows(connection, _BOOK, traded.symbol)
    if found:
        hosted.book, hosted.stored = Book.of(BookState(found[0][0])), found[0][1]
        hosted.phase = hosted.book.phase  # that of now is told to it with the next look
    of_symbol = _POSITIONS.format(where="p.symbol = %s")
    for tracked in map(_tracked, await _rows(connection, of_symbol, traded.symbol)):
        hosted.tracked[tracked.position.id] = tracked
    for row in await _rows(connection, _ORDERS, traded.symbol):
        position_id, status, filled, answers, reserved, run_id = row[19:]
        intent = _intent(row, _run(run_id))
        hosted.orders[str(intent.id)] = LiveOrder(
            intent,
            _terms(row),
            str(position_id),
            OrderLife(OrderStatus(status), intent.quantity, filled, answers),
            reserved or Decimal(0),
        )
    hosted.forget_strays()
    return hosted


async def positions_of_account(
    connection: RawConnection, account_id: UUID
) -> list[tuple[str, Tracked]]:
    """Return the positions of an account that are not closed, with their symbols, locked."""
    of_account = _POSITIONS.format(where="p.account_id = %s") + " for update of p"
    rows = await _rows(connection, of_account, account_id)
    return [(row[11], _tracked(row)) for row in rows]


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


async def arrived(connection: RawConnection) -> tuple[list[WantedEntry], list[Request]]:
    """Return the oldest intents in lasting simulation accounts and the oldest requests that wait,
    locked."""
    intents = await connection.execute(_INTENTS.encode())
    asked = await connection.execute(_REQUESTS.encode())
    return _wanted(await intents.fetchall()), [
        Request(row[0], RequestKind(row[1]), row[2], row[3], row[4])
        for row in await asked.fetchall()
    ]


def _wanted(rows: Iterable[Sequence[Any]]) -> list[WantedEntry]:
    found = []
    for row in rows:
        reference, levels, created_at, pipeline_id, currency, options = row[19:25]
        blocked, status, called_off = row[25:]
        if status != "open":
            blocked = "The account was reset."
        intent = _intent(row, None)
        found.append(
            WantedEntry(
                intent,
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
        )
    return found


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
