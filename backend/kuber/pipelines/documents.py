"""Graphs as text: checked once, then stored, read and answered without being parsed again.

Everything here is a pure function of its arguments, so that it runs as well in a child process.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from kuber.agents.registry import AgentRegistry
from kuber.kernel.storable import check_storable
from kuber.pipelines.errors import UnstorableGraph
from kuber.pipelines.types import Graph
from kuber.pipelines.validation import validate_graph

MAX_FAULTS = 50
"""Faults of a body's shape that are told."""

_LARGEST, _SMALLEST = 1e30, 1e-30
"""Magnitudes of numbers: PostgreSQL writes them out, `1e308` would come back as 309 digits."""
_EXPONENT = re.compile(rb"\de[+-]?\d\d")

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class CheckedGraph:
    """A graph as JSON text, and what is wrong with it."""

    text: bytes
    node_count: int
    problems: bytes
    """A JSON list of at most MAX_PROBLEMS problems."""
    problem_count: int


@dataclass(frozen=True, slots=True)
class Faults:
    """What pydantic finds wrong with a body, in its own terms, without what was sent."""

    errors: list[dict[str, Any]]


def check_graph(registry: AgentRegistry, graph: Graph, *, published: bool = False) -> CheckedGraph:
    """Return the canonical text of `graph` with its problems; raises UnstorableGraph."""
    text = _canonical(graph)
    verdict = validate_graph(graph, registry, published=published)
    problems = orjson.dumps([problem.model_dump(mode="json") for problem in verdict.problems])
    return CheckedGraph(text, len(graph.nodes), problems, verdict.count)


def check_text(registry: AgentRegistry, text: bytes) -> CheckedGraph:
    """Return the same for a stored graph."""
    return check_graph(registry, Graph.model_validate(orjson.loads(text)))


def check_published(registry: AgentRegistry, text: bytes) -> CheckedGraph:
    """Return the same for a graph that was published, or run, before."""
    return check_graph(registry, Graph.model_validate(orjson.loads(text)), published=True)


def read_body(registry: AgentRegistry, model: type[Body], raw: bytes) -> Body | Faults:
    """Return a request's body with its field `graph` checked, or what is wrong with its shape.

    Raises NotStorable, UnstorableGraph.
    """
    try:
        content = json.loads(raw)
        check_storable(content)
        body = model.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:MAX_FAULTS]
        return Faults([_plain(dict(item)) for item in found])
    except json.JSONDecodeError as error:
        return _no_json(error.pos, error.msg)
    except (RecursionError, ValueError):  # nested too deeply, a number of too many digits
        return _no_json(0, "it cannot be read")
    graph = getattr(body, "graph")  # noqa: B009  every model of these routes has one
    if not isinstance(graph, Graph):
        return body
    return body.model_copy(update={"graph": check_graph(registry, graph)})


def _no_json(position: int, reason: str) -> Faults:
    message = {"msg": "JSON decode error", "ctx": {"error": reason}}
    return Faults([{"type": "json_invalid", "loc": ("body", position), **message}])


def _plain(fault: dict[str, Any]) -> dict[str, Any]:
    """Return the fault as data alone: its context may hold an exception."""
    context: Mapping[str, object] = fault.get("ctx") or {}
    plain = {
        name: value if isinstance(value, str | int | float) else str(value)
        for name, value in context.items()
    }
    return {
        "type": fault["type"],
        "loc": ("body", *fault["loc"]),
        "msg": fault["msg"],
        "ctx": plain,
    }


def _canonical(graph: Graph) -> bytes:
    content = graph.model_dump(mode="json", by_alias=True)
    try:
        text = orjson.dumps(content)
    except TypeError as error:
        raise UnstorableGraph.because_of_a_value() from error
    if _EXPONENT.search(text) and any(map(_is_extreme, _numbers(content))):
        raise UnstorableGraph.because_of_a_value()
    return text


def _is_extreme(number: float) -> bool:
    return number != 0 and not _SMALLEST <= abs(number) <= _LARGEST


def _numbers(content: object) -> Iterator[float]:
    left = [content]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
        elif isinstance(value, float):
            yield value
