"""The venue of validation mode: says what would have been sent and trades nothing."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg import Error as DatabaseError
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
    Submission,
    Unknown,
)
from kuber.infra.db import RawPool
from kuber.kernel.ids import OrderId

_TAKE = """
    insert into validated_orders (client_order_id, user_id, account_id)
    values (%s, %s, %s) on conflict (client_order_id) do nothing returning client_order_id
"""
_ORDER = """
    select client_order_id from validated_orders where account_id = %s and client_order_id = %s
"""
_ORDERS = """
    select client_order_id from validated_orders where account_id = %s and created_at >= %s
    order by created_at, client_order_id
"""
CHECKED = "Validation mode: the order was checked and recorded, nothing was sent."


class ValidationBroker:
    """Accepts every well-formed order and remembers it; sends none, holds no positions."""

    venue = "validation"

    def __init__(self, pool: RawPool, balance: Decimal) -> None:
        self._pool = pool
        self._balance = balance

    async def equity(self, account: Account) -> Decimal:
        return self._balance

    async def positions(self, account: Account) -> tuple[Position, ...]:
        return ()

    async def order(self, account: Account, client_order_id: OrderId) -> OrderState | None:
        known = await self._rows(_ORDER, account.id, client_order_id)
        return _checked(client_order_id) if known else None

    async def orders(
        self, account: Account, *, since: datetime, open_only: bool = False
    ) -> tuple[OrderState, ...]:
        if open_only:
            return ()
        rows = await self._rows(_ORDERS, account.id, since)
        return tuple(_checked(OrderId(order_id)) for (order_id,) in rows)

    async def executions(self, account: Account, since: datetime) -> tuple[Execution, ...]:
        return ()

    async def submit(self, order: BracketOrder) -> Submission:
        account = order.account
        try:
            await self._rows(_TAKE, order.client_order_id, account.user_id, account.id)
        except BrokerUnavailable as error:
            return Unknown(error.detail)
        return Acknowledged(_checked(order.client_order_id))

    async def cancel(self, account: Account, client_order_id: OrderId) -> OrderState | None:
        """Return where the order stands: none is open, so there is nothing to cancel."""
        return await self.order(account, client_order_id)

    async def _rows(self, statement: str, *values: object) -> Sequence[Any]:
        try:
            async with self._pool.connection() as connection:
                return await (await connection.execute(statement, values)).fetchall()
        except (DatabaseError, PoolTimeout) as error:
            raise BrokerUnavailable(f"The list of checked orders: {error}") from error


def _checked(order_id: OrderId) -> OrderState:
    return OrderState(order_id, OrderStatus.VALIDATED, Decimal(0), CHECKED)
