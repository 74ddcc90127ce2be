from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kuber.kernel import time_zones
from kuber.pipelines.triggers import next_due, next_look, open_symbols, trigger_problems
from kuber.pipelines.types import (
    TRIGGERS,
    ManualTrigger,
    PeriodicTrigger,
    SignalTrigger,
    Subscription,
)

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
SPAN_S = int(timedelta(days=4 * 365).total_seconds())
MOMENTS = st.integers(0, SPAN_S).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def periodic(every_minutes: int = 5, **more: object) -> PeriodicTrigger:
    values = {"market_hours_only": False, "symbols": ("AAPL",), **more}
    return PeriodicTrigger.model_validate(
        {"kind": "periodic", "every_minutes": every_minutes, **values}
    )


def dues(trigger: PeriodicTrigger, start: datetime, end: datetime) -> list[datetime]:
    found, at = [], start
    while (due := next_due(trigger, at)) is not None and due < end:
        found.append(due)
        at = due
    return found


def test_slots_are_counted_from_midnight_and_lie_strictly_after() -> None:
    assert next_due(periodic(7), NOW) == datetime(2026, 11, 20, 15, 3, tzinfo=UTC)
    assert next_due(periodic(5), NOW) == NOW + timedelta(minutes=5)
    assert next_due(periodic(1440), NOW) == datetime(2026, 11, 21, tzinfo=UTC)


def test_a_day_begins_at_midnight_of_the_time_zone() -> None:
    tokyo = periodic(1440, timezone="Asia/Tokyo")
    assert next_due(tokyo, NOW) == datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


def test_t22_short_intervals_go_on_through_both_changes_of_the_clocks() -> None:
    trigger = periodic(5, timezone="America/New_York")
    for start in (datetime(2026, 3, 8, 4, tzinfo=UTC), datetime(2026, 11, 1, 3, tzinfo=UTC)):
        found = dues(trigger, start, start + timedelta(hours=8))
        assert found[0] == start + timedelta(minutes=5)
        assert {b - a for a, b in pairwise(found)} == {timedelta(minutes=5)}


def test_t22_long_intervals_go_by_the_clock_on_the_wall() -> None:
    trigger = periodic(120, timezone="America/New_York")
    spring = dues(
        trigger, datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 8, 13, tzinfo=UTC)
    )
    assert [due.hour for due in spring] == [7, 8, 10, 12]  # 03:00 for 02:00, 04:00, 06:00, 08:00
    autumn = dues(
        periodic(90, timezone="America/New_York"),
        datetime(2026, 11, 1, 4, tzinfo=UTC),
        datetime(2026, 11, 1, 9, tzinfo=UTC),
    )
    assert autumn == [
        datetime(2026, 11, 1, 5, 30, tzinfo=UTC),  # 01:30 comes twice and is due the first time
        datetime(2026, 11, 1, 8, 0, tzinfo=UTC),
    ]


def test_market_hours_end_with_the_close_and_leave_out_nights_weekends_and_holidays() -> None:
    trigger = periodic(5, market_hours_only=True)
    # Friday 27 November 2026, the day after Thanksgiving: closes at 13:00 New York, 18:00 UTC.
    found = dues(
        trigger, datetime(2026, 11, 25, 21, tzinfo=UTC), datetime(2026, 11, 30, 15, tzinfo=UTC)
    )
    friday = [due for due in found if due.day == 27]
    assert friday[0] == datetime(2026, 11, 27, 14, 30, tzinfo=UTC)
    assert friday[-1] == datetime(2026, 11, 27, 17, 55, tzinfo=UTC)
    assert len(friday) == 42
    assert {due.day for due in found} == {27, 30}


def test_t22_the_market_moves_with_daylight_saving() -> None:
    trigger = periodic(5, market_hours_only=True)
    assert next_due(trigger, datetime(2026, 3, 6, 22, tzinfo=UTC)) == datetime(
        2026, 3, 9, 13, 30, tzinfo=UTC
    )
    assert next_due(trigger, datetime(2026, 3, 5, 22, tzinfo=UTC)) == datetime(
        2026, 3, 6, 14, 30, tzinfo=UTC
    )


def test_one_open_market_of_several_is_enough() -> None:
    trigger = periodic(60, market_hours_only=True, symbols=("AAPL", "BTCUSD"))
    saturday = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    assert next_due(trigger, saturday) == saturday + timedelta(hours=1)


