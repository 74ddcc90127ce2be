"""The order service dies at any statement of any round: what follows is as if it had not."""

import os
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from psycopg import OperationalError
from psycopg.types.json import Jsonb

from kuber.infra.db import Database
from kuber.trading.accounts.service import AccountService
from tests.fixtures.trading_floor import CALM, USER, Floor

EVERY = int(os.environ.get("KUBER_TEST_KILL_EVERY", "7"))
"""Of the statements, so many apart are died at; 1 for all of them."""


class Dying:
    """A connection that is lost at one of its statements."""

    def __init__(self, connection: Any, at: int | None) -> None:
        self._connection = connection
        self._left = at
        self.executed = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, *args: Any, **kwargs: Any) -> Any:
        self.executed += 1
        if self.executed == self._left:
            await self._connection.close()
            raise OperationalError("The process was killed.")
        return await self._connection.execute(*args, **kwargs)


async def _story(floor: Floor, at: int | None) -> tuple[int, dict[str, Any]]:
    """Trade from entry to both targets, dying once at statement `at`; return the statements that
    the story took, and how it ended."""
    executed, dying = 0, Dying(floor.connection, at)

    async def step(action: Callable[[], Awaitable[object]]) -> None:
        nonlocal executed, dying
        try:
            await action()
        except OperationalError:
            executed += dying.executed
            await floor.again()
            dying = Dying(floor.connection, None)
            floor.service._connection = dying  # type: ignore[assignment]
            await floor.quote_again()

    floor.service._connection = dying  # type: ignore[assignment]
    await floor.intend()
    await step(floor.rounds)
    for price in ("150.50", "150.50", "154.25", "154.25", "158.00", "158.00"):
        await step(lambda price=price: floor.quote(price))  # type: ignore[misc]
    return executed + dying.executed, await _end(floor)


async def _end(floor: Floor) -> dict[str, Any]:
    (row,) = await floor.rows(
        "select to_jsonb(p) - 'state' from positions p where account_id = %s", (floor.account,)
    )
    position = row[0]
    names = ("status", "exit_reason", "realised_pnl", "quantity", "average_price", "stop")
    orders = await floor.rows(
        "select leg, attempt, status, filled_quantity::text, settlement_status from orders"
        " where account_id = %s order by leg, attempt",
        (floor.account,),
    )
    fills = await floor.rows(
        "select quantity::text, price::text from fills where account_id = %s order by time, price",
        (floor.account,),
    )
    return {
        **{name: position[name] for name in names},
        "unprotected": position["unprotected_seconds"],
        "orders": orders,
        "fills": fills,
        "cash": await floor.cash(),
        "reserved": await floor.reserved(),
    }


@pytest.mark.timeout(300)
async def test_t07_whatever_statement_it_dies_at(floor: Floor, database: Database) -> None:
    """No order twice, none lost, nothing unprotected, and every cent where it would have been."""
    service = AccountService(floor.clock)
    statements, undisturbed = await _story(floor, None)
    assert undisturbed["realised_pnl"] == 562.5
    assert undisturbed["cash"] == Decimal("100562.50")
    for at in range(1, statements + 1, EVERY):
        async with database.transaction() as session:
            made = await service.reset(session, USER, floor.account)
        floor.account = made.id
        calm = "update accounts set simulation = %s where id = %s"
        await floor.rows(calm, (Jsonb(CALM), made.id))
        await floor.again()
        _, found = await _story(floor, at)
        assert found == undisturbed, f"died at statement {at} of {statements}"
