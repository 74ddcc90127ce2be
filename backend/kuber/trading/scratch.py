"""A run's scratch account: entries fill at once, by estimate, and live as long as the run.

What an order fills follows from the order alone, so there is no venue to be asked and nothing to
be intended: an order is on record with the result of the node that placed it, or it never was.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from kuber.brokers.port import (
    Account,
    BracketOrder,
    Execution,
    OrderState,
    OrderStatus,
    Position,
    Side,
)
from kuber.exchange.behaviour import REALISTIC
from kuber.exchange.estimate import estimate
from kuber.exchange.types import NewOrder, Spec
from kuber.exchange.units import from_amount, from_price, to_instant, to_price, to_quantity
from kuber.infra.db import JsonObject, RawPool
from kuber.kernel.ids import OrderId
from kuber.kernel.money import quantize
from kuber.kernel.orders import OrderType, TimeInForce
from kuber.trading.booking import Booking
from kuber.trading.journal import REPORT_COLUMNS, Journal, report_of
from kuber.trading.lifecycle import OrderLife, advance, recorded
from kuber.trading.origins import Origin
from kuber.trading.requests import check_request
from kuber.trading.types import OrderReport, Ticket, TradeRequest

STARTING_BALANCE = Decimal(100_000)
"""What a scratch account begins with, in its currency: as a new simulation account does."""
ESTIMATED = replace(REALISTIC, partial_rate=0, rejection_rate=0, volume_share=None)
"""What an estimate reckons with: slippage and fees by default, without chance and volume."""

FILLED = "Estimated: the last price known, moved by slippage."
CHECKED = "Validation mode: the order was checked and recorded, nothing was sent."

AVERAGE_PLACES = 8

_ON_RECORD = f"""
    select o.id, o.symbol, o.side, {REPORT_COLUMNS} from orders o
    where o.account_id = %s and o.status <> 'intended' order by o.created_at, o.id
"""  # noqa: S608  put together from constants


@dataclass(frozen=True, slots=True)
class ScratchOrder:
    """An order of a scratch account, with all that was filled of it."""

    id: OrderId
    symbol: str
    side: Side
    report: OrderReport

    @property
    def signed(self) -> Decimal:
        """What it changed in the position: negative when it sold."""
        filled = self.report.filled_quantity
        return filled if self.side is Side.BUY else -filled

    @property
    def paid(self) -> Decimal:
        """What it cost, without commission: negative when it sold."""
        value = sum((fill.quantity * fill.price for fill in self.report.fills), Decimal(0))
        return value if self.side is Side.BUY else -value

    @property
    def commission(self) -> Decimal:
        return sum((fill.commission for fill in self.report.fills), Decimal(0))


class ScratchAccount:
    """What one run has ordered: in this claim, and, as the journal tells, in those before.

    `earlier` reads the journal; it is called once, and None where the run has no claim before.
    """

    def __init__(
        self, account: Account, earlier: Callable[[], Awaitable[Sequence[ScratchOrder]]] | None
    ) -> None:
        self.account = account
        self._earlier = earlier
        self._orders: dict[OrderId, ScratchOrder] = {}

    async def orders(self) -> Sequence[ScratchOrder]:
        """Return the run's orders so far, oldest first."""
        if self._earlier is not None:
            found, self._earlier = await self._earlier(), None
            self._orders = {order.id: order for order in found} | self._orders
        return tuple(self._orders.values())

    def add(self, order: ScratchOrder) -> None:
        """Take an order; what comes later in the run sees it."""
        self._orders[order.id] = order


