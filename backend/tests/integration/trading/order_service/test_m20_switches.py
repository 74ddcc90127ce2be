"""M20, T28: what a switch stops, what goes on, and what a flattening says of each position."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kuber.infra.db import Database, RawConnection
from kuber.trading.errors import LatchMoved
from kuber.trading.order_types import SwitchState
from kuber.trading.switches.schemas import FlattenReport, SwitchBody
from kuber.trading.switches.service import Scope, SwitchService
from tests.fixtures.trading_floor import USER, Floor

SATURDAY = datetime.fromisoformat("2026-12-05T15:00:00+00:00")


class Switchboard:
    """Sets switches as the API does, and reads them."""

    def __init__(self, floor: Floor, database: Database) -> None:
        self.floor = floor
        self._database = database
        self._service = SwitchService(floor.clock, lambda: floor.halted)

    async def set(
        self,
        state: str,
        *,
        flatten: bool = False,
        scope: Scope | None = None,
        look: bool = True,
    ) -> None:
        body = SwitchBody(state=SwitchState(state), flatten=flatten, reason="test")
        async with self._database.transaction() as session:
            await self._service.set(session, scope or Scope(USER), body, USER)
        if look:
            self.floor.service.wake()
            await self.floor.rounds()

    async def report(self) -> FlattenReport:
        async with self._database.transaction() as session:
            shown = await self._service.shown(session, USER)
        (found,) = [one.report for one in shown.items if one.report is not None]
        return found


@pytest.fixture
def board(floor: Floor, database: Database) -> Switchboard:
    return Switchboard(floor, database)


async def order(floor: Floor, id_: object) -> dict[str, Any]:
    (row,) = await floor.rows("select to_jsonb(o) from orders o where id = %(id)s", {"id": id_})
    return dict(row[0])


async def enter(floor: Floor, **more: Any) -> None:
    """Hold 100 AAPL with their stop."""
    await floor.intend(**more)
    await floor.rounds()
    await floor.quote("150.50")
    await floor.quote("150.50")
    assert (await floor.position())["status"] == "open"


@pytest.mark.parametrize("state", ["paused", "reduce_only", "halted"])
async def test_m20_an_entry_is_refused_with_who_and_remedy(
    floor: Floor, board: Switchboard, state: str
) -> None:
    await board.set(state)
    floor.clock.advance(timedelta(seconds=1))
    refused = await order(floor, await floor.intend())
    await floor.rounds()
    refused = await order(floor, refused["id"])
    assert refused["status"] == "rejected"
    assert refused["reason"].startswith(f"{state}: ")
    assert "set by you" in refused["reason"]
    assert "Set your switch to off" in refused["reason"]
    assert await floor.rows("select 1 from positions") == []


@pytest.mark.parametrize(
    ("state", "kept"), [("paused", True), ("reduce_only", False), ("halted", False)]
)
async def test_m20_a_working_entry_goes_on_or_is_cancelled(
    floor: Floor, board: Switchboard, state: str, kept: bool
) -> None:
    entry = await floor.intend(limit="150.00", price="150.00")
    await floor.rounds()
    await floor.quote("150.50")
    assert (await order(floor, entry))["status"] == "working"
    await board.set(state)
    await floor.quote("149.50")
    assert (await order(floor, entry))["status"] == ("filled" if kept else "cancelled")
    assert await floor.reserved() == 0


@pytest.mark.parametrize("state", ["paused", "reduce_only", "halted"])
async def test_m20_exits_and_monitor_go_on(floor: Floor, board: Switchboard, state: str) -> None:
    await enter(floor)
    await board.set(state, scope=Scope())
    await floor.quote("154.25")
    found = await floor.position()
    assert (found["quantity"], found["stop"]) == (50, 150.5)
    await floor.quote("150.40")
    assert (await floor.position())["exit_reason"] == "break_even"


async def test_m20_what_was_decided_before_a_switch_went_off_stays_out(
    floor: Floor, board: Switchboard
) -> None:
    """The order service looks only once the halt is over: the intent came late."""
    await board.set("halted", look=False)
    late = await floor.intend()
    floor.clock.advance(timedelta(seconds=5))
    await board.set("off")
    floor.clock.advance(timedelta(seconds=1))
    new = await floor.intend()
    await floor.rounds()
    assert (await order(floor, late))["reason"].startswith("decided_while_stopped: ")
    assert (await order(floor, new))["status"] == "submitted"


async def test_m20_a_halt_by_file_needs_no_word_from_the_database(floor: Floor) -> None:
    entry = await floor.intend(limit="150.00", price="150.00")
    await floor.rounds()
    await floor.quote("150.50")
    floor.halted = SwitchState.HALTED
    await floor.service.round()
    assert (await order(floor, entry))["status"] == "cancelled"
    refused = await floor.intend()
    await floor.rounds()
    assert "./kuber halt --off" in (await order(floor, refused))["reason"]
    floor.halted = SwitchState.OFF
    late = await floor.intend()
    await floor.rounds()
    assert (await order(floor, late))["reason"].startswith("decided_while_stopped: ")


async def test_t28_a_switch_that_is_set_during_a_round_undoes_the_round(
    floor: Floor, board: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The halt is set between the first look at the latch and the commit."""
    entry = await floor.intend()
    look_again = floor.service._unchanged

    async def halted_meanwhile(connection: RawConnection) -> None:
        await board.set("halted", look=False)
        await look_again(connection)

    monkeypatch.setattr(floor.service, "_unchanged", halted_meanwhile)
    with pytest.raises(LatchMoved):
        await floor.service.round()
    monkeypatch.undo()
    await floor.rounds()
    assert (await order(floor, entry))["status"] == "rejected"
    assert await floor.rows("select 1 from fills") == []


