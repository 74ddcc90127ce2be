"""When imported bars count as closed: never before they are over."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.market.errors import ImportRefused
from kuber.market.types import Timeframe
from tests.fakes.price_files import days, opened, read, refused

D1, W1, M1, MO1 = Timeframe.D1, Timeframe.W1, Timeframe.M1, Timeframe.MO1


def test_minutes_of_a_thin_market_are_minutes() -> None:
    head = "symbol,time,open,high,low,close,volume\n"
    rows = [f"X,2024-01-02T14:{minute}:00Z,1,2,1,1,5\n" for minute in (31, 38, 50)]
    assert len(read(head + "".join(rows), M1)[0].bars) == 3
    assert refused(head + "".join(rows), Timeframe.M5).code == "wrong_timeframe"


def every(minutes: int, count: int = 14, start: str = "2024-01-02T00:00") -> str:
    first = datetime.fromisoformat(start)
    times = [first + timedelta(minutes=minutes * number) for number in range(count)]
    rows = [f"BTCUSD,{at.isoformat()}Z,1,2,1,1,5\n" for at in times]
    return "symbol,time,open,high,low,close,volume\n" + "".join(rows)


@settings(max_examples=60, deadline=None)
@given(
    minutes=st.sampled_from([1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480]),
    chosen=st.sampled_from([one for one in Timeframe if one.intraday]),
)
def test_no_bar_counts_as_closed_before_it_is_over_and_no_advice_leads_there(
    minutes: int, chosen: Timeframe
) -> None:
    text, span = every(minutes), timedelta(minutes=minutes)
    try:
        series, _ = read(text, chosen)
    except ImportRefused as error:
        remedy = error.problems[0].remedy
        advised = [one for one in Timeframe if f"'{one}'" in remedy]
        assert all(one.span >= span for one in advised)
        assert chosen.span != span
    else:
        assert chosen.span == span
        lengths = series.bars.closed_at - series.bars.opened_at
        assert (lengths == np.timedelta64(span)).all()


@pytest.mark.parametrize("timeframe", [D1, W1])
def test_months_are_neither_days_nor_weeks(timeframe: Timeframe) -> None:
    text = "symbol,date,open,high,low,close,volume\n"
    text += "".join(f"AAPL,2023-{month:02}-01,1,2,1,1,5\n" for month in range(1, 13))
    problem = refused(text, timeframe)
    assert problem.code == "wrong_timeframe"
    assert [one for one in Timeframe if f"'{one}'" in problem.remedy] == [MO1]


@pytest.mark.parametrize("day", [1, 2, 15, 28])
def test_a_month_named_by_any_of_its_days_ends_with_its_last_session(day: int) -> None:
    text = "symbol,date,open,high,low,close,volume\n"
    text += "".join(f"AAPL,2024-{month:02}-{day:02},1,2,1,1,5\n" for month in range(1, 5))
    bars = read(text, MO1)[0].bars
    assert bars.opened_at.astype(str).tolist()[:2] == [
        "2024-01-02T14:30:00.000000",
        "2024-02-01T14:30:00.000000",
    ]
    assert bars.closed_at.astype("datetime64[m]").astype(str).tolist() == [
        "2024-01-31T21:00",
        "2024-02-29T21:00",
        "2024-03-28T20:00",
        "2024-04-30T20:00",
    ]


@pytest.mark.parametrize("every", [1, 5, 7, 60, 91])
def test_what_is_no_month_is_not_imported_as_one(every: int) -> None:
    first = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [f"BTCUSD,{first + timedelta(days=every * at):%Y-%m-%d},1,2,1,1,5" for at in range(9)]
    text = "symbol,date,open,high,low,close,volume\n" + "\n".join(rows)
    assert refused(text, MO1).code in ("wrong_timeframe", "duplicate_time")


def test_the_newest_day_of_a_monthly_file_belongs_to_its_month() -> None:
    text = "symbol,date,open,high,low,close,volume\n"
    for label, close in (("02-01", 3), ("03-01", 4), ("04-01", 5), ("04-17", 9)):
        text += f"AAPL,2024-{label},3,9,1,{close},5\n"
    series, notes = read(text, MO1)
    assert series.bars.close.tolist() == [3, 4, 9]
    assert notes == {"merged_month"}


def test_a_week_named_by_its_weekend_is_the_one_that_follows() -> None:
    text = "symbol,date,open,high,low,close,volume\nUS500,2024-01-07,1,2,1,1,5\n"
    series, notes = read(text, W1)
    assert (opened(series), days(series)) == (["2024-01-08T14:30"], ["2024-01-12"])
    assert notes == {"week_label"}
    currency, notes = read(text.replace("US500", "EURUSD"), W1)
    assert (opened(currency), notes) == (["2024-01-07T00:00"], set())


@pytest.mark.parametrize("label", ["2022-05-11T21:00:00Z", "2022-05-11 21:00:00", "1652302800"])
def test_a_day_that_opens_at_seventeen_in_new_york_ends_there(label: str) -> None:
    text = f"symbol,date,open,high,low,close,volume\nEURUSD,{label},1,2,1,1,5\n"
    series, notes = read(text, D1)
    assert opened(series) == ["2022-05-11T21:00"]
    assert series.bars.closed_at[0] == np.datetime64("2022-05-12T21:00")
    assert notes == {"day_boundary"}


def test_the_weekend_and_a_clock_change_lie_between_two_days_of_new_york() -> None:
    text = "symbol,date,open,high,low,close,volume\n"
    for label in ("2024-03-07T22:00Z", "2024-03-10T21:00Z"):
        text += f"EURUSD,{label},1,2,1,1,5\n"
    closes = read(text, D1)[0].bars.closed_at
    assert closes.astype(str).tolist() == [
        "2024-03-08T22:00:00.000000",
        "2024-03-11T21:00:00.000000",
    ]


@pytest.mark.parametrize(
    "label", ["2022-05-11T20:00:00Z", "2022-05-11T22:00Z", "2022-05-13T21:00Z"]
)
def test_a_candle_that_opens_in_the_evening_ends_on_the_next_day(label: str) -> None:
    text = f"symbol,date,open,high,low,close,volume\nEURUSD,{label},1,2,1,1,5\n"
    series, notes = read(text, D1)
    end = np.datetime64(label[:10]) + np.timedelta64(2, "D")
    assert series.bars.closed_at[0] == end
    assert notes == {"day_boundary"}


@pytest.mark.parametrize(
    ("symbol", "label", "day"),
    [
        ("AAPL", "2024-01-02T14:30:00Z", "2024-01-02"),
        ("AAPL", "2024-01-02T21:00:00Z", "2024-01-02"),
        ("AAPL", "2024-01-02T05:00:00Z", "2024-01-02"),
        ("AAPL", "2024-01-02T00:00:00Z", "2024-01-02"),
        ("AAPL", "2024-01-02 00:00:00-05:00", "2024-01-02"),
        ("AAPL", "2024-01-02 16:00:00", "2024-01-02"),
        ("BHP.AX", "2024-01-01T23:00:00Z", "2024-01-02"),
    ],
)
def test_a_day_of_an_exchange_is_the_session_that_its_label_names(
    symbol: str, label: str, day: str
) -> None:
    text = f"symbol,date,open,high,low,close,volume\n{symbol},{label},1,2,1,1,5\n"
    assert days(read(text, D1)[0]) == [day]
