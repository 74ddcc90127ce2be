"""From the order service over PostgreSQL to who watches the account: each step of a position."""

from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import uuid4

import pytest

from kuber.agents.registry import AgentRegistry
from kuber.bootstrap.account_news import AccountNewsReader
from kuber.infra.db import Database
from kuber.kernel.ids import UserId, new_id
from kuber.pipelines.service import PipelineService
from kuber.realtime.account_push import ACCOUNTS_CHANNEL, AccountPush
from kuber.realtime.database_channels import DatabaseChannels
from kuber.realtime.messages import (
    AccountChangedMessage,
    AccountNews,
    OrderUpdatedMessage,
    PositionMessage,
)
from kuber.trading.accounts.schemas import DepositBody
from kuber.trading.accounts.service import AccountService
from kuber.trading.following import held_symbols
from tests.fixtures.trading_floor import USER, Floor
from tests.fixtures.waiting import until_async


class Page:
    """What one connection that watches the account was told."""

    def __init__(self) -> None:
        self.told: list[AccountNews] = []

    async def hears(self, event: str, status: str) -> PositionMessage:
        """Return the first message with an event and a status, once it has come."""

        def found() -> PositionMessage | None:
            for one in self.told:
                if not isinstance(one, PositionMessage):
                    continue
                if (one.type, one.data.status) == (event, status):
                    return one
            return None

        message = await until_async(found, lambda: f"{event}: {status} among {self.told}")
        assert message is not None
        return message


def reader_of(floor: Floor, database: Database) -> AccountNewsReader:
    pipelines = PipelineService(AgentRegistry.discover(), floor.clock)
    return AccountNewsReader(database, AccountService(floor.clock), pipelines, floor.clock)


@pytest.fixture
async def page(floor: Floor, database: Database) -> AsyncIterator[Page]:
    reader = reader_of(floor, database)
    push = AccountPush(reader, floor.clock)
    listening: list[bool] = []
    channels = DatabaseChannels(floor.url)
    channels.take(ACCOUNTS_CHANNEL, push.changed, lambda: listening.append(True))
    push.start()
    channels.start()
    await until_async(lambda: listening, "the listener")
    assert await push.admits(USER, floor.account)
    opened = Page()
    with push.watching(floor.account, opened.told.append):
        yield opened
    await channels.close()
    await push.close()


async def test_every_step_of_a_position_reaches_who_watches_its_account(
    floor: Floor, page: Page, database: Database
) -> None:
    order_id = await floor.intend()
    await floor.rounds()
    await floor.quote("150.50")
    await floor.quote("150.50")
    await page.hears("position_opened", "opening")
    opened = await page.hears("position_changed", "open")
    assert (opened.data.quantity, opened.data.average_price) == (Decimal(100), Decimal("150.50"))
    assert [(one.price, one.quantity) for one in opened.data.targets] == [
        (Decimal("154.25"), Decimal(50)),
        (Decimal(158), Decimal(50)),
    ]
    await floor.quote("154.25")
    await floor.quote("158.00")
    closed = await page.hears("position_closed", "closed")
    assert (closed.data.exit_reason, closed.data.realised_pnl) == ("target_2", Decimal("562.5"))
    orders = [one.data for one in page.told if isinstance(one, OrderUpdatedMessage)]
    assert {one.account_id for one in orders} == {floor.account}
    entry = [one for one in orders if one.id == order_id]
    assert entry[-1].status == "filled"
    assert {one.side for one in orders if one.id != order_id} == {"sell"}
    assert not [one for one in page.told if one.type == "look_again"]


async def test_money_that_is_paid_in_reaches_who_watches_the_account(
    floor: Floor, page: Page, database: Database
) -> None:
    body = DepositBody(amount=Decimal(5), currency="USD")
    async with database.transaction() as session:
        await AccountService(floor.clock).deposit(session, USER, floor.account, body)

    def told() -> list[AccountChangedMessage]:
        return [one for one in page.told if isinstance(one, AccountChangedMessage)]

    await until_async(told, "the news of a deposit")
    assert told()[-1].data.cash == Decimal(100_005)


async def test_what_is_held_or_ordered_is_followed_first(floor: Floor, database: Database) -> None:
    async def held() -> frozenset[str]:
        async with database.transaction() as session:
            return await held_symbols(session)

    assert await held() == frozenset()
    await floor.intend("MSFT")
    assert await held() == {"MSFT"}, "an intent"
    await floor.rounds()
    await floor.intend()
    await floor.rounds()
    assert await held() == {"MSFT", "AAPL"}, "orders that work"
    await floor.quote("150.50")
    await floor.quote("150.50")
    assert (await floor.rows("select status from positions where symbol = 'AAPL'")) == [("open",)]
    await floor.rows("update orders set status = 'cancelled' where status <> 'filled'")
    assert await held() == {"MSFT", "AAPL"}, "positions"
    await floor.rows("update positions set status = 'closed', closed_at = now()")
    assert await held() == frozenset()


async def test_an_order_of_a_scratch_account_holds_nothing(
    floor: Floor, database: Database
) -> None:
    scratch = uuid4()
    await floor.rows(
        "insert into accounts (id, user_id, mode, currency) values (%(id)s, %(user)s,"
        " 'simulation', 'USD')",
        {"id": scratch, "user": USER},
    )
    await floor.intend("NVDA", account=scratch)
    async with database.transaction() as session:
        assert await held_symbols(session) == frozenset()


async def test_nobody_reads_what_is_anothers(floor: Floor, database: Database) -> None:
    reader = reader_of(floor, database)
    order_id = await floor.intend()
    await floor.rounds()
    await floor.quote("150.50")
    await floor.quote("150.50")
    position_id = (await floor.position())["id"]
    stranger = UserId(new_id())
    assert not await reader.owns(stranger, floor.account)
    found = await reader.read(stranger, floor.account, [order_id], [position_id], account=True)
    assert (found.orders, found.positions, found.account) == ({}, {}, None)
