"""Coarser bars lie on the calendar's boundaries and never look ahead."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.market.calendars import calendar_for
from kuber.market.resampling import resample
from kuber.market.types import Bars, Source, Timeframe, to_datetime
from tests.fakes.bars import hourly, same, sample

NEW_YORK = calendar_for("XNYS")
CURRENCIES = calendar_for("24/5")
SESSION = [f"2013-03-01T{hour}:30" for hour in range(14, 21)]


def session_hours() -> Bars:
    bars = hourly(SESSION, [10.0, 12.0, 11.0, 9.0, 13.0, 14.0, 15.0])
    closed = NEW_YORK.intraday_closes(bars.opened_at, Timeframe.H1)
    return Bars(
        bars.symbol, bars.timeframe, bars.source, bars.opened_at, closed,
        bars.open, bars.high, bars.low, bars.close, bars.volume,
    )  # fmt: skip


def test_four_hour_bars_of_new_york_begin_at_the_open_and_end_at_the_close() -> None:
    bars = resample(session_hours(), Timeframe.H4, NEW_YORK)
    assert bars.opened_at.astype(str).tolist() == [
        "2013-03-01T14:30:00.000000",
        "2013-03-01T18:30:00.000000",
    ]
    assert bars.closed_at.astype(str).tolist() == [
        "2013-03-01T18:30:00.000000",
        "2013-03-01T21:00:00.000000",
    ]
    assert bars.open.tolist() == [10.0, 13.0]
    assert bars.high.tolist() == [13.0, 16.0]
    assert bars.low.tolist() == [8.0, 12.0]
    assert bars.close.tolist() == [9.0, 15.0]
    assert bars.volume.tolist() == [4.0, 3.0]


def test_bars_outside_the_session_make_no_coarser_bar() -> None:
    early = hourly(["2013-03-01T12:00", "2013-03-01T22:00"], [1.0, 99.0])
    assert len(resample(early, Timeframe.D1, NEW_YORK)) == 0


def test_a_bar_across_a_boundary_belongs_to_where_it_closes() -> None:
    clock_hours = hourly([f"2013-03-01T{hour}:00" for hour in range(14, 21)], list(range(1, 8)))
    bars = resample(clock_hours, Timeframe.H4, NEW_YORK)
    # 18:00-19:00 closes after 18:30: known only then, so it is the second bar's.
    assert bars.close.tolist() == [4.0, 7.0]
    assert bars.closed_at[0] == np.datetime64("2013-03-01T18:30")


def test_a_missing_bar_moves_no_boundary() -> None:
    bars = session_hours()
    names = ("opened_at", "closed_at", "open", "high", "low", "close", "volume")
    left: dict[str, Any] = {name: np.delete(getattr(bars, name), [0, 3]) for name in names}
    gappy = replace(bars, **left)
    coarse = resample(gappy, Timeframe.H4, NEW_YORK)
    whole = resample(bars, Timeframe.H4, NEW_YORK)
    assert coarse.opened_at.tolist() == whole.opened_at.tolist()
    assert coarse.closed_at.tolist() == whole.closed_at.tolist()
    assert coarse.open[0] == 12.0
    assert coarse.close[0] == 11.0


@pytest.mark.parametrize(("timeframe", "every"), [(Timeframe.H4, "4h"), (Timeframe.D1, "1d")])
def test_currency_bars_equal_a_plain_grouping_by_the_utc_clock(
    timeframe: Timeframe, every: str
) -> None:
    bars = sample("EURUSD").bars
    grouped = (
        pl.DataFrame(
            {
                "t": bars.opened_at,
                "o": bars.open,
                "h": bars.high,
                "l": bars.low,
                "c": bars.close,
                "v": bars.volume,
            }
        )
        .group_by_dynamic("t", every=every)
        .agg(
            pl.col("o").first(),
            pl.col("h").max(),
            pl.col("l").min(),
            pl.col("c").last(),
            pl.col("v").sum(),
        )
    )
    coarse = resample(bars, timeframe, CURRENCIES)
    assert coarse.opened_at.tolist() == grouped["t"].to_numpy().tolist()
    for name, column in zip(("open", "high", "low", "close", "volume"), "ohlcv", strict=True):
        assert getattr(coarse, name).tolist() == grouped[column].to_list()


def test_weekly_bars_equal_a_plain_grouping_by_week() -> None:
    bars = sample("MSFT").bars
    grouped = (
        pl.DataFrame({"t": bars.opened_at, "o": bars.open, "c": bars.close, "h": bars.high})
        .group_by_dynamic("t", every="1w")
        .agg(pl.col("o").first(), pl.col("c").last(), pl.col("h").max())
    )
    weekly = resample(bars, Timeframe.W1, NEW_YORK)
    assert weekly.open.tolist() == grouped["o"].to_list()
    assert weekly.close.tolist() == grouped["c"].to_list()
    assert weekly.high.tolist() == grouped["h"].to_list()


def test_resampling_in_two_steps_is_resampling_in_one() -> None:
    bars = sample("EURUSD").bars
    two_steps = resample(resample(bars, Timeframe.H4, CURRENCIES), Timeframe.D1, CURRENCIES)
    one_step = resample(bars, Timeframe.D1, CURRENCIES)
    assert same(two_steps, one_step)


@settings(max_examples=60, deadline=None)
@given(
    hours=st.lists(st.integers(0, 24 * 60), min_size=1, max_size=120, unique=True),
    cut=st.integers(0, 24 * 60),
    code=st.sampled_from(["XNYS", "24/5", "24/7"]),
    timeframe=st.sampled_from([Timeframe.H4, Timeframe.D1, Timeframe.W1]),
    minutes=st.sampled_from([0, 30]),
)
def test_whatever_bars_there_are_a_cut_of_later_ones_changes_no_closed_bar(
    hours: list[int], cut: int, code: str, timeframe: Timeframe, minutes: int
) -> None:
    calendar = calendar_for(code)
    start = np.datetime64("2013-02-25T00:00", "us") + np.timedelta64(minutes, "m")
    opened = start + np.sort(np.array(hours)) * np.timedelta64(1, "h")
    bars = hourly(opened, [100.0 + hour % 7 for hour in sorted(hours)])
    as_of = to_datetime(start + np.timedelta64(cut, "h"))
    whole = resample(bars, timeframe, calendar).closed_by(as_of)
    part = resample(bars.closed_by(as_of), timeframe, calendar).closed_by(as_of)
    assert same(whole, part)
    assert (np.diff(whole.opened_at) > np.timedelta64(0)).all()
    assert (whole.low <= whole.close).all()
    assert whole.volume.sum() <= len(bars)


def test_no_bars_make_no_bars() -> None:
    none = sample("AAPL").bars.window(0, 0)
    assert len(resample(none, Timeframe.W1, NEW_YORK)) == 0
    assert none.source is Source.SAMPLE
