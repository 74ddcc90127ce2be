"""Every reason why a graph cannot run, on the node and field where it is mended."""

from collections.abc import Iterable

import pytest

from kuber.agents.registry import AgentRegistry
from kuber.infra.db import JsonObject
from kuber.pipelines.errors import UnknownTemplate
from kuber.pipelines.templates import template, templates
from kuber.pipelines.types import MANAGER_NODE, Graph, GraphProblem
from kuber.pipelines.validation import validate_graph
from kuber.runs.plan import compile_plan
from tests.fakes.graphs import chain, edge, graph, node, path, trading


@pytest.fixture(scope="module")
def registry() -> AgentRegistry:
    return AgentRegistry.discover()


def problems(registry: AgentRegistry, drawn: JsonObject) -> list[GraphProblem]:
    return list(validate_graph(Graph.model_validate(drawn), registry).problems)


def found(items: Iterable[GraphProblem]) -> list[tuple[str, str | None, str | None]]:
    return [(item.code.value, item.node_id, item.field) for item in items]


def test_a_whole_pipeline_has_no_problem(registry: AgentRegistry) -> None:
    assert problems(registry, trading()) == []


def test_an_empty_graph_has_no_trigger(registry: AgentRegistry) -> None:
    assert found(problems(registry, graph([], []))) == [("no_trigger", None, None)]


def test_nodes_that_share_an_id_are_named_once(registry: AgentRegistry) -> None:
    drawn = chain(node("data", "market_data"))
    drawn["nodes"].append(node("data", "market_data"))
    assert found(problems(registry, drawn)) == [("duplicate_node", "data", "id")]


def test_the_managers_id_is_taken(registry: AgentRegistry) -> None:
    drawn = chain(node(MANAGER_NODE, "market_data"))
    assert found(problems(registry, drawn)) == [("duplicate_node", MANAGER_NODE, "id")]


@pytest.mark.parametrize("agent_type", ["oracle", "pipeline_manager"])
def test_an_agent_that_nobody_may_place_is_unknown(
    registry: AgentRegistry, agent_type: str
) -> None:
    drawn = chain(node("x", agent_type))
    assert found(problems(registry, drawn)) == [("unknown_agent", "x", "agent_type")]


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"timeframe": "never"}, "timeframe"),
        ({"colour": "red"}, "colour"),
        ({"method": 5}, "method"),
    ],
)
def test_a_bad_setting_is_named_by_its_field(
    registry: AgentRegistry, config: JsonObject, field: str
) -> None:
    drawn = trading(node("strategy", "strategy", **config))
    [problem] = problems(registry, drawn)
    assert found([problem]) == [("bad_config", "strategy", field)]
    assert problem.remedy


def test_an_edge_to_or_from_nowhere_dangles_at_its_other_end(registry: AgentRegistry) -> None:
    drawn = chain(node("data", "market_data"))
    drawn["edges"] += [edge("data", "ghost"), edge("ghost", "data"), edge("ghost", "spook")]
    assert found(problems(registry, drawn)) == [
        ("dangling_edge", "data", "to"),
        ("dangling_edge", "data", "from"),
        ("dangling_edge", None, "from"),
    ]


def test_an_edge_by_a_port_that_is_not_there_names_those_that_are(registry: AgentRegistry) -> None:
    drawn = chain(node("data", "market_data"), node("report", "report"))
    drawn["edges"][1]["from_port"] = "true"
    [problem] = problems(registry, drawn)
    assert found([problem]) == [("dangling_edge", "data", "from_port")]
    assert "out, error" in problem.remedy


def test_every_node_has_an_error_port(registry: AgentRegistry) -> None:
    drawn = chain(node("data", "market_data"), node("report", "report"))
    drawn["edges"][1]["from_port"] = "error"
    assert problems(registry, drawn) == []


def test_a_cycle_names_all_its_nodes_and_no_other(registry: AgentRegistry) -> None:
    drawn = chain(node("a", "report"), node("b", "report"), node("c", "report"))
    drawn["edges"].append(edge("b", "a"))
    items = problems(registry, drawn)
    assert found(items) == [("cycle", "a", None), ("cycle", "b", None)]
    assert "a, b" in items[0].message


def test_an_edge_to_oneself_is_a_cycle(registry: AgentRegistry) -> None:
    drawn = chain(node("a", "report"))
    drawn["edges"].append(edge("a", "a"))
    assert found(problems(registry, drawn)) == [("cycle", "a", None)]


