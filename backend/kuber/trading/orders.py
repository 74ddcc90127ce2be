"""The journal as it is read: a user's orders and fills, whatever became of the runs."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from kuber.brokers.port import OrderStatus
from kuber.kernel.clock import as_utc
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import PipelineId, RunId, UserId
from kuber.kernel.money import quantize
from kuber.kernel.orders import OrderType, TimeInForce
from kuber.ledger.units import tidy
from kuber.trading.errors import OrderNotFound
from kuber.trading.lifecycle import OPEN
from kuber.trading.management.position import Role, Status
from kuber.trading.models import AccountRow, FillRow, OrderRow, PositionRow, RequestRow
from kuber.trading.order_types import OrderEffect, SettlementStatus
from kuber.trading.origins import Origin, OriginKind

_Row = tuple[OrderRow, UUID | None, UUID | None]
_ORDERS: Select[OrderRow, UUID | None, UUID | None] = select(
    OrderRow, PositionRow.pipeline_id, PositionRow.run_id
).outerjoin(PositionRow, PositionRow.id == OrderRow.position_id)
"""Orders, each with pipeline and run of its position."""


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """Filters of a user's orders."""

    symbol: str | None = None
    mode: str | None = None
    state: Literal["open", "ended"] | None = None
    account_id: UUID | None = None
    position_id: UUID | None = None
    run_id: UUID | None = None
    """Orders that a run placed, and those of the positions that it opened."""
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class JournalFill:
    """One fill: `price` and `commission` in the account's currency, `price` per unit."""

    venue_execution_id: str
    time: datetime
    quantity: Decimal
    price: Decimal
    commission: Decimal


@dataclass(frozen=True, slots=True)
class JournalTerms:
    """What an order says beside side and quantity, and how far it is at its venue."""

    type: OrderType
    time_in_force: TimeInForce
    extended_hours: bool
    limit_price: Decimal | None
    stop_price: Decimal | None
    trail_amount: Decimal | None
    trail_percent: Decimal | None
    expires_at: datetime | None
    remaining: Decimal | None
    waits_for: str | None
    settlement_status: SettlementStatus


@dataclass(frozen=True, slots=True)
class OrderPlace:
    """Whose an order is, and which of a position's; pipeline and run are those of the position
    where no run wanted it."""

    origin: OriginKind
    leg: str
    attempt: int
    effect: OrderEffect
    order_group: str | None
    replaces: UUID | None
    position_id: UUID | None
    pipeline_id: UUID | None
    run_id: UUID | None
    caller_reference: str | None


