"""When a schedule may start again that has no slots."""

from datetime import UTC, datetime, timedelta

import pytest

from kuber.infra.db import JsonObject
from kuber.pipelines.triggers import due_after_failure, may_start, next_due, trigger_problems
from kuber.pipelines.types import TRIGGERS, PeriodicTrigger

NOON = datetime(2026, 11, 25, 17, 0, 30, tzinfo=UTC)
"""Noon in New York, on a Wednesday before Thanksgiving; half a minute past, between slots."""
MINUTE = timedelta(minutes=1)


def continuous(every_minutes: int = 60, **more: object) -> PeriodicTrigger:
    usual = {"kind": "periodic", "market_hours_only": False, "symbols": ["AAPL"]}
    return PeriodicTrigger.model_validate(
        {**usual, "every_minutes": every_minutes, "continuous": True, **more}
    )


def test_it_is_due_a_minute_after_its_last_start_whatever_its_interval() -> None:
    assert next_due(continuous(5), NOON) == next_due(continuous(1440), NOON) == NOON + MINUTE


def test_after_a_failure_it_is_due_after_its_interval() -> None:
    assert due_after_failure(continuous(90), NOON) == NOON + 90 * MINUTE


@pytest.mark.parametrize(
    ("more", "closes", "opens"),
    [
        (
            {"window": {"from": "12:00", "to": "17:01"}},
            datetime(2026, 11, 25, 17, 1, tzinfo=UTC),
            datetime(2026, 11, 26, 12, 0, tzinfo=UTC),
        ),
        (
            {"market_hours_only": True},
            datetime(2026, 11, 25, 21, 0, tzinfo=UTC),
            datetime(2026, 11, 27, 14, 30, tzinfo=UTC),
        ),
    ],
    ids=["window", "market"],
)
def test_where_it_may_not_start_it_is_due_at_the_next_opening(
    more: JsonObject, closes: datetime, opens: datetime
) -> None:
    trigger = continuous(**more)
    moment = timedelta(microseconds=1)
    assert may_start(trigger, closes - moment)
    assert not may_start(trigger, closes)
    assert not may_start(trigger, opens - moment)
    assert may_start(trigger, opens)
    assert next_due(trigger, closes - MINUTE - moment) == closes - moment
    assert next_due(trigger, closes - MINUTE) == opens
    assert due_after_failure(trigger, closes - 30 * MINUTE) == opens


def test_one_that_never_may_start_cannot_be_switched_on() -> None:
    night = {"from": "01:00", "to": "02:00", "days": ["sat"]}
    trigger = continuous(market_hours_only=True, window=night)
    assert [one.field for one in trigger_problems(trigger, NOON)] == ["trigger.every_minutes"]


def test_a_schedule_that_has_slots_is_stored_as_before_there_was_a_choice() -> None:
    stored = TRIGGERS.validate_python({"kind": "periodic"}).model_dump(mode="json")
    assert "continuous" not in stored
    again = continuous().model_dump(mode="json")
    assert again["continuous"] is True
    assert TRIGGERS.validate_python(again) == continuous()