async def test_m20_a_flattening_closes_at_the_market_and_says_at_which_price(
    floor: Floor, board: Switchboard
) -> None:
    await enter(floor)
    await floor.intend(symbol="MSFT", limit="150.00", price="150.00")
    await floor.rounds()
    await floor.quote("150.50", symbol="MSFT")
    await floor.service.watched()
    await board.set("halted", flatten=True)
    waiting = await board.report()
    assert waiting.status == "working"
    assert {one.symbol: one.outcome for one in waiting.items} == {
        "AAPL": "waits",
        "MSFT": "never_opened",
    }
    await floor.quote("151.00")
    await floor.service.watched()
    done = await board.report()
    assert (done.status, done.closed, done.not_closed) == ("done", 2, 0)
    (sold,) = [one for one in done.items if one.symbol == "AAPL"]
    assert (sold.outcome, sold.price, sold.quantity) == ("closed", Decimal(151), Decimal(0))
    assert await floor.cash() == Decimal(100050)


async def test_m20_on_a_closed_market_it_is_queued_for_the_open_and_said(
    floor: Floor, board: Switchboard
) -> None:
    await enter(floor)
    floor.clock.advance(SATURDAY - floor.clock.now())
    await floor.rounds()
    await floor.service.watched()
    await board.set("halted", flatten=True)
    (one,) = (await board.report()).items
    assert one.outcome == "waits"
    assert one.text == ("Queued for the open: New York Stock Exchange opens Mon 07 Dec 14:30 UTC.")


async def test_m20_without_the_order_service_the_report_says_what_waits_for_what(
    floor: Floor, board: Switchboard
) -> None:
    await enter(floor)
    await floor.service.watched()
    floor.clock.advance(timedelta(minutes=1))
    await board.set("halted", flatten=True, look=False)
    (one,) = (await board.report()).items
    assert one.outcome == "waits"
    assert "does not run since 2026-11-30 15:00" in one.text


async def test_m20_unknown_is_not_empty(floor: Floor, board: Switchboard) -> None:
    await enter(floor)
    await board.set("halted", flatten=True)
    await floor.rows("alter table fills rename to fills_away")
    found = await board.report()
    assert (found.status, found.items) == ("unknown", [])
    assert "not known" in found.text


async def test_m20_a_pipelines_switch_leaves_other_positions_alone(
    floor: Floor, board: Switchboard
) -> None:
    await enter(floor)
    await board.set("halted", flatten=True, scope=Scope(USER, USER))
    await floor.quote("151.00")
    assert (await floor.position())["status"] == "open"
    assert (await board.report()).items == []


async def test_m20_a_position_whose_row_is_gone_is_not_taken_for_closed(
    floor: Floor, board: Switchboard
) -> None:
    await enter(floor)
    await board.set("halted", flatten=True)
    await floor.rows("update orders set position_id = null")
    await floor.rows("delete from positions")
    assert (await board.report()).status == "unknown"


async def test_m20_a_halt_that_came_and_went_while_nobody_acted_takes_entries_back(
    floor: Floor, board: Switchboard
) -> None:
    """What was held stays; what was ordered since the halt goes on."""
    await enter(floor)
    before = await floor.intend(limit="140.00", stop="130.00", targets=(), life="gtc")
    await floor.rounds()
    await floor.quote("150.50")
    assert (await order(floor, before))["status"] == "working"
    await floor.die()
    await board.set("halted", look=False)
    await board.set("off", look=False)
    floor.clock.advance(timedelta(minutes=3))
    await floor.open()
    after = await floor.intend(limit="140.00", stop="130.00", targets=(), life="gtc")
    await floor.rounds()
    await floor.quote("150.50")
    assert (await order(floor, before))["status"] == "cancelled"
    assert (await order(floor, after))["status"] == "working"
    held = "select status, quantity::int from positions where quantity > 0"
    assert await floor.rows(held) == [("open", 100)]


async def test_m20_a_halt_counts_in_the_round_that_hears_of_it(floor: Floor) -> None:
    """A price of the same round had begun its work before the switch was read."""
    waiting = await floor.intend(limit="140.00", stop="130.00", targets=(), life="gtc")
    await floor.rounds()
    await floor.quote("150.50")
    floor.halted = SwitchState.HALTED
    await floor.quote("150.40")
    assert (await order(floor, waiting))["status"] == "cancelled"
