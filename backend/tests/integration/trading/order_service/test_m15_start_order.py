"""M15: latch, reconcile, exits, entries. No entry leaves before the first clean reconciliation."""

from tests.fixtures.trading_floor import Floor


async def enter(floor: Floor) -> None:
    await floor.intend()
    await floor.rounds()
    await floor.quote("150.50")
    await floor.quote("150.50")
    assert (await floor.position())["status"] == "open"


async def legs(floor: Floor, symbol: str) -> list[tuple[object, ...]]:
    query = "select leg, status from orders where symbol = %(symbol)s order by created_at, leg"
    return await floor.rows(query, {"symbol": symbol})


async def test_m15_exits_go_on_while_entries_wait_for_the_reconciliation(floor: Floor) -> None:
    await enter(floor)
    await floor.again()
    floor.service.entries_wait = True  # as a process begins
    await floor.intend(symbol="MSFT")
    await floor.rounds()
    await floor.quote("150.50", symbol="MSFT")
    await floor.quote("150.50", symbol="MSFT")
    assert await legs(floor, "MSFT") == [("entry", "submitted")]
    await floor.quote("147.90")  # the stop
    found = await floor.rows("select status, exit_reason from positions where symbol = 'AAPL'")
    assert found == [("closed", "stop")]
    assert await floor.service.reconcile() == {floor.account: []}
    await floor.quote("150.50", symbol="MSFT")
    await floor.quote("150.50", symbol="MSFT")
    assert ("entry", "filled") in await legs(floor, "MSFT")


async def test_m15_an_account_that_differs_opens_nothing_and_its_exits_go_on(floor: Floor) -> None:
    await enter(floor)
    await floor.rows("update ledger_lots set quantity = quantity - 1")
    await floor.again()
    floor.service.entries_wait = True
    found = await floor.service.reconcile()
    assert [one.kind for one in found[floor.account]] == ["position"]
    await floor.intend(symbol="MSFT")
    await floor.rounds()
    ((status, reason),) = await floor.rows(
        "select status, reason from orders where symbol = 'MSFT'"
    )
    assert status == "rejected"
    assert reason.startswith("entries_blocked: AAPL: the position ")
    await floor.quote("154.25")
    assert (await floor.position())["quantity"] == 50
