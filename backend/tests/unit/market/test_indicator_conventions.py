"""Each indicator against its textbook formula in exact fractions, bar by bar, and where it says
nothing. The conventions are those of docs/reference/indicators.md."""

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from kuber.market import indicators
from kuber.market.types import FloatArray

Exact = list[Fraction | None]
"""One value for each bar; None where the formula has no answer."""

CLOSE = [Fraction(cents, 100) for cents in (
    4434, 4409, 4415, 4361, 4433, 4483, 4510, 4542, 4584, 4608, 4589, 4603, 4561, 4628, 4628, 4600,
    4603, 4641, 4622, 4564, 4621, 4625, 4571, 4645, 4578, 4535, 4403, 4418, 4422, 4457, 4342, 4266,
    4313, 4290, 4333, 4401, 4456, 4479, 4450, 4512,
)]  # fmt: skip
HIGH = [one + Fraction(17 + 7 * (at % 5), 100) for at, one in enumerate(CLOSE)]
LOW = [one - Fraction(11 + 9 * (at % 4), 100) for at, one in enumerate(CLOSE)]


def floats(values: Sequence[Fraction]) -> FloatArray:
    return np.array([float(one) for one in values])


def none(count: int) -> Exact:
    return [None] * count


def mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction()) / len(values)


def root(square: Fraction) -> Fraction:
    with localcontext() as context:
        context.prec = 40
        return Fraction((Decimal(square.numerator) / Decimal(square.denominator)).sqrt())


def averages(values: Sequence[Fraction], period: int) -> Exact:
    ends = range(period, len(values) + 1)
    return none(period - 1) + [mean(values[end - period : end]) for end in ends]


def smoothed(values: Sequence[Fraction], period: int, weight: Fraction) -> list[Fraction]:
    """Follow the values from the mean of the first `period` of them, one result for each from
    there on."""
    found = [mean(values[:period])]
    for one in values[period:]:
        found.append(found[-1] + weight * (one - found[-1]))
    return found


def exponential(values: Sequence[Fraction], period: int) -> list[Fraction]:
    return smoothed(values, period, Fraction(2, period + 1))


def wilder(values: Sequence[Fraction], period: int) -> list[Fraction]:
    return smoothed(values, period, Fraction(1, period))


def moves() -> list[Fraction]:
    return [now - before for before, now in pairwise(CLOSE)]


def true_ranges() -> list[Fraction]:
    rows = zip(HIGH[1:], LOW[1:], CLOSE[:-1], strict=True)
    return [max(high - low, abs(high - before), abs(low - before)) for high, low, before in rows]


def relative_strength(period: int) -> Exact:
    gains = wilder([max(one, Fraction()) for one in moves()], period)
    losses = wilder([max(-one, Fraction()) for one in moves()], period)
    return none(period) + [
        100 - 100 / (1 + gain / loss) if loss else Fraction(100)
        for gain, loss in zip(gains, losses, strict=True)
    ]


def macd_lines(fast: int, slow: int, signal: int) -> tuple[Exact, Exact, Exact]:
    quick = exponential(CLOSE[slow - fast :], fast)
    line = [a - b for a, b in zip(quick, exponential(CLOSE, slow), strict=True)]
    signals = exponential(line, signal)
    shown = line[signal - 1 :]
    gap = none(slow + signal - 2)
    differences = [a - b for a, b in zip(shown, signals, strict=True)]
    return gap + shown, gap + signals, gap + differences


def bands(period: int, width: int) -> tuple[Exact, Exact, Exact]:
    windows = [CLOSE[end - period : end] for end in range(period, len(CLOSE) + 1)]
    middles = [mean(window) for window in windows]
    spreads = [
        width * root(mean([(one - middle) ** 2 for one in window]))
        for window, middle in zip(windows, middles, strict=True)
    ]
    pairs = list(zip(middles, spreads, strict=True))
    gap = none(period - 1)
    return (
        [*gap, *(m + s for m, s in pairs)],
        [*gap, *middles],
        [*gap, *(m - s for m, s in pairs)],
    )