def test_a_schedule_that_never_meets_the_market_is_a_problem() -> None:
    trigger = periodic(1440, market_hours_only=True)
    assert next_due(trigger, NOW) is None
    [problem] = trigger_problems(trigger, NOW)
    assert problem.field == "trigger.every_minutes"
    assert next_look(trigger, NOW) == datetime(2026, 12, 5, tzinfo=UTC)


def test_symbols_are_kept_in_their_one_spelling_and_trade_in_their_own_hours() -> None:
    trigger = periodic(60, market_hours_only=True, symbols=("BTC/USD", "EUR-USD"))
    assert trigger.symbols == ("BTCUSD", "EURUSD")
    saturday = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    assert next_due(trigger, saturday) == saturday + timedelta(hours=1)


def test_a_schedule_goes_by_the_markets_that_its_owner_chose() -> None:
    daily = periodic(1440, market_hours_only=True)
    always = {"AAPL": "24/7", "MSFT": "24/7"}
    assert next_due(daily, NOW, always) == datetime(2026, 11, 21, tzinfo=UTC)
    assert trigger_problems(daily, NOW, always) == []
    saturday = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    both = periodic(60, market_hours_only=True, symbols=("AAPL", "MSFT"))
    assert open_symbols(both, saturday, {"MSFT": "24/7"}) == ["MSFT"]
    assert open_symbols(both, saturday) == []


def test_what_is_missing_is_named() -> None:
    assert [p.field for p in trigger_problems(periodic(symbols=()), NOW)] == ["trigger.symbols"]
    assert [p.field for p in trigger_problems(SignalTrigger(kind="signal"), NOW)] == [
        "trigger.scanner_id",
        "trigger.subscriptions",
    ]
    assert trigger_problems(periodic(), NOW) == []


def test_a_pipeline_that_starts_by_hand_has_nothing_to_switch_on() -> None:
    [problem] = trigger_problems(ManualTrigger(), NOW)
    assert problem.field == "trigger.kind"
    assert "schedule or on signals" in problem.remedy


@given(st.integers(1, 1440), MOMENTS)
def test_the_next_slot_is_always_later_and_never_further_than_a_day_and_an_hour(
    every_minutes: int, after: datetime
) -> None:
    due = next_due(periodic(every_minutes, timezone="Europe/Berlin"), after)
    assert due is not None
    assert timedelta(0) < due - after <= timedelta(hours=25)


@pytest.mark.parametrize(
    "bad",
    [
        {"every_minutes": 0},
        {"every_minutes": 1441},
        {"timezone": "Mars/Olympus"},
        {"symbols": ["aapl lower"]},
        {"symbols": ["BTC/USD", "BTCUSD"]},
        {"symbols": ["NYSE:AAPL", "AAPL"]},
        {"more": 1},
    ],
)
def test_bad_schedules_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PeriodicTrigger.model_validate({"kind": "periodic", **bad})


def test_a_type_is_subscribed_to_once() -> None:
    twice = (Subscription(signal_type="rsi"), Subscription(signal_type="rsi", min_confidence=9))
    with pytest.raises(ValidationError, match="once"):
        SignalTrigger(kind="signal", subscriptions=twice)


def test_the_names_of_time_zones_are_read_once_however_many_triggers_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = 0

    def zones() -> set[str]:
        nonlocal read
        read += 1
        return {"Asia/Tokyo"}

    monkeypatch.setattr(time_zones, "available_timezones", zones)
    time_zones.time_zones.cache_clear()
    try:
        for _ in range(100):
            TRIGGERS.validate_python({"kind": "periodic", "timezone": "Asia/Tokyo"})
    finally:
        time_zones.time_zones.cache_clear()
    assert read == 1


def test_directions_are_kept_in_one_order_and_the_usual_ones_are_not_written() -> None:
    usual = Subscription(signal_type="rsi", min_confidence=70)
    assert usual.model_dump(mode="json") == {"signal_type": "rsi", "min_confidence": 70}
    named = Subscription.model_validate(
        {"signal_type": "rsi", "directions": ["NEUTRAL", "BEARISH", "BULLISH"]}
    )
    assert "directions" not in named.model_dump(mode="json")
    leaving = Subscription.model_validate({"signal_type": "rsi", "directions": ["FLAT", "BULLISH"]})
    assert leaving.model_dump(mode="json")["directions"] == ["BULLISH", "FLAT"]
    for bad in ([], ["UP"], None):
        with pytest.raises(ValidationError):
            Subscription.model_validate({"signal_type": "rsi", "directions": bad})
