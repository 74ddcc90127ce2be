"""Planted faults of indicators: each is refused in words that name it."""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from typing import Any, Self

import numpy as np
import pytest
from pydantic import Field, model_validator

from kuber.kernel.setting_problems import SettingFault
from kuber.market.chart_indicators.contract import (
    BrokenIndicator,
    check_indicator,
    check_range_ends,
    trial_bars,
)
from kuber.market.chart_indicators.indicator import (
    Indicator,
    IndicatorClass,
    IndicatorMetadata,
    IndicatorSettings,
    Pane,
)
from kuber.market.chart_indicators.registry import GROUP, IndicatorRegistry
from kuber.market.types import Bars

Compute = Callable[[Bars], Any]


def indicator(compute: Compute, **options: Any) -> IndicatorClass:
    """Return an indicator of one line `x` that computes with a function of the bars."""

    class Planted(Indicator[IndicatorSettings]):
        metadata = IndicatorMetadata.model_validate(
            {
                "name": "planted",
                "title": "Planted",
                "description": "Has a fault.",
                "pane": Pane.OWN,
                "lines": {"x": "X"},
                **options,
            }
        )

        def compute(self, bars: Bars, settings: IndicatorSettings) -> Mapping[str, Any]:
            found: Mapping[str, Any] = compute(bars)
            return found

    return Planted


def rolled(bars: Bars) -> Mapping[str, Any]:
    return {"x": np.roll(bars.close, -1)}


def centred(bars: Bars) -> Mapping[str, Any]:
    result = np.full(len(bars), np.nan)
    result[1:-1] = (bars.close[:-2] + bars.close[1:-1] + bars.close[2:]) / 3
    return {"x": result}


def scaled(bars: Bars) -> Mapping[str, Any]:
    return {"x": bars.close / bars.close.max()}


def filled_back(bars: Bars) -> Mapping[str, Any]:
    result = np.full(len(bars), bars.close[min(9, len(bars) - 1)])
    result[10:] = bars.close[10:]
    return {"x": result}


def turning_points(bars: Bars) -> Mapping[str, Any]:
    """A high is marked at its own bar, although it is known three bars later."""
    result = np.full(len(bars), np.nan)
    for at in range(3, len(bars) - 3):
        if bars.high[at] == bars.high[at - 3 : at + 4].max():
            result[at] = bars.high[at]
    return {"x": result}


def counted(bars: Bars) -> Mapping[str, Any]:
    return {"x": np.arange(len(bars), 0.0, -1.0)}


@pytest.mark.parametrize("compute", [rolled, centred, scaled, filled_back, turning_points, counted])
def test_an_indicator_that_looks_ahead_is_refused(compute: Compute) -> None:
    with pytest.raises(BrokenIndicator, match=r"^Planted looks ahead: its line x at bar \d+ is"):
        check_indicator(indicator(compute))


def chance(bars: Bars) -> Mapping[str, Any]:
    return {"x": np.random.default_rng().normal(size=len(bars))}


def too_few(bars: Bars) -> Mapping[str, Any]:
    return {"x": np.diff(bars.close)}


def written_over(bars: Bars) -> Mapping[str, Any]:
    bars.close[0] = 1.0
    return {"x": bars.close}


