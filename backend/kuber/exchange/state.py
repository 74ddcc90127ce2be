"""A book written down: one JSON text, equal for equal books.

Places in the book follow from the orders themselves, so only the orders are written, not the
levels and heaps that they stand in.
"""

import json
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, cast

from kuber.exchange.behaviour import Behaviour, Children, TriggerBy
from kuber.exchange.engine.store import Store
from kuber.exchange.engine.working import Group, Place, Working
from kuber.exchange.errors import BadState
from kuber.exchange.events import MarketPhase, Quote
from kuber.exchange.fees import FeeSchedule
from kuber.exchange.types import AssetClass, Effect, NewOrder, Spec
from kuber.kernel.orders import OrderType, Side, TimeInForce

VERSION = 1
_PLAIN = (
    "now",
    "sequence",
    "halted",
    "last",
    "price_at",
    "price_number",
    "consumed",
    "ambiguities",
    "children",
    "held_by_account",
)
_OF_WORKING = tuple(
    field.name
    for field in fields(Working)
    if field.init and field.name not in ("order", "place") and field.default is not MISSING
)
"""What may differ from its usual value; the rest is written always."""
_ALWAYS = tuple(
    field.name
    for field in fields(Working)
    if field.init and field.name not in ("order", "place") and field.default is MISSING
)


@dataclass(frozen=True, slots=True)
class BookState:
    """A book as text. What is in it is the book's own affair."""

    text: str


def written(store: Store) -> BookState:
    """Return the state of a store."""
    specs: dict[Spec, int] = {}
    behaviours: dict[Behaviour, int] = {}
    orders = [_write_order(order, specs, behaviours) for order in store.orders.values()]
    document = {
        "version": VERSION,
        **{name: getattr(store, name) for name in _PLAIN},
        "phase": store.phase,
        "quote": None if store.quote is None else asdict(store.quote),
        "held_by_position": [
            [account, position, held]
            for (account, position), held in sorted(store.held_by_position.items())
        ],
        "groups": [asdict(group) for group in store.groups.values()],
        "specs": [asdict(spec) for spec in specs],
        "behaviours": [asdict(behaviour) for behaviour in behaviours],
        "orders": orders,
    }
    return BookState(json.dumps(document, sort_keys=True, separators=(",", ":")))


def restored(state: BookState) -> Store:
    """Return the store of a state. Raises BadState."""
    try:
        document = json.loads(state.text)
        if document["version"] != VERSION:
            raise BadState(f"The book is of version {document['version']}, not {VERSION}.")
        return _read(document)
    except (ValueError, KeyError, TypeError) as error:
        raise BadState("The stored order book is damaged.") from error


def _read(document: dict[str, Any]) -> Store:
    store = Store()
    for name in _PLAIN:
        setattr(store, name, document[name])
    store.phase = MarketPhase(document["phase"])
    store.quote = None if document["quote"] is None else Quote(**document["quote"])
    store.held_by_position = {
        (account, position): held for account, position, held in document["held_by_position"]
    }
    store.groups = {one["id"]: Group(**one) for one in document["groups"]}
    specs = [_read_spec(one) for one in document["specs"]]
    behaviours = [_read_behaviour(one) for one in document["behaviours"]]
    orders = [_read_order(one, specs, behaviours) for one in document["orders"]]
    for order, _ in orders:
        store.add(order)
    for order, place in sorted(orders, key=lambda one: one[0].sequence):
        store.put(order, place)
    return store


def _write_order(
    order: Working, specs: dict[Spec, int], behaviours: dict[Behaviour, int]
) -> dict[str, Any]:
    terms = order.order
    changed = {
        field.name: getattr(terms, field.name)
        for field in fields(NewOrder)
        if field.name not in ("spec", "behaviour")
        and getattr(terms, field.name) is not field.default
    }
    return {
        "terms": changed,
        "spec": specs.setdefault(terms.spec, len(specs)),
        "behaviour": behaviours.setdefault(terms.behaviour, len(behaviours)),
        "place": order.place,
        **{name: getattr(order, name) for name in _ALWAYS},
        **{name: value for name in _OF_WORKING if (value := getattr(order, name)) != _USUAL[name]},
    }


_USUAL = {field.name: field.default for field in fields(Working) if field.default is not MISSING}


def _read_order(
    one: dict[str, Any], specs: list[Spec], behaviours: list[Behaviour]
) -> tuple[Working, Place]:
    terms = dict(one["terms"])
    terms["side"] = Side(terms["side"])
    terms["type"] = OrderType(terms["type"])
    terms["time_in_force"] = TimeInForce(terms["time_in_force"])
    terms["effect"] = Effect(terms.get("effect", Effect.OPEN))
    order = NewOrder(spec=specs[one["spec"]], behaviour=behaviours[one["behaviour"]], **terms)
    own = {name: value for name, value in one.items() if name in _ALWAYS or name in _OF_WORKING}
    return Working(order=order, **own), Place(one["place"])


def _read_spec(one: dict[str, Any]) -> Spec:
    return Spec(**{**one, "asset_class": AssetClass(one["asset_class"])})


def _read_behaviour(one: dict[str, Any]) -> Behaviour:
    special = {
        "fees": FeeSchedule(**one["fees"]),
        "children": Children(one["children"]),
        "trigger_by": TriggerBy(one["trigger_by"]),
    }
    return Behaviour(**cast("dict[str, Any]", {**one, **special}))
