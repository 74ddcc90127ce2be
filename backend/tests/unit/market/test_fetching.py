"""Which bars a provider has to have, and when what it gave closes."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from kuber.market.calendars import calendar_for
from kuber.market.instruments import traits_of
from kuber.market.providers.fetching import asked_from, last_close, raw_bars
from kuber.market.types import Source, Timeframe, to_datetime64
from tests.fakes.bars import utc


@pytest.mark.parametrize(
    ("calendar", "timeframe", "at", "closed_at"),
    [
        ("XNYS", Timeframe.M15, "2026-01-05T15:07", "2026-01-05T15:00"),
        ("XNYS", Timeframe.M15, "2026-01-05T15:15", "2026-01-05T15:15"),
        ("XNYS", Timeframe.M15, "2026-01-05T14:40", "2026-01-02T21:00"),
        ("XNYS", Timeframe.M15, "2026-01-04T12:00", "2026-01-02T21:00"),
        ("XNYS", Timeframe.H1, "2026-01-05T20:59", "2026-01-05T20:30"),
        ("XNYS", Timeframe.H1, "2026-01-05T21:00", "2026-01-05T21:00"),
        ("XNYS", Timeframe.M15, "2025-11-28T18:30", "2025-11-28T18:00"),
        ("XNYS", Timeframe.D1, "2026-01-05T20:59", "2026-01-02T21:00"),
        ("XNYS", Timeframe.D1, "2026-01-05T21:00", "2026-01-05T21:00"),
        ("XNYS", Timeframe.W1, "2026-01-09T20:59", "2026-01-02T21:00"),
        ("XNYS", Timeframe.W1, "2026-01-10T12:00", "2026-01-09T21:00"),
        ("XNYS", Timeframe.MO1, "2026-01-30T20:00", "2025-12-31T21:00"),
        ("XNYS", Timeframe.MO1, "2026-01-31T12:00", "2026-01-30T21:00"),
        ("24/7", Timeframe.H1, "2026-01-05T00:00", "2026-01-05T00:00"),
        ("24/7", Timeframe.H4, "2026-01-05T03:59", "2026-01-05T00:00"),
        ("24/7", Timeframe.D1, "2026-01-05T12:00", "2026-01-05T00:00"),
        ("24/5", Timeframe.H1, "2026-01-10T12:00", "2026-01-09T22:00"),
        ("24/5", Timeframe.H1, "2026-01-11T22:30", "2026-01-09T22:00"),
        ("24/5", Timeframe.H4, "2026-01-12T00:30", "2026-01-12T00:00"),
    ],
)
def test_the_newest_close_that_the_calendar_expects(
    calendar: str, timeframe: Timeframe, at: str, closed_at: str
) -> None:
    assert last_close(calendar_for(calendar), timeframe, utc(at)) == utc(closed_at)


@pytest.mark.parametrize(("symbol", "minutes"), [("NVDA", 15), ("BTCUSD", 60), ("EURUSD", 60)])
def test_it_is_the_close_of_some_bar_of_the_calendar(symbol: str, minutes: int) -> None:
    timeframe = Timeframe.M15 if minutes == 15 else Timeframe.H1
    traits = traits_of(symbol)
    first = np.datetime64("2026-03-01T00:00", "us")
    times = first + np.arange(30 * 24 * 60 // minutes) * np.timedelta64(minutes, "m")
    found = raw_bars(traits, timeframe, Source.PLUGIN, times, np.ones((len(times), 6)))
    closes = found.bars.closed_at
    calendar = calendar_for(traits.calendar)
    for hour in range(24 * 4, 29 * 24, 7):
        at = utc("2026-03-01T00:00") + timedelta(hours=hour, minutes=hour % 60)
        expected = closes[closes <= to_datetime64(at)][-1]
        assert to_datetime64(last_close(calendar, timeframe, at)) == expected


@pytest.mark.parametrize(
    ("timeframe", "opened_at", "closed_at"),
    [
        (Timeframe.W1, "2026-01-05T14:30", "2026-01-09T21:00"),
        (Timeframe.MO1, "2026-01-02T14:30", "2026-01-30T21:00"),
    ],
)
def test_weeks_and_months_of_a_provider_close_with_their_last_session(
    timeframe: Timeframe, opened_at: str, closed_at: str
) -> None:
    times = np.array(["2026-01-06"], dtype="datetime64[us]")
    found = raw_bars(traits_of("NVDA"), timeframe, Source.PLUGIN, times, np.ones((1, 6))).bars
    assert found.opened_at[0] == to_datetime64(utc(opened_at))
    assert found.closed_at[0] == to_datetime64(utc(closed_at))


@pytest.mark.parametrize(
    ("timeframe", "asked"),
    [
        (Timeframe.M15, "2026-01-05T14:30"),
        (Timeframe.D1, "2026-01-05T00:00"),
        (Timeframe.W1, "2025-12-30T00:00"),
    ],
)
def test_days_are_asked_for_from_the_midnight_of_their_date(
    timeframe: Timeframe, asked: str
) -> None:
    opened_at: datetime = utc("2026-01-05T14:30")
    assert asked_from(timeframe, opened_at) == utc(asked)
