"""Questions that come meanwhile are answered together, and none fails because of another."""

import asyncio
from collections.abc import Sequence

import pytest

from kuber.infra.batching import Batched


class Table:
    """Answers with twice the number; told apart are the batches, and when each may go on."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_go_on = asyncio.Event()
        self.began = asyncio.Event()

    async def answer(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        self.began.set()
        await self.may_go_on.wait()
        if 13 in numbers:
            raise ValueError("13 is refused")
        return [2 * number for number in numbers]


async def _begun(table: Table, batched: Batched[int, int], first: int) -> asyncio.Task[int]:
    asked = asyncio.create_task(batched.ask(first))
    await table.began.wait()
    return asked


async def test_those_that_come_meanwhile_share_the_next_statement() -> None:
    table = Table()
    batched = Batched(table.answer)
    first = await _begun(table, batched, 1)
    others = [asyncio.create_task(batched.ask(number)) for number in (2, 3, 2)]
    await asyncio.sleep(0)
    table.may_go_on.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 4]
    assert table.batches == [[1], [2, 3, 2]]


async def test_a_statement_holds_no_more_than_it_may() -> None:
    table = Table()
    batched = Batched(table.answer, most=2)
    table.may_go_on.set()
    assert await asyncio.gather(*map(batched.ask, range(5))) == [0, 2, 4, 6, 8]
    assert table.batches == [[0, 1], [2, 3], [4]]


async def test_one_that_is_refused_fails_alone() -> None:
    table = Table()
    batched = Batched(table.answer)
    table.may_go_on.set()
    found = await asyncio.gather(*map(batched.ask, (1, 13, 2)), return_exceptions=True)
    assert found[0] == 2
    assert str(found[1]) == "13 is refused"
    assert found[2] == 4


async def test_one_who_does_not_wait_any_more_stops_nobody() -> None:
    table = Table()
    batched = Batched(table.answer)
    first = await _begun(table, batched, 1)
    gone, other = (asyncio.create_task(batched.ask(number)) for number in (2, 3))
    await asyncio.sleep(0)
    first.cancel()
    gone.cancel()
    table.may_go_on.set()
    assert await other == 6
    assert table.batches == [[1], [3]]


async def test_it_begins_again_after_nobody_waited() -> None:
    table = Table()
    batched = Batched(table.answer)
    table.may_go_on.set()
    assert await batched.ask(1) == 2
    assert await batched.ask(2) == 4
    with pytest.raises(ValueError, match="refused"):
        await batched.ask(13)
    assert await batched.ask(4) == 8
