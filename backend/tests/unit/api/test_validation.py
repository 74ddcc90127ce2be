"""What pydantic finds is told by field, with a remedy, without the value."""

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kuber.api.validation import problem_items


class Node(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=2)
    kind: Literal["a", "b"]
    count: int = Field(ge=1, le=9)


class Graph(BaseModel):
    nodes: list[Node] = Field(max_length=1000)
    exit_ports: tuple[str, ...] = Field(default=("a", "b"), min_length=2)


def test_each_finding_names_its_place_and_what_to_do() -> None:
    bad = {"nodes": [{"id": "x", "kind": "hush", "count": 10, "more": 1}, {"id": "xy"}]}
    with pytest.raises(ValidationError) as refused:
        Graph.model_validate(bad)
    found = [{**item, "loc": ("body", *item["loc"])} for item in refused.value.errors()]
    items = {item.field: item for item in problem_items(found)}
    assert items["nodes.0.id"].remedy == "Use at least 2 characters."
    assert items["nodes.0.kind"].remedy == "Use one of: 'a' or 'b'."
    assert items["nodes.0.count"].remedy == "Use a value of at most 9."
    assert items["nodes.0.more"].remedy == "Remove this field."
    assert items["nodes.1.kind"].remedy == "Add this field."
    assert "hush" not in str(items)


def test_too_many_and_too_few_are_told_in_plain_words() -> None:
    node = {"id": "xy", "kind": "a", "count": 1}
    with pytest.raises(ValidationError) as refused:
        Graph.model_validate({"nodes": [node] * 1001, "exit_ports": ["a"]})
    found = [{**item, "loc": ("body", *item["loc"])} for item in refused.value.errors()]
    many, few = problem_items(found)
    assert many.message == "There are too many nodes: 1,001 of at most 1,000."
    assert (many.remedy, many.field, many.code) == ("Give at most 1,000.", "nodes", "too_long")
    assert few.message == "There are too few exit ports: 1 of at least 2."


def test_a_flood_of_findings_is_cut() -> None:
    findings = [
        {"type": "missing", "loc": ("body", f"x{number}"), "msg": "Field required"}
        for number in range(1000)
    ]
    assert len(problem_items(findings)) == 50


def test_what_a_dependency_and_its_route_both_find_is_said_once() -> None:
    finding = {"type": "missing", "loc": ("body", "x"), "msg": "Field required"}
    assert len(problem_items([finding, finding])) == 1
