"""Venues for what needs one: whose orders rest until the test fills them, or are filled at once."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from kuber.brokers.errors import BrokerUnavailable
from kuber.brokers.port import (
    Account,
    Acknowledged,
    BracketOrder,
    Execution,
    OrderState,
    OrderStatus,
    Position,
    Side,
    Submission,
    Unknown,
)
from kuber.kernel.ids import OrderId

BALANCE = Decimal(100_000)
_OPEN = {OrderStatus.SUBMITTED, OrderStatus.WORKING, OrderStatus.PARTIALLY_FILLED}


@dataclass
class RestingVenue:
    """Acknowledges every order and fills what it is told to; may go silent around a submission."""

    venue: str = "resting"
    silent: str | None = None
    """`before` or `after` it takes an order."""
    down: bool = False
    withheld: bool = False
    """Whether it keeps its executions to itself for now."""
    acknowledges_as: OrderStatus = OrderStatus.WORKING
    sent: list[BracketOrder] = field(default_factory=list)
    states: dict[OrderId, OrderState] = field(default_factory=dict)
    told: list[Execution] = field(default_factory=list)

    async def equity(self, account: Account) -> Decimal:
        return BALANCE

    async def positions(self, account: Account) -> tuple[Position, ...]:
        held: dict[str, list[tuple[Decimal, Decimal]]] = {}
        for one in self.told:
            order = self._order(one.client_order_id)
            if order.account.id == account.id:
                sign = 1 if order.side is Side.BUY else -1
                held.setdefault(order.symbol, []).append((sign * one.quantity, one.price))
        positions = []
        for symbol, parts in held.items():
            quantity = sum((part for part, _ in parts), Decimal(0))
            value = sum((part * price for part, price in parts), Decimal(0))
            if quantity:
                positions.append(Position(symbol, quantity, value / quantity))
        return tuple(positions)

    async def order(self, account: Account, client_order_id: OrderId) -> OrderState | None:
        self._answer()
        state = self.states.get(client_order_id)
        known = state is not None and self._order(client_order_id).account.id == account.id
        return state if known else None

    async def orders(
        self, account: Account, *, since: datetime, open_only: bool = False
    ) -> tuple[OrderState, ...]:
        self._answer()
        return tuple(
            self.states[order.client_order_id]
            for order in self.sent
            if order.account.id == account.id
            and since <= datetime.now(UTC)
            and (not open_only or self.states[order.client_order_id].status in _OPEN)
        )

    async def executions(self, account: Account, since: datetime) -> tuple[Execution, ...]:
        self._answer()
        if self.withheld or since > datetime.now(UTC):
            return ()
        ours = {order.client_order_id for order in self.sent if order.account.id == account.id}
        return tuple(one for one in self.told if one.client_order_id in ours)

    async def submit(self, order: BracketOrder) -> Submission:
        if self.silent == "before":
            return Unknown("No answer.")
        if order.client_order_id not in self.states:
            self.sent.append(order)
            self.states[order.client_order_id] = OrderState(
                order.client_order_id, self.acknowledges_as, Decimal(0), "Taken."
            )
        if self.silent == "after":
            return Unknown("No answer.")
        return Acknowledged(self.states[order.client_order_id])

    async def cancel(self, account: Account, client_order_id: OrderId) -> OrderState | None:
        state = await self.order(account, client_order_id)
        if state is not None and state.status in _OPEN:
            self.end(client_order_id, OrderStatus.CANCELLED)
        return self.states.get(client_order_id) if state else None

    def fill(self, order_id: OrderId, quantity: str, price: str = "100") -> Execution:
        """Fill a part of an order, also of one that has ended here meanwhile."""
        number = sum(one.client_order_id == order_id for one in self.told) + 1
        execution = Execution(
            f"{order_id}:{number}",
            order_id,
            datetime(2026, 1, 2, 15, number, tzinfo=UTC),
            Decimal(quantity),
            Decimal(price),
            Decimal("0.01"),
        )
        self.told.append(execution)
        state = self.states[order_id]
        filled = state.filled_quantity + execution.quantity
        status = state.status
        if status in _OPEN:
            whole = filled == self._order(order_id).quantity
            status = OrderStatus.FILLED if whole else OrderStatus.PARTIALLY_FILLED
        self.states[order_id] = replace(state, filled_quantity=filled, status=status)
        return execution

    def end(self, order_id: OrderId, status: OrderStatus, reason: str = "Ended.") -> None:
        """Have an order end at the venue with what was filled so far."""
        self.states[order_id] = replace(self.states[order_id], status=status, reason=reason)

    def _order(self, order_id: OrderId) -> BracketOrder:
        return next(one for one in self.sent if one.client_order_id == UUID(str(order_id)))

    def _answer(self) -> None:
        if self.down:
            raise BrokerUnavailable("No answer.")


class FillingVenue(RestingVenue):
    """Fills every order at once and whole."""

    async def submit(self, order: BracketOrder) -> Submission:
        known = order.client_order_id in self.states
        await super().submit(order)
        if not known:
            self.fill(order.client_order_id, str(order.quantity), str(order.reference_price))
        ours = tuple(one for one in self.told if one.client_order_id == order.client_order_id)
        return Acknowledged(self.states[order.client_order_id], ours)