def exits(bars: Bars) -> Mapping[str, Any]:
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("compute", "words"),
    [
        (chance, "gives two answers to one question"),
        (too_few, r"its line x has the shape \(679,\), not \(680,\) for 680 bars"),
        (lambda bars: {"x": np.ones((len(bars), 2))}, r"the shape \(680, 2\)"),
        (lambda bars: {"x": 1 / bars.volume}, "its line x is infinite at bar 0; NaN says"),
        (lambda bars: {"x": bars.opened_at}, r"holds datetime64\[us\], not numbers"),
        (lambda bars: {"x": [None] * len(bars)}, "holds object, not numbers"),
        (lambda bars: {"y": bars.close}, "it returned the lines y, not x"),
        (lambda bars: bars.close, "it returned a ndarray, not its lines by name"),
        (lambda bars: {"x": bars.close[np.arange(len(bars)) + 5]}, "IndexError: index 680 is out"),
        (lambda bars: {"x": bars.close + len(bars.close[20:21]) / 0}, "ZeroDivisionError"),
        (written_over, "destination is read-only"),
        (exits, "SystemExit: 3"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_every_other_fault_is_named(compute: Compute, words: str) -> None:
    with pytest.raises(BrokenIndicator, match=f"^Planted .*{words}"):
        check_indicator(indicator(compute))


def test_sums_that_differ_in_the_last_digits_are_alike() -> None:
    def backwards(bars: Bars) -> Mapping[str, Any]:
        """Mean of ten closes by differences of sums that begin anew in each array."""
        sums = np.cumsum(bars.close * (1 + 1e-13 * (len(bars) % 7)))
        return {"x": sums}

    check_indicator(indicator(backwards))


def test_settings_that_it_does_not_take_are_named() -> None:
    with pytest.raises(BrokenIndicator, match="does not take these settings: perod"):
        check_indicator(indicator(lambda bars: {"x": bars.close}), {"perod": 3})


@pytest.mark.parametrize("warm_up", [-1, 10_001, "many", None])
def test_a_warm_up_that_cannot_be_is_named(warm_up: Any) -> None:
    kind = indicator(lambda bars: {"x": bars.close})
    kind.warm_up = lambda *_: warm_up  # type: ignore[method-assign]
    with pytest.raises(BrokenIndicator, match=f"its warm_up is {warm_up!r}"):
        check_indicator(kind)


class FarSettings(IndicatorSettings):
    period: int = Field(0, ge=-3, le=3, title="Period")
    other: int = Field(0, ge=0, le=1, title="Other")

    @model_validator(mode="after")
    def _rule(self) -> Self:
        if self.other:
            raise SettingFault("other", "it is not to be", "Leave it out.")
        return self


class Shifted(Indicator[FarSettings]):
    metadata = indicator(rolled).metadata
    Settings = FarSettings

    def compute(self, bars: Bars, settings: FarSettings) -> Mapping[str, Any]:
        return {"x": np.roll(bars.close, settings.period) if settings.period < 0 else bars.close}


def test_the_ends_of_the_ranges_of_settings_are_tried() -> None:
    check_indicator(Shifted)
    with pytest.raises(BrokenIndicator, match="Planted looks ahead"):
        check_range_ends(Shifted)


def test_ends_that_do_not_go_with_other_settings_are_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Shifted, "compute", lambda _self, bars, _settings: {"x": bars.close})
    check_range_ends(Shifted)


def test_the_bars_of_the_check_are_sound_and_always_the_same() -> None:
    for bars in trial_bars():
        assert (bars.high >= np.maximum(bars.open, bars.close)).all()
        assert (bars.low <= np.minimum(bars.open, bars.close)).all()
        assert (bars.low > 0).all()
        assert (np.diff(bars.opened_at) > np.timedelta64(0)).all()
        assert (bars.closed_at > bars.opened_at).all()
    days, hours = trial_bars()
    assert (np.diff(days.close[300:340]) == 0).all(), "the price stands still for a while"
    assert (hours.volume == 0).all()


class Needy(IndicatorSettings):
    period: int = Field(title="Period")


class Unfinished(Indicator[IndicatorSettings]):
    metadata = indicator(rolled).metadata


def changed(**attributes: Any) -> IndicatorClass:
    return type("Changed", (indicator(rolled),), attributes)


@pytest.mark.parametrize(
    ("loaded", "reason"),
    [
        (object(), "not a subclass of Indicator"),
        (int, "not a subclass of Indicator"),
        (Unfinished, "no compute method"),
        (changed(metadata={"name": "x"}), "no metadata"),
        (changed(Settings=dict), "not a subclass of IndicatorSettings"),
        (changed(Settings=Needy), "its settings have no default: period"),
        (indicator(rolled, presets=[{"period": 3}]), "does not take its own presets: period"),
    ],
)
def test_what_is_not_complete_is_left_out_with_its_reason(
    loaded: object, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EntryPoint, "load", lambda _: loaded)
    registry = IndicatorRegistry([EntryPoint("one", "nowhere:One", GROUP)])
    assert registry.installed == {}
    assert reason in registry.problems[0].reason


def test_a_name_that_is_taken_stays_with_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EntryPoint, "load", lambda _: indicator(rolled))
    registry = IndicatorRegistry([EntryPoint(name, "nowhere:One", GROUP) for name in ("a", "b")])
    assert list(registry.installed) == ["planted"]
    assert "the indicator 'planted' is already taken" in registry.problems[0].reason


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Two Words"},
        {"lines": {}},
        {"scale": (0, float("inf"))},
        {"pane": "beside"},
    ],
)
def test_metadata_that_no_chart_could_use_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        indicator(rolled, **wrong)
