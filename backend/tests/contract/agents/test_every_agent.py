"""What every registered agent must keep to, built in or from a plug-in."""

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from kuber.agents.base import BaseAgent, Category
from kuber.agents.effects import UNDECLARED
from kuber.agents.effects_check import check_effects
from kuber.agents.registry import AgentRegistry
from kuber.agents.state import SECTIONS, PipelineState
from kuber.agents.testing import AgentHarness, AgentRun, RecordingDesk
from kuber.market.types import Timeframe
from tests.fakes.agents import approved, bias, buy, harness, rising, snapshot

REGISTRY = AgentRegistry.discover()
AGENTS = REGISTRY.all()
BAD_HINTS = {"$ref", "$defs"}


@dataclass(frozen=True)
class BudgetStatus:
    per_run_limit: Decimal | None = None
    per_day_limit: Decimal | None = None
    spent_today: Decimal = Decimal(0)
    run_spent: Decimal = Decimal(0)
    ok: bool = True
    detail: str = ""


class Purse:
    async def check(self, next_cost: Decimal) -> BudgetStatus:
        return BudgetStatus()


def bench(node_id: str = "node") -> AgentHarness:
    return replace(
        harness(),
        node_id=node_id,
        budget=Purse(),
        timeframes=(Timeframe.D1, Timeframe.W1),
    )


def inputs_for(agent: type[BaseAgent[Any]]) -> PipelineState:
    """Return a state that holds the sections the agent reads, and no others."""
    price = f"{rising().close[-1]:.2f}"
    known: dict[str, Any] = {
        "market_data": snapshot(price if agent.metadata.agent_type == "strategy" else "100.00"),
        "bias": bias(),
        "strategy": buy(),
        "risk": approved(),
    }
    wanted = agent.required_inputs(agent.Config())
    sections = {name: known[name] for name in wanted if name in known}
    plans = {"one": buy(), "two": buy(stop="97.00")} if "strategy" in wanted else {}
    return bench().state("ACME", plans=plans, **sections)


def bench_for(agent: type[BaseAgent[Any]]) -> AgentHarness:
    """Return a bench at whose time a trigger is met."""
    plain = bench()
    real_time = agent.metadata.category is Category.TRIGGER
    inside = plain.as_of.replace(hour=16)
    return replace(plain, real_time=real_time, as_of=inside if real_time else plain.as_of)


async def run(agent: type[BaseAgent[Any]], state: PipelineState | None = None) -> AgentRun:
    return await bench_for(agent).run(agent, {}, state or inputs_for(agent))


def names(agent: type[BaseAgent[Any]]) -> str:
    return agent.metadata.agent_type


every_agent = pytest.mark.parametrize("agent", AGENTS, ids=names)


def test_every_announced_agent_could_be_loaded() -> None:
    assert REGISTRY.problems == ()
    assert AGENTS


@every_agent
def test_the_form_is_one_valid_closed_json_schema(agent: type[BaseAgent[Any]]) -> None:
    schema = agent.config_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    text = json.dumps(schema)
    assert not any(f'"{hint}"' in text for hint in BAD_HINTS)


@every_agent
def test_every_field_has_a_title_a_help_text_and_a_valid_default(
    agent: type[BaseAgent[Any]],
) -> None:
    for name, field in agent.config_schema().get("properties", {}).items():
        assert field.get("title"), name
        assert field.get("description"), name
        Draft202012Validator(field).validate(field["default"])


@every_agent
def test_the_cards_summary_only_names_settings(agent: type[BaseAgent[Any]]) -> None:
    schema = agent.config_schema()
    defaults = {name: field["default"] for name, field in schema.get("properties", {}).items()}
    assert "{" not in schema.get("x-summary", "").format(**defaults)


@every_agent
def test_labels_cover_every_choice(agent: type[BaseAgent[Any]]) -> None:
    for name, field in agent.config_schema().get("properties", {}).items():
        if "x-enum-labels" in field:
            assert set(field["x-enum-labels"]) == set(field["enum"]), name


@every_agent
def test_the_default_settings_are_accepted(agent: type[BaseAgent[Any]]) -> None:
    assert REGISTRY.examine_config(agent.metadata.agent_type, {}, most=None).problems == []


@every_agent
def test_the_metadata_is_complete(agent: type[BaseAgent[Any]]) -> None:
    meta = agent.metadata
    assert all((meta.name, meta.description, meta.icon, meta.version, meta.ports))
    assert meta.price_per_hour >= 0
    assert set(meta.inputs) | set(meta.outputs) <= set(SECTIONS)
    assert meta.uses_llm == (meta.expected_tokens is not None)
    assert "error" not in {port.name for port in meta.ports}


@every_agent
async def test_the_declared_outputs_are_produced_and_no_others(
    agent: type[BaseAgent[Any]],
) -> None:
    before = inputs_for(agent)
    after = (await run(agent, before)).state
    changed = {name for name in SECTIONS if getattr(after, name) != getattr(before, name)}
    assert changed == set(agent.metadata.outputs)


@every_agent
async def test_it_says_something_and_chooses_only_its_own_ports(
    agent: type[BaseAgent[Any]],
) -> None:
    done = await run(agent, inputs_with_strategy(agent))
    assert done.state.reasoning["node"].strip()
    assert set(done.ports) <= {port.name for port in agent.metadata.ports}


@every_agent
async def test_it_does_what_it_says_of_its_effects_and_no_more(
    agent: type[BaseAgent[Any]],
) -> None:
    assert agent.metadata.effects is not None or REGISTRY.effects(names(agent)) == UNDECLARED
    await check_effects(
        replace(bench_for(agent), desk=RecordingDesk()), agent, {}, inputs_for(agent)
    )


@every_agent
async def test_its_state_survives_json(agent: type[BaseAgent[Any]]) -> None:
    after = (await run(agent)).state
    assert PipelineState.model_validate_json(after.model_dump_json()) == after


@every_agent
async def test_equal_inputs_give_equal_bytes(agent: type[BaseAgent[Any]]) -> None:
    first, second = await run(agent), await run(agent)
    assert first.state.model_dump_json() == second.state.model_dump_json()


@every_agent
async def test_the_callers_state_is_left_as_it_was(agent: type[BaseAgent[Any]]) -> None:
    before = inputs_for(agent)
    written = before.model_dump_json()
    await run(agent, before)
    assert before.model_dump_json() == written


def inputs_with_strategy(agent: type[BaseAgent[Any]]) -> PipelineState:
    state = inputs_for(agent)
    return state if state.strategy else state.model_copy(update={"strategy": buy()})
