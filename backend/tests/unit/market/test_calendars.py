"""Sessions, closes and openings of the three kinds of calendar."""

from datetime import UTC, datetime

import numpy as np
import pytest

from kuber.market.calendars import TradingCalendar, calendar_for
from kuber.market.errors import BeyondCalendar
from kuber.market.types import Timeframe


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def days(*dates: str) -> np.ndarray:
    return np.array(dates, dtype="datetime64[D]")


def instants(*times: str) -> np.ndarray:
    return np.array(times, dtype="datetime64[us]")


def test_daily_bars_of_new_york_follow_daylight_saving_and_early_closes() -> None:
    opens, closes = calendar_for("XNYS").daily_bounds(
        days("2013-03-08", "2013-03-11", "2012-11-23")
    )
    assert (
        opens.tolist()
        == instants("2013-03-08T14:30", "2013-03-11T13:30", "2012-11-23T14:30").tolist()
    )
    assert (
        closes.tolist()
        == instants("2013-03-08T21:00", "2013-03-11T20:00", "2012-11-23T18:00").tolist()
    )


def test_a_date_without_a_session_gets_the_usual_hours() -> None:
    opens, closes = calendar_for("XNYS").daily_bounds(days("2013-03-02", "2012-12-25"))
    assert opens[0] == np.datetime64("2013-03-02T14:30")
    assert closes[1] == np.datetime64("2012-12-25T21:00")


def test_a_trading_week_ends_with_its_last_session() -> None:
    # Good Friday of 2012 was the 6th of April.
    opens, closes = calendar_for("XNYS").weekly_bounds(days("2012-04-04"))
    assert opens[0] == np.datetime64("2012-04-02T13:30")
    assert closes[0] == np.datetime64("2012-04-05T20:00")


def test_an_intraday_bar_is_cut_at_the_close_of_its_session() -> None:
    opened = instants("2012-11-23T16:30", "2012-11-23T17:30", "2012-11-23T20:00")
    closes = calendar_for("XNYS").intraday_closes(opened, Timeframe.H1)
    assert (
        closes.tolist()
        == instants("2012-11-23T17:30", "2012-11-23T18:00", "2012-11-23T21:00").tolist()
    )


@pytest.mark.parametrize(
    ("code", "instant", "is_open"),
    [
        ("XNYS", "2013-03-01T14:29", False),
        ("XNYS", "2013-03-01T14:30", True),
        ("XNYS", "2013-03-01T21:00", False),
        ("XNYS", "2012-11-23T18:30", False),
        ("24/5", "2018-02-02T21:59", True),
        ("24/5", "2018-02-02T22:00", False),
        ("24/5", "2018-02-04T21:59", False),
        ("24/5", "2018-02-04T22:00", True),
        ("24/5", "2018-07-06T21:00", False),
        ("24/7", "2018-02-03T12:00", True),
    ],
)
def test_a_market_is_open_during_its_hours_only(code: str, instant: str, is_open: bool) -> None:
    assert calendar_for(code).is_open(at(instant)) is is_open


def test_the_next_open_is_now_or_the_next_session() -> None:
    assert calendar_for("XNYS").next_open(at("2013-03-01T15:00")) == at("2013-03-01T15:00")
    assert calendar_for("XNYS").next_open(at("2013-03-01T21:00")) == at("2013-03-04T14:30")
    assert calendar_for("24/5").next_open(at("2018-02-03T12:00")) == at("2018-02-04T22:00")
    assert calendar_for("XNYS").session_close(at("2012-11-23T03:00")) == at("2012-11-23T18:00")


def test_a_calendar_reaches_back_when_old_bars_ask_for_it() -> None:
    opens, _ = calendar_for("24/5").daily_bounds(days("1987-10-19"))
    assert opens[0] == np.datetime64("1987-10-19T00:00")
    assert calendar_for("24/5").is_open(at("2018-02-02T20:00"))


@pytest.mark.parametrize("code", ["XNYS", "24/5", "24/7"])
@pytest.mark.parametrize("far", ["0001-01-02", "1900-01-01", "2200-01-01", "9998-12-30"])
def test_a_far_time_is_refused_and_the_calendar_goes_on_as_before(code: str, far: str) -> None:
    calendar = TradingCalendar(code)
    monday = at("2024-03-04T15:00")
    with pytest.raises(BeyondCalendar, match="1960 to 2109"):
        calendar.is_open(at(far))
    assert calendar.is_open(monday)


def test_times_at_the_edges_of_what_can_be_imported_have_sessions() -> None:
    calendar = TradingCalendar("XNYS")
    assert calendar.is_open(at("1970-01-02T16:00"))
    assert calendar.is_open(at("2099-12-30T16:00"))
    assert calendar.session_close(at("2024-11-29T15:00")) == at("2024-11-29T18:00")


def test_sessions_that_cannot_be_made_leave_the_calendar_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calendar = TradingCalendar("XNYS")
    with monkeypatch.context() as patched:
        patched.setattr("kuber.market.calendars._exchange_sessions", _fail)
        with pytest.raises(RuntimeError):
            calendar.is_open(at("1983-06-01T15:00"))
    assert calendar.is_open(at("2024-03-04T15:00"))
    assert calendar.is_open(at("1983-06-01T15:00"))


def _fail(*_: object) -> None:
    raise RuntimeError("no sessions for these years")


@pytest.mark.parametrize(
    ("code", "day", "opens", "closes"),
    [
        ("XBOM", "2026-03-03", "2026-03-04T03:45", "2026-03-04T10:00"),  # Holi
        ("XBOM", "2030-03-05", "2030-03-05T03:45", "2030-03-05T10:00"),
        ("XSES", "2029-06-15", "2029-06-15T01:00", "2029-06-15T09:00"),
        ("XSHG", "2028-06-15", "2028-06-15T01:30", "2028-06-15T07:00"),
        ("XSAU", "2012-06-17", "2012-06-17T07:00", "2012-06-17T12:00"),
        ("XTAE", "2024-06-16", "2024-06-16T06:59", "2024-06-16T14:15"),
        ("ASEX", "2005-06-15", "2005-06-15T07:00", "2005-06-15T14:00"),
        ("ASEX", "2025-06-14", "2025-06-16T07:00", "2025-06-16T14:20"),
    ],
)
def test_beyond_the_holidays_that_are_known_every_weekday_is_a_session(
    code: str, day: str, opens: str, closes: str
) -> None:
    """A first day on which nobody trades, or a day of years without known holidays."""
    at_midnight = np.datetime64(day, "us")
    hours = calendar_for(code).hours(at_midnight, at_midnight)
    first = int(np.searchsorted(hours.dates, at_midnight.astype("datetime64[D]")))
    found = hours.opens[first], hours.closes[first]
    assert found == (np.datetime64(opens), np.datetime64(closes))
    assert (np.diff(hours.dates.astype(np.int64)) > 0).all()
