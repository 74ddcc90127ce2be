"""Bars put together from parts of a series are those of the whole series."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.market.assembly import Assembly, Stretch
from kuber.market.calendars import calendar_for
from kuber.market.series import RawBars, RawSeries
from kuber.market.types import Bars, Timeframe, to_datetime, to_datetime64
from tests.fakes.bars import same, sample, utc

CALENDARS = {"AAPL": "XNYS", "EURUSD": "24/5"}
TIMEFRAMES = {
    "AAPL": (Timeframe.D1, Timeframe.W1),
    "EURUSD": (Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1),
}
SPLIT_DAYS = ("2005-02-25T21:00", "2005-02-28T15:00", "2005-02-28T21:00", "2005-03-02T12:00")


def whole(
    symbol: str, timeframe: Timeframe, as_of: datetime, series_of: RawBars | None = None
) -> Bars:
    """Return all bars closed by `as_of`, made of the series at once."""
    series = RawSeries.of(series_of or sample(symbol), CALENDARS[symbol])
    return series.frame(timeframe, series.splits_by(as_of)).closed_by(as_of)


def assembled(
    symbol: str,
    timeframe: Timeframe,
    as_of: datetime,
    count: int,
    *,
    part: int,
    ahead: int = 5,
    series: RawBars | None = None,
) -> tuple[Stretch, int]:
    """Return the bars made of parts of `part` rows, and how many parts were read."""
    rows, at = series or sample(symbol), to_datetime64(as_of)
    cut = int(np.searchsorted(rows.bars.closed_at, at, side="right"))
    begin, end = max(0, cut - part), cut + ahead
    made = Assembly(timeframe, calendar_for(CALENDARS[symbol]), at, count)
    made.begin(rows.window(begin, end), oldest=begin == 0, newest=end >= len(rows.bars))
    parts = 1
    while not made.done:
        end, begin = begin, max(0, begin - part)
        made.add(rows.window(begin, end), oldest=begin == 0)
        parts += 1
    return made.stretch(), parts


def instants(symbol: str) -> list[datetime]:
    closes = sample(symbol).bars.closed_at
    points = np.linspace(0, len(closes) - 1, 30).astype(int)
    return [*(to_datetime(closes[at]) for at in points), *map(utc, SPLIT_DAYS)]


@pytest.mark.parametrize("symbol", ["AAPL", "EURUSD"])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_bars_are_those_of_the_whole_series_wherever_its_parts_begin(
    symbol: str, data: st.DataObject
) -> None:
    timeframe = data.draw(st.sampled_from(TIMEFRAMES[symbol]))
    as_of = data.draw(st.sampled_from(instants(symbol)))
    count = data.draw(st.integers(1, 400))
    part = data.draw(st.integers(7, 900))
    found, _ = assembled(symbol, timeframe, as_of, count, part=part)
    expected = whole(symbol, timeframe, as_of).last(count)
    assert found.serves(to_datetime64(as_of), count)
    assert same(found.bars.closed_by(as_of).last(count), expected)


@pytest.mark.parametrize("symbol", ["AAPL", "EURUSD"])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_bars_of_which_a_series_holds_a_part_are_none_wherever_its_parts_begin(
    symbol: str, data: st.DataObject
) -> None:
    timeframe = data.draw(st.sampled_from(TIMEFRAMES[symbol]))
    first = data.draw(st.integers(0, 300))
    series = sample(symbol).window(first, first + data.draw(st.integers(1, 200)))
    part = data.draw(st.integers(1, 40))
    as_of = to_datetime(series.bars.closed_at[-1]) + timedelta(days=40)
    found, _ = assembled(symbol, timeframe, as_of, 400, part=part, series=series)
    assert same(found.bars, whole(symbol, timeframe, as_of, series))


@pytest.mark.parametrize("symbol", ["AAPL", "EURUSD"])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_a_stretch_serves_it_serves_as_the_whole_series_would(
    symbol: str, data: st.DataObject
) -> None:
    timeframe = data.draw(st.sampled_from(TIMEFRAMES[symbol]))
    as_of, other = (data.draw(st.sampled_from(instants(symbol))) for _ in range(2))
    ahead = data.draw(st.integers(1, 2_000))
    found, _ = assembled(symbol, timeframe, as_of, 300, part=500, ahead=ahead)
    count = data.draw(st.integers(1, 400))
    if found.serves(to_datetime64(other), count):
        expected = whole(symbol, timeframe, other).last(count)
        assert same(found.bars.closed_by(other).last(count), expected)


def test_a_stretch_read_after_a_split_does_not_serve_the_time_before_it() -> None:
    before, after = utc("2005-02-25T21:00"), utc("2005-03-02T21:00")
    found, _ = assembled("AAPL", Timeframe.D1, after, 30, part=60)
    assert found.serves(to_datetime64(after), 5)
    assert not found.serves(to_datetime64(before), 5)
    found, _ = assembled("AAPL", Timeframe.D1, before, 30, part=60)
    assert not found.serves(to_datetime64(after), 2)


@pytest.mark.parametrize("row", [100, 150, 151])
def test_a_split_on_the_border_of_two_parts_is_found(row: int) -> None:
    days = sample("AAPL").bars.closed_at
    split = int(np.searchsorted(days, np.datetime64("2005-02-28T21:00")))
    as_of = to_datetime(days[split + row - 1])
    for part in range(row - 2, row + 3):
        found, _ = assembled("AAPL", Timeframe.D1, as_of, row + 20, part=part)
        got = found.bars.closed_by(as_of).last(row + 20)
        assert same(got, whole("AAPL", Timeframe.D1, as_of).last(row + 20)), part


def test_no_more_parts_are_read_than_the_bars_take() -> None:
    as_of = utc("2012-05-16T21:00")
    _, parts = assembled("AAPL", Timeframe.D1, as_of, 10, part=50)
    assert parts == 1
    _, parts = assembled("AAPL", Timeframe.W1, as_of, 40, part=50)
    assert parts == 4


def test_bars_outside_the_session_make_no_bar_and_are_not_carried_on() -> None:
    def nights(first: int, count: int) -> RawBars:
        opened = np.datetime64("2025-01-06T02:00", "us") + np.arange(first, first + count)[
            :, None
        ] * np.timedelta64(1, "D")
        opened = opened.ravel()
        ones = np.ones(count)
        closed = opened + np.timedelta64(1, "h")
        bars = sample("AAPL").bars
        return RawBars(
            Bars("AAPL", Timeframe.H1, bars.source, opened, closed, ones, ones, ones, ones, ones),
            None,
        )

    made = Assembly(Timeframe.D1, calendar_for("XNYS"), np.datetime64("2025-03-01", "us"), count=5)

    def parts() -> Iterator[RawBars]:
        yield from (nights(at, 10) for at in range(30, -1, -10))

    newest, *older = parts()
    made.begin(newest, oldest=False, newest=True)
    for at, part in enumerate(older, start=1):
        made.add(part, oldest=at == len(older))
    assert len(made.stretch().bars) == 0
    assert made.stretch().bars.timeframe is Timeframe.D1
