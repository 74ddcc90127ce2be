"""One order from its intent to the venue's answer, both in the journal."""

import asyncio

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from kuber.brokers.errors import BrokerUnavailable
from kuber.brokers.port import Broker, OrderReport
from kuber.trading.errors import OrderNotWanted, OrderOutcomeUnknown
from kuber.trading.journal import Journal
from kuber.trading.types import Standing, Ticket

SEND_WITHIN_S = 20.0
"""How long after its intent was committed an order may be on its way to the venue: less than it
takes the sweep to conclude that it never arrived."""


class OrderPlacer:
    """Commits the intent, calls the venue, commits the answer."""

    def __init__(self, broker: Broker, journal: Journal) -> None:
        self._broker = broker
        self._journal = journal

    async def place(self, ticket: Ticket) -> OrderReport:
        """Return the venue's report; safe to repeat.

        When the intent is already on record the venue is asked for the order first, so that it is
        never sent twice; with an answer on record, or once its run was asked to stop, nothing is
        sent. Raises OrderOutcomeUnknown, OrderNotWanted.
        """
        try:
            standing = await self._journal.intend(ticket)
            async with asyncio.timeout(SEND_WITHIN_S):
                report = await self._of_the_venue(ticket, standing)
            if report is None:
                return await self._journal.report(ticket.id)
            await self._journal.answer(ticket.intent, report)
        except (BrokerUnavailable, TimeoutError) as error:
            raise OrderOutcomeUnknown(
                f"The broker did not answer for order {ticket.id}; it will be asked again."
            ) from error
        except (DatabaseError, PoolTimeout) as error:
            raise OrderOutcomeUnknown(
                f"What became of order {ticket.id} could not be recorded; it will be asked again."
            ) from error
        return report

    async def _of_the_venue(self, ticket: Ticket, standing: Standing) -> OrderReport | None:
        """Return what the venue says; None when it has no word on an order that was answered."""
        if standing is not Standing.NEW:
            report = await self._broker.find(ticket.order.account, ticket.id)
            if report is not None or standing is Standing.ANSWERED:
                return report
            if standing is Standing.CANCELLED:
                raise OrderNotWanted("The run was cancelled before its order.")
        return await self._broker.submit(ticket.order)
