"""Schedules that are due within certain hours and on certain days only."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from kuber.kernel.weekdays import Weekday
from kuber.pipelines.triggers import next_due, trigger_problems
from kuber.pipelines.types import PeriodicTrigger

DAYS = [day.value for day in Weekday]
FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def schedule(every_minutes: int, window: object = None, **more: object) -> PeriodicTrigger:
    return PeriodicTrigger.model_validate(
        {
            "kind": "periodic",
            "every_minutes": every_minutes,
            "market_hours_only": False,
            "symbols": ["AAPL"],
            "window": window,
            **more,
        }
    )


def dues(trigger: PeriodicTrigger, start: datetime, end: datetime) -> list[datetime]:
    found, at = [], start
    while (due := next_due(trigger, at)) is not None and due < end:
        found.append(due)
        at = due
    return found


def clock(text: str) -> time:
    return time(int(text[:2]), int(text[3:]))


CLOCKS = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")


@example(
    every=15,
    since="02:30",
    to="24:00",
    days=DAYS,
    zone="America/New_York",
    start=datetime(2026, 3, 6, 7, tzinfo=UTC),
)
@example(
    every=15,
    since="01:15",
    to="24:00",
    days=["mon", "sun"],
    zone="America/New_York",
    start=datetime(2026, 10, 30, tzinfo=UTC),
)
@settings(max_examples=60, deadline=None)
@given(
    every=st.sampled_from([15, 45, 60, 90, 240, 1440]),
    since=CLOCKS,
    to=CLOCKS | st.just("24:00"),
    days=st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
    zone=st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata"]),
    start=st.sampled_from(
        [datetime(2026, 3, 6, 7, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)]
    ),
)
def test_the_slots_of_a_window_are_those_that_the_clock_shows_within_it(
    every: int, since: str, to: str, days: list[str], zone: str, start: datetime
) -> None:
    if since == to:
        return
    window = {"from": since, "to": to, "days": days}

    def within(due: datetime) -> bool:
        local = due.astimezone(ZoneInfo(zone))
        today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
        end = time.max if to == "24:00" else clock(to)
        if clock(since) < end:
            return today in days and clock(since) <= local.time() and local.time() < end
        late, early = local.time() >= clock(since), local.time() < end
        return (late and today in days) or (early and yesterday in days)

    end = start + timedelta(days=9)
    whole = dues(schedule(every, timezone=zone), start, end)
    expected = [due for due in whole if within(due)]
    assert dues(schedule(every, window, timezone=zone), start, end) == expected


def test_a_window_and_the_hours_of_the_market_both_count() -> None:
    trigger = schedule(
        30,
        {"from": "15:00", "to": "20:00", "days": ["mon", "fri"]},
        timezone="America/New_York",
        market_hours_only=True,
    )
    found = dues(trigger, FRIDAY, FRIDAY + timedelta(days=7))
    assert [at.isoformat()[:16] for at in found] == [
        "2026-11-20T20:00",
        "2026-11-20T20:30",
        "2026-11-23T20:00",
        "2026-11-23T20:30",
    ]  # the Friday after Thanksgiving closes at 13:00


def test_a_window_in_which_the_schedule_is_never_due_is_a_problem() -> None:
    daily = schedule(1440, {"from": "09:30", "to": "16:00"})
    [problem] = trigger_problems(daily, FRIDAY)
    assert "other hours" in problem.remedy
    assert trigger_problems(schedule(1440, {"to": "09:30", "days": ["sun"]}), FRIDAY) == []


def test_what_has_no_window_is_written_as_before_there_was_one() -> None:
    assert "window" not in schedule(5).model_dump(mode="json")
    written = schedule(5, {"from": "09:30", "days": ["sun", "mon"]}).model_dump(mode="json")
    assert written["window"] == {"from": "09:30", "to": "24:00", "days": ["mon", "sun"]}
    assert PeriodicTrigger.model_validate(written) == schedule(5, written["window"])


@pytest.mark.parametrize(
    "window",
    [
        {"from": "9:30"},
        {"from": "24:00"},
        {"to": "24:01"},
        {"from": "10:00", "to": "10:00"},
        {"days": []},
        {"days": ["monday"]},
        {"until": "10:00"},
    ],
)
def test_windows_that_say_nothing_sensible_are_refused(window: object) -> None:
    with pytest.raises(ValidationError):
        schedule(5, window)
