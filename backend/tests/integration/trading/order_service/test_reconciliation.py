"""M6: ledger, positions, orders and fills are compared; a difference blocks entries until it is
gone, on record and told."""

from datetime import timedelta
from typing import Any

import pytest

from kuber.trading.reconciliation.accounts import differences_of, keep
from kuber.trading.reconciliation.schemas import ReconciliationOut, ReconciliationStatus
from kuber.trading.reconciliation.service import Reconciler, reconciliation_page
from tests.fixtures.trading_floor import USER, Floor

NIGHT = timedelta(hours=13)
"""From the afternoon of a Monday to 4:00 UTC."""


def reconciler(floor: Floor) -> Reconciler:
    return Reconciler(floor.pool, floor.clock)


async def now(floor: Floor) -> ReconciliationOut:
    (found,) = (await reconciler(floor).run_now(USER, floor.account)).items
    return found


async def blocked(floor: Floor) -> str | None:
    ((text,),) = await floor.rows("select entries_blocked from accounts")
    return None if text is None else str(text)


OTHER_PRICE = """
    update ledger_transactions set fact = fact || '{"price": "150.75"}' where kind = 'execution'
"""


@pytest.fixture
async def traded(floor: Floor) -> Floor:
    """50 of 100 AAPL are sold at the first target."""
    await floor.intend()
    await floor.rounds()
    await floor.quote("150.50")
    await floor.quote("150.50")
    await floor.quote("154.25")
    assert (await floor.position())["quantity"] == 50
    return floor


async def test_m06_what_the_service_wrote_agrees(traded: Floor) -> None:
    assert (await now(traded)).status is ReconciliationStatus.CLEAN
    assert await blocked(traded) is None


@pytest.mark.parametrize(
    ("tampering", "kind", "text"),
    [
        ("update positions set quantity = 60", "position", "holds 60, the ledger 50"),
        ("update ledger_lots set cost = cost + 1", "books", "The position"),
        (
            "update ledger_accounts set balance = 9 where path = 'cash' and book = 'trading'",
            "books",
            "The balance",
        ),
        ("update orders set filled_quantity = 40 where leg = 'target_1'", "order", "40 are filled"),
        (
            OTHER_PRICE,
            "execution",
            "on the ledger it is 100 at 150.75",
        ),
        ("delete from fills", "execution", "is missing"),
    ],
)
async def test_m06_a_difference_blocks_entries_is_on_record_and_told(
    traded: Floor, tampering: str, kind: str, text: str
) -> None:
    await _tamper(traded, tampering)
    found = await now(traded)
    assert found.status is ReconciliationStatus.DIFFERS
    assert kind in {one.kind for one in found.differences}
    assert any(text in one.text for one in found.differences), found.differences
    assert await blocked(traded) == found.differences[0].text[:500]
    recorded = "select user_id from audit_entries where event_type = 'account_differs'"
    assert await traded.rows(recorded) == [(USER,)]
    told = await traded.rows("select data from notice_outbox where kind = 'account_differs'")
    assert [row[0]["text"] for row in told] == [await blocked(traded)]


async def test_m06_a_blocked_account_is_looked_at_again_and_let_go(traded: Floor) -> None:
    await traded.rows("update positions set quantity = 60")
    await now(traded)
    assert await reconciler(traded).run_once() == 0
    assert await blocked(traded) is not None
    await traded.rows("update positions set quantity = 50")
    await reconciler(traded).run_once()
    assert await blocked(traded) is None
    kinds = "select event_type from audit_entries where event_type like 'account_%%s' order by id"
    assert [row[0] for row in await traded.rows(kinds.replace("%%", "%"))] == [
        "account_differs",
        "account_agrees",
    ]
    statuses = "select status from reconciliations order by at, id"
    assert await traded.rows(statuses) == [("differs",), ("clean",)]


async def test_m06_daily_each_account_with_activity_is_compared_once(traded: Floor) -> None:
    done = []
    for later in (timedelta(0), NIGHT, timedelta(minutes=1), timedelta(days=1)):
        traded.clock.advance(later)
        done.append(await reconciler(traded).run_once())
    assert done == [1, 1, 0, 1], "a position is open on every one of these days"
    traded.clock.advance(timedelta(hours=11))
    await traded.rounds()
    await traded.quote("158.00")
    await traded.quote("158.00")
    assert (await traded.position())["status"] == "closed"
    for later in (timedelta(days=1), timedelta(days=1)):
        traded.clock.advance(later)
        done.append(await reconciler(traded).run_once())
    assert done[4:] == [1, 0], "after its last trade an account rests"


async def test_m06_of_two_comparisons_the_one_that_read_later_counts(traded: Floor) -> None:
    async with traded.pool.connection() as connection:
        early = traded.clock.now()
        clean = await differences_of(connection, traded.account)
        await traded.rows("update positions set quantity = 60")
        traded.clock.advance(timedelta(seconds=1))
        await now(traded)
        await keep(connection, {traded.account: clean}, early)
    assert await blocked(traded) is not None


async def test_m06_the_page_shows_the_newest_first_by_status(traded: Floor) -> None:
    await now(traded)
    await traded.rows("update positions set quantity = 60")
    traded.clock.advance(timedelta(seconds=1))
    differs = await now(traded)

    async def page(**filters: Any) -> list[ReconciliationOut]:
        asked = {"account_id": None, "status": None, "cursor": None, "limit": 1} | filters
        found, cursor = [], asked.pop("cursor")
        async with traded.pool.connection() as connection:
            while True:
                part = await reconciliation_page(connection, USER, cursor=cursor, **asked)
                found += part.items
                if (cursor := part.next_cursor) is None:
                    return found

    assert [one.status.value for one in await page()] == ["differs", "clean"]
    assert await page(status=ReconciliationStatus.DIFFERS) == [differs]
    assert await page(account_id=USER) == []


async def _tamper(floor: Floor, statement: str) -> None:
    """Change what is stored although triggers forbid it."""
    for table in ("ledger_transactions", "fills", "orders"):
        await floor.rows(f"alter table {table} disable trigger all")
    await floor.rows(statement)
