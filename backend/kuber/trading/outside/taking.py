"""Takes outside intents: verifies who sent them, places them as by hand, answers refusals."""

from collections.abc import Sequence

import structlog

from kuber.identity.api_keys.service import ApiKeys, require_scope
from kuber.identity.api_keys.types import KeyPrincipal, Scope
from kuber.identity.errors import IdentityError
from kuber.infra.db import Database, RawPool
from kuber.infra.dead_letters import Rejected
from kuber.infra.kafka import IncomingMessage
from kuber.infra.outbox import announce_events
from kuber.kernel.clock import Clock
from kuber.kernel.errors import ErrorKind, KuberError
from kuber.kernel.ids import OrderId
from kuber.trading.events import IntentRefused
from kuber.trading.journal import Journal
from kuber.trading.outside.message import LATE_AFTER, Signed, read
from kuber.trading.tickets.errors import TicketRefused
from kuber.trading.tickets.placing import Tickets, require_taken

log = structlog.get_logger(__name__)

_KNOWN = "select 1 from orders where account_id = %s and user_id = %s and caller_reference = %s"
_OUTAGES = frozenset({ErrorKind.UNAVAILABLE})


class IntentTaker:
    """Handles batches of messages of `decisions.order_intent`, in their order."""

    def __init__(
        self, database: Database, pool: RawPool, clock: Clock, keys: ApiKeys, tickets: Tickets
    ) -> None:
        self._database = database
        self._pool = pool
        self._clock = clock
        self._keys = keys
        self._tickets = tickets
        self._journal = Journal(pool, clock)

    async def handle(self, messages: Sequence[IncomingMessage]) -> Sequence[Rejected]:
        """Place what was asked for; return the messages that hold no intent of anybody.

        An intent that comes twice finds its order there. One that is refused is answered with
        IntentRefused.
        """
        rejected = []
        for message in messages:
            found = read(message)
            if isinstance(found, Signed):
                found = await self._take(found)
            if isinstance(found, Rejected):
                rejected.append(found)
        return rejected

    async def _take(self, signed: Signed) -> Rejected | None:
        try:
            async with self._database.transaction() as session:
                sender = await self._keys.signer(
                    session, signed.prefix, signed.message.value, signed.signature
                )
        except IdentityError as error:
            return Rejected(signed.message, error.code, error.detail)
        try:
            await self._place(sender, signed)
        except KuberError as error:
            if error.kind in _OUTAGES:
                raise
            await self._refuse(sender, signed, error)
        return None

    async def _place(self, sender: KeyPrincipal, signed: Signed) -> None:
        require_scope(sender, Scope.ORDERS_WRITE)
        intent = signed.intent
        if intent.late(self._clock.now()) and not await self._known(sender, signed):
            text = f"It was decided at {intent.decided_at.isoformat()}; its price is old by now."
            remedy = f"Send an intent within {LATE_AFTER.seconds} s, with the time in `decided_at`."
            raise TicketRefused("too_late", text, remedy, "decided_at")
        placed = await self._tickets.place(
            sender.user_id, intent.ticket(), None, signed.correlation_id
        )
        if placed.order_id is not None:
            report = await self._journal.report(OrderId(placed.order_id))
            require_taken(report.status, report.reason)
        log.info("outside_intent_placed", agent_id=intent.agent_id, order_id=str(placed.order_id))

    async def _known(self, sender: KeyPrincipal, signed: Signed) -> bool:
        intent = signed.intent
        values = (intent.account_id, sender.user_id, intent.idempotency_key)
        async with self._pool.connection() as connection:
            return await (await connection.execute(_KNOWN, values)).fetchone() is not None

    async def _refuse(self, sender: KeyPrincipal, signed: Signed, error: KuberError) -> None:
        intent = signed.intent
        refused = IntentRefused(
            occurred_at=self._clock.now(),
            correlation_id=signed.correlation_id,
            user_id=sender.user_id,
            account_id=intent.account_id,
            idempotency_key=intent.idempotency_key,
            agent_id=intent.agent_id,
            symbol=intent.symbol,
            code=error.answered_code,
            detail=error.detail,
            field=error.problems[0].field if error.problems else None,
            remedy=error.remedy,
        )
        async with self._pool.connection() as connection, connection.transaction():
            await announce_events(connection, [refused])
        log.info("outside_intent_refused", code=error.answered_code, agent_id=intent.agent_id)
