"""A position as JSON, for a row of a table."""

import json
from dataclasses import asdict, fields
from typing import Any

from kuber.exchange.types import AssetClass, Spec
from kuber.kernel.orders import OrderType, Side, TimeInForce
from kuber.trading.management.plan import ExitPlan, Protection
from kuber.trading.management.position import Leg, LegStatus, Position, Reason, Role, Status

VERSION = 1
_NAMES = {kind: tuple(field.name for field in fields(kind)) for kind in (Position, ExitPlan, Leg)}


def written(position: Position) -> str:
    """Return a position as text: equal for equal positions."""
    plan = position.plan
    document = {
        **_fields(position),
        "plan": {**_fields(plan), "spec": asdict(plan.spec)},
        "legs": [_fields(leg) for leg in position.legs],
    }
    return json.dumps(
        {"format": VERSION, "position": document}, sort_keys=True, separators=(",", ":")
    )


def restored(text: str) -> Position:
    """Return the position of a text. Raises ValueError when it is not one of this format."""
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("format") != VERSION:
        raise ValueError("The stored position has another format.")
    found = document["position"]
    return Position(
        **{
            **_known(Position, found),
            "plan": _plan(found["plan"]),
            "legs": tuple(_leg(leg) for leg in found["legs"]),
            "status": Status(found["status"]),
            "reason": _reason(found["reason"]),
            "entry_end": _reason(found["entry_end"]),
            "told": tuple(found["told"]),
        }
    )


def _fields(one: Position | ExitPlan | Leg) -> dict[str, Any]:
    """Return the fields as they are: `asdict` copies all the way down, which takes far longer."""
    return {name: getattr(one, name) for name in _NAMES[type(one)]}


def _plan(found: dict[str, Any]) -> ExitPlan:
    spec = found["spec"]
    return ExitPlan(
        **{
            **_known(ExitPlan, found),
            "side": Side(found["side"]),
            "spec": Spec(**{**spec, "asset_class": AssetClass(spec["asset_class"])}),
            "targets": tuple(found["targets"]),
            "protection": Protection(found["protection"]),
            "entry_type": OrderType(found["entry_type"]),
            "exits_in_force": TimeInForce(found["exits_in_force"]),
        }
    )


def _leg(found: dict[str, Any]) -> Leg:
    return Leg(
        **{
            **_known(Leg, found),
            "role": Role(found["role"]),
            "status": LegStatus(found["status"]),
        }
    )


def _known(kind: type[Any], found: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a kind that are stored; new ones have their defaults."""
    return {field.name: found[field.name] for field in fields(kind) if field.name in found}


def _reason(found: str | None) -> Reason | None:
    return None if found is None else Reason(found)
