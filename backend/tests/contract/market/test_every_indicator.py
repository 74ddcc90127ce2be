"""What every installed indicator must keep to, built in or from a plug-in."""

import numpy as np
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import JsonValue

from kuber.market.chart_indicators.computing import choose, lines_of, settings_of
from kuber.market.chart_indicators.contract import check_indicator, check_range_ends
from kuber.market.chart_indicators.registry import IndicatorRegistry
from tests.fakes.bars import sample

REGISTRY = IndicatorRegistry.discover()
CASES = [
    pytest.param(name, preset, id=f"{name} {preset}")
    for name, one in REGISTRY.installed.items()
    for preset in one.row.presets
]
every_one = pytest.mark.parametrize(("name", "settings"), CASES)
Settings = dict[str, JsonValue]


def test_the_built_in_ones_are_there_and_nothing_is_left_out() -> None:
    assert REGISTRY.problems == ()
    assert {"sma", "ema", "bollinger", "rsi"} <= REGISTRY.installed.keys()


@every_one
def test_it_answers_for_any_number_of_bars_and_never_looks_ahead(
    name: str, settings: Settings
) -> None:
    check_indicator(REGISTRY.find(name).plugin, settings)


@pytest.mark.parametrize("name", REGISTRY.installed)
def test_it_keeps_to_the_rules_at_the_ends_of_its_settings(name: str) -> None:
    check_range_ends(REGISTRY.find(name).plugin)


@every_one
def test_it_never_looks_ahead_on_a_real_history(name: str, settings: Settings) -> None:
    kind = REGISTRY.find(name).plugin
    bars, chosen = sample("AAPL").bars.last(400), settings_of(kind, settings)
    whole = lines_of(kind(), bars, chosen)
    for count in (1, 7, 60, 250, 399):
        for line, values in lines_of(kind(), bars.window(0, count), chosen).items():
            np.testing.assert_allclose(values, whole[line][:count], rtol=1e-9)


@every_one
def test_its_presets_meet_its_own_form(name: str, settings: Settings) -> None:
    row = REGISTRY.find(name).row
    Draft202012Validator.check_schema(row.settings_schema)
    Draft202012Validator(row.settings_schema).validate(settings)
    assert "$ref" not in str(row.settings_schema)
    for setting in row.settings_schema.get("properties", {}).values():
        assert setting["title"]


@every_one
def test_its_values_stay_within_its_scale(name: str, settings: Settings) -> None:
    one = REGISTRY.find(name)
    if one.row.lowest is None or one.row.highest is None:
        return
    for values in lines_of(
        one.plugin(), sample("AAPL").bars, settings_of(one.plugin, settings)
    ).values():
        assert np.nanmin(values) >= one.row.lowest
        assert np.nanmax(values) <= one.row.highest


@every_one
def test_it_says_how_many_bars_it_needs(name: str, settings: Settings) -> None:
    assert choose(REGISTRY.find(name).plugin, settings).warm_up > 0