def sums(values: Sequence[Fraction], period: int) -> list[Fraction]:
    """Wilder's running sums from the first period - 1 values, one for each after them."""
    total, found = sum(values[: period - 1], Fraction()), []
    for one in values[period - 1 :]:
        total += one - total / period
        found.append(total)
    return found


def directional(period: int) -> tuple[Exact, Exact, Exact]:
    ups = [now - before for before, now in pairwise(HIGH)]
    downs = [before - now for before, now in pairwise(LOW)]
    both = list(zip(ups, downs, strict=True))
    plus = sums([up if up > down and up > 0 else Fraction() for up, down in both], period)
    minus = sums([down if down > up and down > 0 else Fraction() for up, down in both], period)
    ranges = sums(true_ranges(), period)
    rises = [100 * one / total for one, total in zip(plus, ranges, strict=True)]
    falls = [100 * one / total for one, total in zip(minus, ranges, strict=True)]
    strengths = [100 * abs(a - b) / (a + b) for a, b in zip(rises, falls, strict=True)]
    gap = none(period)
    return none(2 * period - 1) + wilder(strengths, period), gap + rises, gap + falls


def places(period: int, smooth_k: int, smooth_d: int) -> tuple[Exact, Exact]:
    found = []
    for end in range(period, len(CLOSE) + 1):
        low, high = min(LOW[end - period : end]), max(HIGH[end - period : end])
        found.append(100 * (CLOSE[end - 1] - low) / (high - low))
    k = [mean(found[end - smooth_k : end]) for end in range(smooth_k, len(found) + 1)]
    d = [mean(k[end - smooth_d : end]) for end in range(smooth_d, len(k) + 1)]
    gap = none(period + smooth_k + smooth_d - 3)
    return gap + k[smooth_d - 1 :], gap + d


def changes(period: int) -> Exact:
    return none(period) + [
        100 * (now / before - 1)
        for before, now in zip(CLOSE[:-period], CLOSE[period:], strict=True)
    ]


def volatility(period: int, bars_a_year: int) -> Exact:
    with localcontext() as context:
        context.prec = 40
        logs = [
            (
                Decimal(now.numerator * before.denominator) / (now.denominator * before.numerator)
            ).ln()
            for before, now in pairwise(CLOSE)
        ]
    returns = [Fraction(one) for one in logs]
    found = []
    for end in range(period, len(returns) + 1):
        window = returns[end - period : end]
        squares = sum(((one - mean(window)) ** 2 for one in window), Fraction())
        found.append(root(squares / (period - 1) * bars_a_year))
    return none(period) + found


H, L, C = floats(HIGH), floats(LOW), floats(CLOSE)
macd, adx, bollinger, stochastic = (
    indicators.macd(C, 5, 9, 4),
    indicators.adx(H, L, C, 6),
    indicators.bollinger(C, 8, 2),
    indicators.stochastic(H, L, C, period=7, smooth_k=3, smooth_d=2),
)
CASES: dict[str, tuple[FloatArray, Exact, int]] = {
    "sma": (indicators.sma(C, 10), averages(CLOSE, 10), 9),
    "ema": (indicators.ema(C, 10), [*none(9), *exponential(CLOSE, 10)], 9),
    "rsi": (indicators.rsi(C, 6), relative_strength(6), 6),
    "macd line": (macd.line, macd_lines(5, 9, 4)[0], 11),
    "macd signal": (macd.signal, macd_lines(5, 9, 4)[1], 11),
    "macd histogram": (macd.histogram, macd_lines(5, 9, 4)[2], 11),
    "atr": (indicators.atr(H, L, C, 6), [*none(6), *wilder(true_ranges(), 6)], 6),
    "bollinger upper": (bollinger.upper, bands(8, 2)[0], 7),
    "bollinger middle": (bollinger.middle, bands(8, 2)[1], 7),
    "bollinger lower": (bollinger.lower, bands(8, 2)[2], 7),
    "adx": (adx.adx, directional(6)[0], 11),
    "+DI": (adx.plus, directional(6)[1], 6),
    "-DI": (adx.minus, directional(6)[2], 6),
    "stochastic k": (stochastic.k, places(7, 3, 2)[0], 9),
    "stochastic d": (stochastic.d, places(7, 3, 2)[1], 9),
    "roc": (indicators.roc(C, 10), changes(10), 10),
    "volatility": (indicators.realised_volatility(C, 9, 252), volatility(9, 252), 9),
}


