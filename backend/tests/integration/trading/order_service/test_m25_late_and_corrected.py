"""M25: actions that are found after their ex-date began, and actions that a later file corrects."""

from datetime import date, timedelta
from decimal import Decimal

from kuber.infra.db import Database
from kuber.trading.accounts.service import AccountService
from kuber.trading.positions.reading import PositionQuery, position_page
from tests.fixtures.corporate_actions import MIDNIGHT, OPEN, TUESDAY, agrees, at, exits, held, told
from tests.fixtures.trading_floor import USER, Floor

D = Decimal
LATER = timedelta(minutes=1)
WEDNESDAY = date(2026, 12, 2)


async def titles(floor: Floor) -> list[tuple[str, str]]:
    """Return kind and title of what people are told of actions."""
    return await floor.rows(
        "select kind, data ->> 'title' from notice_outbox"
        " where data ->> 'text' like '%Ex-date%' order by id"
    )


async def outcomes(floor: Floor) -> list[tuple[str, str, int, str]]:
    return await floor.rows(
        "select kind, outcome, number, told from position_actions order by ex_date, kind"
    )


async def test_m25_a_split_that_is_found_late_reaches_who_has_not_traded_since(
    floor: Floor,
) -> None:
    await held(floor, side="sell", quantity="105", targets=())
    await at(floor, OPEN)
    await floor.quote("75.25")
    assert (await floor.position())["quantity"] == 105
    cash = await floor.cash() + await floor.reserved()
    await told(floor, "split", ratio=(3, 2), day=TUESDAY)
    await at(floor, OPEN + LATER)
    position = await floor.position()
    assert (position["status"], position["quantity"], position["stop"]) == ("open", 157, 102)
    # The half share is worth what it costs now, which is a price on the new basis already.
    assert await floor.cash() + await floor.reserved() == cash - D("37.62")
    assert await titles(floor) == [("position_news", "split 3:2")]
    await agrees(floor)


async def test_m25_a_split_is_applied_before_the_first_price_after_the_service_was_away(
    floor: Floor,
) -> None:
    await held(floor)
    await told(floor, "split", ratio=(2, 1))
    await floor.die()
    floor.clock.advance(OPEN - floor.clock.now())
    await floor.open()
    await floor.quote("75.30")
    position = await floor.position()
    assert (position["status"], position["quantity"]) == ("open", 200)
    await agrees(floor)


async def test_m25_what_traded_on_the_new_basis_before_the_split_was_known_is_frozen(
    floor: Floor,
) -> None:
    await held(floor, side="sell", quantity="100")
    await at(floor, OPEN)
    await floor.quote("146.70")  # target 1 fills
    await told(floor, "split", ratio=(2, 1))
    await at(floor, OPEN + LATER)
    position = await floor.position()
    assert (position["status"], position["quantity"], position["stop"]) == ("frozen", 50, 150.5)
    assert await outcomes(floor) == [("split", "not_applied", 1, "2:1")]
    assert await titles(floor) == [("position_alarm", "split 2:1 not applied")]
    await agrees(floor)


async def test_m25_a_position_that_was_closed_before_its_split_was_known_is_told(
    floor: Floor,
) -> None:
    await held(floor)
    await at(floor, OPEN)
    await floor.quote("75.30")  # far below the stop
    await floor.quote("75.30")
    assert (await floor.position())["status"] == "closed"
    await told(floor, "split", ratio=(2, 1))
    await at(floor, OPEN + LATER)
    assert await outcomes(floor) == [("split", "not_applied", 1, "2:1")]
    assert await titles(floor) == [("position_alarm", "split 2:1 not applied")]


async def test_m25_a_late_dividend_is_paid_for_what_was_held_then(floor: Floor) -> None:
    await held(floor)
    await at(floor, OPEN)
    await floor.quote("154.30")  # target 1 sells half
    cash = await floor.cash()
    await told(floor, "dividend", amount="0.24")
    await at(floor, OPEN + LATER)
    assert await floor.cash() == cash + 24
    await floor.quote("158.10")
    assert (await floor.position())["status"] == "closed"
    cash = await floor.cash()
    await told(floor, "dividend", amount="0.10", day=date(2026, 11, 30))
    await told(floor, "dividend", amount="0.10", day=WEDNESDAY)
    await at(floor, OPEN + timedelta(days=1))
    assert await floor.cash() == cash
    assert await outcomes(floor) == [("dividend", "applied", 1, "0.24")]
    await agrees(floor)


async def test_m25_a_corrected_dividend_is_taken_back_and_paid_anew(floor: Floor) -> None:
    await held(floor)
    cash = await floor.cash()
    await told(floor, "dividend", amount="0.24")
    await at(floor, MIDNIGHT)
    await told(floor, "dividend", amount="0.24")  # the same file again changes nothing
    await at(floor, MIDNIGHT + LATER)
    assert await floor.cash() == cash + 24
    await told(floor, "dividend", amount="0.42")
    await at(floor, MIDNIGHT + 2 * LATER)
    assert await floor.cash() == cash + 42
    await told(floor, "dividend", amount="0.42", currency="EUR")
    await at(floor, MIDNIGHT + 3 * LATER)
    assert await floor.cash() == cash
    await told(floor, "dividend", amount="0.42", currency="USD")
    await at(floor, MIDNIGHT + 4 * LATER)
    assert await floor.cash() == cash + 42
    assert await outcomes(floor) == [("dividend", "applied", 4, "0.42 USD")]
    await agrees(floor)


async def test_m25_a_corrected_split_freezes_what_it_was_applied_to(floor: Floor) -> None:
    await held(floor)
    await told(floor, "split", ratio=(2, 1))
    await at(floor, MIDNIGHT)
    await told(floor, "split", ratio=(3, 1))
    await at(floor, MIDNIGHT + LATER)
    position = await floor.position()
    assert (position["status"], position["quantity"]) == ("frozen", 200)
    assert len(await exits(floor)) == 4
    assert await outcomes(floor) == [("split", "not_applied", 2, "3:1")]
    await at(floor, MIDNIGHT + 2 * LATER)
    assert len(await titles(floor)) == 2
    await agrees(floor)


async def test_m25_until_the_next_price_a_split_position_is_worth_what_it_was(
    floor: Floor, database: Database
) -> None:
    await floor.rows(
        "insert into market_quotes (symbol, price, source, quoted_at, received_at)"
        " values ('AAPL', 152, 'simulated', %s, %s)",
        (floor.clock.now(), floor.clock.now()),
    )
    await held(floor)
    await told(floor, "split", ratio=(2, 1))
    await told(floor, "dividend", amount="0.5")
    await at(floor, MIDNIGHT)
    async with database.transaction() as session:
        page = await position_page(session, USER, PositionQuery(), floor.clock.now())
        (account,) = (await AccountService(floor.clock).page(session, USER)).items
    (one,) = page.items
    assert (one.last_price, one.unrealised_pnl) == (D(76), D(150))
    assert account.equity == 100_000 + 150 + 50
    points = await floor.rows("select equity from account_equity order by at")
    assert points[-1][0] in (100_150, 100_200)
    dividend, split = one.actions
    assert (dividend.says, dividend.cash, dividend.after) == ("0.5", D(50), D(100))
    assert (split.says, split.before, split.after, split.cash) == ("2:1", D(100), D(200), None)
