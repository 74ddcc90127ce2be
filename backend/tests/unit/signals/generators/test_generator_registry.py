"""Finding generators by entry point, and what is said about wrong settings."""

import sys
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from kuber.kernel.errors import Problem
from kuber.signals.catalog import SIGNAL_TYPES
from kuber.signals.generators.base import (
    Detector,
    GeneratorConfig,
    GeneratorMetadata,
    SignalGenerator,
)
from kuber.signals.generators.errors import GeneratorError, GeneratorUnavailable, UnknownGenerator
from kuber.signals.generators.registry import GROUP, GeneratorRegistry
from tests.fakes.generator_bars import REGISTRY

BUILT_IN = {
    *("bollinger_breakout", "expression", "golden_cross", "ma_momentum", "macd_crossover", "mock"),
    *("news_sentiment", "price_level", "rsi", "volatility_breakout", "volume_spike"),
}


class Plain(SignalGenerator[GeneratorConfig]):
    metadata = GeneratorMetadata("plain", "Plain", "Does nothing.", "mock")

    @property
    def warm_up(self) -> int:
        return 0

    def detector(self, ticker: str) -> Detector:
        raise RuntimeError("nobody asks for it")


class Impostor(Plain):
    metadata = GeneratorMetadata("rsi", "Not the RSI", "Takes its name.", "rsi")


class WithoutMetadata(SignalGenerator[GeneratorConfig]):
    @property
    def warm_up(self) -> int:
        return 0

    def detector(self, ticker: str) -> Detector:
        raise RuntimeError("nobody asks for it")


class Unfinished(SignalGenerator[GeneratorConfig]):
    metadata = Plain.metadata


class Unheard(Plain):
    metadata = GeneratorMetadata("unheard", "Unheard", "Sends what nobody knows.", "moon_phase")


class NotAGenerator:
    pass


def entry(name: str, target: str | None = None) -> EntryPoint:
    return EntryPoint(name, target or f"{__name__}:{name}", GROUP)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let entry points find this module by its name."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Plain.__module__])


def test_the_built_in_generators_are_found_and_have_forms() -> None:
    rows = REGISTRY.catalogue()
    assert {row.kind for row in rows if row.provider == "built-in"} == BUILT_IN
    for row in rows:
        assert row.config_schema["additionalProperties"] is False
        assert "$ref" not in str(row.config_schema)
        for setting in row.config_schema.get("properties", {}).values():
            assert setting["title"]
    assert REGISTRY.problems == ()


def test_every_built_in_sends_a_type_that_pipelines_can_subscribe_to() -> None:
    assert {row.signal_type for row in REGISTRY.catalogue()} <= SIGNAL_TYPES


def test_a_generator_without_its_source_says_so_and_cannot_be_made() -> None:
    row = next(row for row in REGISTRY.catalogue() if row.kind == "news_sentiment")
    assert row.unavailable is not None
    assert "no source of news" in row.unavailable
    with pytest.raises(GeneratorUnavailable, match="no source of news"):
        REGISTRY.make("news_sentiment", {})


def test_a_plug_in_is_installed_beside_the_built_in_ones() -> None:
    registry = GeneratorRegistry([entry("Plain")])
    assert registry.make("plain", {}).warm_up == 0
    assert [row.provider for row in registry.catalogue()] == ["unknown package"]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("NotAGenerator", "not a subclass of SignalGenerator"),
        ("Unfinished", "no warm_up or no detector"),
        ("WithoutMetadata", "no metadata"),
        ("Unheard", "nobody can subscribe to its signal type 'moon_phase'"),
        ("Absent", "AttributeError"),
    ],
)
def test_a_broken_plug_in_is_left_out_with_its_reason(target: str, reason: str) -> None:
    registry = GeneratorRegistry([entry("Plain"), entry(target)])
    assert [row.kind for row in registry.catalogue()] == ["plain"]
    assert reason in registry.problems[0].reason


def test_a_kind_that_is_taken_stays_with_its_owner() -> None:
    built_in = EntryPoint("rsi", "kuber.signals.generators.catalog.rsi:RsiReversal", GROUP)
    registry = GeneratorRegistry([built_in, entry("Impostor")])
    assert "already taken" in registry.problems[0].reason


def problems_of(kind: str, config: dict[str, Any]) -> list[Problem]:
    """Return why no generator is made with these settings."""
    with pytest.raises(GeneratorError) as refused:
        REGISTRY.make(kind, config)
    return list(refused.value.problems)


@pytest.mark.parametrize(
    ("kind", "config", "field", "words"),
    [
        ("rsi", {"period": 1}, "period", "Choose a value of at least 2."),
        ("rsi", {"low": 80}, "high", "Choose a higher upper level."),
        ("rsi", {"perod": 3}, "perod", "this generator knows: period, low, high."),
        ("golden_cross", {"fast": 60, "slow": 50}, "slow", "Choose more bars"),
        ("golden_cross", {"fast": "x"}, "fast", "Correct the value"),
        ("price_level", {}, "levels", "Fill it in."),
        ("price_level", {"levels": [1, -2]}, "levels.1", "Choose a value above 0"),
        ("expression", {"expression": "close >"}, "expression", "Write what is missing"),
        ("expression", {"expression": "1 > 0", "direction": "UP"}, "direction", "Choose one of"),
    ],
)
def test_wrong_settings_are_named_with_field_and_remedy(
    kind: str, config: dict[str, Any], field: str, words: str
) -> None:
    problem = problems_of(kind, config)[0]
    assert problem.field == field
    assert words in problem.remedy


def test_every_mistake_of_an_expression_is_a_problem_of_its_own() -> None:
    problems = problems_of("expression", {"expression": "closse > 1 and volum > 2"})
    assert [one.message for one in problems] == [
        "Column 1: closse is not known.",
        "Column 16: volum is not known.",
    ]


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(UnknownGenerator, match="golden_cross"):
        REGISTRY.get("crystal_ball")
