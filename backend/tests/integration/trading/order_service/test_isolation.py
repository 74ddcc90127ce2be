"""What fails alone is set aside alone: everybody else's stops go on, at the very price."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from kuber.infra.db import Database
from kuber.ledger.rebuild import all_differences
from kuber.ledger.types import Book
from kuber.trading.accounts.service import AccountService
from kuber.trading.management.decide import Decision, decide
from kuber.trading.management.facts import Fact, Situation
from kuber.trading.management.position import Position
from kuber.trading.order_service import round as rounds
from kuber.trading.order_service.reading import MOST
from kuber.trading.reconciliation.accounts import differences_of
from kuber.trading.resetting import Resets
from tests.fixtures.trading_floor import CALM, USER, Floor, new_account

_STANDS = "select status, quantity::int from positions where account_id = %s"
_ASIDE = "select position_id, reason, tries from positions_set_aside"
_REFUSES = """
    create or replace function refuse() returns trigger language plpgsql as $$
    begin raise exception 'not this one'; end $$
"""
_MANY_REQUESTS = """
    insert into order_requests (id, user_id, kind, target, args, correlation_id, requested_at)
    select gen_random_uuid(), user_id, kind, target, args, correlation_id, requested_at
    from order_requests, generate_series(1, %s) where id = %s
