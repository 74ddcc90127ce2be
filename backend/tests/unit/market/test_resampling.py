"""Coarser bars lie on the calendar's boundaries and never look ahead."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.market.calendars import calendar_for
from kuber.market.resampling import holds_whole, resample, resample_whole
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


def table(bars: Bars) -> pl.DataFrame:
    names = ("open", "high", "low", "close", "volume")
    return pl.DataFrame({"t": bars.opened_at, **{name: getattr(bars, name) for name in names}})


COARSE = (
    pl.col("open").first(),
    pl.col("high").max(),
    pl.col("low").min(),
    pl.col("close").last(),
    pl.col("volume").sum(),
)


def test_currency_bars_equal_a_plain_grouping_by_the_utc_clock() -> None:
    bars = sample("EURUSD").bars
    grouped = table(bars).group_by_dynamic("t", every="4h").agg(*COARSE)
    coarse = resample(bars, Timeframe.H4, CURRENCIES)
    assert table(coarse).drop("t").equals(grouped.drop("t"))
    clock = grouped["t"].to_numpy().astype("datetime64[us]")
    assert (coarse.opened_at >= clock).all()
    assert CURRENCIES.trades_at(coarse.opened_at).all()
    weeks = int(np.unique(CURRENCIES.week_of(coarse.opened_at)).size)
    assert 0 < np.count_nonzero(coarse.opened_at != clock) <= weeks, "the first of a week at most"


@pytest.mark.parametrize("market", ["24/5", "24/5 UTC"])
@pytest.mark.parametrize(
    ("opens", "first"),
    [("2024-01-07T22:00", "2024-01-07T22:00"), ("2024-07-07T21:00", "2024-07-07T21:00")],
)
def test_the_first_bar_of_a_week_opens_with_the_market(market: str, opens: str, first: str) -> None:
    """The clock has a bar from 20:00, at which nobody trades."""
    week = hours_of(opens, 24)
    for timeframe in (Timeframe.H4, Timeframe.H6, Timeframe.H8, Timeframe.H12):
        assert made(week, timeframe, market, Timeframe.H1)[0] == first
    assert made(week, Timeframe.H4, market, Timeframe.H1)[1] == f"{opens[:8]}08T00:00"


@pytest.mark.parametrize(
    ("market", "stored", "first", "last", "whole", "part"),
    [
        ("24/7", "1d", "2024-01-02", "2024-02-28", ["1w"], ["1mo"]),
        ("24/7", "1d", "2024-01-02", "2024-03-01", ["1w", "1mo"], []),
        ("24/7", "1d", "2024-01-01", "2024-02-01", ["1w", "1mo"], []),
        ("24/7", "1d", "2024-01-02", "2024-01-14", [], ["1w", "1mo"]),
        ("24/7", "1d", "2024-01-02", "2024-01-15", ["1w"], ["1mo"]),
        ("24/7", "1h", "2024-01-02T05:00", "2024-01-02T09:00", ["2h"], ["4h", "1d", "1w"]),
        ("XNYS", "1d", "2024-01-02T14:30", "2024-01-31T21:00", ["1w", "1mo"], []),
        ("XNYS", "1d", "2024-01-03T14:30", "2024-01-31T21:00", ["1w"], ["1mo"]),
        ("XNYS", "1h", "2024-01-02T14:30", "2024-01-02T21:00", ["4h", "1d"], ["1w", "1mo"]),
        ("XNYS", "1h", "2024-01-02T16:30", "2024-01-02T21:00", ["2h"], ["1d", "1w", "1mo"]),
        ("XNYS", "1h", "2024-01-06T10:30", "2024-01-06T12:30", [], ["1d", "1w", "1mo"]),
        ("24/5", "1h", "2024-01-07T22:00", "2024-01-12T22:00", ["4h", "1d", "1w"], ["1mo"]),
    ],
)
def test_a_timeframe_is_offered_where_one_bar_of_it_is_whole(
    market: str, stored: str, first: str, last: str, whole: list[str], part: list[str]
) -> None:
    ends = np.datetime64(first, "us"), np.datetime64(last, "us")
    calendar = calendar_for(market)
    for names, expected in ((whole, True), (part, False)):
        for name in names:
            told = holds_whole(Timeframe(stored), Timeframe(name), *ends, calendar)
            assert told is expected, name


def test_currency_days_equal_a_plain_grouping_by_the_new_york_clock() -> None:
    bars = sample("EURUSD").bars
    local = pl.col("t").dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York")
    day = (local.dt.replace_time_zone(None) + pl.duration(hours=7)).dt.date()
    grouped = table(bars).group_by(day.alias("day"), maintain_order=True).agg(*COARSE)
    outside = pl.col("day").dt.weekday() == 6  # after the week's end on Friday
    assert grouped.filter(outside).height == 2
    grouped = grouped.filter(~outside)
    coarse = resample(bars, Timeframe.D1, CURRENCIES)
    assert table(coarse).drop("t").equals(grouped.drop("day"))
    closes = (grouped["day"].cast(pl.Datetime("us")) + timedelta(hours=17)).dt.replace_time_zone(
        "America/New_York"
    )
    naive = closes.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    assert coarse.closed_at.tolist() == naive.to_list()
    assert {day.isoweekday() for day in grouped["day"]} == {1, 2, 3, 4, 5}


def test_weeks_of_currencies_end_where_their_days_end() -> None:
    hours = resample(sample("EURUSD").bars, Timeframe.W1, CURRENCIES)
    of_days = resample(
        resample(sample("EURUSD").bars, Timeframe.D1, CURRENCIES), Timeframe.W1, CURRENCIES
    )
    assert same(hours, of_days)
    assert str(hours.opened_at[0]) == "2017-04-30T21:00:00.000000"
    assert str(hours.closed_at[0]) == "2017-05-05T21:00:00.000000"
    dates = np.array(["2024-01-05", "2024-01-07", "2024-01-08"], dtype="datetime64[D]")
    opened, closed = CURRENCIES.daily_bounds(dates)
    one = np.ones(3)
    days = Bars("EURUSD", Timeframe.D1, Source.IMPORTED, opened, closed, one, one, one, one, one)
    assert resample(days, Timeframe.W1, CURRENCIES).closed_at.astype(str).tolist() == [
        "2024-01-06T00:00:00.000000",
        "2024-01-13T00:00:00.000000",
    ]


def test_resampling_in_two_steps_is_resampling_in_one() -> None:
    bars = sample("EURUSD").bars
    always = calendar_for("24/7")
    two_steps = resample(resample(bars, Timeframe.H4, always), Timeframe.D1, always)
    one_step = resample(bars, Timeframe.D1, always)
    assert same(two_steps, one_step)


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


@settings(max_examples=60, deadline=None)
@given(
    hours=st.lists(st.integers(0, 24 * 60), min_size=1, max_size=120, unique=True),
    cut=st.integers(0, 24 * 60),
    code=st.sampled_from(["XNYS", "24/5", "24/7"]),
    timeframe=st.sampled_from([one for one in Timeframe.H1.and_coarser if one is not Timeframe.H1]),
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


def test_minutes_and_hours_make_multiples_of_themselves_and_weeks_no_months() -> None:
    made = {one.value: [str(other) for other in one.and_coarser] for one in Timeframe}
    assert made["2m"] == ["2m", "10m", "30m", "1h", *made["2h"]]
    assert made["15m"] == ["15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "1w", "1mo"]
    assert made["4h"] == ["4h", "8h", "12h", "1d", "1w", "1mo"]
    assert made["8h"] == ["8h", "1d", "1w", "1mo"]
    assert made["1d"] == ["1d", "1w", "1mo"]
    assert made["1w"] == ["1w"]
    assert made["1mo"] == ["1mo"]


def test_a_month_is_all_of_its_sessions_and_no_other() -> None:
    bars = sample("MSFT").bars
    dates = bars.opened_at.astype("datetime64[D]")
    grouped = (
        table(bars)
        .group_by(pl.Series("m", dates).dt.truncate("1mo"), maintain_order=True)
        .agg(*COARSE)
    )
    months = resample(bars, Timeframe.MO1, NEW_YORK)
    assert table(months).drop("t").equals(grouped.drop("m"))
    assert (months.closed_at.astype("datetime64[M]") == months.opened_at.astype("M8[M]")).all()
    assert np.isin(months.closed_at[:-1], bars.closed_at).all()


def made(opened: list[str], timeframe: Timeframe, calendar: str, of: Timeframe) -> list[str]:
    """Return the openings of the bars of a whole series of bars `of` a timeframe."""
    bars = hourly(opened, [1.0] * len(opened))
    market = calendar_for(calendar)
    if of is Timeframe.D1:
        days = bars.opened_at.astype("datetime64[D]")
        opened_at, closed_at = market.daily_bounds(days)
    else:
        opened_at, closed_at = bars.opened_at, market.intraday_closes(bars.opened_at, of)
    bars = replace(bars, timeframe=of, opened_at=opened_at, closed_at=closed_at)
    return [str(at)[:16] for at in resample_whole(bars, timeframe, market).opened_at]


def hours_of(first: str, count: int) -> list[str]:
    return [str(np.datetime64(first) + np.timedelta64(at, "h")) for at in range(count)]


@pytest.mark.parametrize(
    ("first", "count", "days"),
    [
        ("2026-11-28T00:00", 48, 2),
        ("2026-11-28T00:00", 46, 2),  # a tenth of the day is without trades
        ("2026-11-28T00:00", 45, 1),
        ("2026-11-28T02:00", 46, 2),
        ("2026-11-28T03:00", 45, 1),
        ("2026-11-28T03:00", 12, 0),
    ],
)
def test_a_day_of_which_a_series_holds_a_part_is_none(first: str, count: int, days: int) -> None:
    assert len(made(hours_of(first, count), Timeframe.D1, "24/7", Timeframe.H1)) == days


def days_of(first: str, last: str) -> list[str]:
    found = np.arange(first, last, dtype="datetime64[D]")
    return [f"{day}T00:00" for day in found[np.is_busday(found)]]


def test_a_week_without_its_friday_is_none_and_one_that_ends_on_a_holiday_is() -> None:
    # 3 July 2026, a Friday, is a holiday in New York.
    weeks = made(days_of("2026-06-15", "2026-07-03"), Timeframe.W1, "XNYS", Timeframe.D1)
    assert [week[:10] for week in weeks] == ["2026-06-15", "2026-06-22", "2026-06-29"]
    weeks = made(days_of("2026-06-16", "2026-07-02"), Timeframe.W1, "XNYS", Timeframe.D1)
    assert [week[:10] for week in weeks] == ["2026-06-22"]


@pytest.mark.parametrize(
    ("first", "end", "months"),
    [
        ("2026-06-01", "2026-08-01", 2),
        ("2026-06-02", "2026-08-01", 1),
        ("2026-06-01", "2026-07-31", 1),
    ],
)
def test_a_month_without_its_first_or_last_session_is_none(
    first: str, end: str, months: int
) -> None:
    assert len(made(days_of(first, end), Timeframe.MO1, "XNYS", Timeframe.D1)) == months


@pytest.mark.parametrize("market", ["24/5", "24/5 UTC"])
@pytest.mark.parametrize("timeframe", [Timeframe.H4, Timeframe.H6, Timeframe.H8, Timeframe.H12])
def test_bars_in_which_a_week_of_currencies_opens_and_closes_are_whole(
    market: str, timeframe: Timeframe
) -> None:
    week = hours_of("2024-01-07T22:00", 120)
    whole = made(week, timeframe, market, Timeframe.H1)
    size = timeframe.span // timedelta(hours=1)
    assert len(whole) == 120 // size + 1
    # Without the first three hours Sunday's bar is gone, and Monday's first lacks an hour.
    lost = 1 if size > 10 else 2
    assert made(week[3:], timeframe, market, Timeframe.H1) == whole[lost:]
    assert made(week[:-3], timeframe, market, Timeframe.H1)[-1] < whole[-1]


@pytest.mark.parametrize(
    ("first", "end", "months"),
    [
        ("2024-01-02", "2024-03-01", 2),  # Monday was New Year's Day
        ("2024-01-03", "2024-03-01", 1),
        ("2024-05-01", "2024-06-29", 2),  # 30 June was a Sunday
        ("2024-05-01", "2024-06-28", 1),
    ],
)
def test_a_month_of_currencies_may_lack_sundays_and_the_new_year(
    first: str, end: str, months: int
) -> None:
    for market in ("24/5", "24/5 UTC"):
        assert len(made(days_of(first, end), Timeframe.MO1, market, Timeframe.D1)) == months


@pytest.mark.parametrize("first", ["2024-01-12T20:00", "2024-01-12T22:00", "2024-01-13T06:00"])
@pytest.mark.parametrize("market", ["24/5", "24/5 UTC", "XNYS"])
def test_bars_after_the_close_of_a_week_break_no_timeframe(market: str, first: str) -> None:
    """As times of a broker's server give that are taken for UTC: Friday ended at 22:00."""
    week = hours_of("2024-01-07T22:00", 120)
    for timeframe in (Timeframe.H2, Timeframe.H4, Timeframe.H12, Timeframe.D1, Timeframe.W1):
        for hours in (week + hours_of(first, 3), hours_of(first, 3), hours_of(first, 3) + week):
            made(sorted(set(hours)), timeframe, market, Timeframe.H1)
    assert made(hours_of("2024-01-12T22:00", 2), Timeframe.H2, "24/5", Timeframe.H1) == [
        "2024-01-12T22:00"
    ]


def test_no_bars_make_no_bars() -> None:
    none = sample("AAPL").bars.window(0, 0)
    assert len(resample(none, Timeframe.W1, NEW_YORK)) == 0
    assert none.source is Source.SAMPLE
