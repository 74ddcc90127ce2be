"""Splits that are kept with a series are seen from the close of their first bar on, and once."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.market.adjustment import KnownSplit, Split, with_known
from kuber.market.assembly import Assembly
from kuber.market.calendars import calendar_for
from kuber.market.series import RawBars, RawSeries
from kuber.market.types import Timeframe, to_datetime, to_datetime64
from tests.fakes.bars import same, sample, truncated, utc

RATIOS = (Fraction(21, 20), Fraction(1, 35), Fraction(1000, 1003), Fraction(4), Fraction(2))
LAST = len(sample("AAPL").bars) - 1


def kept(places: dict[int, Fraction]) -> RawBars:
    """Return the bars of AAPL without an adjusted close, and with splits at these places."""
    bars = sample("AAPL").bars
    known = tuple(KnownSplit(bars.opened_at[at], places[at]) for at in sorted(places))
    return RawBars(bars, None, known)


splits = st.dictionaries(st.integers(0, LAST), st.sampled_from(RATIOS), max_size=6)
places = st.integers(150, LAST)


@given(known=splits, at=places, timeframe=st.sampled_from([Timeframe.D1, Timeframe.W1]))
@settings(max_examples=60, deadline=None)
def test_deleting_later_history_changes_no_bit(
    known: dict[int, Fraction], at: int, timeframe: Timeframe
) -> None:
    raw = kept(known)
    whole = RawSeries.of(raw, "XNYS")
    for as_of in (to_datetime(raw.bars.opened_at[at]), to_datetime(raw.bars.closed_at[at])):
        part = RawSeries.of(replace(truncated(raw, as_of), known=raw.known), "XNYS")
        expected = whole.frame(timeframe, whole.splits_by(as_of)).closed_by(as_of)
        assert same(expected, part.frame(timeframe, part.splits_by(as_of)).closed_by(as_of))


@given(
    known=splits,
    at=places,
    part=st.integers(7, 900),
    timeframe=st.sampled_from([Timeframe.D1, Timeframe.W1]),
    count=st.integers(1, 400),
)
@settings(max_examples=100, deadline=None)
def test_bars_are_those_of_the_whole_series_wherever_its_parts_begin(
    known: dict[int, Fraction], at: int, part: int, timeframe: Timeframe, count: int
) -> None:
    rows = kept(known)
    as_of = to_datetime(rows.bars.closed_at[at])
    begin, end = max(0, at + 1 - part), at + 6
    made = Assembly(timeframe, calendar_for("XNYS"), to_datetime64(as_of), count)
    made.begin(rows.window(begin, end), oldest=begin == 0, newest=end >= len(rows.bars))
    while not made.done:
        end, begin = begin, max(0, begin - part)
        made.add(rows.window(begin, end), oldest=begin == 0)
    whole = RawSeries.of(rows, "XNYS")
    expected = whole.frame(timeframe, whole.splits_by(as_of)).closed_by(as_of).last(count)
    assert same(made.stretch().bars.closed_by(as_of).last(count), expected)


def test_prices_change_their_basis_at_the_close_of_the_first_bar_and_not_before() -> None:
    bars = sample("AAPL").bars
    at = int(np.searchsorted(bars.opened_at, np.datetime64("2005-02-28")))
    series = RawSeries.of(kept({at: Fraction(2)}), "XNYS")
    assert series.splits_by(utc("2005-02-28T20:59")) == 0
    assert series.splits_by(utc("2005-02-28T21:00")) == 1
    monday = series.frame(Timeframe.D1, 1).closed_by(utc("2005-02-28T21:00"))
    assert monday.close[-2:].tolist() == [88.99 / 2, 44.86]


def test_what_the_adjusted_close_tells_of_the_same_bar_counts_once_and_exactly() -> None:
    opened = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-01-05")).astype("M8[us]")
    found = (Split(1, Fraction(3, 2)), Split(3, Fraction(2)))
    known = (KnownSplit(opened[1], Fraction(37, 25)), KnownSplit(opened[2], Fraction(21, 20)))
    assert with_known(found, known, opened) == (
        Split(1, Fraction(37, 25)),
        Split(2, Fraction(21, 20)),
        Split(3, Fraction(2)),
    )


@pytest.mark.parametrize("at", ["2023-12-31", "2024-01-01", "2024-01-02T01", "2024-02-01"])
def test_a_split_without_its_bar_or_one_before_it_adjusts_nothing(at: str) -> None:
    opened = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-01-05")).astype("M8[us]")
    assert with_known((), (KnownSplit(np.datetime64(at, "us"), Fraction(2)),), opened) == ()