def started_by(*starts: JsonObject) -> JsonObject:
    """Return a graph whose one step follows each of the given nodes."""
    data = node("data", "market_data")
    return graph([*starts, data], [edge(one["id"], "data") for one in starts])


def test_two_starts_are_named_with_what_to_do(registry: AgentRegistry) -> None:
    drawn = started_by(node("first", "manual_trigger"), node("second", "manual_trigger"))
    drawn["nodes"][1]["name"] = "Another start"
    [problem] = problems(registry, drawn)
    assert found([problem]) == [("two_starts", "second", None)]
    assert problem.message.startswith("first and Another start both start the pipeline")
    assert "Keep one" in problem.remedy


def test_gates_beside_a_start_are_waited_for_and_start_nothing(registry: AgentRegistry) -> None:
    gates = [node("hours", "time_trigger"), node("days", "time_trigger")]
    assert problems(registry, started_by(node("start", "manual_trigger"), *gates)) == []
    assert problems(registry, started_by(gates[0])) == []
    [problem] = problems(registry, started_by(*gates))
    assert found([problem]) == [("two_starts", "days", None)]
    assert "add Start" in problem.remedy


def test_a_trigger_behind_another_one_is_no_start(registry: AgentRegistry) -> None:
    for behind in ("manual_trigger", "time_trigger"):
        drawn = chain(node("gate", behind), node("data", "market_data"))
        assert problems(registry, drawn) == []


def test_what_was_published_with_two_starts_goes_on(registry: AgentRegistry) -> None:
    drawn = started_by(node("first", "manual_trigger"), node("second", "manual_trigger"))
    drawn["edges"].append(edge("data", "ghost"))
    verdict = validate_graph(Graph.model_validate(drawn), registry, published=True)
    assert found(verdict.problems) == [("dangling_edge", "data", "to")]


def test_a_node_that_no_trigger_reaches_is_unreachable(registry: AgentRegistry) -> None:
    drawn = chain(node("data", "market_data"))
    drawn["nodes"].append(node("island", "market_data"))
    assert found(problems(registry, drawn)) == [("unreachable", "island", None)]


def test_without_a_trigger_no_node_is_called_unreachable(registry: AgentRegistry) -> None:
    drawn = graph([node("data", "market_data")], [])
    assert found(problems(registry, drawn)) == [("no_trigger", None, None)]


def test_a_missing_input_names_the_agents_that_would_make_it(registry: AgentRegistry) -> None:
    drawn = chain(node("bias", "bias"))
    [problem] = problems(registry, drawn)
    assert found([problem]) == [("missing_input", "bias", "market_data")]
    assert "Market data" in problem.remedy


def test_an_input_made_beside_or_after_a_node_does_not_count(registry: AgentRegistry) -> None:
    nodes = [node("trigger", "manual_trigger"), node("bias", "bias"), node("data", "market_data")]
    beside = graph(nodes, [*path("trigger", "bias"), *path("trigger", "data")])
    after = graph(nodes, path("trigger", "bias", "data"))
    for drawn in (beside, after):
        assert found(problems(registry, drawn)) == [("missing_input", "bias", "market_data")]


def test_all_problems_are_told_at_once(registry: AgentRegistry) -> None:
    drawn = graph(
        [node("a", "oracle"), node("b", "strategy", timeframe="never"), node("b", "bias")],
        [edge("a", "ghost"), edge("b", "b")],
    )
    codes = {problem.code.value for problem in problems(registry, drawn)}
    assert codes >= {
        "duplicate_node",
        "unknown_agent",
        "bad_config",
        "dangling_edge",
        "cycle",
        "no_trigger",
        "missing_input",
    }


@pytest.mark.parametrize("slug", [item.slug for item in templates()])
def test_every_template_is_valid_and_compiles(registry: AgentRegistry, slug: str) -> None:
    chosen = template(slug)
    assert validate_graph(chosen.graph, registry).count == 0
    plan = compile_plan(chosen.graph, registry, MANAGER_NODE)
    assert len(plan.nodes) == len(chosen.graph.nodes) + 1


def test_there_are_seven_templates_with_names_and_words_of_their_own() -> None:
    assert len(templates()) == 7
    for attribute in ("slug", "name", "description"):
        assert len({getattr(item, attribute) for item in templates()}) == 7


def test_an_unknown_template_names_the_known_ones() -> None:
    with pytest.raises(UnknownTemplate) as error:
        template("get-rich")
    assert "golden-cross" in error.value.problems[0].remedy
