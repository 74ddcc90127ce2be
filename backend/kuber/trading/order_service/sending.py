"""Orders as they are sent to the book, and as they begin on record."""

from uuid import UUID

from kuber.brokers.port import Account, OrderStatus
from kuber.exchange.types import NewOrder
from kuber.exchange.units import from_quantity, to_quantity
from kuber.kernel.ids import OrderId
from kuber.trading.lifecycle import OrderLife
from kuber.trading.order_service.held import VENUE, LiveOrder, Terms, Tracked
from kuber.trading.origins import Origin, OriginKind
from kuber.trading.types import Intent


def exit_of(one: Tracked, symbol: str, order_id: str, quantity: int, terms: Terms) -> LiveOrder:
    """Return an order that closes a position, as it begins."""
    holder, position = one.holder, one.position
    intent = Intent(
        id=OrderId(UUID(order_id)),
        account=Account(holder.user_id, holder.account_id),
        origin=Origin(OriginKind.MONITOR, (position.id,)),
        mode=holder.mode,
        symbol=symbol,
        side=position.plan.side.opposite,
        quantity=from_quantity(quantity),
        correlation_id=holder.correlation_id,
        venue=VENUE,
        of_run=holder.run_id,
    )
    life = OrderLife(OrderStatus.INTENDED, intent.quantity)
    return LiveOrder(intent, terms, position.id, life)


def new_order(
    order: LiveOrder,
    one: Tracked,
    now: int,
    *,
    reserved: int | None = None,
    group: str | None = None,
) -> NewOrder:
    """Return an order as the book takes it, sent at `now`; `reserved` in the exchange's unit."""
    intent, terms, holder = order.intent, order.terms, one.holder
    return NewOrder(
        id=str(intent.id),
        account=str(holder.account_id),
        owner=str(holder.user_id),
        spec=one.position.plan.spec,
        behaviour=holder.behaviour,
        side=intent.side,
        type=terms.type,
        time_in_force=terms.time_in_force,
        quantity=to_quantity(intent.quantity),
        at=now,
        effective_at=now,
        draw_key=str(intent.id),
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        trail_amount=terms.trail_amount,
        trail_percent=terms.trail_percent,
        effect=terms.effect,
        position_id=one.position.id,
        group=group,
        expires_at=terms.expires_at,
        reserved=reserved,
        extended_hours=terms.extended_hours,
    )
