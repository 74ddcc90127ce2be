"""Indicators for charts: aligned with their bars, with holes where there is no answer."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kuber.market.chart_indicators import (
    IndicatorName,
    IndicatorOut,
    IndicatorRefused,
    asked,
    encode_indicator,
)
from kuber.market.indicators import bollinger, ema, rsi, sma
from kuber.market.types import Bars, FloatArray, Source, Timeframe, to_datetime64
from tests.fakes.bars import sample

BARS = sample("AAPL").bars.window(200, 500)


def values(
    name: IndicatorName, limit: int, *, bars: Bars = BARS, **settings: float
) -> list[list[float | None]]:
    period, width = settings.get("period"), settings.get("width")
    what = asked(name, None if period is None else int(period), width)
    out = IndicatorOut.model_validate_json(encode_indicator(bars, what, limit))
    return [point.values for point in out.items]


def test_each_value_stands_at_its_bar_and_is_that_of_the_one_implementation() -> None:
    expected = {
        IndicatorName.SMA: [sma(BARS.close, 50)],
        IndicatorName.EMA: [ema(BARS.close, 20)],
        IndicatorName.RSI: [rsi(BARS.close, 14)],
        IndicatorName.BOLLINGER: [*_bands()],
    }
    for name, lines in expected.items():
        got = np.array(values(name, 100), dtype=float).T
        np.testing.assert_allclose(got, [line[-100:] for line in lines], atol=1e-8)


def _bands() -> tuple[FloatArray, ...]:
    channel = bollinger(BARS.close, 20, 2.0)
    return channel.upper, channel.middle, channel.lower


def test_times_are_those_of_the_bars() -> None:
    out = json.loads(encode_indicator(BARS, asked(IndicatorName.SMA, 5, None), 3))
    times = [np.datetime64(item["time"].removesuffix("Z"), "us") for item in out["items"]]
    assert times == list(BARS.opened_at[-3:])


def test_bars_before_there_is_enough_history_are_holes() -> None:
    found = values(IndicatorName.SMA, 300, period=10)
    assert found[:9] == [[None]] * 9
    assert found[9] != [None]


def test_rsi_of_a_price_that_does_not_move_is_a_hole_and_never_an_extreme() -> None:
    assert values(IndicatorName.RSI, 20, bars=flat(40)) == [[None]] * 20


def test_an_indicator_of_no_bars_has_no_values() -> None:
    assert values(IndicatorName.BOLLINGER, 20, bars=BARS.window(0, 0)) == []


@pytest.mark.parametrize("width", [0.0, -1.0, 10.5, float("nan"), float("inf")])
def test_a_width_out_of_range_is_refused_with_what_to_use(width: float) -> None:
    with pytest.raises(IndicatorRefused) as refused:
        asked(IndicatorName.BOLLINGER, None, width)
    assert refused.value.problems[0].field == "width"
    assert "to 10" in refused.value.problems[0].remedy


def test_a_width_is_for_bands_alone() -> None:
    with pytest.raises(IndicatorRefused, match="rsi has no width"):
        asked(IndicatorName.RSI, None, 2)


@pytest.mark.parametrize("name", IndicatorName)
def test_what_is_shown_hardly_depends_on_how_far_back_the_bars_go(name: IndicatorName) -> None:
    """Pages of one chart meet without a step."""
    bars = sample("AAPL").bars.window(0, 1500)
    what = asked(name, 20, None)
    shown = 100
    near = bars.last(shown + what.early)
    far = np.array(values(name, shown, bars=bars, period=20), dtype=float)
    np.testing.assert_allclose(
        np.array(values(name, shown, bars=near, period=20), dtype=float), far, rtol=1e-6
    )


def flat(count: int) -> Bars:
    """Bars whose price never moves."""
    first = to_datetime64(datetime(2024, 1, 1, tzinfo=UTC))
    opened = first + np.arange(count) * np.timedelta64(timedelta(days=1))
    price = np.full(count, 10.0)
    return Bars(
        "BTCUSDT",
        Timeframe.D1,
        Source.IMPORTED,
        opened,
        opened + np.timedelta64(1, "D"),
        price,
        price,
        price,
        price,
        np.zeros(count),
    )
