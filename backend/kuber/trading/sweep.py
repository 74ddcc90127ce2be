"""Ends intents without an answer by asking the venue, as the desk would have."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter, Gauge

from kuber.brokers.port import Account, Broker, OrderReport, OrderStatus, Side
from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.ids import OrderId, RunId, UserId
from kuber.trading.journal import Journal
from kuber.trading.placing import SEND_WITHIN_S
from kuber.trading.types import Intent

log = structlog.get_logger(__name__)

BATCH = 100
ASK_WITHIN_S = 10.0
NEVER_REACHED = "never_reached_venue"
"""How the reason of an order begins that the venue, asked twice, did not know."""

UNANSWERED = Gauge("kuber_intents_unanswered", "Orders without the venue's answer")
OLDEST_S = Gauge("kuber_intent_oldest_age_seconds", "Age of the oldest of these")
ASKED = Counter("kuber_intents_asked", "Orders whose venue was asked for them", ["outcome"])

# What another sweep asks for at this moment is passed over, and for a while afterwards.
_CLAIM = """
    update orders o set asked_at = %(now)s
    from (
        select id from orders
        where status = 'intended' and sent_at <= %(now)s - %(patience)s
          and (asked_at is null or asked_at <= sent_at or asked_at <= %(now)s - %(spacing)s)
        order by sent_at limit %(batch)s for update skip locked
    ) due
    where o.id = due.id
    returning o.id, o.user_id, o.account_id, coalesce(o.run_id, o.account_id), o.mode, o.symbol,
              o.side, o.quantity, o.correlation_id, o.created_at, o.not_found_at
"""
"""An order of a run that is gone names it still: the account of a run in simulation has its id."""

_NOT_FOUND = """
    update orders set not_found_at = %(now)s
    where id = %(id)s and status = 'intended' and not_found_at is null and sent_at <= %(asked_at)s
"""
_LEFT = "select count(*), min(created_at) from orders where status = 'intended'"


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """`patience_s` is how long a sender is left alone; `spacing_s` what lies between two askings.

    Together they are longer than an order may be on its way.
    """

    patience_s: float
    spacing_s: float = 30.0

    def __post_init__(self) -> None:
        assert self.patience_s + self.spacing_s > SEND_WITHIN_S, "the sender comes first"


@dataclass(frozen=True, slots=True)
class _Open:
    """An intent without an answer."""

    intent: Intent
    created_at: datetime
    not_found_at: datetime | None


class IntentSweep:
    """Asks the venues for orders that have been without an answer for too long.

    Any number may run at once. Only the venue's answer ends an intent, or that it did not know
    the order twice, `spacing_s` apart, with nobody about to send it in between.
    """

    def __init__(
        self,
        pool: RawPool,
        clock: Clock,
        broker_of: Callable[[str], Broker],
        options: SweepOptions,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._broker_of = broker_of
        self._options = options
        self._journal = Journal(pool, clock)

    async def run_once(self) -> int:
        """Ask for every order that is due; return how many got their end."""
        ended = 0
        try:
            while due := await self._claim():
                for one in due:
                    ended += await self._ask(one)
        finally:
            await self._measure()
        return ended

    async def _claim(self) -> list[_Open]:
        values = {
            "now": self._clock.now(),
            "patience": timedelta(seconds=self._options.patience_s),
            "spacing": timedelta(seconds=self._options.spacing_s),
            "batch": BATCH,
        }
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_CLAIM, values)).fetchall()
        return [
            _Open(
                Intent(
                    id=OrderId(row[0]),
                    account=Account(UserId(row[1]), row[2]),
                    run_id=RunId(row[3]),
                    mode=row[4],
                    symbol=row[5],
                    side=Side(row[6]),
                    quantity=row[7],
                    correlation_id=row[8],
                ),
                created_at=row[9],
                not_found_at=row[10],
            )
            for row in rows
        ]

    async def _ask(self, one: _Open) -> bool:
        intent, asked_at = one.intent, self._clock.now()
        with structlog.contextvars.bound_contextvars(
            correlation_id=intent.correlation_id, order_id=str(intent.id)
        ):
            try:
                async with asyncio.timeout(ASK_WITHIN_S):
                    report = await self._broker_of(intent.mode).find(intent.account, intent.id)
            except Exception as error:  # noqa: BLE001  whatever it is, the others are asked for
                ASKED.labels("unknown").inc()
                age_s = round((asked_at - one.created_at).total_seconds())
                log.warning("order_unknown", age_s=age_s, reason=f"{error!r}")
                return False
            if report is not None:
                return await self._end(intent, report, "answered")
            return await self._not_found(one, asked_at)

    async def _not_found(self, one: _Open, asked_at: datetime) -> bool:
        first = one.not_found_at
        if first is None:
            async with self._pool.connection() as connection:
                values = {"now": self._clock.now(), "id": one.intent.id, "asked_at": asked_at}
                await connection.execute(_NOT_FOUND, values)
            ASKED.labels("not_found").inc()
            log.warning("order_not_found", asked_again_in_s=self._options.spacing_s)
            return False
        apart_s = (asked_at - first).total_seconds()
        if apart_s < self._options.spacing_s:
            return False
        reason = f"{NEVER_REACHED}: asked twice, {apart_s:.0f} s apart, the venue did not know it."
        report = OrderReport(one.intent.id, OrderStatus.REJECTED, reason)
        return await self._end(one.intent, report, NEVER_REACHED, not_found_at=first)

    async def _end(
        self,
        intent: Intent,
        report: OrderReport,
        outcome: str,
        not_found_at: datetime | None = None,
    ) -> bool:
        ended = await self._journal.answer(intent, report, not_found_at=not_found_at)
        if ended:
            ASKED.labels(outcome).inc()
            log.warning("order_answered_late", outcome=outcome, status=report.status.value)
        return ended

    async def _measure(self) -> None:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_LEFT)).fetchone()
        assert row is not None, "an aggregate has one row"
        count, oldest = row
        UNANSWERED.set(count)
        OLDEST_S.set((self._clock.now() - oldest).total_seconds() if oldest else 0)
