"""One node's way to the venue: what the account holds, and one order."""

from collections.abc import Awaitable, Callable, Coroutine
from decimal import Decimal
from typing import Any

from kuber.brokers.port import Account, BracketOrder, Broker, Execution, Position, Side
from kuber.kernel.money import quantize
from kuber.trading.errors import RefusedOrder
from kuber.trading.journal import Journal
from kuber.trading.lifecycle import recorded
from kuber.trading.origins import Origin
from kuber.trading.placing import CLOCKS_APART, OrderPlacer
from kuber.trading.types import Intent, OrderReport, Ticket, TradeRequest

TRADING_MODES = ("simulation", "validation")
"""Modes with a venue in this installation; paper and live need a broker connection."""


Carry = Callable[[Callable[[], Coroutine[Any, Any, OrderReport]]], Awaitable[OrderReport]]
"""Carries the placing of an order to its end, whatever becomes of the node that waits for it."""


class TradeDesk:
    """The way of one origin, such as a node of a run, to the venue of its account.

    `broker` and `journal` are asked by the node; the order is placed by `placer`, which shares no
    connection with them, and carried by `carry`.
    """

    def __init__(
        self,
        broker: Broker,
        journal: Journal,
        placer: OrderPlacer,
        carry: Carry,
        origin: Origin,
        account: Account,
        mode: str,
    ) -> None:
        self._broker = broker
        self._journal = journal
        self._placer = placer
        self._carry = carry
        self._origin = origin
        self._account = account
        self._mode = mode

    async def equity(self) -> Decimal:
        """Return the account's equity in its currency."""
        return await self._broker.equity(self._account)

    async def positions(self) -> tuple[Position, ...]:
        """Return the open positions as the venue tells them, less this origin's own order.

        A node that is tried again after its order was filled thus decides as it did before.
        """
        positions = await self._broker.positions(self._account)
        own = await self._journal.find(self._origin.order_id()) if positions else None
        if own is None:
            return positions
        executions = await self._broker.executions(self._account, own.created_at - CLOCKS_APART)
        filled = [one for one in executions if one.client_order_id == own.intent.id]
        return _without(positions, own.intent, filled) if filled else positions

    async def execute(self, request: TradeRequest) -> OrderReport:
        """Place the order and return how it stands once the venue has it; safe to repeat.

        It may be filled later: the journal books that, whether or not its run still exists. The
        order's id follows from its origin, so it is never sent twice. Once begun it is carried to
        the venue's answer, also when whoever waits here is cancelled. Raises RefusedOrder,
        OrderOutcomeUnknown.
        """
        _check(request)
        ticket = self._ticket(request)
        return await self._carry(lambda: self._placer.place(ticket))

    def _ticket(self, request: TradeRequest) -> Ticket:
        order = BracketOrder(
            client_order_id=self._origin.order_id(),
            account=self._account,
            symbol=request.symbol,
            side=request.side,
            quantity=request.quantity,
            reference_price=request.reference_price,
            stop_loss=request.stop_loss,
            targets=request.targets,
            currency=request.currency,
        )
        return Ticket(order, self._origin, self._broker.venue, self._mode, request.correlation_id)


def _without(
    positions: tuple[Position, ...], own: Intent, filled: list[Execution]
) -> tuple[Position, ...]:
    """Return `positions` as they were before the executions `filled` of the order `own`."""
    sign = 1 if own.side is Side.BUY else -1
    left = []
    for position in positions:
        if position.symbol != own.symbol:
            left.append(position)
            continue
        value = position.quantity * position.average_price
        value -= sum((sign * fill.quantity * fill.price for fill in filled), Decimal(0))
        quantity = position.quantity - sign * sum((fill.quantity for fill in filled), Decimal(0))
        if quantity:
            left.append(Position(position.symbol, quantity, quantize(value / quantity, 8)))
    return tuple(left)


def _check(request: TradeRequest) -> None:
    prices = (request.reference_price, request.stop_loss, *request.targets)
    if not all(price.is_finite() and price > 0 for price in (*prices, request.quantity)):
        raise RefusedOrder("Quantity and every price of an order must be finite and above zero.")
    if not recorded(request.quantity):
        raise RefusedOrder("The quantity is too small to be recorded; it has more than 8 places.")
    gain = 1 if request.side is Side.BUY else -1
    if (request.reference_price - request.stop_loss) * gain <= 0:
        raise RefusedOrder("The stop must lie on the losing side of the price.")
    if any((target - request.reference_price) * gain <= 0 for target in request.targets):
        raise RefusedOrder("Every target must lie on the winning side of the price.")
