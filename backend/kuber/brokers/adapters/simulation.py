"""The simulated venue behind the broker port. Its books are in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Error as DatabaseError
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from kuber.brokers.errors import BrokerUnavailable
from kuber.brokers.port import (
    Account,
    Acknowledged,
    BracketOrder,
    Execution,
    OrderState,
    OrderStatus,
    Position,
    Rejected,
    Side,
    Submission,
    Unknown,
)
from kuber.brokers.reports import report_from_json, report_to_json
from kuber.brokers.simulator import SimulatedMoment, SimulationOptions, simulate
from kuber.infra.db import RawPool
from kuber.kernel.ids import OrderId

_BOOKS = """
    select symbol, sum(filled_quantity), sum(filled_quantity * average_price), sum(commission)
    from simulated_orders where scope = %s group by symbol
"""
_ORDER = "select report from simulated_orders where scope = %s and client_order_id = %s"
_ORDERS = """
    select client_order_id, report from simulated_orders where scope = %s and created_at >= %s
    order by created_at, client_order_id
"""
_TAKE = """
    insert into simulated_orders (client_order_id, user_id, scope, symbol, filled_quantity,
                                  average_price, commission, report)
    values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (client_order_id) do nothing
"""


Books = tuple[tuple[Position, ...], Decimal, Decimal]
"""The positions of an account, the cash they took (net) and the commissions paid."""


class SimulationBooks:
    """What the simulated venue knows; an account is one run's and starts with the balance.

    It fills a market order at once, as far as it fills it, so none of its orders is ever open.
    """

    venue = "simulation"

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

    async def order(self, account: Account, client_order_id: OrderId) -> OrderState | None:
        answer = await self._answer(account, client_order_id)
        return _state(client_order_id, answer) if answer else None

    async def orders(
        self, account: Account, *, since: datetime, open_only: bool = False
    ) -> tuple[OrderState, ...]:
        if open_only:
            return ()
        return tuple(
            _state(order_id, answer) for order_id, answer in await self._since(account, since)
        )

    async def executions(self, account: Account, since: datetime) -> tuple[Execution, ...]:
        answers = await self._since(account, since)
        return tuple(execution for _, answer in answers for execution in _executions(answer))

    async def _since(
        self, account: Account, since: datetime
    ) -> list[tuple[OrderId, Acknowledged | Rejected]]:
        rows = await self._rows(_ORDERS, account.id, since)
        return [(OrderId(row[0]), report_from_json(row[1])) for row in rows]

    async def _answer(
        self, account: Account, client_order_id: OrderId
    ) -> Acknowledged | Rejected | None:
        rows = await self._rows(_ORDER, account.id, client_order_id)
        return report_from_json(rows[0][0]) if rows else None

    async def _books(self, account: Account) -> Books:
        rows = await self._rows(_BOOKS, account.id)
        positions = tuple(
            Position(symbol, quantity, value / quantity)
            for symbol, quantity, value, _ in rows
            if quantity != 0
        )
        spent = sum((row[2] for row in rows), Decimal(0))
        return positions, spent, sum((row[3] for row in rows), Decimal(0))

    async def _rows(self, statement: str, *values: object) -> Sequence[Any]:
        try:
            async with self._pool.connection() as connection:
                return await (await connection.execute(statement, values)).fetchall()
        except (DatabaseError, PoolTimeout) as error:
            raise BrokerUnavailable(f"The books cannot be read: {error}") from error


class SimulationBroker(SimulationBooks):
    """Fills market orders by `simulate`, at one moment: that of the run which sends them.

    `account_is_new`: there is no order of the account yet, and nobody else sends one.
    """

    def __init__(
        self,
        pool: RawPool,
        options: SimulationOptions,
        moment: SimulatedMoment,
        *,
        account_is_new: bool = False,
    ) -> None:
        super().__init__(pool, options)
        self._moment = moment
        self._is_new = account_is_new
        self._read: tuple[UUID, Books] | None = None
        """The books as one who decides has read them once; up to the next order they stay so."""

    async def _books(self, account: Account) -> Books:
        if self._is_new:
            return (), Decimal(0), Decimal(0)
        if self._read is None or self._read[0] != account.id:
            self._read = (account.id, await super()._books(account))
        return self._read[1]

    async def submit(self, order: BracketOrder) -> Submission:
        """Take the order once; a repetition gets the first answer."""
        try:
            return await self._take(order)
        except BrokerUnavailable as error:
            return Unknown(error.detail)
        except (DatabaseError, PoolTimeout) as error:
            return Unknown(f"The books could not be written: {error}")
        finally:
            self._is_new, self._read = False, None

    async def cancel(self, account: Account, client_order_id: OrderId) -> OrderState | None:
        """Return where the order stands: none is open, so there is nothing to cancel."""
        return await self.order(account, client_order_id)

    async def _take(self, order: BracketOrder) -> Acknowledged | Rejected:
        _, spent, commissions = await self._books(order.account)
        cash = self._options.starting_balance - spent - commissions
        answer = simulate(order, self._moment, self._options, cash)
        executions = _executions(answer)
        filled = sum((execution.quantity for execution in executions), Decimal(0))
        value = sum((one.quantity * one.price for one in executions), Decimal(0))
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
                    sum((execution.commission for execution in executions), Decimal(0)),
                    Jsonb(report_to_json(order.client_order_id, answer)),
                ),
            )
            taken = cursor.rowcount == 1
        if taken:
            return answer
        earlier = await self._answer(order.account, order.client_order_id)
        assert earlier is not None, "an order id that conflicts is in the books of its account"
        return earlier


def _state(order_id: OrderId, answer: Acknowledged | Rejected) -> OrderState:
    match answer:
        case Acknowledged(order, _):
            return order
        case Rejected(reason):
            return OrderState(order_id, OrderStatus.REJECTED, Decimal(0), reason)


def _executions(answer: Acknowledged | Rejected) -> tuple[Execution, ...]:
    return answer.executions if isinstance(answer, Acknowledged) else ()
