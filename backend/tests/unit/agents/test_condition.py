import pytest

from kuber.agents.base import AgentFailure
from kuber.agents.catalog.condition import Condition, ConditionConfig
from kuber.agents.registry import AgentRegistry
from tests.fakes.agents import approved, bias, buy, harness, hold, refused, snapshot


@pytest.mark.parametrize(
    ("subject", "comparison", "value", "port"),
    [
        ("strategy.confidence", ">=", "70", "true"),
        ("strategy.confidence", ">", "70", "false"),
        ("strategy.action", "==", "buy", "true"),
        ("strategy.action", "!=", "BUY", "false"),
        ("strategy.reward_risk", ">=", "2", "true"),
        ("bias.confidence", "<", "65.5", "true"),
        ("bias.direction", "==", "BEARISH", "false"),
        ("market_data.price", "<=", "99.99", "false"),
        ("risk.approved", "==", "yes", "true"),
        ("risk.quantity", "==", "10", "true"),
    ],
)
async def test_the_run_leaves_by_the_port_of_the_answer(
    subject: str, comparison: str, value: str, port: str
) -> None:
    bench = harness()
    state = bench.state(
        "ACME", market_data=snapshot(), strategy=buy(), bias=bias(), risk=approved()
    )
    config = {"subject": subject, "comparison": comparison, "value": value}
    run = await bench.run(Condition, config, state)
    assert run.ports == (port,)


async def test_a_figure_that_a_plan_does_not_have_answers_no() -> None:
    bench = harness()
    config = {"subject": "strategy.reward_risk", "comparison": "<", "value": "9"}
    run = await bench.run(Condition, config, bench.state("ACME", strategy=hold()))
    assert run.ports == ("false",)
    assert "not set" in run.state.reasoning["node"]


async def test_a_refused_position_is_not_approved() -> None:
    bench = harness()
    config = {"subject": "risk.approved", "comparison": "==", "value": "NO"}
    run = await bench.run(Condition, config, bench.state("ACME", risk=refused()))
    assert run.ports == ("true",)


async def test_a_section_that_is_not_there_is_named() -> None:
    bench = harness()
    with pytest.raises(AgentFailure, match="Condition needs strategy"):
        await bench.run(Condition, {}, bench.state("ACME"))


def test_the_input_a_condition_needs_follows_from_what_it_looks_at() -> None:
    config = ConditionConfig(subject="bias.direction", comparison="==", value="BULLISH")
    assert Condition.required_inputs(config) == ("bias",)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"subject": "strategy.confidence", "value": "high"}, "value"),
        ({"subject": "strategy.confidence", "value": "nan"}, "value"),
        ({"subject": "strategy.action", "comparison": "==", "value": "PANIC"}, "value"),
        ({"subject": "strategy.action", "comparison": ">", "value": "BUY"}, "comparison"),
        ({"subject": "__class__", "value": "1"}, "subject"),
    ],
)
def test_a_comparison_that_makes_no_sense_is_a_problem_of_its_field(
    config: dict[str, str], field: str
) -> None:
    problems = AgentRegistry.discover().examine_config("condition", config, most=None).problems
    assert [problem.field for problem in problems] == [field]
    assert problems[0].remedy
