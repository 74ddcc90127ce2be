"""Rows of orders and positions as the statements of a round take them."""

from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from kuber.audit.entries import audit_json
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.exchange.units import from_amount, from_instant, from_price, from_quantity
from kuber.infra.db import JsonObject
from kuber.kernel.ids import OrderId
from kuber.kernel.money import quantize
from kuber.ledger.units import plain
from kuber.trading.lifecycle import PLACES
from kuber.trading.management.decide import next_look
from kuber.trading.management.judging import sold_at_first
from kuber.trading.management.outcome import outcome_of
from kuber.trading.management.plan import Protection
from kuber.trading.management.position import LegStatus, Position, Role
from kuber.trading.management.stored import written
from kuber.trading.order_service.held import VENUE, Hosted, LiveOrder, Tracked
from kuber.trading.order_service.round import Round
from kuber.trading.order_types import OrderEffect


def exit_rows(one: Round, now: datetime) -> Iterator[JsonObject]:
    """Yield a row for each order that a round made, with its entry for the record."""
    for order, tracked, leg, attempt, group, replaces in one.changes.new_orders:
        yield _exit_row(one.hosted, order, tracked, leg, attempt, group, replaces, now)


def position_row(tracked: Tracked, symbol: str) -> JsonObject:
    """Return the row of a position."""
    position, holder = tracked.position, tracked.holder
    entry, plan = position.entry, position.plan
    outcome = outcome_of(position, (), 0)
    bought, value = (0, 0) if entry is None else (entry.filled, entry.value)
    average = None
    if bought:
        exact = Decimal(value) / Decimal(bought)
        average = quantize(exact.scaleb(-12), PLACES, ROUND_HALF_UP)
    look = next_look(position)
    return {
        "id": position.id,
        "user_id": str(holder.user_id),
        "account_id": str(holder.account_id),
        "mode": holder.mode,
        "symbol": symbol,
        "pipeline_id": str(holder.pipeline_id) if holder.pipeline_id else None,
        "run_id": str(holder.run_id) if holder.run_id else None,
        "entry_order_id": position.entry_id,
        "owner": position.owner,
        "side": plan.side.value,
        "quantity": plain(from_quantity(abs(position.held))),
        "average_price": None if average is None else plain(average),
        "realised_pnl": plain(from_amount(outcome.profit)),
        "fees": plain(from_amount(sum(leg.fee for leg in position.legs))),
        "stop": price_text(position.stop),
        "targets": {"items": _targets(position)},
        "protected_by": _protected_by(position),
        "unprotected": plain(from_quantity(max(position.bare, 0))),
        "unprotected_since": _time(position.bare_since),
        "unprotected_seconds": plain(Decimal(position.bare_area).scaleb(-15)),
        "status": position.status.value,
        "exit_reason": position.reason.value if position.over and position.reason else None,
        "created_at": tracked.created_at.isoformat(),
        "opened_at": _time(position.held_since),
        "closed_at": _time(position.closed_at) if position.over else None,
        "next_look_at": _time(look),
        "state": written(position),
        "version": position.version,
        "stored": tracked.stored,
    }


def price_text(price: int | None) -> str | None:
    """Return a price of the exchange as decimal text."""
    return None if price is None else plain(from_price(price))


def _targets(position: Position) -> list[JsonObject]:
    """Return the targets with what each closes and how far it is."""
    plan, found = position.plan, []
    basis = position.basis if position.bought else plan.quantity
    sold = sold_at_first(position)
    first = max(plan.first_part(basis), sold)
    for number, price in enumerate(plan.targets, 1):
        quantity = first if number == 1 else max(basis - first, 0)
        filled = sum(
            leg.filled for leg in position.exits if leg.role is Role.TARGET and leg.target == number
        )
        found.append(
            {
                "price": price_text(price),
                "quantity": plain(from_quantity(quantity)),
                "status": _target_status(position, number, filled, quantity),
            }
        )
    return found


def _target_status(position: Position, number: int, filled: int, quantity: int) -> str:
    if (quantity and filled >= quantity) or (number == 1 and position.trimmed):
        return "filled"
    if quantity == 0 or position.over:
        return "cancelled"
    return "partially_filled" if filled else "waiting"


def _protected_by(position: Position) -> str:
    """Return what protects a position now: venue, monitor, or nothing."""
    if position.held <= 0 or position.over:
        return "nothing"
    stops = [leg for leg in position.exits if leg.role is Role.STOP and leg.live]
    if any(leg.status is LegStatus.WORKING for leg in stops):
        return "venue"
    return "monitor" if position.plan.protection is Protection.MONITOR else "nothing"


def _time(at: int | None) -> str | None:
    return None if at is None else from_instant(at).isoformat()


def _exit_row(
    hosted: Hosted,
    order: LiveOrder,
    tracked: Tracked,
    leg: str,
    attempt: int,
    group: str | None,
    replaces: OrderId | None,
    now: datetime,
) -> JsonObject:
    intent, terms = order.intent, order.terms
    seen = hosted.seen
    known = terms.stop_price or terms.limit_price or (seen.last if seen else None)
    reference = from_price(known or tracked.position.plan.entry)
    said = {
        "order_id": intent.id,
        "account_id": intent.account.id,
        "venue": VENUE,
        "origin": intent.origin.kind,
        "origin_key": intent.origin.key,
        "leg": leg,
        "attempt": attempt,
        "run_id": None,
        "node_id": None,
        "mode": intent.mode,
        "symbol": intent.symbol,
        "side": intent.side,
        "quantity": intent.quantity,
        "reference_price": reference,
        "stop_loss": None,
        "targets": [],
        "estimated": False,
        "type": terms.type,
        "time_in_force": terms.time_in_force,
        "limit_price": price_text(terms.limit_price),
        "stop_price": price_text(terms.stop_price),
        "effect": OrderEffect.CLOSE,
        "position_id": tracked.position.id,
        "order_group": group,
    }
    on_record = AuditEvent(
        AuditEventType.ORDER_INTENDED,
        now,
        intent.correlation_id,
        intent.account.user_id,
        said,
    )
    return {
        "id": str(intent.id),
        "user_id": str(intent.account.user_id),
        "account_id": str(intent.account.id),
        "venue": VENUE,
        "origin_key": list(intent.origin.key),
        "leg": leg,
        "attempt": attempt,
        "mode": intent.mode,
        "symbol": intent.symbol,
        "side": intent.side.value,
        "quantity": plain(intent.quantity),
        "reference_price": plain(reference),
        "correlation_id": intent.correlation_id,
        "type": terms.type.value,
        "time_in_force": terms.time_in_force.value,
        "limit_price": price_text(terms.limit_price),
        "stop_price": price_text(terms.stop_price),
        "position_id": tracked.position.id,
        "order_group": group,
        "replaces": str(replaces) if replaces else None,
        "expires_at": _time(terms.expires_at),
        "entries": audit_json([on_record]),
    }
