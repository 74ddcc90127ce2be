"""Reads and writes the journal of orders; each method is one statement, durable on return."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg.types.json import Jsonb

from kuber.audit.entries import AUDIT_INSERT, audit_json
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.brokers.port import OrderReport, OrderStatus, Side
from kuber.brokers.reports import report_from_json, report_to_json
from kuber.infra.db import JsonObject, RawPool
from kuber.infra.outbox import OUTBOX_INSERT, outbox_json
from kuber.kernel.clock import Clock
from kuber.kernel.ids import OrderId
from kuber.notifications.outbox import notice_json
from kuber.notifications.types import Notice, NoticeKind
from kuber.trading.events import OrderFilled, OrderIntended
from kuber.trading.types import Intent, Standing, Ticket

_INTEND = f"""
    with run as (
        -- Without a lock: the run's lease is renewed meanwhile.
        select cancel_requested from runs where id = %(run_id)s
    ), account as (
        insert into accounts (id, user_id, mode, currency)
        select %(account_id)s, %(user_id)s, %(mode)s, %(currency)s
        where not exists (select from run where cancel_requested) on conflict (id) do nothing
    ), intent as (
        insert into orders (id, user_id, account_id, origin, run_id, node_id, mode, symbol, side,
                            quantity, reference_price, levels, status, correlation_id,
                            created_at, sent_at)
        select %(id)s, %(user_id)s, %(account_id)s, %(origin)s, %(run_id)s, %(node_id)s, %(mode)s,
               %(symbol)s, %(side)s, %(quantity)s, %(reference_price)s, %(levels)s, 'intended',
               %(correlation_id)s, %(now)s, %(now)s
        where not exists (select from run where cancel_requested)
        on conflict (id) do update set sent_at = excluded.sent_at, not_found_at = null
            where orders.status = 'intended'
        returning xmax = 0 as is_new
    ), announced as ({OUTBOX_INSERT} where exists (select from intent where is_new)),
    {AUDIT_INSERT.format(condition="where exists (select from intent where is_new)")}
    select (select is_new from intent), exists (select from run where cancel_requested)
"""
_FIND = "select symbol, side from orders where id = %s"
# Grouped by mode and pipeline, by mode and symbol once the run is gone with its pipeline.
_TELL = """
    insert into notice_outbox (user_id, kind, at, data, subject)
    select n.user_id, n.kind, n.at,
           n.data || case when p.id is null then '{}' else
               jsonb_build_object('pipeline_id', p.id, 'pipeline_name', p.name) end,
           n.subject || ' ' || coalesce(p.id::text, n.data ->> 'symbol')
    from answered a
    cross join jsonb_to_recordset(%(notices)s)
      as n(user_id uuid, kind text, at timestamptz, data jsonb, subject text)
    left join runs r on r.id = a.run_id left join pipelines p on p.id = r.pipeline_id
"""
_REPORT = """
    select o.status, o.reason,
           coalesce((select jsonb_agg(jsonb_build_object(
               'time', f.time, 'quantity', f.quantity::text, 'price', f.price::text,
               'commission', f.commission::text) order by f.number)
             from fills f where f.order_id = o.id), '[]')
    from orders o where o.id = %s
"""
_ANSWER = f"""
    with answered as (
        update orders set status = %(status)s, reason = %(reason)s, answered_at = %(now)s
        where id = %(id)s and status = 'intended'
          and (%(not_found_at)s::timestamptz is null or not_found_at = %(not_found_at)s)
        returning id, run_id
    ), filled as (
        insert into fills (order_id, number, time, quantity, price, commission)
        select a.id, f.number, f.time, f.quantity, f.price, f.commission
        from answered a, jsonb_to_recordset(%(fills)s)
          as f(number int, time timestamptz, quantity numeric, price numeric, commission numeric)
    ),
    told as ({_TELL}),
    {AUDIT_INSERT.format(condition="where exists (select 1 from answered)")}, announced as (
        {OUTBOX_INSERT} where exists (select 1 from answered)
    )
    select id from answered
