"""One node's way to the venue: what the account holds, and one order."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from kuber.brokers.port import (
    Account,
    BracketOrder,
    Broker,
    OrderReport,
    Position,
    Side,
    SimulationOptions,
)
from kuber.kernel.ids import RunId, order_id_for
from kuber.kernel.money import quantize
from kuber.trading.errors import RefusedOrder
from kuber.trading.journal import Journal, RecordedOrder
from kuber.trading.placing import OrderPlacer
from kuber.trading.types import Ticket

TRADING_MODES = ("simulation", "validation")
"""Modes with a venue in this installation; paper and live need a broker connection."""


Carry = Callable[[Callable[[], Coroutine[Any, Any, OrderReport]]], Awaitable[OrderReport]]
"""Carries the placing of an order to its end, whatever becomes of the node that waits for it."""


@dataclass(frozen=True, slots=True)
class TradeRequest:
    """What an execution agent wants. Prices per unit, in `currency`, all > 0."""

    node_id: str
    symbol: str
    side: Side
    quantity: Decimal
    reference_price: Decimal
    stop_loss: Decimal
    targets: tuple[Decimal, ...]
    as_of: datetime
    seed: int
    correlation_id: str
    currency: str = "USD"
    simulation: SimulationOptions | None = None
    """Only for simulated venues; None takes the platform's defaults."""


class TradeDesk:
    """One node's way to the venue of its run.

    `broker` and `journal` are asked by the node; the order is placed by `placer`, which shares no
    connection with them, and carried by `carry`.
    """

    def __init__(
        self,
        broker: Broker,
        journal: Journal,
        placer: OrderPlacer,
        carry: Carry,
        run_id: RunId,
        node_id: str,
        account: Account,
        mode: str,
        simulation: SimulationOptions,
    ) -> None:
        self._broker = broker
        self._journal = journal
        self._placer = placer
        self._carry = carry
        self._run_id = run_id
        self._order_id = order_id_for(run_id, node_id)
        self._account = account
        self._mode = mode
        self.simulation = simulation

    async def equity(self) -> Decimal:
        """Return the account's equity in its currency."""
        return await self._broker.equity(self._account)

    async def positions(self) -> tuple[Position, ...]:
        """Return the open positions as the venue tells them, less this node's own order.

        A node that is tried again after its order was filled thus decides as it did before.
        """
        positions = await self._broker.positions(self._account)
        own = await self._journal.find(self._order_id) if positions else None
        report = await self._broker.find(self._account, self._order_id) if own else None
        if own is None or report is None:
            return positions
        return _without(positions, own, report)

    async def execute(self, request: TradeRequest) -> OrderReport:
        """Place the order and return the venue's report; safe to repeat.

        The order's id follows from run and node, so it is never sent twice. Once begun it is
        carried to the venue's answer, also when whoever waits here is cancelled. Raises
        RefusedOrder, OrderOutcomeUnknown.
        """
        _check(request)
        ticket = self._ticket(request)
        return await self._carry(lambda: self._placer.place(ticket))

    def _ticket(self, request: TradeRequest) -> Ticket:
        order = BracketOrder(
            client_order_id=self._order_id,
            account=self._account,
            symbol=request.symbol,
            side=request.side,
            quantity=request.quantity,
            reference_price=request.reference_price,
            stop_loss=request.stop_loss,
            targets=request.targets,
            as_of=request.as_of,
            seed=request.seed,
            currency=request.currency,
            simulation=request.simulation,
        )
        return Ticket(order, self._run_id, request.node_id, self._mode, request.correlation_id)


def _without(
    positions: tuple[Position, ...], own: RecordedOrder, report: OrderReport
) -> tuple[Position, ...]:
    """Return `positions` as they were before the order that `report` is about."""
    sign = 1 if own.side is Side.BUY else -1
    left = []
    for position in positions:
        if position.symbol != own.symbol:
            left.append(position)
            continue
        value = position.quantity * position.average_price
        value -= sum((sign * fill.quantity * fill.price for fill in report.fills), Decimal(0))
        quantity = position.quantity - sign * report.filled_quantity
        if quantity:
            left.append(Position(position.symbol, quantity, quantize(value / quantity, 8)))
    return tuple(left)


def _check(request: TradeRequest) -> None:
    prices = (request.reference_price, request.stop_loss, *request.targets)
    if not all(price.is_finite() and price > 0 for price in (*prices, request.quantity)):
        raise RefusedOrder("Quantity and every price of an order must be finite and above zero.")
    gain = 1 if request.side is Side.BUY else -1
    if (request.reference_price - request.stop_loss) * gain <= 0:
        raise RefusedOrder("The stop must lie on the losing side of the price.")
    if any((target - request.reference_price) * gain <= 0 for target in request.targets):
        raise RefusedOrder("Every target must lie on the winning side of the price.")