class ScratchDesk:
    """One node's way to the scratch account of its run. `as_of` is when its orders are filled.

    `keep` takes the row of each order, for `statements.PLACED`, until the node has its result.
    """

    def __init__(
        self,
        account: ScratchAccount,
        origin: Origin,
        mode: str,
        as_of: datetime,
        journal: Journal,
        booking: Booking,
        keep: Callable[[OrderId, JsonObject], None],
    ) -> None:
        self._account = account
        self._origin = origin
        self._mode = mode
        self._as_of = as_of
        self._estimates = mode != "validation"
        self._journal = journal
        self._booking = booking
        self._keep = keep

    async def equity(self) -> Decimal:
        """Return the starting balance less commissions; positions count at cost."""
        return STARTING_BALANCE - _sum(order.commission for order in await self._account.orders())

    async def positions(self) -> tuple[Position, ...]:
        """Return the run's open positions, less this node's own order.

        A node that is tried again after its order thus decides as it did before.
        """
        own = self._origin.order_id()
        others = [order for order in await self._account.orders() if order.id != own]
        held = []
        for symbol in dict.fromkeys(order.symbol for order in others):
            ours = [order for order in others if order.symbol == symbol]
            quantity = _sum(order.signed for order in ours)
            if quantity:
                average = quantize(_sum(order.paid for order in ours) / quantity, AVERAGE_PLACES)
                held.append(Position(symbol, quantity, average))
        return tuple(held)

    async def execute(self, request: TradeRequest) -> OrderReport:
        """Fill the order at once and whole; return how it stands. A repetition gets the first
        answer. Raises RefusedOrder."""
        check_request(request)
        orders = await self._account.orders()
        ticket = self._ticket(request)
        known = next((order.report for order in orders if order.id == ticket.id), None)
        if known is not None:
            return known
        said, executions = self._answer(ticket, request, self._free(orders))
        step = advance(OrderLife(OrderStatus.INTENDED, ticket.order.quantity), said, executions)
        assert step is not None, "an order without an answer has a first one"
        report = OrderReport(
            ticket.id, step.status, step.reason or "", step.executions, self._estimates
        )
        wanted, answer = self._journal.row(ticket), self._booking.row(ticket.intent, step)
        both = {name: wanted[name] + answer[name] for name in ("events", "entries")}
        self._keep(ticket.id, wanted | answer | both)
        self._account.add(ScratchOrder(ticket.id, request.symbol, request.side, report))
        return report

    def _free(self, orders: Sequence[ScratchOrder]) -> Decimal:
        """Return the cash that is left."""
        return STARTING_BALANCE - _sum(order.paid + order.commission for order in orders)

    def _ticket(self, request: TradeRequest) -> Ticket:
        order = BracketOrder(
            client_order_id=self._origin.order_id(),
            account=self._account.account,
            symbol=request.symbol,
            side=request.side,
            quantity=recorded(request.quantity),
            reference_price=recorded(request.reference_price),
            stop_loss=request.stop_loss,
            targets=request.targets,
            currency=request.currency,
        )
        return Ticket(
            order,
            self._origin,
            self._mode,
            self._mode,
            request.correlation_id,
            estimated=self._estimates,
        )

    def _answer(
        self, ticket: Ticket, request: TradeRequest, free: Decimal
    ) -> tuple[OrderState, tuple[Execution, ...]]:
        order = ticket.order
        if not self._estimates:
            return OrderState(ticket.id, OrderStatus.VALIDATED, Decimal(0), CHECKED), ()
        price, commission = estimated_entry(order, request.price_tick, self._as_of)
        cost = order.quantity * price + commission
        if order.side is Side.BUY and cost > free:
            reason = f"Not enough cash: {cost:.2f} needed, {free:.2f} free."
            return OrderState(ticket.id, OrderStatus.REJECTED, Decimal(0), reason), ()
        execution = Execution(
            f"{ticket.id}-1", ticket.id, self._as_of, order.quantity, price, commission
        )
        return OrderState(ticket.id, OrderStatus.FILLED, order.quantity, FILLED), (execution,)


def estimated_entry(order: BracketOrder, tick: Decimal, at: datetime) -> tuple[Decimal, Decimal]:
    """Return price and commission of a market order by estimate, in the order's currency."""
    sent = to_instant(at)
    found = estimate(
        NewOrder(
            id=str(order.client_order_id),
            account=str(order.account.id),
            owner=str(order.account.user_id),
            spec=Spec(tick=to_price(tick, "price_tick"), lot=1, currency=order.currency),
            behaviour=ESTIMATED,
            side=order.side,
            type=OrderType.MARKET,
            time_in_force=TimeInForce.DAY,
            quantity=to_quantity(order.quantity),
            at=sent,
            effective_at=sent,
            draw_key="entry",
        ),
        to_price(order.reference_price, "reference_price"),
        ESTIMATED,
    )
    assert found is not None, "a market order is filled at any price"
    return from_price(found.price), recorded(from_amount(found.fee))


async def orders_on_record(pool: RawPool, account: Account) -> tuple[ScratchOrder, ...]:
    """Return the orders of an account with their fills, oldest first."""
    async with pool.connection() as connection:
        rows = await (await connection.execute(_ON_RECORD, (account.id,))).fetchall()
    return tuple(
        ScratchOrder(OrderId(row[0]), row[1], Side(row[2]), report_of(OrderId(row[0]), *row[3:]))
        for row in rows
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
