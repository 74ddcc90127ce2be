"""Indicators for charts: aligned with their bars, with holes where there is no answer."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pydantic import JsonValue

from kuber.market.chart_indicators.computing import choose, lines_of, settings_of
from kuber.market.chart_indicators.errors import IndicatorRefused, UnknownIndicator
from kuber.market.chart_indicators.registry import IndicatorRegistry
from kuber.market.chart_indicators.schemas import (
    IndicatorName,
    IndicatorOut,
    IndicatorSeries,
    encode_indicator,
)
from kuber.market.chart_indicators.service import given_settings, named_settings
from kuber.market.indicators import bollinger, ema, rsi, sma
from kuber.market.types import Bars, FloatArray, Source, Timeframe, to_datetime64
from tests.fakes.bars import sample

BARS = sample("AAPL").bars.window(200, 500)
REGISTRY = IndicatorRegistry.discover()


def encoded(name: str, limit: int, bars: Bars = BARS, **settings: JsonValue) -> bytes:
    kind = REGISTRY.find(name).plugin
    chosen = choose(kind, settings)
    lines = lines_of(kind(), bars, settings_of(kind, settings))
    return encode_indicator(bars, lines, kind.metadata, chosen.settings, limit, {})


def values(
    name: str, limit: int, bars: Bars = BARS, **settings: JsonValue
) -> list[list[float | None]]:
    out = IndicatorSeries.model_validate_json(encoded(name, limit, bars, **settings))
    return [point.values for point in out.items]


def test_each_value_stands_at_its_bar_and_is_that_of_the_one_implementation() -> None:
    expected = {
        "sma": [sma(BARS.close, 50)],
        "ema": [ema(BARS.close, 20)],
        "rsi": [rsi(BARS.close, 14)],
        "bollinger": [*_bands()],
    }
    for name, lines in expected.items():
        got = np.array(values(name, 100), dtype=float).T
        np.testing.assert_allclose(got, [line[-100:] for line in lines], atol=1e-8)


def _bands() -> tuple[FloatArray, ...]:
    channel = bollinger(BARS.close, 20, 2.0)
    return channel.upper, channel.middle, channel.lower


def test_times_are_those_of_the_bars() -> None:
    out = json.loads(encoded("sma", 3, period=5))
    times = [np.datetime64(item["time"].removesuffix("Z"), "us") for item in out["items"]]
    assert times == list(BARS.opened_at[-3:])


def test_an_answer_says_which_settings_it_was_computed_with() -> None:
    out = json.loads(encoded("bollinger", 3, width=1.5))
    assert (out["title"], out["settings"]) == ("Bollinger", {"period": 20, "width": 1.5})


def test_bars_before_there_is_enough_history_are_holes() -> None:
    found = values("sma", 300, period=10)
    assert found[:9] == [[None]] * 9
    assert found[9] != [None]


def test_rsi_of_a_price_that_does_not_move_is_a_hole_and_never_an_extreme() -> None:
    assert values("rsi", 20, flat(40)) == [[None]] * 20


def test_an_indicator_of_no_bars_has_no_values() -> None:
    assert values("bollinger", 20, BARS.window(0, 0)) == []


@pytest.mark.parametrize("width", [0.0, -1.0, 10.5, float("nan"), float("inf")])
def test_a_width_out_of_range_is_refused_with_what_to_use(width: float) -> None:
    with pytest.raises(IndicatorRefused) as refused:
        named_settings(IndicatorName.BOLLINGER, None, width)
    assert refused.value.problems[0].field == "width"
    assert "to 10" in refused.value.problems[0].remedy


def test_a_width_is_for_bands_alone() -> None:
    with pytest.raises(IndicatorRefused, match="rsi has no width"):
        named_settings(IndicatorName.RSI, None, 2)


@pytest.mark.parametrize(
    ("name", "given", "field", "remedy"),
    [
        ("sma", {"period": 1}, "period", "at least 2"),
        ("bollinger", {"width": 11}, "width", "at most 10"),
        ("rsi", {"width": 2}, "width", "this indicator knows: period"),
        ("ema", {"period": "soon"}, "period", "Correct the value"),
    ],
)
def test_wrong_settings_are_named_with_field_and_remedy(
    name: str, given: dict[str, JsonValue], field: str, remedy: str
) -> None:
    with pytest.raises(IndicatorRefused) as refused:
        choose(REGISTRY.find(name).plugin, given)
    [problem] = refused.value.problems
    assert problem.field == field
    assert remedy in problem.remedy


@pytest.mark.parametrize("text", ["", "[]", "7", "{", '{"period": NaN}'])
def test_settings_that_are_no_object_are_refused(text: str) -> None:
    with pytest.raises(IndicatorRefused, match="no JSON object"):
        given_settings(text)


def test_an_unknown_indicator_names_the_known_ones() -> None:
    with pytest.raises(UnknownIndicator, match="bollinger"):
        REGISTRY.find("tea_leaves")


def test_every_indicator_with_a_name_of_its_own_in_the_contract_is_built_in() -> None:
    for name in IndicatorName:
        assert REGISTRY.is_built_in(name)
        assert IndicatorOut.model_fields.keys() >= {"period", "width"}


@pytest.mark.parametrize("name", IndicatorName)
def test_what_is_shown_hardly_depends_on_how_far_back_the_bars_go(name: IndicatorName) -> None:
    """Pages of one chart meet without a step."""
    bars = sample("AAPL").bars.window(0, 1500)
    shown = 100
    near = bars.last(shown + choose(REGISTRY.find(name).plugin, {"period": 20}).warm_up)
    far = np.array(values(name, shown, bars, period=20), dtype=float)
    np.testing.assert_allclose(
        np.array(values(name, shown, near, period=20), dtype=float), far, rtol=1e-6
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
