"""Show 3: fifty buyers at once with money for ten."""

import asyncio
from decimal import Decimal

from tests.fixtures.trading_floor import Floor


async def test_exactly_ten_of_fifty_are_filled(floor: Floor) -> None:
    """A share at 9,700 reserves 2.5 % more, 9,942.50: the 100,000 suffice for ten."""
    negative = []

    async def watch() -> None:
        while True:
            if min(await floor.cash(), await floor.reserved()) < 0:
                negative.append(await floor.balances())
            await asyncio.sleep(0)

    async def work() -> None:
        while True:
            await floor.service.round()
            await asyncio.sleep(0)

    await floor.intend(quantity="1", price="9700", stop="9000", targets=("11000",))
    await floor.rounds()
    beside = [asyncio.create_task(watch()), asyncio.create_task(work())]
    wanted = [
        floor.intend(quantity="1", price="9700", stop="9000", targets=("11000",)) for _ in range(49)
    ]
    await asyncio.gather(*wanted)
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)
    await floor.again()
    await floor.quote("9700")
    await floor.quote("9700")
    counted = "select status, count(*) from orders where leg = 'entry' group by 1 order by 1"
    assert await floor.rows(counted) == [("filled", 10), ("rejected", 40)]
    assert negative == []
    assert await floor.cash() == Decimal(3_000)
    assert await floor.reserved() == 0
