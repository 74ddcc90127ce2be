"""The simulated venue behind the broker port. Its books are in PostgreSQL."""

from decimal import Decimal

from psycopg.types.json import Jsonb

from kuber.brokers.port import (
    Account,
    BracketOrder,
    OrderReport,
    Position,
    Side,
    SimulationOptions,
)
from kuber.brokers.reports import report_from_json, report_to_json
from kuber.brokers.simulator import simulate
from kuber.infra.db import RawPool
from kuber.kernel.ids import OrderId

_BOOKS = """
    select symbol, sum(filled_quantity), sum(filled_quantity * average_price), sum(commission)
    from simulated_orders where scope = %s group by symbol
"""
_FIND = "select report from simulated_orders where client_order_id = %s and scope = %s"
_TAKE = """
    insert into simulated_orders (client_order_id, user_id, scope, symbol, filled_quantity,
                                  average_price, commission, report)
    values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (client_order_id) do nothing
"""


class SimulationBroker:
    """Fills market orders by `simulate`; an account is one run's and starts with the balance."""

    def __init__(self, pool: RawPool, options: SimulationOptions) -> None:
        self._pool = pool
        self._options = options

    async def equity(self, account: Account) -> Decimal:
        """Return the starting balance less commissions; positions count at cost."""
        _, _, commissions = await self._books(account)
        return self._options.starting_balance - commissions

    async def positions(self, account: Account) -> tuple[Position, ...]:
        positions, _, _ = await self._books(account)
        return positions

    async def find(self, account: Account, client_order_id: OrderId) -> OrderReport | None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_FIND, (client_order_id, account.id))
            row = await cursor.fetchone()
        return report_from_json(row[0]) if row else None

    async def submit(self, order: BracketOrder) -> OrderReport:
        """Take the order once; a repetition gets the first report."""
        _, spent, commissions = await self._books(order.account)
        options = order.simulation or self._options
        cash = options.starting_balance - spent - commissions
        report = simulate(order, options, cash)
        filled = report.filled_quantity
        value = sum((fill.quantity * fill.price for fill in report.fills), Decimal(0))
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                _TAKE,
                (
                    order.client_order_id,
                    order.account.user_id,
                    order.account.id,
                    order.symbol,
                    filled if order.side is Side.BUY else -filled,
                    value / filled if filled else Decimal(0),
                    sum((fill.commission for fill in report.fills), Decimal(0)),
                    Jsonb(report_to_json(report)),
                ),
            )
            taken = cursor.rowcount == 1
        if taken:
            return report
        earlier = await self.find(order.account, order.client_order_id)
        assert earlier is not None, "an order id that conflicts is in the books of its account"
        return earlier

    async def _books(self, account: Account) -> tuple[tuple[Position, ...], Decimal, Decimal]:
        """Return the positions, the cash they took (net) and the commissions paid."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_BOOKS, (account.id,))
            rows = await cursor.fetchall()
        positions = tuple(
            Position(symbol, quantity, value / quantity)
            for symbol, quantity, value, _ in rows
            if quantity != 0
        )
        spent = sum((row[2] for row in rows), Decimal(0))
        return positions, spent, sum((row[3] for row in rows), Decimal(0))
