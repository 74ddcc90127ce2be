"""Requests handed to the management of positions."""

from collections.abc import Mapping
from decimal import Decimal

from kuber.exchange.units import to_quantity
from kuber.trading.management.facts import CloseAsked, EntryUnwanted, ReduceAsked
from kuber.trading.management.position import Status
from kuber.trading.order_service.reading import Request
from kuber.trading.order_service.round import Round
from kuber.trading.order_types import RequestKind


def hand_over(asked: Request, rounds: Mapping[str, Round]) -> str | None:
    """Tell management what somebody wants; return why that cannot be done, None when it can."""
    one = rounds.get(asked.symbol or "")
    if one is None:
        return "It has ended already."
    target = str(asked.target)
    if asked.kind is RequestKind.CANCEL_ORDER:
        order = one.hosted.orders.get(target)
        if order is None:
            return "The order has ended already."
        position = one.hosted.tracked[order.position_id].position
        if position.entry_id != target:
            return "The order protects or closes a position; close the position instead."
        one.tell(order.position_id, EntryUnwanted())
        return None
    if target not in one.hosted.tracked:
        return "The position is closed already."
    if asked.kind is not RequestKind.CLOSE_POSITION:
        one.tell(target, EntryUnwanted())
        return None
    return _close(one, target, asked.args.get("quantity"))


def _close(one: Round, target: str, part: str | None) -> str | None:
    """Close a position, or as much of it as `part` says."""
    if part is None:
        one.tell(target, CloseAsked())
        return None
    if one.hosted.tracked[target].position.status is not Status.OPEN:
        return "Only of a position that is open a part can be closed."
    one.tell(target, ReduceAsked(to_quantity(Decimal(part))))
    return None