@dataclass(frozen=True, slots=True)
class JournalOrder:
    """One order as the journal has it; without a run once that was deleted."""

    id: UUID
    account_id: UUID
    run_id: UUID | None
    mode: str
    symbol: str
    side: str
    quantity: Decimal
    reference_price: Decimal
    stop: Decimal | None
    """What protects what an entry opens; None of an order that closes."""
    targets: tuple[Decimal, ...]
    status: OrderStatus
    reason: str
    estimated: bool
    """No exchange filled it: its fill was reckoned."""
    created_at: datetime
    answered_at: datetime | None
    filled_quantity: Decimal
    fills: tuple[JournalFill, ...]
    terms: "JournalTerms"
    place: "OrderPlace"

    @property
    def stop_loss(self) -> Decimal:
        """The stop of an entry."""
        assert self.stop is not None, "an entry has a stop"
        return self.stop

    @property
    def commission(self) -> Decimal:
        return sum((fill.commission for fill in self.fills), Decimal(0))

    @property
    def average_fill_price(self) -> Decimal | None:
        """The price of all fills together, weighted by quantity, to 8 places."""
        if not self.filled_quantity:
            return None
        value = sum((fill.quantity * fill.price for fill in self.fills), Decimal(0))
        return quantize(value / self.filled_quantity, 8, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class OrderTotals:
    """What all orders of a query come to; `commissions` by currency, those of every fill."""

    orders: int
    filled: int
    """Orders with at least one fill."""
    commissions: dict[str, Decimal]


async def order_totals(session: AsyncSession, user_id: UserId, query: OrderQuery) -> OrderTotals:
    """Return the totals of a user's orders, whatever page of them `query` asks for."""
    chosen = [OrderRow.user_id == user_id, *_filters(query)]
    orders = (await session.scalars(select(func.count(OrderRow.id)).where(*chosen))).one()
    rows = await session.execute(
        select(
            AccountRow.currency,
            func.count(FillRow.order_id.distinct()),
            func.sum(FillRow.commission),
        )
        .join(OrderRow, OrderRow.id == FillRow.order_id)
        .join(AccountRow, AccountRow.id == OrderRow.account_id)
        .where(*chosen)
        .group_by(AccountRow.currency)
        .order_by(AccountRow.currency)
    )
    found = [(unit, filled, commission) for unit, filled, commission in rows]
    return OrderTotals(
        orders,
        sum(filled for _, filled, _ in found),
        {currency: commission for currency, _, commission in found},
    )


def _filters(query: OrderQuery) -> list[ColumnElement[bool]]:
    filters = []
    if query.symbol:
        filters.append(OrderRow.symbol == query.symbol.upper())
    if query.mode:
        filters.append(OrderRow.mode == query.mode)
    if query.account_id:
        filters.append(OrderRow.account_id == query.account_id)
    if query.position_id:
        filters.append(OrderRow.position_id == query.position_id)
    if query.run_id:
        opened = select(PositionRow.id).where(PositionRow.run_id == query.run_id)
        filters.append((OrderRow.run_id == query.run_id) | OrderRow.position_id.in_(opened))
    if query.state:
        is_open = OrderRow.status.in_([status.value for status in OPEN])
        filters.append(is_open if query.state == "open" else ~is_open)
    return filters


async def count_orders(session: AsyncSession, runs: Select[UUID]) -> tuple[int, int]:
    """Return how many orders the selected runs placed, or that closed what they had opened, and how
    many fills those have."""
    opened = select(PositionRow.id).where(PositionRow.run_id.in_(runs))
    ours = OrderRow.run_id.in_(runs) | OrderRow.position_id.in_(opened)
    orders = select(func.count(OrderRow.id)).where(ours).scalar_subquery()
    fills = (
        select(func.count(FillRow.execution_id))
        .join(OrderRow, OrderRow.id == FillRow.order_id)
        .where(ours)
        .scalar_subquery()
    )
    found = (await session.execute(select(orders, fills))).one()
    return found[0], found[1]


async def count_open_positions(session: AsyncSession, pipeline_id: PipelineId) -> int:
    """Return how many positions of the pipeline are not closed."""
    ours = (PositionRow.pipeline_id == pipeline_id) & (PositionRow.status != Status.CLOSED)
    return await session.scalar(select(func.count()).select_from(PositionRow).where(ours)) or 0


async def orders_of_run(session: AsyncSession, run_id: RunId) -> list[JournalOrder]:
    """Return the orders that a run placed, oldest first."""
    query = _ORDERS.where(OrderRow.run_id == run_id)
    return await _read(session, query.order_by(OrderRow.created_at, OrderRow.id))


async def closing_orders(
    session: AsyncSession, run_id: RunId, node_ids: Collection[str]
) -> list[JournalOrder]:
    """Return what was ordered to close positions because nodes of a run asked for it, oldest
    first; see `account_desk`."""
    if not node_ids:
        return []
    names = [Origin.of_node(run_id, node_id).order_id() for node_id in node_ids]
    named, asked = aliased(RequestRow), aliased(RequestRow)
    query = (
        _ORDERS.join(asked, asked.target == OrderRow.position_id)
        .join(
            named,
            (named.user_id == asked.user_id)
            & (named.correlation_id == asked.correlation_id)
            & (named.requested_at == asked.requested_at),
        )
        .where(named.id.in_(names), OrderRow.leg == Role.CLOSE.value)
        .where(OrderRow.created_at >= asked.requested_at)
    )
    return await _read(session, query.order_by(OrderRow.created_at, OrderRow.id))


async def orders_of_position(
    session: AsyncSession, user_id: UserId, position_id: UUID
) -> list[JournalOrder]:
    """Return everything that was ordered for a user's position, oldest first."""
    query = _ORDERS.where(OrderRow.position_id == position_id, OrderRow.user_id == user_id)
    return await _read(session, query.order_by(OrderRow.created_at, OrderRow.id))


async def order_of(session: AsyncSession, user_id: UserId, order_id: UUID) -> JournalOrder:
    """Return one of a user's orders. Raises OrderNotFound."""
    query = _ORDERS.where(OrderRow.id == order_id, OrderRow.user_id == user_id)
    found = await _read(session, query)
    if not found:
        raise OrderNotFound("There is no order with this id.")
    return found[0]


async def has_unanswered(session: AsyncSession, run_id: RunId) -> bool:
    """Return whether an order of a run waits for its venue's answer."""
    intended = select(OrderRow.id).where(
        OrderRow.run_id == run_id, OrderRow.status == OrderStatus.INTENDED.value
    )
    return await session.scalar(intended.limit(1)) is not None


async def ordering_nodes(session: AsyncSession, run_id: RunId) -> set[str]:
    """Return the nodes of a run that placed an order which its venue did not reject."""
    placed = select(OrderRow.node_id).where(
        OrderRow.run_id == run_id, OrderRow.status != OrderStatus.REJECTED.value
    )
    return {node_id for node_id in await session.scalars(placed) if node_id is not None}


async def order_page(
    session: AsyncSession, user_id: UserId, query: OrderQuery
) -> tuple[list[JournalOrder], str | None]:
    """Return one page of a user's orders, newest first, and the cursor of the next."""
    statement = _ORDERS.where(OrderRow.user_id == user_id, *_filters(query))
    key = tuple_(OrderRow.created_at, OrderRow.id)
    if query.cursor:
        statement = statement.where(key < tuple_(*_bound(query.cursor)))
    statement = statement.order_by(OrderRow.created_at.desc(), OrderRow.id.desc())
    orders = await _read(session, statement.limit(query.limit + 1))
    more, orders = len(orders) > query.limit, orders[: query.limit]
    last = orders[-1] if more else None
    cursor = None if last is None else encode_cursor(last.created_at.isoformat(), str(last.id))
    return orders, cursor


async def _read(
    session: AsyncSession, query: Select[OrderRow, UUID | None, UUID | None]
) -> list[JournalOrder]:
    rows = [(row, pipeline, run) for row, pipeline, run in await session.execute(query)]
    fills = await _fills(session, [row.id for row, _, _ in rows])
    return [_order(found, fills[found[0].id]) for found in rows]


async def orders_with(
    session: AsyncSession, user_id: UserId, order_ids: Collection[UUID]
) -> list[JournalOrder]:
    """Return those of the orders that are the user's."""
    if not order_ids:
        return []
    query = _ORDERS.where(OrderRow.user_id == user_id, OrderRow.id.in_(order_ids))
    return await _read(session, query)


async def _fills(
    session: AsyncSession, order_ids: Sequence[UUID]
) -> defaultdict[UUID, list[JournalFill]]:
    found: defaultdict[UUID, list[JournalFill]] = defaultdict(list)
    if order_ids:
        query = select(FillRow).where(FillRow.order_id.in_(order_ids))
        for row in await session.scalars(query.order_by(FillRow.time, FillRow.execution_id)):
            amounts = (tidy(row.quantity), tidy(row.price), tidy(row.commission))
            fill = JournalFill(row.execution_id, row.time, *amounts)
            found[row.order_id].append(fill)
    return found


def _order(found: _Row, fills: Sequence[JournalFill]) -> JournalOrder:
    row, pipeline_id, run_id = found
    stop = row.levels["stop_loss"]
    return JournalOrder(
        id=row.id,
        account_id=row.account_id,
        run_id=row.run_id,
        mode=row.mode,
        symbol=row.symbol,
        side=row.side,
        quantity=tidy(row.quantity),
        reference_price=tidy(row.reference_price),
        stop=None if stop is None else Decimal(stop),
        targets=tuple(Decimal(target) for target in row.levels["targets"]),
        status=OrderStatus(row.status),
        reason=row.reason,
        estimated=row.estimated,
        created_at=row.created_at,
        answered_at=row.answered_at,
        filled_quantity=tidy(row.filled_quantity),
        fills=tuple(fills),
        terms=_terms(row),
        place=OrderPlace(
            origin=OriginKind(row.origin),
            leg=row.leg,
            attempt=row.attempt,
            effect=OrderEffect(row.effect),
            order_group=row.order_group,
            replaces=row.replaces,
            position_id=row.position_id,
            pipeline_id=pipeline_id,
            run_id=row.run_id or run_id,
            caller_reference=row.caller_reference,
        ),
    )


def _terms(row: OrderRow) -> JournalTerms:
    return JournalTerms(
        type=OrderType(row.type),
        time_in_force=TimeInForce(row.time_in_force),
        extended_hours=row.extended_hours,
        limit_price=None if row.limit_price is None else tidy(row.limit_price),
        stop_price=None if row.stop_price is None else tidy(row.stop_price),
        trail_amount=None if row.trail_amount is None else tidy(row.trail_amount),
        trail_percent=None if row.trail_percent is None else tidy(row.trail_percent),
        expires_at=row.expires_at,
        remaining=None if row.remaining is None else tidy(row.remaining),
        waits_for=row.waits_for,
        settlement_status=SettlementStatus(row.settlement_status),
    )


def _bound(cursor: str) -> tuple[datetime, UUID]:
    created_at, order_id = decode_cursor(cursor, 2)
    try:
        return as_utc(datetime.fromisoformat(created_at)), UUID(order_id)
    except ValueError as error:
        raise bad_cursor() from error
