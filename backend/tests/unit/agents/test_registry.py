import sys
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from pydantic import Field

from kuber.agents.base import AgentConfig, AgentMetadata, BaseAgent, Category
from kuber.agents.errors import UnknownAgent
from kuber.agents.registry import GROUP, AgentRegistry
from kuber.agents.state import PipelineState


class HelperConfig(AgentConfig):
    period: int = Field(20, ge=2, title="Period")
    required: str


class Helper(BaseAgent[HelperConfig]):
    metadata = AgentMetadata("helper", "Helper", "Helps.", Category.ANALYSIS, "bolt")
    Config = HelperConfig

    def process(self, state: PipelineState) -> PipelineState:
        return state


class Impostor(Helper):
    metadata = AgentMetadata("bias", "Not the bias", "Takes its name.", Category.ANALYSIS, "bolt")


class WithoutMetadata(BaseAgent[AgentConfig]):
    def process(self, state: PipelineState) -> PipelineState:
        return state


class WithoutProcess(BaseAgent[AgentConfig]):
    metadata = Helper.metadata


class UnknownSection(Helper):
    metadata = AgentMetadata(
        "lost", "Lost", "Reads what is not there.", Category.ANALYSIS, "bolt", inputs=("moon",)
    )


class Endless(AgentConfig):
    callback: Any = Field(default=None)

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        raise RuntimeError("this form cannot be drawn")


class NoForm(Helper):
    metadata = AgentMetadata("no_form", "No form", "Has none.", Category.ANALYSIS, "bolt")
    Config = Endless  # type: ignore[assignment]


class NotAnAgent:
    pass


def entry(name: str, target: str | None = None) -> EntryPoint:
    return EntryPoint(name, target or f"{__name__}:{name}", GROUP)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let entry points find this module by its name."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Helper.__module__])


def test_the_built_in_agents_are_found_by_entry_point() -> None:
    registry = AgentRegistry.discover()
    assert {row.agent_type for row in registry.catalogue() if row.provider == "built-in"} >= {
        "manual_trigger",
        "time_trigger",
        "market_data",
        "bias",
        "strategy",
        "risk_manager",
        "trade_manager",
        "condition",
        "consensus",
        "report",
        "pipeline_manager",
    }


def test_a_plug_in_is_listed_with_its_form() -> None:
    registry = AgentRegistry([entry("Helper")])
    (row,) = registry.catalogue()
    assert row.config_schema["properties"]["period"]["minimum"] == 2
    assert row.timeframes == ()
    assert registry.get("helper") is Helper


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (entry("Missing"), "AttributeError"),
        (entry("gone", "no_such_package.agents:Gone"), "ModuleNotFoundError"),
        (entry("NotAnAgent"), "not a subclass of BaseAgent"),
        (entry("WithoutMetadata"), "no metadata"),
        (entry("WithoutProcess"), "no process method"),
        (entry("UnknownSection"), "unknown state sections: moon"),
        (entry("NoForm"), "this form cannot be drawn"),
    ],
    ids=lambda value: value.name if isinstance(value, EntryPoint) else "",
)
def test_a_broken_plug_in_is_reported_and_skipped(broken: EntryPoint, reason: str) -> None:
    registry = AgentRegistry([broken, entry("Helper")])
    assert [agent.metadata.agent_type for agent in registry.all()] == ["helper"]
    (problem,) = registry.problems
    assert problem.entry_point == broken.name
    assert reason in problem.reason


def test_a_type_that_is_taken_is_not_taken_over() -> None:
    registry = AgentRegistry([entry("Helper"), entry("Again", f"{__name__}:Helper")])
    assert len(registry.all()) == 1
    assert "already taken" in registry.problems[0].reason


def test_a_plug_in_cannot_displace_a_built_in_agent() -> None:
    built_in = AgentRegistry.discover().get("bias")
    installed = [*_installed(), entry("Impostor")]
    registry = AgentRegistry(installed)
    assert registry.get("bias") is built_in
    assert [problem.entry_point for problem in registry.problems] == ["Impostor"]


def _installed() -> list[EntryPoint]:
    from importlib.metadata import entry_points

    return list(entry_points(group=GROUP))


def test_bad_settings_name_the_field_and_a_remedy() -> None:
    registry = AgentRegistry([entry("Helper")])
    wrong = {"period": 1, "colour": "red"}
    problems = registry.examine_config("helper", wrong, most=None).problems
    assert {problem.field for problem in problems} == {"period", "required", "colour"}
    assert all(problem.remedy and problem.code == "bad_config" for problem in problems)
    assert registry.examine_config("helper", {"required": "x"}, most=None).problems == []


def test_an_unknown_agent_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(UnknownAgent, match="Installed are: helper"):
        AgentRegistry([entry("Helper")]).get("teapot")
