"""What a node changes in the state, and what the state is before a node: pure functions.

Only changes are stored. The state before a node is the run's first state with the changes of its
taken ancestors laid over it in topological order; resume, the run page and re-runs all use that
same function.
"""

import re
from collections.abc import Iterable, Mapping

from pydantic import JsonValue, TypeAdapter
from pydantic_core import from_json

from kuber.agents.state import PipelineState
from kuber.infra.db import JsonObject

_SECTIONS = (
    "primary_timeframe",
    "trigger",
    "market_data",
    "bias",
    "strategy",
    "risk",
    "trade",
    "report",
)
"""Fields that a node replaces whole."""

_MAPS = ("plans", "biases", "reasoning", "extra")
"""Fields that nodes add keys to; parallel branches are united."""

_FIXED = (
    "version",
    "pipeline_id",
    "execution_id",
    "user_id",
    "correlation_id",
    "mode",
    "symbol",
    "symbols",
    "as_of",
    "seed",
    "timeframes",
    "usage",
    "cost",
)
"""Fields that no agent may change."""

_ADAPTERS: dict[str, TypeAdapter[object]] = {
    name: TypeAdapter(PipelineState.model_fields[name].annotation)
    for name in (*_SECTIONS, *_MAPS, "errors")
}

MOST_BYTES = 1_000_000
"""Of the changes of one node."""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""In JSON, a NUL character: not a backslash with the text "u0000" behind it."""


class StateChanged(ValueError):
    """An agent touched a field that belongs to the run."""


Changes = dict[str, object]
"""What one node changed: field name to new value (sections), added keys (maps), added errors."""


def changes_between(before: PipelineState, after: PipelineState) -> Changes:
    """Return what an agent changed; raises StateChanged for a field it must leave alone."""
    for name in _FIXED:
        if getattr(after, name) != getattr(before, name):
            raise StateChanged(f"an agent must not change {name}")
    changes: Changes = {}
    for name in _SECTIONS:
        value = getattr(after, name)
        if value is not getattr(before, name) and value != getattr(before, name):
            changes[name] = value
    for name in _MAPS:
        old, new = getattr(before, name), getattr(after, name)
        added = {key: value for key, value in new.items() if old.get(key) is not value}
        if added:
            changes[name] = added
    if len(after.errors) > len(before.errors):
        changes["errors"] = after.errors[len(before.errors) :]
    return changes


def with_changes(state: PipelineState, changes: Iterable[Changes]) -> PipelineState:
    """Return `state` with `changes` laid over it in order."""
    update: dict[str, object] = {}
    for change in changes:
        for name, value in change.items():
            current = update.get(name, getattr(state, name))
            if name in _MAPS:
                assert isinstance(current, dict)
                assert isinstance(value, dict)
                update[name] = {**current, **value}
            elif name == "errors":
                assert isinstance(current, tuple)
                assert isinstance(value, tuple)
                update[name] = current + value
            else:
                update[name] = value
    return state.model_copy(update=update)


def own_copy(state: PipelineState) -> PipelineState:
    """Return a copy that an agent may assign to: sections are frozen, maps are copied."""
    return state.model_copy(update={name: dict(getattr(state, name)) for name in _MAPS})


def changes_to_json(changes: Changes) -> JsonObject:
    """Return `changes` as plain JSON.

    Raises ValueError for what the database could not keep or nobody could read again: values of
    a wrong type, NaN and infinity, text with a NUL character, more than `MOST_BYTES`.
    """
    data, size = {}, 0
    for name, value in changes.items():
        written = _ADAPTERS[name].dump_json(value, warnings="error")
        if _NUL.search(written):
            raise ValueError("text in the state holds a NUL character")
        size += len(written)
        if size > MOST_BYTES:
            raise ValueError(f"what it left in the state is larger than {MOST_BYTES:,} bytes")
        data[name] = from_json(written, allow_inf_nan=False)
    return data


def changes_from_json(data: Mapping[str, JsonValue]) -> Changes:
    """Return what `changes_to_json` wrote; raises ValidationError for another version's shape."""
    return {name: _ADAPTERS[name].validate_python(value) for name, value in data.items()}


def lineage(
    order: Iterable[str], taken: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return, for every node, its taken ancestors in topological order.

    `order` is topological; `taken` maps a node to the predecessors whose edges were taken.
    """
    rank = {node: number for number, node in enumerate(order)}
    result: dict[str, tuple[str, ...]] = {}
    for node in rank:
        parents = taken.get(node, ())
        if len(parents) == 1:
            result[node] = (*result[parents[0]], parents[0])
        else:
            united = set(parents).union(*(result[parent] for parent in parents))
            result[node] = tuple(sorted(united, key=rank.__getitem__))
    return result
