from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kuber.agents.base import AgentFailure, TriggerNotMet
from kuber.agents.catalog.manual_trigger import ManualTrigger
from kuber.agents.catalog.time_trigger import TimeTrigger
from kuber.agents.testing import AgentHarness
from tests.fakes.agents import harness

GOOD_FRIDAY = datetime(2013, 3, 29, 15, tzinfo=UTC)
THURSDAY_NOON = datetime(2013, 3, 28, 16, tzinfo=UTC)


def at(moment: datetime, *, real_time: bool = True) -> AgentHarness:
    return replace(harness(), as_of=moment, real_time=real_time)


async def test_a_manual_trigger_is_always_met() -> None:
    run = await harness().run(ManualTrigger, {}, harness().state("ACME"))
    assert run.state.trigger is not None
    assert run.state.trigger.met


async def test_a_time_trigger_is_met_inside_its_window() -> None:
    bench = at(THURSDAY_NOON)
    run = await bench.run(TimeTrigger, {}, bench.state("ACME"))
    assert run.state.trigger is not None
    assert run.state.trigger.kind == "time"


async def test_a_market_holiday_puts_the_run_to_sleep_until_the_next_session() -> None:
    bench = at(GOOD_FRIDAY)
    with pytest.raises(TriggerNotMet) as unmet:
        await bench.run(TimeTrigger, {}, bench.state("ACME"))
    assert unmet.value.wake_at == datetime(2013, 4, 1, 13, 35, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (["mon", "tue", "wed", "thu", "fri"], "on Mon, Tue, Wed, Thu, Fri"),
        (["sun", "mon", "tue", "wed", "thu", "fri", "sat"], "every day"),
    ],
)
async def test_a_window_says_its_days_in_words(days: list[str], words: str) -> None:
    bench = at(GOOD_FRIDAY)
    with pytest.raises(TriggerNotMet) as unmet:
        await bench.run(TimeTrigger, {"days": days}, bench.state("ACME"))
    assert unmet.value.reason.startswith(
        f"Not yet time: runs 09:35 to 15:55 {words} (America/New_York)"
    )


@pytest.mark.parametrize(
    ("grace", "late_s", "met"),
    [(0, 1, True), (0, 60, True), (0, 61, False), (5, 300, True), (5, 301, False)],
)
async def test_a_run_that_wakes_up_a_little_late_is_in_time(
    grace: int, late_s: int, met: bool
) -> None:
    due = datetime(2013, 3, 28, 16, 30, tzinfo=UTC)
    config = {"schedule": "cron", "cron": "30 12 * * *", "grace_minutes": grace}
    bench = replace(at(due + timedelta(seconds=late_s)), woken_for=due)
    if met:
        assert (await bench.run(TimeTrigger, config, bench.state("ACME"))).state.trigger is not None
    else:
        with pytest.raises(TriggerNotMet):
            await bench.run(TimeTrigger, config, bench.state("ACME"))


async def test_a_time_that_it_was_not_woken_for_is_no_excuse() -> None:
    bench = at(datetime(2013, 3, 28, 16, 30, 1, tzinfo=UTC))
    config = {"schedule": "cron", "cron": "30 12 * * *", "grace_minutes": 0}
    with pytest.raises(TriggerNotMet):
        await bench.run(TimeTrigger, config, bench.state("ACME"))


async def test_the_calendar_can_be_ignored() -> None:
    bench = at(GOOD_FRIDAY)
    run = await bench.run(TimeTrigger, {"market_hours_only": False}, bench.state("ACME"))
    assert run.state.trigger is not None


async def test_an_early_close_is_respected() -> None:
    bench = at(datetime(2012, 11, 23, 19, tzinfo=UTC))  # the market closed at 18:00 UTC
    with pytest.raises(TriggerNotMet) as unmet:
        await bench.run(TimeTrigger, {}, bench.state("ACME"))
    assert unmet.value.wake_at == datetime(2012, 11, 26, 14, 35, tzinfo=UTC)


async def test_cron_and_calendar_are_both_waited_for() -> None:
    bench = at(GOOD_FRIDAY)
    config = {"schedule": "cron", "cron": "0 12 * * *"}
    with pytest.raises(TriggerNotMet) as unmet:
        await bench.run(TimeTrigger, config, bench.state("ACME"))
    assert unmet.value.wake_at == datetime(2013, 4, 1, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "config",
    [
        {"schedule": "cron", "cron": "0 3 31 2 *"},
        {"schedule": "cron", "cron": "0 3 31 2 *", "market_hours_only": False},
        {"schedule": "cron", "cron": "0 3 29 2 *"},
        {"start": "04:43", "end": "05:43"},
        {"days": ["sat", "sun"]},
    ],
)
async def test_a_schedule_that_never_comes_fails_instead_of_waiting(
    config: dict[str, object],
) -> None:
    bench = at(THURSDAY_NOON)
    with pytest.raises(AgentFailure, match="never comes") as failure:
        await bench.run(TimeTrigger, config, bench.state("ACME"))
    assert (failure.value.code, failure.value.retryable) == ("never_time", False)
    assert "Widen" in (failure.value.remedy or "")


@pytest.mark.parametrize(
    ("now", "fires"),
    [
        (THURSDAY_NOON, datetime(2016, 2, 29, 15, tzinfo=UTC)),
        # 2032 has it on a Sunday, so that it is eight years until the market is open on it.
        (datetime(2028, 3, 1, 15, tzinfo=UTC), datetime(2036, 2, 29, 15, tzinfo=UTC)),
    ],
)
async def test_a_day_that_is_not_in_every_year_is_waited_for_and_named(
    now: datetime, fires: datetime
) -> None:
    bench = at(now)
    with pytest.raises(TriggerNotMet, match=f"Next at {fires.year}-02-29 10:00") as unmet:
        await bench.run(
            TimeTrigger, {"schedule": "cron", "cron": "0 10 29 2 *"}, bench.state("ACME")
        )
    assert unmet.value.wake_at == fires


async def test_a_run_at_a_chosen_moment_is_told_that_it_is_not_time() -> None:
    bench = at(GOOD_FRIDAY, real_time=False)
    with pytest.raises(TriggerNotMet, match="At 2013-03-29 15:00 UTC") as unmet:
        await bench.run(TimeTrigger, {}, bench.state("ACME"))
    assert unmet.value.wake_at is None
