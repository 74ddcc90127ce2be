"""Splits are found from the adjusted close, and never before they happened."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.market.adjustment import Split, find_splits, price_factors
from kuber.market.series import RawSeries
from kuber.market.types import Timeframe, to_datetime
from tests.fakes.bars import same, sample, truncated, utc

# Published bars around the splits: (open, close, adj_close) of consecutive days.
AAPL_JUNE_2000 = [(98.5, 101.25, 3.253009), (50.5, 55.63, 3.574615), (55.75, 53.75, 3.453812)]
AAPL_FEBRUARY_2005 = [(88.48, 88.93, 5.714372), (89.62, 88.99, 5.718228), (44.68, 44.86, 5.765135)]
MSFT_FEBRUARY_2003 = [
    (46.41, 46.99, 15.640415),
    (47.25, 48.3, 16.076443),
    (24.62, 24.96, 16.615653),
]


@pytest.mark.parametrize(
    ("bars", "index"), [(AAPL_JUNE_2000, 1), (AAPL_FEBRUARY_2005, 2), (MSFT_FEBRUARY_2003, 2)]
)
def test_the_published_splits_are_found(bars: list[tuple[float, ...]], index: int) -> None:
    assert find_splits(*np.array(bars).T) == (Split(index, Fraction(2)),)


def test_the_three_dollar_dividend_of_microsoft_is_no_split() -> None:
    raw = sample("MSFT")
    assert raw.adj_close is not None
    assert find_splits(raw.bars.open, raw.bars.close, raw.adj_close) == ()


def test_a_jump_of_the_factor_without_a_jump_of_the_price_is_no_split() -> None:
    # Two files adjusted at different times, one after the other.
    close = np.array([100.0, 101.0, 102.0])
    assert find_splits(close, close, np.array([25.0, 25.25, 51.0])) == ()


def test_an_unknown_adjusted_close_tells_of_no_split() -> None:
    close = np.array([100.0, 50.0])
    assert find_splits(close, close, np.array([np.nan, 50.0])) == ()


@given(
    split=st.sampled_from(
        [
            (Fraction(2), 0.015),
            (Fraction(7), 0.015),
            (Fraction(1, 10), 0.015),
            (Fraction(3, 2), 0.006),
            (Fraction(5, 4), 0.006),
        ]
    ),
    share=st.floats(0, 1),
    move=st.floats(0.9, 1.1),
)
def test_a_split_is_found_with_a_dividend_and_a_move_on_the_same_day(
    split: tuple[Fraction, float], share: float, move: float
) -> None:
    ratio, largest = split
    dividend = largest * share
    after = 100.0 / float(ratio) * move
    open_ = np.array([100.0, after])
    adjusted = np.array([100.0 / float(ratio) * (1 - dividend), after])
    assert find_splits(open_, open_, adjusted) == (Split(1, ratio),)


@pytest.mark.parametrize("share", [0.16, 0.178, 0.194, 0.21, 0.26, 0.32, 0.34])
def test_a_special_dividend_is_no_split(share: float) -> None:
    close = np.array([88.0, 87.6, 87.6 * (1 - share), 87.6 * (1 - share)])
    adjusted = close * np.array([1 - share, 1 - share, 1.0, 1.0])
    assert find_splits(close, close, adjusted) == ()


def test_factors_multiply_over_several_splits() -> None:
    factors = price_factors(5, (Split(1, Fraction(2)), Split(3, Fraction(3))))
    assert factors.tolist() == [1 / 6, 1 / 3, 1 / 3, 1.0, 1.0]


def test_prices_change_their_basis_only_when_the_split_day_has_closed() -> None:
    series = RawSeries.of(sample("AAPL"), "XNYS")
    before, during, after = (
        utc("2005-02-25T21:00"),
        utc("2005-02-28T15:00"),
        utc("2005-02-28T21:00"),
    )
    assert [series.splits_by(one) for one in (before, during, after)] == [0, 0, 1]
    friday = series.frame(Timeframe.D1, 0).closed_by(before)
    assert friday.close[-1] == 88.99
    monday = series.frame(Timeframe.D1, 1).closed_by(after)
    assert monday.close[-2:].tolist() == [88.99 / 2, 44.86]
    assert monday.volume[-2] == 2 * friday.volume[-1]
    assert series.frame(Timeframe.W1, 1).closed_by(after).close[-1] == 88.99 / 2


def cuts(symbol: str) -> list[str]:
    closes = sample(symbol).bars.closed_at
    points = np.linspace(150, len(closes) - 1, 18).astype(int)
    times = [to_datetime(closes[at]) for at in points]
    if symbol == "AAPL":
        times += [utc("2005-02-28T20:59"), utc("2005-02-28T21:00"), utc("2005-03-02T12:00")]
    return [str(one.replace(tzinfo=None)) for one in times]


@pytest.mark.parametrize(
    ("symbol", "calendar", "timeframes"),
    [
        ("AAPL", "XNYS", (Timeframe.D1, Timeframe.W1)),
        ("EURUSD", "24/5", (Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1)),
    ],
)
def test_deleting_later_history_changes_no_bit(
    symbol: str, calendar: str, timeframes: tuple[Timeframe, ...]
) -> None:
    whole = RawSeries.of(sample(symbol), calendar)
    for text in cuts(symbol):
        as_of = utc(text)
        part = RawSeries.of(truncated(sample(symbol), as_of), calendar)
        assert whole.splits_by(as_of) == part.splits_by(as_of)
        for timeframe in timeframes:
            expected = whole.frame(timeframe, whole.splits_by(as_of)).closed_by(as_of)
            got = part.frame(timeframe, part.splits_by(as_of)).closed_by(as_of)
            assert len(got) > 0
            assert same(expected, got), (symbol, timeframe, text)
