"""Whether prices are as traded is decided for a series as a whole, by its jumps at large splits."""

from datetime import date
from fractions import Fraction

import numpy as np
import pytest

from kuber.market.actions.judging import Basis, Judgement, SplitSeen, judge
from kuber.market.actions.types import Origin, Prices, ToldSplit, Use
from kuber.market.calendars import calendar_for
from kuber.market.series import RawBars
from kuber.market.types import Bars, FloatArray, Source, TimeArray, Timeframe

XNYS = calendar_for("XNYS")
DAYS = ("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09")


def bars_of(timeframe: Timeframe, opened: TimeArray, closed: TimeArray, at: FloatArray) -> Bars:
    return Bars("ACME", timeframe, Source.IMPORTED, opened, closed, at, at, at, at, at)


def series(closes: list[float], adjusted: list[float] | None = None) -> RawBars:
    """Return bars of days whose open is their close."""
    dates = np.array(DAYS[: len(closes)], dtype="datetime64[D]")
    opened, closed = XNYS.daily_bounds(dates)
    bars = bars_of(Timeframe.D1, opened, closed, np.array(closes, dtype=np.float64))
    return RawBars(bars, None if adjusted is None else np.array(adjusted, dtype=np.float64))


def seen(raw: RawBars, day: str, ratio: str) -> SplitSeen:
    on = date.fromisoformat(day)
    return SplitSeen(ToldSplit(on, Fraction(ratio)), XNYS.midnight(on), raw)


def uses(found: Judgement) -> list[Use]:
    return [one.use for one in found.splits]


def test_a_large_jump_says_that_prices_are_as_traded_and_small_splits_follow() -> None:
    raw = series([400, 101, 102, 97, 98])
    found = judge([seen(raw, "2024-01-05", "21/20"), seen(raw, "2024-01-03", "4")], None)
    assert (found.prices, found.basis) == (Prices.AS_TRADED, Basis.JUMPS)
    assert uses(found) == [Use.APPLIED, Use.APPLIED]
    assert [one.opened_at for one in found.splits] == [
        np.datetime64("2024-01-03T14:30", "us"),
        np.datetime64("2024-01-05T14:30", "us"),
    ]
    assert all(one.kept for one in found.splits)


def test_no_jump_says_that_prices_are_adjusted_and_small_splits_follow() -> None:
    raw = series([100, 101, 102, 97, 98])
    found = judge([seen(raw, "2024-01-05", "21/20"), seen(raw, "2024-01-03", "4")], None)
    assert found.prices is Prices.ADJUSTED
    assert uses(found) == [Use.ADJUSTED, Use.ADJUSTED]
    assert not any(one.kept for one in found.splits)


def test_large_splits_that_contradict_each_other_ask() -> None:
    raw = series([400, 101, 102, 102, 98])
    two = [seen(raw, "2024-01-03", "4"), seen(raw, "2024-01-05", "2")]
    assert uses(judge(two, None)) == [Use.UNDECIDED, Use.UNDECIDED]
    assert judge(two, None).asked
    said = judge(two, Prices.AS_TRADED)
    assert (uses(said), said.basis) == ([Use.APPLIED, Use.APPLIED], Basis.SAID)
    assert uses(judge(two, Prices.ADJUSTED)) == [Use.ADJUSTED, Use.ADJUSTED]


@pytest.mark.parametrize(("ratio", "asked"), [("1.14", True), ("1.15", False), ("1/1.16", False)])
def test_only_splits_of_fifteen_per_cent_have_a_voice(ratio: str, asked: bool) -> None:
    new, _, old = ratio.partition("/")
    exact = Fraction(new) / Fraction(old or "1")
    raw = series([100, 100 / float(exact), 100])
    found = judge([seen(raw, "2024-01-03", str(exact))], None)
    assert found.asked is asked


def test_what_the_jumps_say_counts_more_than_what_is_said() -> None:
    raw = series([100, 101, 102])
    found = judge([seen(raw, "2024-01-03", "4")], Prices.AS_TRADED)
    assert (found.prices, uses(found)) == (Prices.ADJUSTED, [Use.ADJUSTED])


@pytest.mark.parametrize("ratio", ["1/4", "40", "1/10"])
def test_a_ratio_that_no_jump_fits_asks(ratio: str) -> None:
    raw = series([400, 101, 102])
    assert uses(judge([seen(raw, "2024-01-03", ratio)], None)) == [Use.UNDECIDED]


def test_a_day_too_early_or_too_late_contradicts() -> None:
    raw = series([400, 401, 101, 102])
    for day in ("2024-01-03", "2024-01-05"):
        found = judge([seen(raw, day, "4")], None)
        assert uses(found) == [Use.ADJUSTED], "the price does not jump there: nothing is applied"


def test_splits_on_days_without_bars_count_from_the_next_bar() -> None:
    raw = series([100, 101, 102, 412, 103])
    found = judge([seen(raw, "2024-01-06", "4")], None)  # a Saturday
    assert found.splits[0].opened_at == np.datetime64("2024-01-08T14:30", "us")


@pytest.mark.parametrize("day", ["2024-01-01", "2024-01-02", "2024-01-31"])
def test_splits_outside_of_the_bars_are_not_asked_about(day: str) -> None:
    found = judge([seen(series([400, 101, 102]), day, "4")], None)
    assert (uses(found), found.asked) == ([Use.OUTSIDE], False)


def test_a_split_in_the_middle_of_a_bar_is_not_applied() -> None:
    opened = np.array(["2024-01-02T14:30", "2024-01-08T14:30"], dtype="datetime64[us]")
    closed = np.array(["2024-01-05T21:00", "2024-01-12T21:00"], dtype="datetime64[us]")
    raw = RawBars(bars_of(Timeframe.W1, opened, closed, np.array([400.0, 100.0])), None)
    assert uses(judge([seen(raw, "2024-01-04", "4")], Prices.AS_TRADED)) == [Use.WITHIN_BAR]
    assert uses(judge([seen(raw, "2024-01-08", "4")], None)) == [Use.APPLIED]


def test_a_split_that_the_adjusted_close_tells_of_is_kept_exactly_or_left_to_it() -> None:
    raw = series([400, 101, 102, 103], [100, 101, 102, 103])
    [same_day] = judge([seen(raw, "2024-01-03", "4")], None).splits
    assert (same_day.use, same_day.origin, same_day.kept) == (
        *(Use.APPLIED, Origin.ADJUSTED_CLOSE, True),
    )
    [day_late] = judge([seen(raw, "2024-01-04", "4")], None).splits
    assert (day_late.origin, day_late.kept) == (Origin.ADJUSTED_CLOSE, False)
    assert day_late.opened_at == same_day.opened_at


def test_another_ratio_than_that_of_the_adjusted_close_asks() -> None:
    raw = series([400, 101, 102, 103], [100, 101, 102, 103])
    assert uses(judge([seen(raw, "2024-01-03", "3")], None)) == [Use.UNDECIDED]


def test_what_is_decided_beside_has_a_voice_where_none_else_has() -> None:
    raw = series([400, 101, 102, 97, 98])
    small, large = seen(raw, "2024-01-05", "21/20"), seen(raw, "2024-01-03", "4")
    found = judge([small], None, [large])
    assert uses(found) == [Use.APPLIED]
    assert judge([small], None).asked
