"""What a provider answered is stored: asked once, never half known, never of the future."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import new_id
from kuber.market.errors import ProviderUnavailable
from kuber.market.providers.answers import bars_of_version
from kuber.market.types import Timeframe, to_datetime64
from tests.fakes.bars import same
from tests.fakes.giving_provider import Giving, Process, figures, hour
from tests.fakes.memory_answers import MemoryAnswers

NOW = hour(500) + timedelta(minutes=20)
LATER = timedelta(seconds=11)
"""After so long what is missing is asked for again."""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def giving() -> Giving:
    return Giving.with_hours(*range(600))


@pytest.fixture
def store() -> MemoryAnswers:
    return MemoryAnswers()


@pytest.fixture
def process(store: MemoryAnswers, clock: FixedClock, giving: Giving) -> Process:
    return Process(store, clock, giving)


def another(process: Process) -> Process:
    """Return another process on the same store."""
    return Process(process.store, process.clock, process.giving)


async def test_what_was_read_is_not_asked_for_again_by_anybody(process: Process) -> None:
    first = await process.bars(NOW, 5)
    assert first.close.tolist() == [figures(one)[3] for one in range(495, 500)]
    again, fewer = await process.bars(NOW, 5), await process.bars(NOW, 2)
    elsewhere = await another(process).bars(NOW, 5)
    assert same(first, again)
    assert same(first, elsewhere)
    assert same(first.last(2), fewer)
    assert first.version == elsewhere.version != ""
    assert len(process.giving.asked) == 1


async def test_between_two_closes_nothing_is_asked(process: Process, clock: FixedClock) -> None:
    await process.bars(NOW)
    clock.advance(timedelta(minutes=39))
    assert await process.hours(clock.now(), 1) == [499]
    assert len(process.giving.asked) == 1


async def test_of_what_follows_only_the_tail_is_asked_from_the_last_bar_on(
    process: Process, clock: FixedClock
) -> None:
    version = (await process.bars(NOW)).version
    clock.advance(timedelta(hours=2))
    found = await process.bars(clock.now())
    assert found.opened_at[-1] == to_datetime64(hour(501))
    assert process.giving.asked[1:] == [(hour(499), clock.now())]
    assert found.version == version


async def test_of_what_lies_before_only_the_head_is_asked_up_to_the_first_bar(
    process: Process,
) -> None:
    await process.bars(hour(400), 5)
    [(start, _)] = process.giving.asked
    assert await process.hours(hour(400), 100) == list(range(300, 400))
    assert process.giving.asked[1][1] == start + timedelta(hours=1)


async def test_no_bar_is_seen_or_stored_before_its_close(
    process: Process, store: MemoryAnswers, clock: FixedClock
) -> None:
    found = await process.bars(NOW + timedelta(days=3))
    assert found.closed_at[-1] == to_datetime64(hour(500))
    [kept] = store.all.values()
    assert kept.bars.bars.closed_at[-1] == to_datetime64(hour(500))
    assert (await process.hours(hour(480)))[-1] == 479
    clock.advance(timedelta(minutes=40))
    assert (await process.hours(clock.now()))[-1] == 500


async def test_a_bar_that_comes_late_is_there_at_the_next_read_and_makes_a_vintage(
    process: Process, clock: FixedClock
) -> None:
    late = process.giving.has.pop(hour(499))
    before = await process.bars(NOW)
    assert before.opened_at[-1] == to_datetime64(hour(498))
    clock.advance(LATER)
    process.giving.has[hour(499)] = late
    after = await process.bars(NOW)
    assert after.opened_at[-1] == to_datetime64(hour(499))
    assert after.version != before.version
    seen = await bars_of_version(process.store, before.version, Timeframe.H1, NOW, 5)
    assert seen is not None
    assert same(seen, before)
    assert seen.version == before.version


async def test_bars_on_time_leave_the_version_as_it_is(process: Process, clock: FixedClock) -> None:
    process.giving.has.pop(hour(499))
    version = (await process.bars(NOW)).version
    clock.advance(timedelta(hours=1))
    found = await process.bars(clock.now())
    assert found.opened_at[-1] == to_datetime64(hour(500))
    assert found.version == version


async def test_what_the_provider_did_not_have_is_asked_for_again_after_ten_seconds(
    process: Process, clock: FixedClock
) -> None:
    process.giving.has.pop(hour(499))
    for _ in range(3):
        assert (await process.hours(NOW, 3))[-1] == 498
    assert len(process.giving.asked) == 1
    clock.advance(LATER)
    await process.hours(NOW, 3)
    assert len(process.giving.asked) == 2


async def test_an_empty_answer_covers_nothing(process: Process, clock: FixedClock) -> None:
    kept, process.giving.has = process.giving.has, {}
    nothing = await process.bars(NOW)
    assert len(nothing) == 0
    assert nothing.version
    process.giving.has = kept
    clock.advance(LATER)
    assert (await process.hours(NOW))[-1] == 499


async def test_before_the_first_bar_of_all_nothing_is_asked_twice(process: Process) -> None:
    assert await process.hours(hour(20), 50) == list(range(20))
    assert await process.hours(hour(20), 50) == list(range(20))
    assert len(process.giving.asked) == 1


@pytest.mark.parametrize("place", [0, 1, 2, 3, 5])
async def test_a_correction_of_a_price_begins_a_new_version(
    process: Process, clock: FixedClock, place: int
) -> None:
    before = await process.bars(NOW)
    bar = process.giving.has[hour(499)]
    bar[place] = bar[3] * 0.99999 if place == 5 else bar[place] * 1.000001
    clock.advance(timedelta(hours=1))
    after = await process.bars(clock.now())
    assert after.version.split(".")[0] != before.version.split(".")[0]
    assert after.opened_at[-1] == to_datetime64(hour(500))
    if place == 3:
        assert after.close[-2] == bar[3]
    seen = await bars_of_version(process.store, before.version, Timeframe.H1, NOW, 5)
    assert seen is not None
    assert same(seen, before)


async def test_a_volume_that_is_corrected_begins_none(process: Process, clock: FixedClock) -> None:
    before = await process.bars(NOW)
    process.giving.has[hour(499)][4] *= 2
    clock.advance(timedelta(hours=1))
    after = await process.bars(clock.now())
    assert after.version == before.version
    assert after.volume[-2] == before.volume[-1]


async def test_a_split_begins_a_new_version_with_what_was_before_it_adjusted(
    process: Process, clock: FixedClock
) -> None:
    for number in range(500):
        process.giving.has[hour(number)][5] = process.giving.has[hour(number)][3]
    before = await process.bars(NOW)
    for number in range(500):
        process.giving.has[hour(number)][5] /= 2
    for number in range(500, 600):
        old = process.giving.has[hour(number)]
        process.giving.has[hour(number)] = [*(one / 2 for one in old[:4]), old[4] * 2, old[3] / 2]
    clock.advance(timedelta(hours=1))
    after = await process.bars(clock.now())
    assert after.version != before.version
    assert after.close[:4].tolist() == (before.close[1:] / 2).tolist()
    assert 0.9 < after.close[-1] / after.close[-2] < 1.1


async def test_a_bar_that_is_gone_begins_a_new_version(process: Process, clock: FixedClock) -> None:
    before = await process.bars(NOW)
    del process.giving.has[hour(499)]
    clock.advance(timedelta(hours=1))
    after = await process.bars(clock.now())
    assert after.version.split(".")[0] != before.version.split(".")[0]
    assert await process.hours(clock.now(), 3) == [497, 498, 500]


async def test_nothing_takes_the_place_of_something(process: Process, clock: FixedClock) -> None:
    before = await process.bars(NOW)
    process.giving.has = {hour(500): figures(500)}
    clock.advance(timedelta(hours=1))
    emptied = process.giving

    async def empty() -> None:
        if len(emptied.asked) == 3:
            emptied.has = {}

    emptied.before = empty
    after = await process.bars(clock.now())
    assert same(after, before)
    assert after.version == before.version


async def test_a_hole_between_two_ranges_is_filled_before_it_is_read_through(
    process: Process,
) -> None:
    await process.hours(hour(100), 5)
    await process.hours(hour(300), 5)
    assert await process.hours(hour(300), 250) == list(range(50, 300))
    pieces = process.giving.asked[2:]
    assert len(pieces) == 2
    assert pieces[1][0] == hour(99)


async def test_a_hole_that_the_provider_does_not_fill_is_not_read_through(
    process: Process,
) -> None:
    await process.hours(hour(100), 5)
    await process.hours(hour(300), 5)
    process.giving.has = {}
    with pytest.raises(ProviderUnavailable, match="does not give bars that it gave"):
        await process.hours(hour(300), 250)
    assert await process.hours(hour(300), 5) == list(range(295, 300))


async def test_many_holes_are_filled_with_one_question(store: MemoryAnswers) -> None:
    process = Process(store, FixedClock(hour(2000)), Giving.with_hours(*range(2000)))
    for number in range(400, 1700, 300):
        await process.hours(hour(number), 2)
    [kept] = store.all.values()
    assert len(kept.series.covered.parts) == 5
    assert await process.hours(hour(1600), 1500) == list(range(100, 1600))
    assert len(process.giving.asked) == 6
    assert await another(process).hours(hour(1600), 1500) == list(range(100, 1600))
    assert len(process.giving.asked) == 6


async def test_readers_that_begin_together_ask_once(process: Process) -> None:
    found = await asyncio.gather(*(process.hours(NOW, 5) for _ in range(8)))
    assert found == [list(range(495, 500))] * 8
    assert len(process.giving.asked) == 1


async def test_two_processes_that_fetch_the_same_end_with_one_state(
    process: Process, store: MemoryAnswers
) -> None:
    both = asyncio.Barrier(2)
    fetched = 0

    async def together() -> None:
        nonlocal fetched
        fetched += 1
        if fetched <= 2:
            await both.wait()

    process.giving.before = together
    one, two = await asyncio.gather(process.bars(NOW), another(process).bars(NOW))
    assert same(one, two)
    assert one.version == two.version
    assert len(store.all) == 1


async def test_a_provider_that_is_down_does_not_matter_for_what_is_covered(
    process: Process, clock: FixedClock
) -> None:
    first = await process.bars(NOW)
    process.giving.down = True
    assert same(await another(process).bars(NOW), first)
    clock.advance(timedelta(hours=1))
    with pytest.raises(ProviderUnavailable, match="It is down"):
        await process.bars(clock.now())


@pytest.mark.parametrize("wrong", [{0: np.nan}, {1: 1.0}, {2: -1.0}, {4: -1.0}, {5: np.inf}])
async def test_what_cannot_be_is_refused_and_not_stored(
    process: Process, store: MemoryAnswers, wrong: dict[int, float]
) -> None:
    bar = process.giving.has[hour(499)]
    for place, value in wrong.items():
        bar[place] = value
    with pytest.raises(ProviderUnavailable, match="cannot be"):
        await process.bars(NOW)
    assert store.all == {}


async def test_who_stops_waiting_leaves_nothing_half(
    process: Process, store: MemoryAnswers
) -> None:
    never = asyncio.Event()

    async def wait() -> None:
        await never.wait()

    process.giving.before = wait
    task = asyncio.create_task(process.bars(NOW))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.all == {}
    process.giving.before = lambda: asyncio.sleep(0)
    assert (await process.hours(NOW))[-1] == 499


async def test_another_calendar_of_the_symbol_begins_a_new_version(
    process: Process, store: MemoryAnswers
) -> None:
    before = await process.bars(NOW)
    [kept] = store.all.values()
    kept.series = replace(kept.series, calendar="24/5")
    after = await process.bars(NOW)
    assert after.version.split(".")[0] != before.version.split(".")[0]
    assert same(after, before)


async def test_of_a_version_only_what_was_answered_is_given(process: Process) -> None:
    version = (await process.bars(NOW)).version
    assert await bars_of_version(process.store, version, Timeframe.H1, NOW, 400) is None
    assert await bars_of_version(process.store, version, Timeframe.M15, NOW, 4) is None
    for unknown in ("", "simulated-7", "no.1", f"{new_id()}.0"):
        assert await bars_of_version(process.store, unknown, Timeframe.H1, NOW, 4) is None


async def test_coarser_bars_are_made_of_the_same_stored_ones(process: Process) -> None:
    hours = await process.bars(hour(480), 48)
    days = await process.bars(hour(480), 2, Timeframe.D1)
    assert days.close.tolist() == [hours.close[23], hours.close[47]]
    assert days.version == hours.version
