"""Bars that are shorter than their timeframe beside a break of their market, as exports have them,
and files of two timeframes: no bar counts as closed before it is over."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.market.errors import ImportRefused
from kuber.market.importing.said import Label
from kuber.market.series import RawBars
from kuber.market.types import Timeframe
from tests.fakes.price_files import opened, read, refused

H1, H2, H4, M1, M30 = Timeframe.H1, Timeframe.H2, Timeframe.H4, Timeframe.M1, Timeframe.M30

ON_THE_HOUR = ("09:30", "10:00", "11:00", "12:00", "13:00", "14:00", "15:00")
"""Hours of New York as Interactive Brokers cuts them."""
WITH_EARLY_AND_LATE = (
    *("07:00", "08:00", "09:00", "09:30", "10:30", "11:30", "12:30", "13:30", "14:30", "15:30"),
    *("16:00", "17:00", "18:00", "19:00"),
)
"""Hours of New York as Yahoo gives them with those before the opening and after the close."""
TWO_HOURS = ("09:30", "10:00", "12:00", "14:00")
MUMBAI = ("09:15", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00")
"""Half hours of Mumbai as yfinance made them: its issue 1436."""
TOKYO = ("09:00", "10:00", "11:00", "12:30", "13:30", "14:30")
"""Hours of Tokyo with its midday break."""


def text_of(times: list[str], symbol: str = "MSFT") -> str:
    rows = "".join(f"{symbol},{at},10,12,9,11,5\n" for at in times)
    return "symbol,time,open,high,low,close,volume\n" + rows


def days_of(clocks: tuple[str, ...], offset: str = "-05:00", days: int = 3) -> list[str]:
    return [f"2024-01-{10 + day} {at}:00{offset}" for day in range(days) for at in clocks]


def every(minutes: int, count: int, start: str) -> list[str]:
    first = datetime.fromisoformat(start)
    return [f"{first + timedelta(minutes=minutes * at):%Y-%m-%d %H:%M}Z" for at in range(count)]


def closed(series: RawBars) -> list[str]:
    return [str(at)[11:16] for at in series.bars.closed_at]


def told(text: str, **said: object) -> tuple[RawBars, set[str]]:
    return read(text, None, **said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("clocks", "offset", "symbol", "timeframe", "days"),
    [
        (ON_THE_HOUR, "-05:00", "MSFT", H1, 1),
        (ON_THE_HOUR, "-05:00", "MSFT", H1, 5),
        (WITH_EARLY_AND_LATE, "-05:00", "MSFT", H1, 2),
        (TWO_HOURS, "-05:00", "MSFT", H2, 3),
        (TOKYO, "+09:00", "7203.T", H1, 1),
        (MUMBAI, "+05:30", "RELIANCE.NS", M30, 2),
    ],
)
def test_short_bars_beside_a_break_do_not_make_the_others_short(
    clocks: tuple[str, ...], offset: str, symbol: str, timeframe: Timeframe, days: int
) -> None:
    text = text_of(days_of(clocks, offset, days), symbol)
    series, notes = told(text)
    assert series.bars.timeframe is timeframe
    assert "short_bars" in notes
    assert read(text, timeframe)[0].bars.closed_at.tolist() == series.bars.closed_at.tolist()
    for shorter in (Timeframe.M15, Timeframe.M10):
        problem = refused(text, shorter)
        assert (problem.code, f"'{timeframe}'" in problem.remedy) == ("wrong_timeframe", True)


def test_a_short_first_bar_counts_as_closed_after_a_whole_one() -> None:
    series, _ = told(text_of(days_of(ON_THE_HOUR)))
    assert closed(series)[:7] == ["15:30", "16:00", "17:00", "18:00", "19:00", "20:00", "21:00"]


def test_a_bar_before_one_that_opens_with_the_session_is_over_by_then() -> None:
    series, _ = told(text_of(days_of(WITH_EARLY_AND_LATE)))
    assert closed(series)[2:5] == ["14:30", "15:30", "16:30"]
    assert closed(series)[9:11] == ["21:00", "22:00"]


def test_the_first_bar_of_a_week_of_currencies_is_short() -> None:
    times = ["2024-01-07 22:00Z", *every(240, 20, "2024-01-08T00:00")]
    series, _ = told(text_of(times, "EURUSD"))
    assert series.bars.timeframe is H4
    assert closed(series)[:3] == ["00:00", "04:00", "08:00"]


def test_a_short_last_bar_is_told_by_bars_that_are_named_by_their_end() -> None:
    clocks = ("10:30", "11:30", "12:30", "13:30", "14:30", "15:30", "16:00")
    series, _ = told(text_of(days_of(clocks)), label=Label.CLOSE)
    assert series.bars.timeframe is H1
    assert [at[11:] for at in opened(series)][-2:] == ["19:30", "20:30"]
    assert closed(series)[-2:] == ["20:30", "21:00"]


@pytest.mark.parametrize(
    "times",
    [
        every(60, 12, "2024-01-02T10:00") + every(30, 8, "2024-01-03T10:00"),
        every(30, 40, "2024-01-02T10:00") + every(60, 20, "2024-01-04T10:00"),
        every(60, 240, "2024-01-02T00:00") + every(30, 96, "2024-01-12T00:00"),
        every(5, 200, "2024-01-02T10:00") + every(1, 2000, "2024-01-04T10:00"),
        [*every(60, 48, "2024-01-02T00:00"), "2024-01-03 12:30Z"],
    ],
)
def test_a_file_of_two_timeframes_is_neither_told_nor_taken_for_the_shorter(
    times: list[str],
) -> None:
    text = text_of(times, "BTCUSD")
    with pytest.raises(ImportRefused, match="1 problem") as caught:
        told(text)
    assert "of two timeframes" in caught.value.problems[0].message
    for timeframe in (M1, Timeframe.M5, M30, H1):
        problem = refused(text, timeframe)
        assert problem.code == "wrong_timeframe"
        assert not [one for one in Timeframe if f"'{one}'" in problem.remedy]


def test_a_few_bars_that_may_be_short_or_missing_are_asked_about() -> None:
    text = text_of(days_of(TOKYO[1:4], "+09:00", 1), "7203.T")
    with pytest.raises(ImportRefused) as caught:
        told(text)
    assert caught.value.problems[0].code == "unknown_timeframe"
    series, _ = read(text, H1)
    assert closed(series) == ["02:00", "03:00", "04:30"]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(60, 3000),
    often=st.sampled_from([0.05, 0.2, 0.5, 0.8, 0.97]),
)
def test_missing_bars_of_a_thin_market_make_no_other_timeframe(
    seed: int, count: int, often: float
) -> None:
    steps = np.minimum(np.random.default_rng(seed).geometric(often, count), 600)
    start = datetime(2024, 1, 2)  # noqa: DTZ001  written as UTC
    times = [f"{start + timedelta(minutes=int(at)):%Y-%m-%d %H:%M}Z" for at in np.cumsum(steps)]
    series, notes = read(text_of(times, "BTCUSD"), M1)
    assert len(series.bars) == count
    assert "short_bars" not in notes