"""
AGAIN = timedelta(seconds=31)


async def enter(floor: Floor, holders: int = 3) -> list[UUID]:
    """Let accounts hold 100 AAPL from 150.50 each, stop 148.00; return the accounts."""
    accounts = []
    for _ in range(holders):
        accounts.append(uuid4())
        await new_account(floor, accounts[-1], CALM)
        await floor.intend()
    await floor.rounds()
    for _ in range(2):
        await floor.quote("150.50")
    for account in accounts:
        assert await stands(floor, account) == ("open", 100)
    return accounts


async def stands(floor: Floor, account: UUID) -> tuple[str, int]:
    ((status, quantity),) = await floor.rows(_STANDS, (account,))
    return status, quantity


async def position_of(floor: Floor, account: UUID) -> UUID:
    ((id_,),) = await floor.rows("select id from positions where account_id = %s", (account,))
    return UUID(str(id_))


async def refuse_writes(floor: Floor, table: str, condition: str) -> None:
    await floor.rows(_REFUSES)
    await floor.rows(
        f"create trigger refuse before insert or update on {table}"
        f" for each row when ({condition}) execute function refuse()"
    )


async def settles(floor: Floor, accounts: list[UUID], profits: list[str]) -> None:
    """Assert that each account has its profit, and that records and ledger agree."""
    for account, profit in zip(accounts, profits, strict=True):
        floor.account = account
        assert await floor.cash() == Decimal(100_000) + Decimal(profit)
        assert await floor.reserved() == 0
        assert await differences_of(floor.connection, account) == []
    assert [one async for one in all_differences(floor.url, Book.TRADING)] == []


async def test_a_position_that_cannot_be_written_holds_up_no_other(floor: Floor) -> None:
    """Others sell at 148.00: -250. It is worked again at 147.00: -350, once."""
    first, bad, last = accounts = await enter(floor)
    id_ = await position_of(floor, bad)
    await refuse_writes(floor, "positions", f"new.id = '{id_}'")
    await floor.quote("148.00")
    assert [await stands(floor, one) for one in (first, bad, last)] == [
        ("closed", 0),
        ("open", 100),
        ("closed", 0),
    ]
    assert await floor.rows(_ASIDE) == [
        (id_, "RaiseException: see the log of the order service.", 0)
    ]
    told = "select data ->> 'title' from notice_outbox where kind = 'position_alarm'"
    assert await floor.rows(told) == [("set aside: it needs a person",)]
    await _fails_again(floor)
    await floor.rows("drop trigger refuse on positions")
    floor.clock.advance(AGAIN)
    for _ in range(3):
        await floor.quote("147.00")
    assert await stands(floor, bad) == ("closed", 0)
    assert await floor.rows(_ASIDE) == []
    await settles(floor, accounts, ["-250", "-350", "-250"])


async def _fails_again(floor: Floor) -> None:
    """It is tried at the time that the service says, and its owner is not told again."""
    due_in_s = floor.service.due_in_s(60)
    assert 0 < due_in_s <= 30
    floor.clock.advance(AGAIN)
    await floor.rounds()
    ((_, _, tries),) = await floor.rows(_ASIDE)
    assert tries == 1
    assert len(await floor.rows("select 1 from notice_outbox where kind = 'position_alarm'")) == 1


async def test_a_position_that_cannot_be_read_holds_up_no_other(floor: Floor) -> None:
    """Not even the start of the order service, nor the close of another that a person wants."""
    good, bad = accounts = await enter(floor, 2)
    id_ = await position_of(floor, bad)
    await floor.rows("update positions set state = '{' || state where id = %s", (id_,))
    await floor.again()
    first = await floor.ask("close_position", id_)  # the very round that finds it
    ((found, reason, _),) = await floor.rows(_ASIDE)
    assert (found, reason) == (id_, "JSONDecodeError: see the log of the order service.")
    await floor.rows(_MANY_REQUESTS, (MOST, first))
    floor.clock.advance(timedelta(seconds=1))  # so that they are the oldest
    await floor.again()  # and what was set aside stays so
    asked = [await floor.ask("close_position", await position_of(floor, good)), first]
    await floor.quote("151.00")
    await floor.quote("151.00")
    assert await stands(floor, good) == ("closed", 0)
    assert await stands(floor, bad) == ("open", 100)
    done = "select done_at is not null, outcome from order_requests where id = %s"
    assert [await floor.rows(done, (one,)) for one in asked] == [[(True, None)], [(False, None)]]
    await floor.rows("update positions set state = substr(state, 2) where id = %s", (id_,))
    floor.clock.advance(AGAIN)
    for _ in range(3):
        await floor.quote("152.00")
    assert await stands(floor, bad) == ("closed", 0)
    assert await floor.rows(done, (asked[1],)) == [(True, None)]
    await settles(floor, accounts, ["50", "150"])


async def test_an_order_that_cannot_be_read_holds_up_no_other(floor: Floor) -> None:
    good, bad = await enter(floor, 2)
    spoil = "update orders set origin_key = '7' where effect = 'close' and account_id = %s"
    await floor.rows(spoil, (bad,))
    await floor.again()
    await floor.quote("148.00")
    await floor.quote("148.00")
    assert await stands(floor, good) == ("closed", 0)
    assert await stands(floor, bad) == ("open", 100)


@pytest.mark.parametrize("holders", [2, 7])
async def test_a_position_that_cannot_be_decided_holds_up_no_other(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, holders: int
) -> None:
    """It is tried again alone: while it fails it stays aside."""
    accounts = await enter(floor, holders)
    bad = str(await position_of(floor, accounts[1]))

    def failing(position: Position, facts: list[Fact], situation: Situation) -> Decision:
        if position.id == bad:
            raise AssertionError("the impossible")
        return decide(position, facts, situation)

    monkeypatch.setattr(rounds, "decide", failing)
    await floor.quote("148.00")
    others = [one for one in accounts if one != accounts[1]]
    assert {await stands(floor, one) for one in others} == {("closed", 0)}
    assert await stands(floor, accounts[1]) == ("open", 100)
    floor.clock.advance(AGAIN)
    await floor.rounds()
    assert len(await floor.rows(_ASIDE)) == 1
    monkeypatch.undo()
    floor.clock.advance(AGAIN)
    for _ in range(3):
        await floor.quote("150.00")
    assert await floor.rows(_ASIDE) == []
    ((bare, by),) = await floor.rows(
        "select unprotected_seconds::int, protected_by from positions where id = %s", (bad,)
    )
    assert by == "venue", "it has its stop again"
    assert bare >= 100 * 60, "and it is counted that it had none for a minute"
    told = "select data ->> 'title' from notice_outbox where kind = 'position_alarm'"
    assert ("not watched for a while",) in await floor.rows(told)
    await floor.quote("147.50")
    await floor.quote("147.50")
    assert await stands(floor, accounts[1]) == ("closed", 0)
    await settles(floor, [*others, accounts[1]], ["-250"] * len(others) + ["-300"])


async def test_an_intent_that_cannot_be_written_is_refused_alone(floor: Floor) -> None:
    (there,) = await enter(floor, 1)
    await new_account(floor, uuid4(), CALM)
    bad = await floor.intend()
    await refuse_writes(floor, "positions", f"new.entry_order_id = '{bad}'")
    await floor.quote("148.00")
    assert await stands(floor, there) == ("closed", 0)
    ((status, reason),) = await floor.rows(
        "select status, reason from orders where id = %s", (bad,)
    )
    assert status == "rejected"
    assert reason.startswith("cannot_be_worked: RaiseException")
    assert await floor.reserved() == 0


@pytest.mark.parametrize(
    ("quantity", "price", "stop", "targets", "code"),
    [
        ("99999999999", "99999999999", "1", (), "out_of_bounds"),
        ("100", "0", "148.00", (), "out_of_bounds"),
        ("100", "150.50", "1e-20", (), "out_of_bounds"),
        ("100", "150.50", "148.00", ("1e30",), "out_of_bounds"),
        ("100", "150.50", "NaN", (), "out_of_bounds"),
        ("100", "150.50", "none", (), "bad_plan"),
    ],
)
async def test_an_absurd_intent_on_record_is_refused_at_admission(
    floor: Floor, quantity: str, price: str, stop: str, targets: tuple[str, ...], code: str
) -> None:
    """Whoever wrote it: the doors of API and runs would not have."""
    absurd = await floor.intend(quantity=quantity, price=price, stop=stop, targets=targets)
    fine = await floor.intend()
    await floor.rounds()
    await floor.quote("150.50")
    status = "select status, reason from orders where id = %s"
    ((found, reason),) = await floor.rows(status, (absurd,))
    assert (found, reason.partition(":")[0]) == ("rejected", code)
    assert await floor.rows(status, (fine,)) == [("filled", "")]


async def test_a_book_that_cannot_be_read_is_begun_anew(floor: Floor) -> None:
    """The positions get new orders in it, and nothing is sold twice."""
    accounts = await enter(floor, 2)
    await floor.rows("update venue_books set state = 'lost'")
    await floor.again()
    await floor.rounds()
    working = "select count(*) from orders where status = 'working' and leg like 'stop%%'"
    assert await floor.rows(working) == [(4,)]
    await floor.quote("150.00")
    await floor.again()
    await floor.quote("148.00")
    await floor.quote("148.00")
    assert {await stands(floor, one) for one in accounts} == {("closed", 0)}
    await settles(floor, accounts, ["-250", "-250"])


async def test_what_is_set_aside_still_stands_against_the_other_side(floor: Floor) -> None:
    """No short beside a long that is set aside (M11, M17)."""
    (bad,) = await enter(floor, 1)
    await floor.rows("update positions set state = 'lost', owner = 'x'")
    await floor.again()
    await floor.rounds()
    order_id = await floor.intend(side="sell", stop="153.00", targets=("148.00",))
    await floor.rounds()
    ((status, reason),) = await floor.rows(
        "select status, reason from orders where id = %s", (order_id,)
    )
    assert (status, reason.partition(":")[0]) == ("rejected", "opposite_position")
    assert await stands(floor, bad) == ("open", 100)


async def test_a_price_is_not_lost_by_the_round_that_it_came_in(floor: Floor) -> None:
    """It touched the stop and was gone again: whoever had failed with it hears of it."""
    good, bad = await enter(floor, 2)
    await refuse_writes(floor, "positions", f"new.account_id = '{bad}'")
    await floor.rows("update venue_books set version = version + 0")
    await floor.quote("148.00")
    await floor.quote("150.50")
    assert await stands(floor, good) == ("closed", 0)
    ((price,),) = await floor.rows(
        "select distinct price::float from fills f join orders o on o.id = f.order_id"
        " where o.effect = 'close'"
    )
    assert price == 148.00


async def test_a_cancelled_switch_or_lost_book_repeats_a_round_with_its_prices(
    floor: Floor,
) -> None:
    """The price that came with the round that was lost still closes the position."""
    (account,) = await enter(floor, 1)
    await floor.rows("update venue_books set version = version + 1")
    with pytest.raises(Exception, match="changed these books"):
        await floor.quote("148.00")
    await floor.quote("150.50")
    assert await stands(floor, account) == ("closed", 0)


async def test_m27_an_account_is_reset_although_a_position_cannot_be_read(
    floor: Floor, database: Database
) -> None:
    (bad,) = await enter(floor, 1)
    await floor.rows("update positions set state = 'lost'")
    await floor.again()
    resets = Resets(AccountService(floor.clock), floor.clock)
    async with database.transaction() as session:
        await resets.reset(session, USER, bad)
    await floor.rounds()
    ((status, quantity, reason),) = await floor.rows(
        "select status, quantity::int, exit_reason from positions"
    )
    assert (status, quantity, reason) == ("closed", 0, "reset")
    floor.clock.advance(AGAIN)
    await floor.rounds()
    assert await floor.rows(_ASIDE) == []
    assert floor.service.due_in_s(60) == 60
