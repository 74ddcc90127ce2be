"""M27: a reset ends everything in an account at once, and nothing of it trades afterwards."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from kuber.infra.db import Database
from kuber.trading.accounts.schemas import AccountCreate, SimulationBody
from kuber.trading.accounts.service import AccountService
from kuber.trading.errors import BookLost
from kuber.trading.resetting import Resets
from tests.fixtures.trading_floor import CALM, USER, Floor, new_account

D = Decimal
OPEN_POSITIONS = "select count(*) from positions where status <> 'closed'"
LIVE_ORDERS = """
    select count(*) from orders
    where status in ('intended', 'submitted', 'working', 'partially_filled')
"""


async def reset(floor: Floor, database: Database) -> UUID:
    resets = Resets(AccountService(floor.clock), floor.clock)
    async with database.transaction() as session:
        return (await resets.reset(session, USER, floor.account)).id


async def with_a_position(floor: Floor) -> None:
    await floor.intend()
    await floor.rounds()
    await floor.quote("150.50")
    await floor.quote("150.50")
    assert (await floor.position())["status"] == "open"


async def at_once(floor: Floor) -> None:
    """The order service hears of it and looks."""
    floor.service.wake()
    await floor.rounds()


async def never_told(floor: Floor) -> None:
    """Prices come before the order service has heard of it."""


async def killed(floor: Floor) -> None:
    await floor.again()


@pytest.mark.parametrize("then", [at_once, never_told, killed])
async def test_m27_nothing_of_a_reset_account_fills_afterwards(
    floor: Floor, database: Database, then: Callable[[Floor], Awaitable[None]]
) -> None:
    await with_a_position(floor)
    waiting = await floor.intend(limit="149.50", price="149.50")
    await floor.rounds()
    await floor.quote("150.40")
    await reset(floor, database)
    assert await floor.rows(OPEN_POSITIONS) == [(0,)]
    assert await floor.rows(LIVE_ORDERS) == [(0,)]
    await then(floor)
    before = await floor.rows("select count(*) from fills")
    for price in ("149.40", "147.00", "160.00"):
        await _hold_out(floor, price)
    assert await floor.rows("select count(*) from fills") == before
    rows = await floor.rows("select id, status, reason from orders where status = 'cancelled'")
    assert {reason for _, _, reason in rows} == {"reset"}
    assert waiting in {id_ for id_, _, _ in rows}
    found = await floor.rows(
        "select exit_reason, quantity, realised_pnl from positions order by created_at"
    )
    assert found[0] == ("reset", 0, 0)
    ((status,),) = await floor.rows(
        "select status from accounts where id = %(id)s", {"id": floor.account}
    )
    assert (status, await floor.cash(), await floor.reserved()) == (
        "reset",
        Decimal(0),
        Decimal(0),
    )
    differences = await floor.service.reconcile()
    assert not any(differences.values())


async def _hold_out(floor: Floor, price: str) -> None:
    """Let a price come; what was read before the reset is found out and done again."""
    try:
        await floor.quote(price)
    except BookLost:
        await floor.rounds()


async def test_m27_the_round_that_finds_a_reset_goes_on_for_everybody_else(
    floor: Floor, database: Database
) -> None:
    """The price that comes with it closes another's position, in that very round."""
    first = floor.account
    await with_a_position(floor)
    await new_account(floor, uuid4(), CALM)
    await floor.intend()
    await floor.rounds()
    await floor.quote("150.50")
    await floor.quote("150.50")
    other, floor.account = floor.account, first
    await reset(floor, database)
    floor.service.wake()
    await floor.quote("148.00")
    closed = "select exit_reason from positions where account_id = %s"
    assert await floor.rows(closed, (other,)) == [("stop",)]
    assert await floor.rows(closed, (first,)) == [("reset",)]


async def test_m27_an_intent_of_before_the_reset_is_not_taken(
    floor: Floor, database: Database
) -> None:
    await floor.intend()
    await reset(floor, database)
    await floor.rounds()
    await floor.quote("150.50")
    assert await floor.rows("select status, reason from orders") == [("cancelled", "reset")]
    late = await floor.intend()
    await floor.rounds()
    ((status, reason),) = await floor.rows(
        "select status, reason from orders where id = %(id)s", {"id": late}
    )
    assert (status, reason) == ("rejected", "entries_blocked: The account was reset.")


async def test_m27_others_in_the_same_instrument_go_on(floor: Floor, database: Database) -> None:
    other = await _second_account(floor, database)
    await with_a_position(floor)
    await floor.intend(account=other)
    await floor.rounds()
    await floor.quote("150.50")
    await floor.quote("150.50")
    await reset(floor, database)
    await at_once(floor)
    await floor.quote("154.25")
    await floor.quote("158.00")
    found: dict[Any, Any] = dict(await floor.rows("select account_id, exit_reason from positions"))
    assert found == {floor.account: "reset", other: "target_2"}


@pytest.mark.parametrize("another", [False, True])
async def test_m27_pipelines_follow(floor: Floor, database: Database, *, another: bool) -> None:
    """One that names no account goes on with the first; where that would be another, it names
    the account that took its place."""
    if another:
        await _second_account(floor, database)
    for number, account in enumerate((None, floor.account), 1):
        await floor.rows(
            "insert into pipelines (id, user_id, name, graph, graph_digest, mode, trigger, status,"
            " revision, version, updated_at, account_id) values (%(id)s, %(user)s, 'p', '{}', '',"
            " 'simulation', '{}', 'draft', 1, 0, now(), %(account)s)",
            {"id": UUID(int=number), "user": USER, "account": account},
        )
    new = await reset(floor, database)
    rows = await floor.rows("select account_id from pipelines order by id")
    assert rows == [(new if another else None,), (new,)]


async def _second_account(floor: Floor, database: Database) -> UUID:
    options = SimulationBody(
        slippage=D(0), commission=D(0), partial_fills=D(0), rejections=D(0), seed=1
    )
    floor.clock.advance(timedelta(seconds=1))
    async with database.transaction() as session:
        body = AccountCreate(name="Second", simulation=options)
        return (await AccountService(floor.clock).open(session, USER, body)).id
