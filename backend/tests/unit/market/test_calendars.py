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
