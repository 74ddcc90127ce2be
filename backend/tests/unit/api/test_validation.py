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
    nodes: list[Node]


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


def test_a_flood_of_findings_is_cut() -> None:
    finding = {"type": "missing", "loc": ("body", "x"), "msg": "Field required"}
    assert len(problem_items([finding] * 1000)) == 50
