"""Asks venues for orders without an answer, and for those that are still open."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from prometheus_client import Counter, Gauge

from kuber.brokers.port import BrokerReader, Execution, OrderState, OrderStatus
from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock
from kuber.trading.booking import Booking
from kuber.trading.journal import INTENT_COLUMNS, intent_of
from kuber.trading.lifecycle import OPEN
from kuber.trading.types import Intent

log = structlog.get_logger(__name__)

SEND_WITHIN_S = 20.0
"""How long after its intent was committed an order may be on its way to the venue: less than it
takes the sweep to conclude that it never arrived."""

CLOCKS_APART = timedelta(hours=1)
"""How far a venue's clock may be behind ours when it is asked for what came after an instant."""

Heard = tuple[OrderState, tuple[Execution, ...]]
"""Where the venue says that an order stands, and the executions that it told."""

BATCH = 100
ASK_WITHIN_S = 10.0
NEVER_REACHED = "never_reached_venue"
"""How the reason of an order begins that the venue, asked twice, did not know."""

UNANSWERED = Gauge("kuber_intents_unanswered", "Orders without the venue's answer")
OLDEST_S = Gauge("kuber_intent_oldest_age_seconds", "Age of the oldest of these")
ASKED = Counter("kuber_intents_asked", "Orders whose venue was asked for them", ["outcome"])

_OPEN = ", ".join(f"'{status}'" for status in sorted(OPEN))
# What another sweep asks for at this moment is passed over, and for a while afterwards.
_CLAIM = f"""
    update orders o set asked_at = %(now)s
    from (
        select id from orders
        where status in ({_OPEN}) and sent_at <= %(now)s - %(patience)s
          and (asked_at is null or asked_at <= sent_at or asked_at <= %(now)s - %(spacing)s)
        order by sent_at limit %(batch)s for update skip locked
    ) due
    where o.id = due.id
    returning {INTENT_COLUMNS}, o.status, o.not_found_at
"""  # noqa: S608  put together from constants

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
    """An order that has not ended."""

    intent: Intent
    created_at: datetime
    status: OrderStatus
    not_found_at: datetime | None


class OrderSweep:
    """Asks the venues for orders that have been without an answer for too long, and for those that
    they acknowledged and have not ended, whether their runs still exist or not.

    Any number may run at once. Only the venue's answer ends an intent, or that it did not know
    the order twice, `spacing_s` apart, with nobody about to send it in between. An order that was
    acknowledged ends by the venue's word alone.
    """

    def __init__(
        self,
        pool: RawPool,
        clock: Clock,
        reader_of: Callable[[str], BrokerReader],
        options: SweepOptions,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._reader_of = reader_of
        self._options = options
        self._booking = Booking(pool, clock)

    async def run_once(self) -> int:
        """Ask for every order that is due; return of how many something new was heard."""
        changed = 0
        try:
            while due := await self._claim():
                for one in due:
                    changed += await self._ask(one)
        finally:
            await self._measure()
        return changed

    async def _claim(self) -> list[_Open]:
        values = {
            "now": self._clock.now(),
            "patience": timedelta(seconds=self._options.patience_s),
            "spacing": timedelta(seconds=self._options.spacing_s),
            "batch": BATCH,
        }
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_CLAIM, values)).fetchall()
        open_orders = []
        for row in rows:
            known = intent_of(row)
            open_orders.append(
                _Open(known.intent, known.created_at, OrderStatus(row[-2]), not_found_at=row[-1])
            )
        return open_orders

    async def _ask(self, one: _Open) -> bool:
        """Ask for one order and book what is new; return whether something was."""
        intent, asked_at = one.intent, self._clock.now()
        with structlog.contextvars.bound_contextvars(
            correlation_id=intent.correlation_id, order_id=str(intent.id)
        ):
            try:
                async with asyncio.timeout(ASK_WITHIN_S):
                    heard = await ask(self._reader_of(intent.mode), intent, one.created_at)
                return await self._heard(one, heard, asked_at)
            except Exception as error:  # noqa: BLE001  whatever it is, the others are asked for
                ASKED.labels("unknown").inc()
                age_s = round((asked_at - one.created_at).total_seconds())
                log.warning("order_unknown", age_s=age_s, reason=f"{error!r}")
                return False

    async def _heard(self, one: _Open, heard: Heard | None, asked_at: datetime) -> bool:
        if heard is not None:
            outcome = "answered" if one.status is OrderStatus.INTENDED else "followed"
            return await self._book(one, heard, outcome)
        if one.status is OrderStatus.INTENDED:
            return await self._not_found(one, asked_at)
        ASKED.labels("missing").inc()
        log.error("order_missing", status=one.status.value)
        return False

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
        state = OrderState(one.intent.id, OrderStatus.REJECTED, Decimal(0), reason)
        return await self._book(one, (state, ()), NEVER_REACHED, not_found_at=first)

    async def _book(
        self, one: _Open, heard: Heard, outcome: str, not_found_at: datetime | None = None
    ) -> bool:
        state, executions = heard
        step = await self._booking.book(
            one.intent,
            state,
            executions,
            first=one.status is OrderStatus.INTENDED,
            not_found_at=not_found_at,
        )
        if state.status not in OPEN and (step is None or step.status in OPEN):
            ASKED.labels("incomplete").inc()
            filled = format(state.filled_quantity, "f")
            log.warning("executions_missing", said=state.status.value, filled_quantity=filled)
        if step is None:
            return False
        ASKED.labels(outcome).inc()
        say = log.warning if one.status is OrderStatus.INTENDED else log.info
        say("order_answered_late", outcome=outcome, status=step.status.value)
        return True

    async def _measure(self) -> None:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_LEFT)).fetchone()
        assert row is not None, "an aggregate has one row"
        count, oldest = row
        UNANSWERED.set(count)
        OLDEST_S.set((self._clock.now() - oldest).total_seconds() if oldest else 0)


async def ask(broker: BrokerReader, intent: Intent, since: datetime) -> Heard | None:
    """Return what the venue says of an order that was recorded at `since`, None when it does not
    know it. Raises BrokerUnavailable."""
    state = await broker.order(intent.account, intent.id)
    if state is None or not state.filled_quantity:
        return (state, ()) if state else None
    executions = await broker.executions(intent.account, since - CLOCKS_APART)
    return state, tuple(one for one in executions if one.client_order_id == intent.id)
