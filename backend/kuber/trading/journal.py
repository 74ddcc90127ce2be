"""Reads and writes the journal of orders; each method is one statement, durable on return."""

from dataclasses import dataclass
from decimal import Decimal

from psycopg.types.json import Jsonb

from kuber.audit.entries import AUDIT_INSERT, audit_json
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.brokers.port import BracketOrder, OrderReport, OrderStatus, Side
from kuber.brokers.reports import report_to_json
from kuber.infra.db import Connections, JsonObject
from kuber.infra.outbox import OUTBOX_INSERT, outbox_json
from kuber.kernel.clock import Clock
from kuber.kernel.ids import OrderId, RunId
from kuber.notifications.outbox import notice_json
from kuber.notifications.types import Notice, NoticeKind
from kuber.trading.events import OrderFilled, OrderIntended

_INTEND = f"""
    with intent as (
        insert into orders (id, user_id, run_id, node_id, mode, symbol, side, quantity,
                            reference_price, levels, status, created_at)
        values (%(id)s, %(user_id)s, %(run_id)s, %(node_id)s, %(mode)s, %(symbol)s, %(side)s,
                %(quantity)s, %(reference_price)s, %(levels)s, 'intended', %(now)s)
        on conflict (id) do nothing returning id
    ), announced as ({OUTBOX_INSERT} where exists (select 1 from intent)),
    {AUDIT_INSERT.format(condition="where exists (select 1 from intent)")}
    select count(*) from intent
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
_ANSWER = f"""
    with answered as (
        update orders set status = %(status)s, reason = %(reason)s, answered_at = %(now)s
        where id = %(id)s and status = 'intended' returning id, run_id
    ), filled as (
        insert into fills (order_id, number, time, quantity, price, commission)
        select a.id, f.number, f.time, f.quantity, f.price, f.commission
        from answered a, jsonb_to_recordset(%(fills)s)
          as f(number int, time timestamptz, quantity numeric, price numeric, commission numeric)
    ),
    told as ({_TELL}),
    {AUDIT_INSERT.format(condition="where exists (select 1 from answered)")}
    {OUTBOX_INSERT} where exists (select 1 from answered)
"""


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order together with the node that asked for it."""

    order: BracketOrder
    run_id: RunId
    node_id: str
    mode: str
    correlation_id: str

    @property
    def id(self) -> OrderId:
        return self.order.client_order_id


@dataclass(frozen=True, slots=True)
class RecordedOrder:
    """What the journal remembers of an intent."""

    symbol: str
    side: Side


class Journal:
    """The orders' journal on the raw pool."""

    def __init__(self, pool: Connections, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def intend(self, ticket: Ticket) -> bool:
        """Record the intent; False when this very order was recorded before."""
        order = ticket.order
        levels = {
            "stop_loss": format(order.stop_loss, "f"),
            "targets": [format(target, "f") for target in order.targets],
        }
        recorded = self._intent_on_record(ticket, levels)
        values: JsonObject = {
            "id": ticket.id,
            "user_id": order.account.user_id,
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
        return bool(row and row[0])

    async def find(self, order_id: OrderId) -> RecordedOrder | None:
        """Return the recorded intent, None when there is none."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_FIND, (order_id,))).fetchone()
        return RecordedOrder(row[0], Side(row[1])) if row else None

    async def answer(self, ticket: Ticket, report: OrderReport) -> None:
        """Record what the venue said; a second answer to the same order changes nothing."""
        fills = [
            {"number": number, **fill}
            for number, fill in enumerate(report_to_json(report)["fills"], start=1)
        ]
        recorded = self._answer_on_record(ticket, report, fills)
        async with self._pool.connection() as connection:
            await connection.execute(
                _ANSWER,
                {
                    "id": ticket.id,
                    "status": report.status.value,
                    "reason": report.reason,
                    "now": recorded.at,
                    "fills": Jsonb(fills),
                    "outbox": Jsonb(outbox_json(self._filled(ticket, report))),
                    "audit": Jsonb(audit_json([recorded])),
                    "notices": Jsonb(notice_json(self._told(ticket, report))),
                },
            )

    def _intent_on_record(self, ticket: Ticket, levels: JsonObject) -> AuditEvent:
        order = ticket.order
        said = {
            "run_id": ticket.run_id,
            "node_id": ticket.node_id,
            "mode": ticket.mode,
            "symbol": order.symbol,
            "side": order.side,
            "quantity": order.quantity,
            "reference_price": order.reference_price,
            **levels,
        }
        return self._on_record(AuditEventType.ORDER_INTENDED, ticket, said)

    def _answer_on_record(
        self, ticket: Ticket, report: OrderReport, fills: list[JsonObject]
    ) -> AuditEvent:
        said = {"status": report.status, "reason": report.reason, "fills": fills}
        return self._on_record(AuditEventType.ORDER_ANSWERED, ticket, said)

    def _on_record(self, kind: AuditEventType, ticket: Ticket, said: JsonObject) -> AuditEvent:
        return AuditEvent(
            kind,
            self._clock.now(),
            ticket.correlation_id,
            ticket.order.account.user_id,
            {"order_id": ticket.id, **said},
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

    def _told(self, ticket: Ticket, report: OrderReport) -> list[Notice]:
        """Return what the user is told; `_TELL` adds the pipeline. Simulated fills are grouped."""
        order, filled = ticket.order, report.filled_quantity
        said: JsonObject = {
            "order_id": str(ticket.id),
            "run_id": str(ticket.run_id),
            "mode": ticket.mode,
            "symbol": order.symbol,
            "side": order.side.value,
        }
        if filled:
            kind = NoticeKind.ORDER_FILLED
            subject = ticket.mode if ticket.mode == "simulation" else None
            said |= {"quantity": format(filled, "f"), "price": format(_mean_price(report), "f")}
        elif report.status is OrderStatus.REJECTED:
            kind, subject = NoticeKind.ORDER_REJECTED, ticket.mode
            said |= {"quantity": format(order.quantity, "f"), "reason": report.reason}
        else:
            return []
        return [Notice(order.account.user_id, kind, self._clock.now(), said, subject)]

    def _filled(self, ticket: Ticket, report: OrderReport) -> list[OrderFilled]:
        quantity = report.filled_quantity
        if not quantity:
            return []
        return [
            OrderFilled(
                occurred_at=self._clock.now(),
                correlation_id=ticket.correlation_id,
                order_id=ticket.id,
                run_id=ticket.run_id,
                user_id=ticket.order.account.user_id,
                mode=ticket.mode,
                symbol=ticket.order.symbol,
                side=ticket.order.side.value,
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
