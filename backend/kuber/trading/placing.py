"""One order from its intent to the venue's acknowledgement, both in the journal."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from kuber.brokers.errors import BrokerUnavailable
from kuber.brokers.port import (
    Acknowledged,
    Broker,
    BrokerReader,
    Execution,
    OrderState,
    OrderStatus,
    Rejected,
    Unknown,
)
from kuber.trading.booking import Booking
from kuber.trading.errors import OrderNotWanted, OrderOutcomeUnknown
from kuber.trading.journal import Journal
from kuber.trading.types import Intent, OrderReport, Standing, Ticket

SEND_WITHIN_S = 20.0
"""How long after its intent was committed an order may be on its way to the venue: less than it
takes the sweep to conclude that it never arrived."""

CLOCKS_APART = timedelta(hours=1)
"""How far a venue's clock may be behind ours when it is asked for what came after an instant."""

Heard = tuple[OrderState, tuple[Execution, ...]]
"""What a venue said of an order, and the executions that it told."""


class OrderRecord(Protocol):
    """Where intents and first answers go."""

    async def intend(self, ticket: Ticket) -> Standing:
        """Return how the intent stands once it is durable."""
        ...

    async def answer(
        self, intent: Intent, said: OrderState, executions: Sequence[Execution]
    ) -> OrderReport:
        """Record the first answer to a new order, now or soon; return how the order stands."""
        ...


class DirectRecord:
    """Records each intent and answer by itself, durable on return."""

    def __init__(self, journal: Journal, booking: Booking) -> None:
        self._journal = journal
        self._booking = booking

    async def intend(self, ticket: Ticket) -> Standing:
        return await self._journal.intend(ticket)

    async def answer(
        self, intent: Intent, said: OrderState, executions: Sequence[Execution]
    ) -> OrderReport:
        step = await self._booking.book(intent, said, executions, first=True)
        if step is None:  # somebody else asked the venue meanwhile
            return await self._journal.report(intent.id)
        return OrderReport(intent.id, step.status, step.reason or "", step.executions)


class OrderPlacer:
    """Has the intent recorded, calls the venue, has recorded what it answers."""

    def __init__(
        self, broker: Broker, journal: Journal, booking: Booking, record: OrderRecord | None = None
    ) -> None:
        self._broker = broker
        self._journal = journal
        self._booking = booking
        self._record = record or DirectRecord(journal, booking)

    async def place(self, ticket: Ticket) -> OrderReport:
        """Return the order as it stands once the venue has it, filled or not; safe to repeat.

        When the intent is already on record the venue is asked for the order first, so that it is
        never sent twice; with an answer on record, or once its run was asked to stop, nothing is
        sent. Raises OrderOutcomeUnknown, OrderNotWanted.
        """
        try:
            standing = await self._record.intend(ticket)
            if standing is Standing.ANSWERED:
                return await self._journal.report(ticket.id)
            async with asyncio.timeout(SEND_WITHIN_S):
                state, executions = await self._of_the_venue(ticket, standing)
            if standing is Standing.NEW:
                return await self._record.answer(ticket.intent, state, executions)
            await self._booking.book(ticket.intent, state, executions)
            return await self._journal.report(ticket.id)
        except (BrokerUnavailable, TimeoutError) as error:
            raise OrderOutcomeUnknown(
                f"The broker did not answer for order {ticket.id}; it will be asked again."
            ) from error
        except (DatabaseError, PoolTimeout) as error:
            raise OrderOutcomeUnknown(
                f"What became of order {ticket.id} could not be recorded; it will be asked again."
            ) from error

    async def _of_the_venue(self, ticket: Ticket, standing: Standing) -> Heard:
        if standing is not Standing.NEW:
            known = await self._journal.find(ticket.id)
            heard = await ask(self._broker, known.intent, known.created_at) if known else None
            if heard is not None:
                return heard
            if standing is Standing.CANCELLED:
                raise OrderNotWanted("The run was cancelled before its order.")
        match await self._broker.submit(ticket.order):
            case Acknowledged(order, executions):
                return order, executions
            case Rejected(reason):
                return OrderState(ticket.id, OrderStatus.REJECTED, Decimal(0), reason), ()
            case Unknown(reason):
                raise BrokerUnavailable(reason)


async def ask(broker: BrokerReader, intent: Intent, since: datetime) -> Heard | None:
    """Return what the venue says of an order that was recorded at `since`, None when it does not
    know it. Raises BrokerUnavailable."""
    state = await broker.order(intent.account, intent.id)
    if state is None or not state.filled_quantity:
        return (state, ()) if state else None
    executions = await broker.executions(intent.account, since - CLOCKS_APART)
    return state, tuple(one for one in executions if one.client_order_id == intent.id)
