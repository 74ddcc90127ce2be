"""T09: what is missing, extra or wrong in fills, ledger or positions is found by one comparison."""

import pytest

from kuber.trading.reconciliation.accounts import differences_of
from tests.fixtures.counts import Tell
from tests.fixtures.trading_floor import Floor

TABLES = ("fills", "orders", "positions", "ledger_transactions", "ledger_transfers")
_ONE_FILL = "(select min(execution_id) from fills)"
_ONE_EXECUTION = "(select min(number) from ledger_transactions where kind = 'execution')"
_ONE_LOT = "(select min(position_id::text)::uuid from ledger_lots)"
FAULTS = {
    "fill missing": f"delete from fills where execution_id = {_ONE_FILL}",
    "fill extra": f"""
        insert into fills (venue, account_id, execution_id, order_id, answer, time, quantity,
                           price, commission)
        select venue, account_id, 'extra', order_id, answer, time, quantity, price, commission
        from fills where execution_id = {_ONE_FILL}
    """,
    "fill of another quantity": f"""
        update fills set quantity = quantity + 1 where execution_id = {_ONE_FILL}
    """,
    "fill at another price": f"update fills set price = price + 1 where execution_id = {_ONE_FILL}",
    "fill with another fee": f"""
        update fills set commission = 1 where execution_id = {_ONE_FILL}
    """,
    "order filled further": """
        update orders set filled_quantity = filled_quantity + 1 where leg = 'entry'
    """,
    "execution missing on the ledger": f"""
        with gone as (delete from ledger_transfers where transaction_id =
            (select id from ledger_transactions where number = {_ONE_EXECUTION}))
        delete from ledger_transactions where number = {_ONE_EXECUTION}
    """,
    "execution extra on the ledger": f"""
        insert into ledger_transactions (id, book, owner, currency, at, kind, symbol, order_id,
                                         venue_execution_id, memo, fact)
        select gen_random_uuid(), book, owner, currency, at, kind, symbol, order_id, 'extra', memo,
               fact || '{{"execution_id": "extra"}}'
        from ledger_transactions where number = {_ONE_EXECUTION}
    """,
    "execution at another price on the ledger": f"""
        update ledger_transactions set fact = fact || '{{"price": "150.75"}}'
        where number = {_ONE_EXECUTION}
    """,
    "transfer missing": """
        delete from ledger_transfers where (transaction_id, number) =
            (select transaction_id, number from ledger_transfers where unit = 'USD' limit 1)
    """,
    "transfer of another amount": """
        update ledger_transfers set amount = amount + 1 where unit = 'USD'
    """,
    "balance wrong": """
        update ledger_accounts set balance = balance + 1 where path = 'cash' and unit = 'USD'
    """,
    "balance missing": "delete from ledger_accounts where path like 'cost%'",
    "lot missing": f"delete from ledger_lots where position_id = {_ONE_LOT}",
    "lot extra": f"""
        insert into ledger_lots (book, owner, symbol, position_id, number, quantity, cost)
        select book, owner, symbol, gen_random_uuid(), number, quantity, cost from ledger_lots
        where position_id = {_ONE_LOT}
    """,
    "lot of another cost": "update ledger_lots set cost = cost + 1",
    "hold extra": """
        insert into ledger_holds (book, key, number, owner, currency, amount, purpose)
        select 'trading', gen_random_uuid(), 1, id, 'USD', 5, 'order' from accounts
        where kind = 'lasting'
    """,
    "position missing": """
        delete from positions where status <> 'closed'
    """,
    "position closed by itself": """
        update positions set status = 'closed', closed_at = now() where status <> 'closed'
    """,
    "position of another quantity": "update positions set quantity = 7 where status <> 'closed'",
    "position of another side": "update positions set side = 'sell' where status <> 'closed'",
}


@pytest.fixture
async def traded(floor: Floor) -> Floor:
    """50 of 100 AAPL are sold at the first target; MSFT was bought and sold."""
    for symbol, prices in (
        ("MSFT", ("150.50", "150.50", "154.25", "158.00")),
        ("AAPL", ("150.50", "150.50", "154.25")),
    ):
        await floor.intend(symbol)
        await floor.rounds()
        for price in prices:
            await floor.quote(price, symbol=symbol)
    await floor.rows("alter table orders drop constraint if exists fk_orders_position_id_positions")
    for table in TABLES:
        await floor.rows(f"alter table {table} disable trigger all")
    return floor


async def test_t09_what_is_missing_extra_or_wrong_is_found(traded: Floor, tell: Tell) -> None:
    assert await _found(traded) == []
    names = [*TABLES, "ledger_accounts", "ledger_lots", "ledger_holds"]
    for table in names:
        await traded.rows(f"create table kept_{table} as select * from {table}")
    missed = []
    for name, fault in FAULTS.items():
        await traded.rows(fault)
        if not await _found(traded):
            missed.append(name)
        for table in reversed(names):
            await traded.rows(f"delete from {table}")
        for table in names:
            await traded.rows(
                f"insert into {table} overriding system value select * from kept_{table}"
            )
    assert missed == []
    assert await _found(traded) == [], "all is as it was"
    tell(f"T09: {len(FAULTS)} faults injected one by one, all found by one comparison each")


async def _found(floor: Floor) -> list[str]:
    async with floor.pool.connection() as connection:
        return [one.text for one in await differences_of(connection, floor.account)]
