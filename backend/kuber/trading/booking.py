"""The one place that books what a venue says of an order, whoever heard it and whenever."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from psycopg.types.json import Jsonb

from kuber.audit.entries import AUDIT_INSERT, audit_json
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.brokers.port import Execution, OrderState, OrderStatus
from kuber.infra.db import JsonObject, RawPool
from kuber.infra.outbox import OUTBOX_INSERT, outbox_json
from kuber.kernel.clock import Clock
from kuber.kernel.ids import OrderId
from kuber.notifications.outbox import notice_json
from kuber.notifications.types import Notice, NoticeKind
from kuber.trading.events import OrderFilled
from kuber.trading.lifecycle import OrderLife, Step, advance
from kuber.trading.types import Intent

_LIFE = """
    select o.status, o.quantity, o.filled_quantity, o.answers,
           coalesce((select array_agg(f.execution_id) from fills f where f.order_id = o.id), '{}')
    from orders o where o.id = %s
"""
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
        update orders set status = %(status)s, reason = coalesce(%(reason)s, reason),
            filled_quantity = filled_quantity + %(filled)s, answers = answers + 1,
            answered_at = coalesce(answered_at, %(now)s)
        where id = %(id)s and answers = %(answers)s
          and (%(not_found_at)s::timestamptz is null or not_found_at = %(not_found_at)s)
        returning id, run_id, venue, account_id, answers
    ), filled as (
        insert into fills (venue, account_id, execution_id, order_id, answer, time, quantity,
                           price, commission)
        select a.venue, a.account_id, f.execution_id, a.id, a.answers, f.time, f.quantity,
               f.price, f.commission
        from answered a, jsonb_to_recordset(%(fills)s)
          as f(execution_id text, time timestamptz, quantity numeric, price numeric,
               commission numeric)
    ),
    told as ({_TELL}),
    {AUDIT_INSERT.format(condition="where exists (select 1 from answered)")}, announced as (
        {OUTBOX_INSERT} where exists (select 1 from answered)
    )
    select id from answered
"""


class Booking:
    """Books the words of venues. Any number may book the same order at once.

    A word is weighed against the order as it stands, and written only if it still stands so;
    otherwise it is weighed again. `orders.answers` counts the words on record, and so tells.
    """

    def __init__(self, pool: RawPool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def book(
        self,
        intent: Intent,
        said: OrderState,
        executions: Sequence[Execution] = (),
        *,
        first: bool = False,
        not_found_at: datetime | None = None,
    ) -> Step | None:
        """Record what the venue said; return what it changed, None when that was known.

        `first` takes the order to be without an answer, which saves a look at it. With
        `not_found_at` it is recorded only if that is so, and if nobody was about to send the order
        since the venue first did not know it, then.
        """
        assert not_found_at is None or first, "only an intent ends because nobody knows it"
        life = OrderLife(OrderStatus.INTENDED, intent.quantity) if first else None
        while True:
            life = life or await self._life(intent.id)
            step = advance(life, said, executions)
            if step is None or await self._write(intent, life, step, not_found_at):
                return step
            if not_found_at is not None:
                return None
            life = None

    async def _life(self, order_id: OrderId) -> OrderLife:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_LIFE, (order_id,))).fetchone()
        assert row is not None, "the order is on record"
        status, quantity, filled, answers, executions = row
        return OrderLife(OrderStatus(status), quantity, filled, answers, frozenset(executions))

    async def _write(
        self, intent: Intent, life: OrderLife, step: Step, not_found_at: datetime | None
    ) -> bool:
        """Write one step unless the order has changed since; return whether it was written."""
        fills: list[JsonObject] = [
            {
                "execution_id": one.execution_id,
                "time": one.time.isoformat(),
                "quantity": format(one.quantity, "f"),
                "price": format(one.price, "f"),
                "commission": format(one.commission, "f"),
            }
            for one in step.executions
        ]
        now = self._clock.now()
        on_record = AuditEvent(
            AuditEventType.ORDER_ANSWERED,
            now,
            intent.correlation_id,
            intent.account.user_id,
            {
                "order_id": intent.id,
                "number": life.answers + 1,
                "status": step.status,
                "reason": step.reason,
                "fills": fills,
            },
        )
        values = {
            "id": intent.id,
            "answers": life.answers,
            "status": step.status.value,
            "reason": step.reason,
            "filled": sum((one.quantity for one in step.executions), Decimal(0)),
            "now": now,
            "not_found_at": not_found_at,
            "fills": Jsonb(fills),
            "outbox": Jsonb(outbox_json(_filled(intent, step.executions, now))),
            "audit": Jsonb(audit_json([on_record])),
            "notices": Jsonb(notice_json(_told(intent, step, now))),
        }
        async with self._pool.connection() as connection:
            return await (await connection.execute(_ANSWER, values)).fetchone() is not None


def _told(intent: Intent, step: Step, now: datetime) -> list[Notice]:
    """Return what the user is told; `_TELL` adds the pipeline. Simulated fills are grouped."""
    said: JsonObject = {
        "order_id": str(intent.id),
        "run_id": str(intent.origin.run_id),
        "mode": intent.mode,
        "symbol": intent.symbol,
        "side": intent.side.value,
    }
    if step.executions:
        kind = NoticeKind.ORDER_FILLED
        subject = intent.mode if intent.mode == "simulation" else None
        filled = sum((one.quantity for one in step.executions), Decimal(0))
        value = sum((one.quantity * one.price for one in step.executions), Decimal(0))
        said |= {"quantity": format(filled, "f"), "price": format(value / filled, "f")}
    elif step.status is OrderStatus.REJECTED:
        kind, subject = NoticeKind.ORDER_REJECTED, intent.mode
        said |= {"quantity": format(intent.quantity, "f"), "reason": step.reason}
    else:
        return []
    return [Notice(intent.account.user_id, kind, now, said, subject)]


def _filled(intent: Intent, executions: Sequence[Execution], now: datetime) -> list[OrderFilled]:
    run_id = intent.origin.run_id
    assert run_id is not None, "only runs want orders in this release"
    return [
        OrderFilled(
            occurred_at=now,
            correlation_id=intent.correlation_id,
            order_id=intent.id,
            run_id=run_id,
            user_id=intent.account.user_id,
            mode=intent.mode,
            symbol=intent.symbol,
            side=intent.side.value,
            quantity=one.quantity,
            price=one.price,
            commission=one.commission,
            filled_at=one.time,
        )
        for one in executions
    ]
