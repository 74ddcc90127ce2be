"""The one place that books what a venue says of an order, whoever heard it and whenever."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from psycopg.types.json import Jsonb

from kuber.audit.entries import audit_json
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.brokers.port import Execution, OrderState, OrderStatus
from kuber.infra.db import JsonObject, RawPool
from kuber.infra.outbox import outbox_json
from kuber.kernel.clock import Clock
from kuber.kernel.ids import OrderId
from kuber.notifications.outbox import notice_json
from kuber.notifications.types import Notice, NoticeKind
from kuber.trading.events import OrderFilled
from kuber.trading.lifecycle import OrderLife, Step, advance
from kuber.trading.statements import ANSWERED, SAID_COLUMNS
from kuber.trading.types import Intent

_LIFE = """
    select o.status, o.quantity, o.filled_quantity, o.answers,
           coalesce((select array_agg(f.execution_id) from fills f where f.order_id = o.id), '{}')
    from orders o where o.id = %s
"""
_ANSWER = f"""
    with said as (select * from jsonb_to_recordset(%(answers)s) as s({SAID_COLUMNS})), {ANSWERED}
    select id from answered
"""


class AnswerRows:
    """Makes the rows of answers for `statements.ANSWERED`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def row(self, intent: Intent, step: Step, answers: int = 0) -> JsonObject:
        """Return the row of an answer to an order that has `answers` before it, as JSON values,
        for `statements.ANSWERED`."""
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
                "number": answers + 1,
                "status": step.status,
                "reason": step.reason,
                "fills": fills,
            },
        )
        filled = sum((one.quantity for one in step.executions), Decimal(0))
        return {
            "id": str(intent.id),
            "answers": answers,
            "status": step.status.value,
            "reason": step.reason,
            "filled": format(filled, "f"),
            "at": now.isoformat(),
            "fills": fills,
            "events": outbox_json(_fills_told(intent, step, now)),
            "entries": audit_json([on_record]),
            "notices": notice_json(_told(intent, step, now)),
        }


class Booking(AnswerRows):
    """Books the words of venues. Any number may book the same order at once.

    A word is weighed against the order as it stands, and written only if it still stands so;
    otherwise it is weighed again. `orders.answers` counts the words on record, and so tells.
    """

    def __init__(self, pool: RawPool, clock: Clock) -> None:
        super().__init__(clock)
        self._pool = pool

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
        row = self.row(intent, step, life.answers)
        row["not_found_at"] = not_found_at.isoformat() if not_found_at else None
        values = {"answers": Jsonb([row])}
        async with self._pool.connection() as connection:
            return await (await connection.execute(_ANSWER, values)).fetchone() is not None


def _fills_told(intent: Intent, step: Step, now: datetime) -> list[OrderFilled]:
    """Return the events of executions; only the last of them fills the order."""
    events = []
    for number, execution in enumerate(step.executions, 1):
        last = number == len(step.executions)
        filled = last and step.status is OrderStatus.FILLED
        status = OrderStatus.FILLED if filled else OrderStatus.PARTIALLY_FILLED
        events.append(OrderFilled.of(intent, execution, now, status))
    return events


def _told(intent: Intent, step: Step, now: datetime) -> list[Notice]:
    """Return what the user is told, for `statements.ANSWERED`. Simulated fills are grouped."""
    said: JsonObject = {
        "order_id": str(intent.id),
        "run_id": str(intent.run_id) if intent.run_id else None,
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
