"""Orders of one run that have no answer: its venue is asked for them before the run ends."""

import asyncio

import structlog

from kuber.brokers.port import BrokerReader
from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.ids import RunId
from kuber.trading.booking import Booking
from kuber.trading.journal import INTENT_COLUMNS, intent_of
from kuber.trading.placing import ask

log = structlog.get_logger(__name__)

_ASK_WITHIN_S = 10.0
_UNANSWERED = f"""
    select {INTENT_COLUMNS} from orders o where o.run_id = %s and o.status = 'intended'
"""  # noqa: S608  put together from constants


async def ask_for_orders(pool: RawPool, clock: Clock, reader: BrokerReader, run_id: RunId) -> int:
    """Ask for each order of a run that has no answer, and book what is heard.

    Returns how many have none still: the venue did not answer, or does not know the order, which
    may yet be on its way; the sweep concludes when it never arrived.
    """
    async with pool.connection() as connection:
        rows = await (await connection.execute(_UNANSWERED, (run_id,))).fetchall()
    left = 0
    for row in rows:
        known = intent_of(row)
        try:
            async with asyncio.timeout(_ASK_WITHIN_S):
                heard = await ask(reader, known.intent, known.created_at)
        except Exception as error:  # noqa: BLE001  whatever it is, it is asked again
            log.warning("order_unknown", order_id=str(known.intent.id), reason=f"{error!r}")
            heard = None
        if heard is None:
            left += 1
        else:
            await Booking(pool, clock).book(known.intent, *heard, first=True)
    return left
