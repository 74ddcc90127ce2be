"""Graphs as text: what they keep, what cannot be kept, and how faults of a body are told."""

import json
from typing import Any

import orjson
import pytest
from pydantic import BaseModel, ValidationError

from kuber.agents.registry import AgentRegistry
from kuber.kernel.storable import NotStorable
from kuber.pipelines.documents import CheckedGraph, Faults, check_graph, check_text, read_body
from kuber.pipelines.errors import UnstorableGraph
from kuber.pipelines.schemas import GraphBody, PipelineCreate, PipelineExport, PipelineUpdate
from kuber.pipelines.types import Graph
from kuber.pipelines.work import is_large
from tests.fakes.graphs import chain, graph, node, trading

REGISTRY = AgentRegistry.discover()


def read(model: type[BaseModel], **body: Any) -> Any:
    return read_body(REGISTRY, model, json.dumps(body).encode())


@pytest.mark.parametrize("model", [PipelineCreate, PipelineExport])
def test_a_body_is_read_with_its_graph_checked(model: type[BaseModel]) -> None:
    body = read(model, name="Mine", graph=trading())
    assert body.name == "Mine"
    assert isinstance(body.graph, CheckedGraph)
    assert (body.graph.node_count, body.graph.problem_count) == (6, 0)
    assert Graph.model_validate_json(body.graph.text) == Graph.model_validate(trading())


def test_a_body_without_a_graph_is_read_as_it_is() -> None:
    assert read(PipelineUpdate, name="New") == PipelineUpdate(name="New")


def test_a_checked_body_passes_through_its_model_again() -> None:
    body = read(GraphBody, graph=trading())
    assert GraphBody.model_validate(body) is body
    assert GraphBody(graph=body.graph).graph is body.graph


def test_the_text_of_a_graph_is_read_to_the_same_text() -> None:
    once = check_graph(REGISTRY, Graph.model_validate(chain(node("x", "oracle", name="é", n=1.5))))
    assert check_text(REGISTRY, once.text) == once
    assert [item["code"] for item in orjson.loads(once.problems)] == ["unknown_agent"]


def test_faults_of_the_shape_are_those_that_pydantic_finds_and_at_most_fifty() -> None:
    wrong = {"graph": {"nodes": [{"id": ""} for _ in range(100)], "edges": "none"}}
    found = read(GraphBody, **wrong)
    assert isinstance(found, Faults)
    with pytest.raises(ValidationError) as plain:
        GraphBody.model_validate(wrong)
    assert len(found.errors) == 50
    expected = plain.value.errors()[:50]
    assert [item["loc"] for item in found.errors] == [("body", *item["loc"]) for item in expected]
    assert [item["msg"] for item in found.errors] == [item["msg"] for item in expected]
    assert not any("input" in item for item in found.errors)


def test_of_a_list_that_is_too_long_nothing_else_is_told() -> None:
    found = read(GraphBody, graph={"nodes": [{}] * 1001, "edges": []})
    assert isinstance(found, Faults)
    assert [(item["type"], item["loc"]) for item in found.errors] == [
        ("too_long", ("body", "graph", "nodes"))
    ]
    assert found.errors[0]["ctx"]["max_length"] == 1000


@pytest.mark.parametrize(("text", "large"), [(b"{}" * 1000, False), (b"{}" * 1001, True)])
def test_many_small_objects_are_as_large_as_much_text(text: bytes, large: bool) -> None:
    assert is_large(text) is large


@pytest.mark.parametrize("raw", [b"{", b'{"graph": ' + b"[" * 20_000, b'{"graph": ' + b"9" * 5000])
def test_what_is_no_json_is_told_as_that(raw: bytes) -> None:
    found = read_body(REGISTRY, GraphBody, raw)
    assert isinstance(found, Faults)
    assert [item["type"] for item in found.errors] == ["json_invalid"]


@pytest.mark.parametrize("value", [2**64, "\ud800", 1e31, 1e-31, [{"deep": -1e300}]])
def test_a_value_that_the_database_would_not_give_back_as_it_is_is_refused(value: object) -> None:
    drawn = Graph.model_validate(graph([node("x", "oracle", setting=value)], []))
    with pytest.raises(UnstorableGraph) as refused:
        check_graph(REGISTRY, drawn)
    assert refused.value.problems[0].remedy


@pytest.mark.parametrize("value", [0.0, 1e-29, 1e29, "1e300", 2**53])
def test_usual_values_are_kept(value: object) -> None:
    drawn = Graph.model_validate(graph([node("x", "oracle", setting=value)], []))
    stored = orjson.loads(check_graph(REGISTRY, drawn).text)
    assert stored["nodes"][0]["config"]["setting"] == value


@pytest.mark.parametrize(
    "raw",
    [
        b'{"graph": {"nodes": [{"id": "a", "agent_type": "x", "config": {"v": "\\u0000"}}]}}',
        b'{"graph": {"nodes": [{"id": "\\ud800", "agent_type": "x"}]}}',
        b'{"graph": {"nodes": [{"id": "a", "agent_type": "x", "config": {"v": '
        + b"[" * 40
        + b"]" * 40
        + b"}}]}}",
        b'{"graph": {"nodes": [{"id": "a", "agent_type": "x", "config": {"v": %d}}]}}' % 2**64,
    ],
    ids=["NUL", "surrogate", "depth", "integer"],
)
def test_what_no_table_keeps_is_refused_with_its_field(raw: bytes) -> None:
    with pytest.raises(NotStorable) as refused:
        read_body(REGISTRY, GraphBody, raw)
    assert (refused.value.problems[0].field or "").startswith("graph.nodes.0")
