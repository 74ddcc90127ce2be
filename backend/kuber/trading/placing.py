"""One order from its intent to the venue's answer, both in the journal."""

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from kuber.brokers.errors import BrokerUnavailable
from kuber.brokers.port import Broker, OrderReport
from kuber.trading.errors import OrderOutcomeUnknown
from kuber.trading.journal import Journal, Ticket


class OrderPlacer:
    """Commits the intent, calls the venue, commits the answer."""

    def __init__(self, broker: Broker, journal: Journal) -> None:
        self._broker = broker
        self._journal = journal

    async def place(self, ticket: Ticket) -> OrderReport:
        """Return the venue's report; safe to repeat.

        When the intent is already on record the venue is asked for the order first, so that it is
        never sent twice. Raises OrderOutcomeUnknown.
        """
        report = None
        try:
            if not await self._journal.intend(ticket):
                report = await self._broker.find(ticket.order.account, ticket.id)
            if report is None:
                report = await self._broker.submit(ticket.order)
            await self._journal.answer(ticket, report)
        except BrokerUnavailable as error:
            raise OrderOutcomeUnknown(
                f"The broker did not answer for order {ticket.id}; it will be asked again."
            ) from error
        except (DatabaseError, PoolTimeout) as error:
            raise OrderOutcomeUnknown(
                f"What became of order {ticket.id} could not be recorded; it will be asked again."
            ) from error
        return report