@pytest.mark.parametrize("name", CASES)
def test_every_value_is_that_of_the_textbook(name: str) -> None:
    found, exact, first = CASES[name]
    assert exact[:first] == none(first)
    assert exact[first] is not None, "the first bar that has a value is the one of the docs"
    expected = [np.nan if one is None else float(one) for one in exact]
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


STILL = np.full(60, 0.1)
SILENT: dict[str, Callable[[FloatArray], FloatArray]] = {
    "rsi": indicators.rsi,
    "adx": lambda price: indicators.adx(price, price, price).adx,
    "+DI": lambda price: indicators.adx(price, price, price).plus,
    "-DI": lambda price: indicators.adx(price, price, price).minus,
    "stochastic k": lambda price: indicators.stochastic(price, price, price).k,
    "stochastic d": lambda price: indicators.stochastic(price, price, price).d,
}


@pytest.mark.parametrize("name", SILENT)
def test_what_compares_movements_says_nothing_of_a_price_that_never_moved(name: str) -> None:
    assert np.isnan(SILENT[name](STILL)).all()


@pytest.mark.parametrize("price", [1e-8, 0.1, 64_000.1])
def test_what_measures_movements_says_none_of_a_price_that_never_moved(price: float) -> None:
    still = np.full(60, price)
    bands = indicators.bollinger(still)
    assert (bands.upper[19:] == bands.lower[19:]).all()
    assert (indicators.atr(still, still, still)[14:] == 0).all()
    assert (indicators.realised_volatility(still, 20, 252)[20:] == 0).all()
    assert (indicators.roc(still)[10:] == 0).all()


def test_the_bands_of_a_coin_at_a_millionth_are_as_wide_as_those_of_a_share() -> None:
    share, coin = indicators.bollinger(C), indicators.bollinger(C * 1e-9)
    widths = (share.upper - share.lower)[19:]
    np.testing.assert_allclose((coin.upper - coin.lower)[19:], widths * 1e-9, rtol=1e-7)


def test_adx_has_no_value_without_a_move_beyond_the_bar_before_and_then_begins_anew() -> None:
    inside = np.full(20, 100.0)
    high = np.concatenate((inside + 1, H + 60))
    low = np.concatenate((inside - 1, L + 60))
    close = np.concatenate((inside, C + 60))
    found = indicators.adx(high, low, close, 6)
    assert np.isnan(found.adx[:25]).all()
    assert (found.plus[6:20] == 0).all(), "that nothing rose is an answer: there was a range"
    assert np.isfinite(found.plus[6:]).all()
    strengths = 100 * np.abs(found.plus - found.minus)[20:] / (found.plus + found.minus)[20:]
    assert np.isfinite(found.adx[25:]).all()
    assert found.adx[25] == pytest.approx(strengths[:6].mean())
    for at in range(26, 60):
        after = found.adx[at - 1] + (strengths[at - 20] - found.adx[at - 1]) / 6
        assert found.adx[at] == pytest.approx(after)


def test_a_bar_in_a_range_of_zero_takes_only_what_it_has_a_part_in() -> None:
    high, low, close = H.copy(), L.copy(), C.copy()
    high[10:17] = low[10:17] = close[10:17] = 45.0
    found = indicators.stochastic(high, low, close, period=7, smooth_k=3, smooth_d=2)
    assert np.isnan(found.k[16:19]).all()
    assert np.isfinite(found.k[19:]).all()
    assert np.isnan(found.d[16:20]).all()
    assert np.isfinite(found.d[20:]).all()


@pytest.mark.parametrize("odd", [0.0, -37.6])
def test_a_share_of_a_price_that_is_not_above_zero_has_no_value(odd: float) -> None:
    close = C.copy()
    close[20] = odd
    change = indicators.roc(close, 5)
    assert np.flatnonzero(np.isnan(change)).tolist() == [0, 1, 2, 3, 4, 25]
    swing = indicators.realised_volatility(close, 5, 252)
    assert np.flatnonzero(np.isnan(swing)).tolist() == [0, 1, 2, 3, 4, *range(20, 26)]
