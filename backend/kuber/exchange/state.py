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
_OWN = tuple(one for one in fields(Working) if one.init and one.name not in ("order", "place"))
_ALWAYS = tuple(one.name for one in _OWN if one.default is MISSING)
_USUAL = {one.name: one.default for one in _OWN if one.default is not MISSING}
"""What is written only where it differs from this; `_ALWAYS` is written always."""
_NAMES = {*_ALWAYS, *_USUAL}
_TERMS = {
    one.name: one.default for one in fields(NewOrder) if one.name not in ("spec", "behaviour")
}
_KINDS = {"side": Side, "type": OrderType, "time_in_force": TimeInForce, "effect": Effect}


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
    written = {name: getattr(order, name) for name in _ALWAYS}
    for name, usual in _USUAL.items():
        if (value := getattr(order, name)) != usual:
            written[name] = value
    written["place"] = order.place
    written["spec"] = specs.setdefault(terms.spec, len(specs))
    written["behaviour"] = behaviours.setdefault(terms.behaviour, len(behaviours))
    written["terms"] = {
        name: value
        for name, usual in _TERMS.items()
        if (value := getattr(terms, name)) is not usual
    }
    return written


def _read_order(
    one: dict[str, Any], specs: list[Spec], behaviours: list[Behaviour]
) -> tuple[Working, Place]:
    terms = one.pop("terms")
    for name, kind in _KINDS.items():
        if name in terms:
            terms[name] = kind(terms[name])
    spec, behaviour = specs[one.pop("spec")], behaviours[one.pop("behaviour")]
    place = Place(one.pop("place"))
    order = Working(NewOrder(spec=spec, behaviour=behaviour, **terms), one["born"], None)
    values = {**_USUAL, **one}
    if values.keys() != _NAMES:
        raise BadState("The stored order book is damaged: an order of it is not whole.")
    for name, value in values.items():
        setattr(order, name, value)
    order.dormant = order.dormant and not order.triggered
    return order, place


def _read_spec(one: dict[str, Any]) -> Spec:
    return Spec(**{**one, "asset_class": AssetClass(one["asset_class"])})


def _read_behaviour(one: dict[str, Any]) -> Behaviour:
    special = {
        "fees": FeeSchedule(**one["fees"]),
        "children": Children(one["children"]),
        "trigger_by": TriggerBy(one["trigger_by"]),
    }
    return Behaviour(**cast("dict[str, Any]", {**one, **special}))