"""


@dataclass(frozen=True, slots=True)
class RecordedOrder:
    """What the journal remembers of an intent."""

    symbol: str
    side: Side


class Journal:
    """The orders' journal on the raw pool."""

    def __init__(self, pool: RawPool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def intend(self, ticket: Ticket) -> Standing:
        """Record the intent, or that it is about to be sent again unless it has its answer.

        Nothing is recorded once the run was asked to stop.
        """
        order = ticket.order
        levels = {
            "stop_loss": format(order.stop_loss, "f"),
            "targets": [format(target, "f") for target in order.targets],
        }
        recorded = self._intent_on_record(ticket, levels)
        values: JsonObject = {
            "id": ticket.id,
            "user_id": order.account.user_id,
            "account_id": order.account.id,
            "currency": order.currency,
            "origin": ticket.origin.value,
            "correlation_id": ticket.correlation_id,
            "run_id": ticket.run_id,
            "node_id": ticket.node_id,
            "mode": ticket.mode,
            "symbol": order.symbol,
            "side": order.side.value,
            "quantity": order.quantity,
            "reference_price": order.reference_price,
            "levels": Jsonb(levels),
            "outbox": Jsonb(outbox_json([self._intended(ticket)])),
            "audit": Jsonb(audit_json([recorded])),
            "now": recorded.at,
        }
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_INTEND, values)
            row = await cursor.fetchone()
        assert row is not None, "the statement selects one row"
        is_new, cancelled = row
        if cancelled:
            return Standing.CANCELLED
        if is_new is None:
            return Standing.ANSWERED
        return Standing.NEW if is_new else Standing.OPEN

    async def find(self, order_id: OrderId) -> RecordedOrder | None:
        """Return the recorded intent, None when there is none."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_FIND, (order_id,))).fetchone()
        return RecordedOrder(row[0], Side(row[1])) if row else None

    async def report(self, order_id: OrderId) -> OrderReport:
        """Return the answer on record to an order that has one."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_REPORT, (order_id,))).fetchone()
        assert row is not None, "the order is on record"
        status, reason, fills = row
        return report_from_json(
            {
                "client_order_id": str(order_id),
                "status": status,
                "reason": reason,
                "fills": fills,
            }
        )

    async def answer(
        self, intent: Intent, report: OrderReport, *, not_found_at: datetime | None = None
    ) -> bool:
        """Record what the venue said; a second answer to the same order changes nothing.

        With `not_found_at` only if nobody was about to send it since the venue first did not know
        it, then. Returns whether it was recorded.
        """
        fills = [
            {"number": number, **fill}
            for number, fill in enumerate(report_to_json(report)["fills"], start=1)
        ]
        recorded = self._answer_on_record(intent, report, fills)
        values = {
            "id": intent.id,
            "status": report.status.value,
            "reason": report.reason,
            "now": recorded.at,
            "not_found_at": not_found_at,
            "fills": Jsonb(fills),
            "outbox": Jsonb(outbox_json(self._filled(intent, report))),
            "audit": Jsonb(audit_json([recorded])),
            "notices": Jsonb(notice_json(self._told(intent, report))),
        }
        async with self._pool.connection() as connection:
            return await (await connection.execute(_ANSWER, values)).fetchone() is not None

    def _intent_on_record(self, ticket: Ticket, levels: JsonObject) -> AuditEvent:
        order = ticket.order
        said = {
            "account_id": order.account.id,
            "origin": ticket.origin,
            "run_id": ticket.run_id,
            "node_id": ticket.node_id,
            "mode": ticket.mode,
            "symbol": order.symbol,
            "side": order.side,
            "quantity": order.quantity,
            "reference_price": order.reference_price,
            **levels,
        }
        return self._on_record(AuditEventType.ORDER_INTENDED, ticket.intent, said)

    def _answer_on_record(
        self, intent: Intent, report: OrderReport, fills: list[JsonObject]
    ) -> AuditEvent:
        said = {"status": report.status, "reason": report.reason, "fills": fills}
        return self._on_record(AuditEventType.ORDER_ANSWERED, intent, said)

    def _on_record(self, kind: AuditEventType, intent: Intent, said: JsonObject) -> AuditEvent:
        return AuditEvent(
            kind,
            self._clock.now(),
            intent.correlation_id,
            intent.account.user_id,
            {"order_id": intent.id, **said},
        )

    def _intended(self, ticket: Ticket) -> OrderIntended:
        order = ticket.order
        return OrderIntended(
            occurred_at=self._clock.now(),
            correlation_id=ticket.correlation_id,
            order_id=ticket.id,
            run_id=ticket.run_id,
            user_id=order.account.user_id,
            mode=ticket.mode,
            symbol=order.symbol,
            side=order.side.value,
            quantity=order.quantity,
            reference_price=order.reference_price,
            stop_loss=order.stop_loss,
            targets=order.targets,
        )

    def _told(self, intent: Intent, report: OrderReport) -> list[Notice]:
        """Return what the user is told; `_TELL` adds the pipeline. Simulated fills are grouped."""
        filled = report.filled_quantity
        said: JsonObject = {
            "order_id": str(intent.id),
            "run_id": str(intent.run_id),
            "mode": intent.mode,
            "symbol": intent.symbol,
            "side": intent.side.value,
        }
        if filled:
            kind = NoticeKind.ORDER_FILLED
            subject = intent.mode if intent.mode == "simulation" else None
            said |= {"quantity": format(filled, "f"), "price": format(_mean_price(report), "f")}
        elif report.status is OrderStatus.REJECTED:
            kind, subject = NoticeKind.ORDER_REJECTED, intent.mode
            said |= {"quantity": format(intent.quantity, "f"), "reason": report.reason}
        else:
            return []
        return [Notice(intent.account.user_id, kind, self._clock.now(), said, subject)]

    def _filled(self, intent: Intent, report: OrderReport) -> list[OrderFilled]:
        quantity = report.filled_quantity
        if not quantity:
            return []
        return [
            OrderFilled(
                occurred_at=self._clock.now(),
                correlation_id=intent.correlation_id,
                order_id=intent.id,
                run_id=intent.run_id,
                user_id=intent.account.user_id,
                mode=intent.mode,
                symbol=intent.symbol,
                side=intent.side.value,
                quantity=quantity,
                price=_mean_price(report),
                commission=sum((fill.commission for fill in report.fills), Decimal(0)),
                filled_at=report.fills[-1].time,
            )
        ]


def _mean_price(report: OrderReport) -> Decimal:
    """Return the price of all fills together, weighted by quantity; there is at least one."""
    value = sum((fill.quantity * fill.price for fill in report.fills), Decimal(0))
    return value / report.filled_quantity
