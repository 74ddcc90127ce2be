"""Entries that rest over a split: a new order takes the place of each, on the new basis.

An order on record says what was asked for, so it is not changed but replaced, as brokers do with
orders that are good until cancelled. Day orders have ended before the ex-date begins.
"""

from fractions import Fraction

from kuber.brokers.port import BracketOrder
from kuber.exchange.types import Spec
from kuber.exchange.units import floor_to, from_price, from_quantity, to_quantity
from kuber.kernel.errors import KuberError
from kuber.kernel.orders import TimeInForce
from kuber.trading.management.plan import split_price
from kuber.trading.order_service.corporate.types import Due
from kuber.trading.order_service.held import VENUE, LiveOrder
from kuber.trading.order_service.round import Round
from kuber.trading.origins import Origin, OriginKind
from kuber.trading.types import OrderTerms, Ticket


def placed_again(one: Round, due: Due) -> Ticket | None:
    """Return the order that takes the place of a position's resting entry, None where none does.

    It pays no more than was ordered: limits are rounded away from the market.
    """
    tracked = one.hosted.tracked[str(due.holding.position_id)]
    order = one.hosted.orders.get(tracked.position.entry_id)
    ratio = due.action.ratio
    assert ratio is not None, "a split has its ratio"
    if order is None or order.terms.time_in_force is not TimeInForce.GTC:
        return None
    try:
        plan = tracked.position.plan.split(ratio.numerator, ratio.denominator)
    except KuberError:  # prices below the smallest step
        return None
    spec, long = plan.spec, plan.long
    quantity = floor_to(
        to_quantity(order.intent.quantity) * ratio.numerator // ratio.denominator, spec.lot
    )
    if quantity <= 0:
        return None
    origin = Origin(
        OriginKind.PERSON, (str(order.intent.id), "split", due.action.ex_date.isoformat())
    )
    limit = _split(spec, order.terms.limit_price, ratio, up=not long)
    stop = _split(spec, order.terms.stop_price, ratio, up=not long)
    bracket = BracketOrder(
        client_order_id=origin.order_id(),
        account=order.intent.account,
        symbol=order.intent.symbol,
        side=order.intent.side,
        quantity=from_quantity(quantity),
        reference_price=from_price(limit or stop or plan.entry),
        stop_loss=from_price(plan.stop),
        targets=tuple(from_price(one) for one in plan.targets),
        currency=due.holding.currency,
    )
    return _ticket(bracket, origin, order, limit, stop)


def _ticket(
    bracket: BracketOrder, origin: Origin, order: LiveOrder, limit: int | None, stop: int | None
) -> Ticket:
    terms = OrderTerms(
        type=order.terms.type,
        time_in_force=order.terms.time_in_force,
        limit_price=None if limit is None else from_price(limit),
        stop_price=None if stop is None else from_price(stop),
        extended_hours=order.terms.extended_hours,
    )
    mode, correlation_id = order.intent.mode, order.intent.correlation_id
    return Ticket(bracket, origin, VENUE, mode, correlation_id, terms=terms)


def _split(spec: Spec, price: int | None, ratio: Fraction, *, up: bool) -> int | None:
    if price is None:
        return None
    return split_price(spec, price, ratio.numerator, ratio.denominator, up=up)
