"""Records and reads intents; each method is one statement, durable on return."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from kuber.audit.entries import audit_json
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.brokers.port import Account, Execution, OrderStatus, Side
from kuber.infra.db import JsonObject, RawPool
from kuber.infra.outbox import outbox_json
from kuber.kernel.clock import Clock
from kuber.kernel.ids import OrderId, UserId
from kuber.trading.events import OrderIntended
from kuber.trading.lifecycle import recorded
from kuber.trading.order_types import OrderEffect
from kuber.trading.origins import Origin, OriginKind
from kuber.trading.statements import INTENDED, WANTED_COLUMNS
from kuber.trading.types import Intent, OrderReport, RecordedIntent, Standing, Ticket

_INTEND = f"""
    with run as (
        -- Without a lock: the run's lease is renewed meanwhile.
        select cancel_requested from runs where id = %(run_id)s
    ), wanted as (
        select * from jsonb_to_recordset(%(intents)s) as i({WANTED_COLUMNS})
        where not exists (select from run where cancel_requested)
    ), {INTENDED}
    select (select is_new from intended), exists (select from run where cancel_requested)
"""
INTENT_COLUMNS = """
    o.id, o.user_id, o.account_id, o.origin, o.origin_key, o.mode, o.symbol, o.side, o.quantity,
    o.correlation_id, o.venue, o.created_at
"""
"""What `intent_of` makes an intent of; `o` is a row of `orders`."""
_FIND = f"select {INTENT_COLUMNS} from orders o where o.id = %s"
REPORT_COLUMNS = """
    o.status, o.reason, o.estimated,
    coalesce((select jsonb_agg(jsonb_build_array(
        f.execution_id, f.time, f.quantity::text, f.price::text, f.commission::text)
        order by f.time, f.execution_id)
      from fills f where f.order_id = o.id), '[]')
"""
"""What `report_of` makes a report of; `o` is a row of `orders`."""
_REPORT = f"select {REPORT_COLUMNS} from orders o where o.id = %s"


class Journal:
    """The orders' journal on the raw pool."""

    def __init__(self, pool: RawPool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def intend(self, ticket: Ticket) -> Standing:
        """Record the intent, or that it is about to be sent again unless it has its answer.

        Nothing is recorded once the run was asked to stop.
        """
        values = {
            "run_id": ticket.origin.run_id,
            "intents": Jsonb([self.row(ticket)]),
            "now": self._clock.now(),
        }
        row = await self._row(_INTEND, values)
        assert row is not None, "the statement selects one row"
        is_new, cancelled = row
        if cancelled:
            return Standing.CANCELLED
        if is_new is None:
            return Standing.ANSWERED
        return Standing.NEW if is_new else Standing.OPEN

    def row(self, ticket: Ticket) -> JsonObject:
        """Return the row of an intent of now, see `intent_row`."""
        return intent_row(ticket, self._clock.now())

    async def find(self, order_id: OrderId) -> RecordedIntent | None:
        """Return the recorded intent, None when there is none."""
        row = await self._row(_FIND, (order_id,))
        return intent_of(row) if row else None

    async def report(self, order_id: OrderId) -> OrderReport:
        """Return how an order on record stands, with its fills."""
        row = await self._row(_REPORT, (order_id,))
        assert row is not None, "the order is on record"
        return report_of(order_id, *row)

    async def _row(self, statement: str, values: Any) -> Any:
        async with self._pool.connection() as connection:
            return await (await connection.execute(statement, values)).fetchone()


def intent_row(ticket: Ticket, now: datetime) -> JsonObject:
    """Return the row of an intent as JSON values, for `statements.INTENDED`."""
    order, origin, terms = ticket.order, ticket.origin, ticket.terms
    levels = {
        "stop_loss": format(order.stop_loss, "f"),
        "targets": [format(target, "f") for target in order.targets],
    }
    return {
        "id": str(ticket.id),
        "user_id": str(order.account.user_id),
        "account_id": str(order.account.id),
        "currency": order.currency,
        "venue": ticket.venue,
        "origin": origin.kind.value,
        "origin_key": list(origin.key),
        "leg": ticket.leg,
        "attempt": ticket.attempt,
        "correlation_id": ticket.correlation_id,
        "run_id": str(origin.run_id) if origin.run_id else None,
        "node_id": origin.node_id,
        "mode": ticket.mode,
        "symbol": order.symbol,
        "side": order.side.value,
        "quantity": format(order.quantity, "f"),
        "reference_price": format(order.reference_price, "f"),
        "levels": levels,
        "estimated": ticket.estimated,
        "type": terms.type.value,
        "time_in_force": terms.time_in_force.value,
        "limit_price": _text(terms.limit_price),
        "stop_price": _text(terms.stop_price),
        "extended_hours": terms.extended_hours,
        "caller_reference": terms.caller_reference,
        "asked": terms.asked,
        "events": outbox_json([OrderIntended.of(ticket, now)]),
        "entries": audit_json([_on_record(ticket, levels, now)]),
    }


def _on_record(ticket: Ticket, levels: JsonObject, now: datetime) -> AuditEvent:
    order, origin, terms = ticket.order, ticket.origin, ticket.terms
    said = {
        "order_id": ticket.id,
        "account_id": order.account.id,
        "venue": ticket.venue,
        "origin": origin.kind,
        "origin_key": origin.key,
        "leg": ticket.leg,
        "attempt": ticket.attempt,
        "run_id": origin.run_id,
        "node_id": origin.node_id,
        "mode": ticket.mode,
        "symbol": order.symbol,
        "side": order.side,
        "quantity": order.quantity,
        "reference_price": order.reference_price,
        "estimated": ticket.estimated,
        "type": terms.type,
        "time_in_force": terms.time_in_force,
        "limit_price": terms.limit_price,
        "stop_price": terms.stop_price,
        "effect": OrderEffect.OPEN,
        "position_id": None,
        "order_group": None,
        **levels,
    }
    return AuditEvent(
        AuditEventType.ORDER_INTENDED,
        now,
        ticket.correlation_id,
        order.account.user_id,
        said,
    )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def intent_of(row: Any) -> RecordedIntent:
    """Return the intent in the first columns of `row`, which are `INTENT_COLUMNS`."""
    return RecordedIntent(
        Intent(
            id=OrderId(row[0]),
            account=Account(UserId(row[1]), row[2]),
            origin=Origin(OriginKind(row[3]), tuple(row[4])),
            mode=row[5],
            symbol=row[6],
            side=Side(row[7]),
            quantity=row[8],
            correlation_id=row[9],
            venue=row[10],
        ),
        created_at=row[11],
    )


def report_of(
    order_id: OrderId, status: str, reason: str, estimated: bool, fills: list[list[str]]
) -> OrderReport:
    """Return how an order stands, from values of `REPORT_COLUMNS`."""
    executions = tuple(_execution(order_id, fill) for fill in fills)
    return OrderReport(order_id, OrderStatus(status), reason, executions, estimated)


def _execution(order_id: OrderId, fill: list[str]) -> Execution:
    execution_id, time, quantity, price, commission = fill
    return Execution(
        execution_id,
        order_id,
        datetime.fromisoformat(time),
        recorded(Decimal(quantity)),
        recorded(Decimal(price)),
        recorded(Decimal(commission)),
    )
