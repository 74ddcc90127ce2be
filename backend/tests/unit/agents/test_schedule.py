from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.agents.schedule import Cron, Window

NEW_YORK = ZoneInfo("America/New_York")
UTC_ZONE = ZoneInfo("UTC")
WORKDAYS = frozenset(range(5))


def window(start: str = "09:35", end: str = "15:55", zone: ZoneInfo = NEW_YORK) -> Window:
    return Window(time.fromisoformat(start), time.fromisoformat(end), WORKDAYS, zone)


def cron(expression: str, zone: ZoneInfo = UTC_ZONE, grace_minutes: int = 5) -> Cron:
    return Cron.parse(expression, zone, timedelta(minutes=grace_minutes))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "met"),
    [
        ("2013-03-01T09:34:59-05:00", False),
        ("2013-03-01T09:35:00-05:00", True),
        ("2013-03-01T15:55:59-05:00", True),
        ("2013-03-01T15:56:00-05:00", False),
        ("2013-03-02T12:00:00-05:00", False),
    ],
)
def test_a_window_is_open_from_its_first_to_its_last_minute_on_its_days(
    moment: str, met: bool
) -> None:
    assert window().met(at(moment)) is met


def test_a_window_keeps_local_time_across_daylight_saving() -> None:
    assert window().met(at("2013-03-08T14:40:00+00:00"))
    assert window().met(at("2013-03-11T13:40:00+00:00"))


def test_a_closed_window_says_when_it_opens_next() -> None:
    assert window().next(at("2013-03-01T17:00:00-05:00")) == at("2013-03-04T09:35:00-05:00")


def test_a_window_past_midnight_belongs_to_the_day_it_starts_on() -> None:
    night = window("22:00", "02:00", UTC_ZONE)
    assert night.met(at("2013-03-02T01:00:00+00:00"))  # Friday's, on Saturday morning
    assert not night.met(at("2013-03-02T23:00:00+00:00"))


@pytest.mark.parametrize(
    ("expression", "after", "fires"),
    [
        ("*/30 * * * *", "2013-03-01T10:01:00", "2013-03-01T10:30:00"),
        ("0 9 * * mon-fri", "2013-03-01T09:01:00", "2013-03-04T09:00:00"),
        ("15 8,20 1 * *", "2013-03-01T08:16:00", "2013-03-01T20:15:00"),
        ("0 0 29 2 *", "2013-03-01T00:00:00", "2016-02-29T00:00:00"),
        ("0 12 13 * fri", "2013-03-01T13:00:00", "2013-03-08T12:00:00"),
        ("5 0 * * 7", "2013-03-01T00:00:00", "2013-03-03T00:05:00"),
        ("10-20/5 6 * jan *", "2013-03-01T00:00:00", "2014-01-01T06:10:00"),
    ],
)
def test_cron_fires_when_the_five_fields_say(expression: str, after: str, fires: str) -> None:
    assert cron(expression).next(at(after + "+00:00")) == at(fires + "+00:00")


def test_cron_reads_local_time() -> None:
    nine = cron("0 9 * * *", NEW_YORK)
    assert nine.next(at("2013-07-01T00:00:00+00:00")) == at("2013-07-01T13:00:00+00:00")


def test_a_run_may_start_a_little_after_a_firing_but_not_before() -> None:
    hourly = cron("0 * * * *", grace_minutes=5)
    assert hourly.met(at("2013-03-01T10:05:00+00:00"))
    assert not hourly.met(at("2013-03-01T10:05:01+00:00"))
    assert not hourly.met(at("2013-03-01T09:59:59+00:00"))


def test_a_date_that_never_comes_has_no_next_firing() -> None:
    assert cron("0 0 31 2 *").next(at("2013-03-01T00:00:00+00:00")) is None


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("* * * *", "five fields"),
        ("60 * * * *", "'60' is not a minute"),
        ("* 25 * * *", "'25' is not a hour"),
        ("* * 0 * *", "'0' is not a day"),
        ("* * * foo *", "'foo' is not a month"),
        ("5-1 * * * *", "ends before it starts"),
        ("*/0 * * * *", "'0' is not a minute"),
        ("² * * * *", "is not a minute"),
    ],
)
def test_a_bad_expression_names_what_cannot_be_read(expression: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        cron(expression)


@pytest.mark.parametrize(
    ("expression", "fires"),
    [
        # On 1 November 2026 clocks in New York show 01:00 to 02:00 twice, an hour apart.
        ("*/30 * * * *", ["05:00", "05:30", "06:00", "06:30", "07:00"]),
        ("15 * * * *", ["05:15", "06:15", "07:15"]),
        ("30 1 * * *", ["05:30"]),
    ],
)
def test_an_hour_that_comes_twice_counts_twice_for_what_fires_every_hour(
    expression: str, fires: list[str]
) -> None:
    rule, now = cron(expression, NEW_YORK), at("2026-11-01T05:00:00+00:00")
    found = []
    while (moment := rule.next(now)) and moment <= at("2026-11-01T07:15:00+00:00"):
        found.append(f"{moment:%H:%M}")
        now = moment + timedelta(seconds=1)
    assert found == fires


@pytest.mark.parametrize(
    ("expression", "fires"),
    [
        # On 8 March 2026 they go from 02:00 to 03:00, which is 07:00 in UTC.
        ("*/30 * * * *", ["06:30", "07:00", "07:30", "08:00"]),
        ("30 2 * * *", ["07:30"]),
    ],
)
def test_an_hour_that_is_skipped_fires_once_or_not_at_all(
    expression: str, fires: list[str]
) -> None:
    rule, now = cron(expression, NEW_YORK), at("2026-03-08T06:30:00+00:00")
    found = []
    while (moment := rule.next(now)) and moment <= at("2026-03-08T08:00:00+00:00"):
        found.append(f"{moment:%H:%M}")
        now = moment + timedelta(seconds=1)
    assert found == fires


@pytest.mark.parametrize(
    ("start", "end", "opens", "closes"),
    [
        ("02:30", "03:15", "07:00", "07:16"),
        ("01:30", "02:30", "06:30", "07:01"),
        ("02:10", "02:40", "07:00", "07:01"),
        ("03:00", "03:15", "07:00", "07:16"),
    ],
)
def test_a_window_in_an_hour_that_is_skipped_opens_where_clocks_go_on(
    start: str, end: str, opens: str, closes: str
) -> None:
    rule = Window(time.fromisoformat(start), time.fromisoformat(end), frozenset({6}), NEW_YORK)
    first, last = at(f"2026-03-08T{opens}:00+00:00"), at(f"2026-03-08T{closes}:00+00:00")
    assert rule.next(at("2026-03-08T00:00:00-05:00")) == first
    assert [rule.met(one) for one in (first, last - timedelta(seconds=1), last)] == [
        True,
        True,
        False,
    ]
    assert not rule.met(first - timedelta(seconds=1))


@given(
    seconds=st.integers(1_262_304_000, 1_893_456_000),
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
)
def test_the_next_firing_is_the_first_one_that_is_met(seconds: int, minute: int, hour: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    daily = cron(f"{minute} {hour} * * *", grace_minutes=0)
    fired = daily.next(moment)
    assert fired is not None
    assert moment <= fired < moment + timedelta(days=1)
    assert (fired.hour, fired.minute) == (hour, minute)
    assert daily.met(fired)
