"""The venue of validation mode: says what would have been sent and trades nothing."""

from decimal import Decimal

from kuber.brokers.port import (
    Account,
    BracketOrder,
    OrderReport,
    OrderStatus,
    Position,
    SimulationOptions,
)
from kuber.kernel.ids import OrderId


class ValidationBroker:
    """Accepts every well-formed order on paper; keeps no books, holds no positions."""

    def __init__(self, options: SimulationOptions) -> None:
        self._options = options

    async def equity(self, account: Account) -> Decimal:
        return self._options.starting_balance

    async def positions(self, account: Account) -> tuple[Position, ...]:
        return ()

    async def find(self, account: Account, client_order_id: OrderId) -> OrderReport | None:
        """Return None: an order that is never sent may be checked again at no risk."""
        return None

    async def submit(self, order: BracketOrder) -> OrderReport:
        return OrderReport(
            order.client_order_id,
            OrderStatus.VALIDATED,
            "Validation mode: the order was checked and recorded, nothing was sent.",
        )
