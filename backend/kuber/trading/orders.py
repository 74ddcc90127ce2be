"""The journal as it is read: a user's orders and fills, whatever became of the runs."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.brokers.port import OrderStatus
from kuber.kernel.clock import as_utc
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import RunId, UserId
from kuber.kernel.money import quantize
from kuber.trading.models import AccountRow, FillRow, OrderRow


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """Filters of a user's orders."""

    symbol: str | None = None
    mode: str | None = None
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

    @property
    def stop_loss(self) -> Decimal:
        """The stop of an entry."""
        assert self.stop is not None, "what a run orders has a stop"
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
    found = [row._tuple() for row in rows]
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
    return filters


async def count_orders(session: AsyncSession, runs: Select[UUID]) -> tuple[int, int]:
    """Return how many orders the selected runs placed, and how many fills those have."""
    ours = OrderRow.run_id.in_(runs)
    orders = select(func.count(OrderRow.id)).where(ours).scalar_subquery()
    fills = (
        select(func.count(FillRow.execution_id))
        .join(OrderRow, OrderRow.id == FillRow.order_id)
        .where(ours)
        .scalar_subquery()
    )
    found = (await session.execute(select(orders, fills))).one()
    return found[0], found[1]


async def orders_of_run(session: AsyncSession, run_id: RunId) -> list[JournalOrder]:
    """Return the orders that a run placed, oldest first."""
    query = select(OrderRow).where(OrderRow.run_id == run_id)
    rows = (await session.scalars(query.order_by(OrderRow.created_at, OrderRow.id))).all()
    fills = await _fills(session, [row.id for row in rows])
    return [_order(row, fills[row.id]) for row in rows]


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
    statement = select(OrderRow).where(OrderRow.user_id == user_id, *_filters(query))
    key = tuple_(OrderRow.created_at, OrderRow.id)
    if query.cursor:
        statement = statement.where(key < tuple_(*_bound(query.cursor)))
    statement = statement.order_by(OrderRow.created_at.desc(), OrderRow.id.desc())
    rows = list((await session.scalars(statement.limit(query.limit + 1))).all())
    more, rows = len(rows) > query.limit, rows[: query.limit]
    fills = await _fills(session, [row.id for row in rows])
    cursor = encode_cursor(rows[-1].created_at.isoformat(), str(rows[-1].id)) if more else None
    return [_order(row, fills[row.id]) for row in rows], cursor


async def orders_with(
    session: AsyncSession, user_id: UserId, order_ids: Collection[UUID]
) -> list[JournalOrder]:
    """Return those of the orders that are the user's."""
    if not order_ids:
        return []
    query = select(OrderRow).where(OrderRow.user_id == user_id, OrderRow.id.in_(order_ids))
    rows = (await session.scalars(query)).all()
    fills = await _fills(session, [row.id for row in rows])
    return [_order(row, fills[row.id]) for row in rows]


async def _fills(
    session: AsyncSession, order_ids: Sequence[UUID]
) -> defaultdict[UUID, list[JournalFill]]:
    found: defaultdict[UUID, list[JournalFill]] = defaultdict(list)
    if order_ids:
        query = select(FillRow).where(FillRow.order_id.in_(order_ids))
        for row in await session.scalars(query.order_by(FillRow.time, FillRow.execution_id)):
            fill = JournalFill(row.execution_id, row.time, row.quantity, row.price, row.commission)
            found[row.order_id].append(fill)
    return found


def _order(row: OrderRow, fills: Sequence[JournalFill]) -> JournalOrder:
    stop = row.levels["stop_loss"]
    return JournalOrder(
        id=row.id,
        account_id=row.account_id,
        run_id=row.run_id,
        mode=row.mode,
        symbol=row.symbol,
        side=row.side,
        quantity=row.quantity,
        reference_price=row.reference_price,
        stop=None if stop is None else Decimal(stop),
        targets=tuple(Decimal(target) for target in row.levels["targets"]),
        status=OrderStatus(row.status),
        reason=row.reason,
        estimated=row.estimated,
        created_at=row.created_at,
        answered_at=row.answered_at,
        filled_quantity=row.filled_quantity,
        fills=tuple(fills),
    )


def _bound(cursor: str) -> tuple[datetime, UUID]:
    created_at, order_id = decode_cursor(cursor, 2)
    try:
        return as_utc(datetime.fromisoformat(created_at)), UUID(order_id)
    except ValueError as error:
        raise bad_cursor() from error
