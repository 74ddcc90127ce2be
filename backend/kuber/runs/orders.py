"""A run's orders: intents and answers are recorded together with what the run's nodes did."""

from collections.abc import Sequence
from functools import partial

from kuber.brokers.port import Execution, OrderState, OrderStatus
from kuber.runs.recorder import Answer, RunLog
from kuber.trading.booking import Booking
from kuber.trading.journal import Journal
from kuber.trading.lifecycle import OrderLife, advance
from kuber.trading.types import Intent, OrderReport, Standing, Ticket


class RunOrders:
    """The `OrderRecord` of a run: what its nodes did before an order is durable with its intent.

    An answer is durable with the node's result, soon after. A process that dies in between leaves
    an intent without an answer, of which the venue is asked.
    """

    def __init__(self, log: RunLog, journal: Journal, booking: Booking) -> None:
        self._log = log
        self._journal = journal
        self._booking = booking

    async def intend(self, ticket: Ticket) -> Standing:
        """Return once the intent is on record; raises NotRecorded."""
        return await self._log.intend(ticket.id, self._journal.row(ticket))

    async def answer(
        self, intent: Intent, said: OrderState, executions: Sequence[Execution]
    ) -> OrderReport:
        """Take the first answer to a new order; it is recorded with what is recorded next."""
        life = OrderLife(OrderStatus.INTENDED, intent.quantity)
        step = advance(life, said, executions)
        assert step is not None, "an order without an answer has a first one"
        self._log.answered(
            Answer(
                intent.id,
                self._booking.row(intent, step),
                partial(self._booking.book, intent, said, executions),
            )
        )
        return OrderReport(intent.id, step.status, step.reason or "", step.executions)
